#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# logrotate, with the example in conf/, while programs write: no record is lost, and all files together
# are one chain.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
command -v logrotate >/dev/null || {
  echo '1..0 # SKIP no logrotate: sh conf/install-deps.sh test'
  exit 0
}
make_token
mkdir -m 700 logs
log=$work/logs/audit.log
sed -i "1i audit = \"file:$log\"\naudit-required = true" trent.toml
sed "s|/var/log/trent|$work/logs|; s/^  daily/  size 1/; s/^  \(su\|create\) .*/  create 0600/" \
  "$TRENT_SOURCE/conf/trent-audit.logrotate" >rotate.conf
chmod 644 rotate.conf

# Commands, each a process of its own, and a server.
under_load() {
  key=$(trent create-key --output raw)
  start_server serve.out --insecure-as root --listen "unix:$work/socket"
  for _ in 1 2; do
    (for _ in $(seq 25); do "$trent" describe-key --key-id "$key" >/dev/null || echo failed >>failures; done) &
    writers="${writers-} $!"
    (for _ in $(seq 25); do
      "$trent" describe-key --key-id "$key" --endpoint-url "unix:$work/socket" >/dev/null || echo failed >>failures
    done) &
    writers="$writers $!"
  done
  while ! [ -e written ]; do
    logrotate --state "$work/state" --force rotate.conf 2>>complaints || echo "logrotate failed" >>failures
    sleep 0.1
  done &
  rotating=$!
  # shellcheck disable=SC2086
  wait $writers
  touch written
  wait $rotating
  kill "$server"
  if [ -e failures ]; then cat failures complaints && return 1; fi
  gunzip logs/*.gz
  # Oldest first: audit.log.11, ..., audit.log.1, audit.log
  files=$(ls logs | sed -n 's/^audit\.log\.\([0-9]*\)$/\1/p' | sort -rn | sed "s|^|logs/audit.log.|")
  [ "$(echo "$files" | wc -l)" -ge 2 ]
  # shellcheck disable=SC2086
  trent audit verify $files "$log" >report || { cat report && return 1; }
  assert_contains "$(cat report)" 'is whole: records 1 to 101.'
  assert_file_mode "$log" 600
}

test_case 'no record is lost' under_load
done_testing
