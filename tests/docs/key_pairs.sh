#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/pkcs11-key-pairs.md: each section works after the first one.
. "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES
export PATH="$TRENT_BUILD/src:/usr/bin:$PATH"
export GOCACHE="$TRENT_BUILD/clients/go-cache"
page=$TRENT_SOURCE/docs/pkcs11-key-pairs.md
first='Keys to try them on'

# Each in a directory of its own.
run_section() {
  mkdir "home-$cases"
  cd "home-$cases"
  export HOME="$PWD"
  /usr/bin/python3 "$TRENT_SOURCE/tests/pkcs11/clients/program.py" setup.exe
  {
    section "$page" "$first"
    section "$page" "$1"
  } >page.md
  run_examples page.md
}

# program TITLE [PATH]: skipped if it is not there; where all programs have to be, as in CI, the case
# fails then.
program() {
  titles="$titles
$1"
  if [ -e "${2-/}" ] || [ -n "${TRENT_TEST_ALL_CLIENTS-}" ]; then
    test_case "$1" run_section "$1"
  else
    skip_case "$1" "no $2: sh conf/install-deps.sh clients"
  fi
}

all_are_tested() {
  assert_eq "$titles" "$(sed -n 's/^## //p' "$page")"
}

titles=$first
program pkcs11-tool
program ECDH
program GnuTLS
program "OpenSSL's engine"
titles="$titles
Java"
program Go /usr/share/gocode/src/github.com/ThalesIgnite/crypto11
program ssh
program NSS
program osslsigncode
titles="$titles
What programs meet"
test_case 'all sections of the page' all_are_tested
done_testing
