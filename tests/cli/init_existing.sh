#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# trent init --token: the configuration for a token that is there, which stays as it was.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token # the HSM that is there
unset TRENT_CONF OPENSSL_MODULES
PATH=$TRENT_BUILD/src:$PATH

existing() { trent init --token pkcs11:token=kms --module "$softhsm_module" --pin-source file:pin "$@"; }
fails_existing() {
  status=$1 text=$2
  shift 2
  fails "$status" "$text" init --token pkcs11:token=kms --module "$softhsm_module" "$@"
}

# Every object of the token. SoftHSM rewrites token.object, which has none, in each login.
objects() { find "$work/tokens" -type f ! -name token.object ! -name '*.lock' -exec sha256sum {} + | sort; }

writes_a_configuration_and_nothing_else() {
  pkcs11-tool --module "$softhsm_module" --token-label kms --login --pin 1234 --keygen --key-type AES:32 \
    --label theirs >out
  objects >before
  [ -s before ]
  umask 022
  mkdir here
  cd here
  cp ../pin .
  existing hsm >out
  objects | cmp "$work/before" -
  assert_contains "$(cat out)" 'Found the token: "kms"'
  assert_contains "$(cat out)" 'ReEncrypt inside the token: yes'
  assert_eq "$(ls -A hsm | tr '\n' ' ')" 'env modules openssl.cnf trent.toml '
  assert_file_mode hsm 700
  for file in env openssl.cnf trent.toml; do assert_file_mode hsm/$file 600; done
  grep -qx "pin-source = \"file:$work/here/pin\"" hsm/trent.toml
  if grep -q SOFTHSM2_CONF hsm/env; then return 1; fi
}

what_it_wrote_works() {
  existing --account 999988887777 --region eu-central-1 hsm >out
  sed -n '/^Next:/,$ s/^  //p' out >commands
  sh -eu commands >report
  grep -qx '  no problems' report
  . hsm/env
  make_key app
  assert_eq "$(trent describe-key --key-id alias/app | sed -n 's/.*"Arn": "\(.*\)".*/\1/p')" \
    "arn:aws:kms:eu-central-1:999988887777:key/$key"
  printf 'a secret' >secret
  openssl pkeyutl -encrypt -inkey kms:alias/app -in secret -out blob
  assert_eq "$(openssl pkeyutl -decrypt -inkey kms:alias/app -in blob)" 'a secret'
}

# What a vendor's manual shows: a module by the name that p11-kit has for it, a PIN in a variable.
other_ways_to_name_them() {
  PIN=1234 trent init --token 'pkcs11:token=kms;manufacturer=SoftHSM%20project' --module softhsm2 \
    --pin-source env:PIN named >out
  grep -qx 'module = "softhsm2"' named/trent.toml
  assert_contains "$(cat out)" 'ReEncrypt inside the token: yes'
  cp "$softhsm_module" mine.so
  trent init --token pkcs11:token=kms --module mine.so --pin-source file:pin relative >out
  grep -qx "module = \"$work/mine.so\"" relative/trent.toml
}

# What the module needs is in the configuration, and tried.
environment_of_the_module() {
  existing by-itself >out
  grep -qx "environment = { SOFTHSM2_CONF = \"$work/softhsm2.conf\" }" by-itself/trent.toml
  mkdir there
  cp softhsm2.conf pin there
  (cd there && SOFTHSM2_CONF=softhsm2.conf existing ../by-variable >out)
  grep -qx "environment = { SOFTHSM2_CONF = \"$work/there/softhsm2.conf\" }" by-variable/trent.toml
  SOFTHSM2_CONF=/nowhere existing --environment 'SOFTHSM2_CONF=./there/softhsm2.conf,A=x,B="~, \"b\""' given >out
  assert_contains "$(cat out)" 'ReEncrypt inside the token: yes'
  grep -qxF "environment = { A = \"x\", B = \"~, \\\"b\\\"\", SOFTHSM2_CONF = \"$work/there/softhsm2.conf\" }" given/trent.toml
  unset SOFTHSM2_CONF
  for directory in by-itself by-variable given; do (cd / && trent list-keys --config "$work/$directory/trent.toml"); done
  # Where SoftHSM finds its configuration by itself, and for what is no SoftHSM, nothing is needed.
  mkdir -p .config/softhsm2
  cp there/softhsm2.conf .config/softhsm2
  existing nothing >out
  if grep environment nothing/trent.toml; then return 1; fi
  rm -r .config
}

