#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/clients.md: the paste for each client works after the one that starts a server.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
# Debian's own Python, Ruby and so on are the ones with the clients.
PATH=$TRENT_BUILD/src:$work/bin:/usr/bin:/bin
install -D "$TRENT_SOURCE/conf/with-kms.sh" "$work/bin/trent-with-kms"
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
section_case aws
section_case Python /usr/lib/python3/dist-packages/boto3
section_case 'JavaScript, version 3' "$javascript"
section_case 'JavaScript, version 2' "$javascript"
section_case 'The AWS Encryption SDK' "$javascript"
section_case 'Go, version 2' /usr/bin/go /usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/service/kms
section_case 'Go, version 1' /usr/bin/go /usr/share/gocode/src/github.com/aws/aws-sdk-go/service/kms
section_case Ruby /usr/lib/ruby/vendor_ruby/aws-sdk-kms.rb
section_case curl
section_case 'C, with libkms_message' /usr/include/kms_message
section_case "A workflow engine's HTTP task"
titles="$titles
Over TLS
The end"
test_case 'all sections of the page' all_are_tested
done_testing
