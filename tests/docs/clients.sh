#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/clients.md: the paste for each client works after the one that starts a server.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
# Debian's own Python, Ruby and so on are the ones with the clients.
PATH=$TRENT_BUILD/src:/usr/bin:/bin
export GOCACHE="$TRENT_BUILD/clients/go-cache"
page=$TRENT_SOURCE/docs/clients.md
javascript=$TRENT_BUILD/clients/js/node_modules

# Each in a home of its own.
run_section() {
  mkdir "home-$cases"
  cd "home-$cases"
  export HOME="$PWD"
  ln -s "$TRENT_SOURCE/tests" "$TRENT_SOURCE/conf" .
  [ ! -e "$javascript" ] || ln -s "$javascript" .
  {
    section "$page" 'A server to try them on'
    section "$page" "$1"
    section "$page" 'The end'
  } >page.md
  run_examples page.md
}

# client TITLE PATH...: skipped if these are not there. Where all clients have to be, as in CI, the
# case fails then; but for those of npm, of which CI says so itself.
client() {
  title=$1
  shift
  titles="$titles
$title"
  for path in "$@"; do
    [ ! -e "$path" ] || continue
    if [ "$path" = "$javascript" ] || [ -z "${TRENT_TEST_ALL_CLIENTS-}" ]; then
      skip_case "$title" "not installed: sh conf/install-deps.sh clients"
      return
    fi
  done
  test_case "$title" run_section "$title"
}

all_are_tested() {
  assert_eq "$titles" "$(sed -n 's/^## //p' "$page")"
}
# With the file of the section on Python, and nothing else.
one_command() {
  mkdir one
  cd one
  export HOME="$PWD"
  ln -s "$TRENT_SOURCE/conf" .
  {
    section "$page" Python | sed '/^```sh/,$d'
    section "$page" 'One of them, in one command'
  } >page.md
  run_examples page.md
}
case_with /usr/lib/python3/dist-packages/boto3 'One of them, in one command' one_command
titles='One of them, in one command
A server to try them on'
client aws
client Python /usr/lib/python3/dist-packages/boto3
client 'JavaScript, version 3' "$javascript"
client 'JavaScript, version 2' "$javascript"
client 'The AWS Encryption SDK' "$javascript"
client 'Go, version 2' /usr/bin/go /usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/service/kms
client 'Go, version 1' /usr/bin/go /usr/share/gocode/src/github.com/aws/aws-sdk-go/service/kms
client Ruby /usr/lib/ruby/vendor_ruby/aws-sdk-kms.rb
client curl
client 'C, with libkms_message' /usr/include/kms_message
client "A workflow engine's HTTP task"
titles="$titles
Over TLS
The end"
test_case 'all sections of the page' all_are_tested
done_testing