# Without a PIN and without a terminal the token is found all the same.
without_a_pin() {
  setsid -w "$trent" init --token pkcs11:token=kms --module "$softhsm_module" asked >out </dev/null
  assert_contains "$(cat out)" 'It was not tried: there is no PIN'
  if grep -q pin-source asked/trent.toml; then return 1; fi
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" 'PIN of the token "kms": ' 1234 \
    "$trent" init --token pkcs11:token=kms --module "$softhsm_module" typed >out
  assert_contains "$(cat out)" 'ReEncrypt inside the token: yes'
}

# A token that lacks what Trent needs: that is said, and the configuration is there for `trent check`.
a_token_that_cannot() {
  status=0
  TRENT_HOSTILE=no-derive trent init --token pkcs11:token=kms --module "$TRENT_BUILD/tests/fault.so" \
    --pin-source file:pin cannot >out || status=$?
  assert_eq $status 1
  assert_contains "$(cat out)" 'It cannot be used with Trent: '
  . cannot/env
  status=0
  TRENT_HOSTILE=no-derive trent check >report || status=$?
  assert_eq $status 1
}

mistakes_make_nothing() {
  fails 252 '--token needs --module' init --token pkcs11:token=kms bad
  fails 252 '--pin-source needs --token' init --pin-source file:pin bad
  fails_existing 252 '--label is for a new token' --label x bad
  fails_existing 252 'pin-source is neither a file nor an environment variable' --pin-source 1234 bad
  fails_existing 252 'account' --account 12 bad
  fails_existing 252 'no control character' --pin-source "$(printf 'file:/a\nb')" bad
  fails 252 '--environment needs --token' init --environment A=b bad
  for text in A '=b' 'A B=c' '1=c' A=1,A=2; do
    fails_existing 252 'environment' --environment "$text" bad
  done
  fails_existing 252 'no control character' --environment "$(printf 'A=a\nb')" bad
  fails 252 '--token is empty' init --token '' --module "$softhsm_module" bad
  fails 252 'is not a PKCS#11 URI' init --token kms --module "$softhsm_module" bad
  fails 252 'There is no /nowhere.so.*vendor' init --token pkcs11:token=kms --module /nowhere.so bad
  fails 255 'no-such-module' init --token pkcs11:token=kms --module no-such-module bad
  fails 255 'token=other' init --token pkcs11:token=other --module "$softhsm_module" bad
  echo 9999 >wrong
  fails_existing 255 'PIN' --pin-source file:wrong bad
  fails_existing 255 'missing' --pin-source file:missing bad
  mkdir full && echo precious >full/mine
  fails_existing 252 'is not empty' --pin-source file:pin full
  assert_eq "$(cat full/mine)" precious
  assert_eq "$(ls -d bad 2>/dev/null)" ''
}

test_case 'writes a configuration, and nothing into the token' writes_a_configuration_and_nothing_else
test_case 'what it wrote works' what_it_wrote_works
test_case 'a module of p11-kit, a PIN in a variable, a library here' other_ways_to_name_them
test_case 'the environment of the module' environment_of_the_module
test_case 'without a PIN, and with one that is typed' without_a_pin
test_case 'a token that cannot do what is needed' a_token_that_cannot
test_case 'mistakes make nothing' mistakes_make_nothing
done_testing
