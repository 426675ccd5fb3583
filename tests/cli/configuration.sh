#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Configurations, tokens and PINs that are missing or wrong: the message must say what to do.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
make_token
cp trent.toml good.toml

no_configuration() {
  unset TRENT_CONF
  fails 253 'no configuration.*trent init DIR' list-keys
  fails 253 'no configuration.*trent init DIR' check
  mkdir -p .config/trent
  cp good.toml .config/trent/trent.toml # $HOME is this directory
  trent list-keys >out
}

config_option_goes_first() {
  TRENT_CONF=/nowhere/trent.toml trent list-keys --config good.toml >out
  TRENT_CONF=/nowhere/trent.toml trent --config good.toml list-keys >out
  fails 253 '/nowhere/trent.toml' list-keys --config /nowhere/trent.toml
  export TRENT_CONF=/nowhere/trent.toml
  fails 253 '/nowhere/trent.toml' list-keys
}

empty_config_option_is_refused() {
  fails 252 '--config: it is empty' list-keys --config ''
  fails 252 '--config: it is empty' --config= list-keys
  fails 252 '--config: it is empty' --config '' version
}

bad_configuration() {
  echo 'nonsense' >bad.toml
  fails 253 'bad.toml' list-keys --config bad.toml
  : >empty.toml
  fails 253 'empty.toml' list-keys --config empty.toml
  fails 253 "$work" list-keys --config .
  sed 's/^region.*/region = "Bad Region"/' good.toml >bad.toml
  fails 253 'bad.toml.*region' list-keys --config bad.toml
}

what_is_not_there_yet() {
  sed '1i bulk = "auto"' good.toml >other.toml
  for verb in list-keys check; do
    fails 253 'other.toml:1: bulk = "auto" is not available yet' $verb --config other.toml
  done
  sed '1i audit = "none"\naudit-required = false\nbulk = "direct"\nhost-reencrypt = "deny"' good.toml >other.toml
  trent list-keys --config other.toml >out
}

# Root may read everything: the command is run as somebody else.
unreadable_configuration() {
  cp good.toml secret.toml
  chmod 000 secret.toml
  if [ "$(id -u)" -eq 0 ]; then
    mkdir bin
    cp "$trent" bin/trent
    chmod 755 "$work" bin bin/trent
    status=0
    setpriv --reuid=65534 --regid=65534 --clear-groups bin/trent list-keys \
      --config "$work/secret.toml" >out 2>err || status=$?
    chmod 700 "$work"
    assert_eq $status 253
    assert_contains "$(cat err)" 'Permission denied'
  else
    fails 253 'Permission denied' list-keys --config secret.toml
  fi
}

# with LINE: the good configuration with another LINE of this key.
with() {
  sed "s|^${1%% *} .*|$1|" good.toml >other.toml
}

no_module() {
  with 'module = "/nowhere/module.so"'
  fails 253 '/nowhere/module.so' list-keys --config other.toml
  with "module = \"$work/good.toml\""
  fails 253 'good.toml' list-keys --config other.toml
}

module_that_is_trent() {
  ln -s "$TRENT_BUILD/src/trent.so" link.so
  for path in "$TRENT_BUILD/src/trent.so" "$work/link.so"; do
    with "module = \"$path\""
    fails 253 'ValidationException.*which is Trent itself' list-keys --config other.toml
  done
}

no_token() {
  with 'uri = "pkcs11:token=other"'
  fails 253 'KeyUnavailableException.*pkcs11:token=other' list-keys --config other.toml
  # The usual mistake with SoftHSM: its own configuration is not set.
  printf 'directories.tokendir = %s\n' "$work/none" >empty.conf
  mkdir none
  export SOFTHSM2_CONF=$work/empty.conf
  fails 254 'token' list-keys # it may be away for a while
  assert_contains "$(cat fails.err)" SOFTHSM2_CONF
}

wrong_pin() {
  echo 9999 >wrong
  with "pin-source = \"file:$work/wrong\""
  fails 254 'when calling the ListKeys operation: .*refused the PIN' list-keys --config other.toml
  assert_contains "$(cat fails.err)" "$work/wrong"
  assert_lacks "$(cat fails.err)" 9999
  fails 255 'refused the PIN' check --config other.toml
  with "pin-source = \"file:$work/none-such\""
  fails 253 'none-such' list-keys --config other.toml
  fails 253 'none-such' check --config other.toml
  with 'pin-source = "env:THE_PIN"'
  fails 253 'THE_PIN' list-keys --config other.toml
  THE_PIN=1234 trent list-keys --config other.toml >out
}

# at_terminal PIN STATUS [VERB]: without a pin-source, it asks.
at_terminal() {
  sed '/^pin-source/d' good.toml >asking.toml
  status=0
  python3 "$TRENT_SOURCE/tests/cli/terminal.py" 'PIN of the token "kms": ' "$1" \
    "$trent" "${3:-list-keys}" --config asking.toml >shown || status=$?
  [ $status -eq "$2" ] || cat shown
  assert_eq $status "$2"
  assert_contains "$(cat shown)" 'PIN of the token "kms": '
}

pin_is_asked_for() {
  at_terminal 1234 0
  assert_contains "$(cat shown)" '"Keys": ['
  assert_lacks "$(cat shown)" 1234
}

pin_that_is_wrong_at_the_terminal() {
  # Asked three times; the same PIN again would not be tried again.
  at_terminal "$(printf '9999\n9998\n9997')" 254
  assert_contains "$(cat shown)" 'refused the PIN'
  assert_lacks "$(cat shown)" 9999
  at_terminal '' 254
}

# What waits for a person holds no lock. (Nobody waits for a lock longer than 5 seconds.)
others_go_on_while_it_asks() {
  export MEANWHILE="set -e
    timeout 4 '$trent' create-key --config good.toml >made
    status=0
    timeout 4 setsid -w '$trent' list-keys --config asking.toml 2>err || status=\$?
    [ \$status -eq 254 ]"
  for verb in list-keys create-key; do
    at_terminal 1234 0 $verb
    assert_contains "$(cat made)" KeyId
    assert_contains "$(cat err)" 'nobody to ask'
    rm made err
  done
}

nobody_to_ask() {
  sed '/^pin-source/d' good.toml >asking.toml
  status=0
  # A session of its own has no terminal; standard input must not be taken for one.
  echo 1234 | timeout 60 setsid -w "$trent" list-keys --config asking.toml >out 2>err || status=$?
  assert_eq $status 254
  assert_contains "$(cat err)" pin-source
}

test_case 'no configuration at all' no_configuration
test_case '--config goes before TRENT_CONF' config_option_goes_first
test_case 'a configuration that is wrong' bad_configuration
test_case 'settings that are asked for and not there yet' what_is_not_there_yet
test_case 'a configuration that cannot be read' unreadable_configuration
test_case 'a module that is not there' no_module
test_case 'a module that is Trent itself' module_that_is_trent
test_case 'a token that is not there' no_token
test_case 'a PIN that is wrong or missing' wrong_pin
test_case 'the PIN is asked for at the terminal, and not shown' pin_is_asked_for
test_case 'a wrong PIN at the terminal' pin_that_is_wrong_at_the_terminal
test_case 'other processes go on while it asks' others_go_on_while_it_asks
test_case 'without a terminal, pin-source is named' nobody_to_ask
done_testing
