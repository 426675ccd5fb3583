#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example of a systemd timer in conf/.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
conf=$TRENT_SOURCE/conf

# As for a Trent that is installed.
units_are_right() {
  cp "$conf/trent-check.timer" .
  sed "s|^ExecStart=trent |ExecStart=$trent |" "$conf/trent-check.service" >trent-check.service
  # It needs no running systemd, but tells of the machine's other units as well.
  systemd-analyze --man=no verify ./trent-check.timer ./trent-check.service >all 2>&1 || :
  grep -F trent-check all >complaints || :
  assert_eq "$(cat complaints)" ''
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
  test_case 'systemd takes the units' units_are_right
fi
test_case 'its command works' its_command_works
done_testing
