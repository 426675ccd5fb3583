#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The provider in all the ways it can be loaded, and with what it needs missing.
. "$TRENT_SOURCE/tests/provider/keys.sh"

round_trip() { # ARGUMENT... of both commands
  timeout 60 openssl pkeyutl "$@" -encrypt -inkey kms:alias/old -in secret -out blob -pkeyopt "$acme"
  timeout 60 openssl pkeyutl "$@" -encrypt -inkey kms:alias/new -in blob -out moved \
    -pkeyopt reencrypt:1 -pkeyopt 'source-encryption-context:{"tenant":"acme"}'
  timeout 60 openssl pkeyutl "$@" -decrypt -inkey kms:alias/new -in moved -out back
  assert_same_file back secret
}

# write_cnf LINE...: an openssl.cnf that activates trent, with these lines in its section.
write_cnf() {
  cat >openssl.cnf <<-CNF
	config_diagnostics = 1
	openssl_conf = init
	[init]
	providers = providers
	[providers]
	default = default_provider
	trent = trent_provider
	[default_provider]
	activate = 1
	[trent_provider]
	module = $TRENT_BUILD/src/trent.so
	activate = 1
	CNF
  printf '%s\n' "$@" >>openssl.cnf
}

default_first() { round_trip -provider default -provider trent; }
trent_first() { round_trip -provider trent -provider default; }
trent_alone() { round_trip -provider trent; }
with_base() { round_trip -provider trent -provider base; }
with_propquery() {
  round_trip -provider default -provider trent -propquery '?provider=trent'
  round_trip -provider default -provider trent -propquery 'provider=trent'
}
by_path() {
  unset OPENSSL_MODULES
  round_trip -provider-path "$TRENT_BUILD/src" -provider default -provider trent
}

from_openssl_cnf() {
  write_cnf
  unset OPENSSL_MODULES
  export OPENSSL_CONF="$PWD/openssl.cnf"
  round_trip
  round_trip -propquery '?provider=trent'
  # Nothing else may suffer from a provider that is always there.
  openssl genpkey -algorithm EC -pkeyopt group:P-256 -out ec.pem
  openssl req -x509 -key ec.pem -subj /CN=test -out cert.pem
  openssl pkeyutl -sign -inkey ec.pem -rawin -digest sha256 -in secret -out signature
  openssl x509 -in cert.pem -noout -text >/dev/null
  echo data | openssl enc -aes-256-cbc -pbkdf2 -k password >/dev/null
}

preferred_in_openssl_cnf() {
  write_cnf
  sed -i 's/^\[providers\]/alg_section = algorithms\n[algorithms]\ndefault_properties = ?provider=trent\n[providers]/' \
    openssl.cnf
  export OPENSSL_CONF="$PWD/openssl.cnf"
  round_trip
  # Whoever prefers Trent's keys gets no other by accident.
  assert_fails_with 'kms-alias.*provider=default' \
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out ec.pem
  openssl genpkey -propquery provider=default -algorithm EC -pkeyopt group:P-256 -out ec.pem
}

configuration_by_parameter() {
  write_cnf "trent-conf = $work/trent.toml"
  export OPENSSL_CONF="$PWD/openssl.cnf"
  unset TRENT_CONF
  round_trip
}

environment_wins_over_parameter() {
  write_cnf 'trent-conf = /nonexistent/trent.toml'
  export OPENSSL_CONF="$PWD/openssl.cnf"
  round_trip
  unset TRENT_CONF
  assert_fails_with 'ValidationException:.*/nonexistent/trent.toml' \
    openssl pkey -noout -in kms:alias/old
}

listings_need_no_configuration() {
  for conf in '' /nonexistent; do
    export TRENT_CONF="$conf"
    [ -n "$conf" ] || unset TRENT_CONF
    assert_contains "$(ossl list -providers)" 'name: Trent'
    assert_contains "$(ossl list -store-loaders)" 'kms @ trent'
    assert_contains "$(ossl list -key-managers)" 'KMS @ trent'
    assert_contains "$(ossl list -asymcipher-algorithms)" 'KMS @ trent'
    assert_contains "$(ossl list -kem-algorithms)" 'KMS @ trent'
    assert_contains "$(ossl list -encoders)" 'KMS @ trent'
    # What a token could fetch is not on offer.
    assert_lacks "$(ossl list -digest-algorithms -cipher-algorithms -random-generators -kdf-algorithms)" \
      '@ trent'
    assert_eq "$(ossl list -mac-algorithms | grep '@ trent')" '  KMS-HMAC @ trent'
  done
}

fails_in_all_commands() { # PATTERN
  assert_fails_with "$1" ossl pkeyutl -encrypt -inkey kms:alias/old -in secret
  assert_fails_with "$1" ossl pkeyutl -decrypt -inkey kms:alias/old -in blob
  assert_fails_with "$1" ossl pkey -noout -in kms:alias/old
  assert_fails_with "$1" ossl storeutl kms:
}

no_configuration() {
  unset TRENT_CONF
  fails_in_all_commands 'ValidationException:.*trent init'
}

bad_configuration() {
  echo 'nonsense' >bad.toml
  export TRENT_CONF="$PWD/bad.toml"
  fails_in_all_commands 'ValidationException:.*bad.toml'
}

wrong_pin() {
  echo 9999 >wrong.pin
  sed 's|^pin-source.*|pin-source = "file:'"$PWD"'/wrong.pin"|' trent.toml >wrong.toml
  export TRENT_CONF="$PWD/wrong.toml"
  fails_in_all_commands 'AccessDeniedException:.*refused the PIN.*wrong.pin'
}

no_token() {
  sed 's/token=kms/token=gone/' trent.toml >gone.toml
  export TRENT_CONF="$PWD/gone.toml"
  fails_in_all_commands 'KeyUnavailableException:.*pkcs11:token=gone'
}

no_module() {
  sed 's|^module.*|module = "/nonexistent/libhsm.so"|' trent.toml >nomodule.toml
  export TRENT_CONF="$PWD/nomodule.toml"
  fails_in_all_commands 'KeyUnavailableException:.*/nonexistent/libhsm.so'
}

test_case 'default provider first' default_first
test_case 'trent first' trent_first
test_case 'trent without the default provider' trent_alone
test_case 'trent with the base provider' with_base
test_case 'with a property query' with_propquery
test_case 'by -provider-path' by_path
test_case 'from openssl.cnf' from_openssl_cnf
test_case 'preferred by openssl.cnf' preferred_in_openssl_cnf
test_case 'configuration named in openssl.cnf' configuration_by_parameter
test_case 'TRENT_CONF comes before openssl.cnf' environment_wins_over_parameter
test_case 'listings need no configuration' listings_need_no_configuration
test_case 'no configuration' no_configuration
test_case 'bad configuration' bad_configuration
test_case 'wrong PIN' wrong_pin
test_case 'no such token' no_token
test_case 'no such module' no_module
done_testing
