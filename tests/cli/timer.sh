#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd timers in conf/.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
conf=$TRENT_SOURCE/conf
make_token
make_key app

timer_is_right() {
  units_are_right "$1" "$1.timer"
  echo Nonsense=1 >>"$1.service"
  systemd-analyze verify "./$1.service" 2>&1 | grep -qF "$1.service"
}

# What the service does.
its_command_works() {
  command=$(sed -n "s|^ExecStart=@bindir@/trent|$trent|p" "$conf/$1.service")
  sh -c "$command" >out
  grep -qx "  $2" out
}

for unit in trent-check trent-purge trent-rotate; do
  if command -v systemd-analyze >/dev/null; then
    test_case "systemd takes the units of $unit" timer_is_right $unit
  fi
done
test_case 'the command of trent-check works' its_command_works trent-check 'no problems'
test_case 'the command of trent-purge works' its_command_works trent-purge 'nothing to destroy'
test_case 'the command of trent-rotate works' its_command_works trent-rotate 'nothing to rotate'
done_testing
