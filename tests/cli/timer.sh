#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example of a systemd timer in conf/.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
conf=$TRENT_SOURCE/conf

timer_is_right() {
  units_are_right trent-check trent-check.timer
  echo Nonsense=1 >>trent-check.service
  systemd-analyze verify ./trent-check.service 2>&1 | grep -qF "trent-check.service"
}

# What the service does, with the variables that it names.
its_command_works() {
  make_token
  make_key app
  command=$(sed -n 's/^ExecStart=//p' "$conf/trent-check.service")
  PATH=$TRENT_BUILD/src:$PATH
  sh -c "$command" >out
  grep -qx '  no problems' out
  for variable in TRENT_CONF SOFTHSM2_CONF; do grep -q "^#Environment=.*$variable=" "$conf/trent-check.service"; done
}

if command -v systemd-analyze >/dev/null; then
  test_case 'systemd takes the units' timer_is_right
fi
test_case 'its command works' its_command_works
done_testing
