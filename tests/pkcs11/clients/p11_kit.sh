#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# p11-kit: p11tool and others through its registry, and its proxy module.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key app

token='pkcs11:model=Trent%20KMS;manufacturer=Trent;serial=111122223333;token=kms'

key_url() {
  id=$(id_of app | sed 's/../%&/g' | tr a-f A-F)
  echo "$token;id=$id;object=app;type=secret-key"
}

p11tool_lists_by_module() {
  assert_contains "$(p11tool --provider "$module" --list-token-urls)" "$token"
  output=$(p11tool --provider "$module" --list-all "$token")
  assert_contains "$output" "URL: $(key_url)"
  assert_contains "$output" 'CKA_SENSITIVE'
  assert_contains "$output" 'CKA_NEVER_EXTRACTABLE'
  assert_contains "$(p11tool --provider "$module" --list-mechanisms "$token")" 0xd4520002
}

p11tool_makes_random_numbers() {
  p11tool --provider "$module" --generate-random 32 --outfile random "$token"
  assert_eq "$(wc -c <random)" 32
}

p11tool_lists_by_configuration() {
  p11_kit_registers
  assert_eq "$(as_user p11tool --list-token-urls)" "$token"
  assert_contains "$(as_user p11tool --list-all "$token")" "URL: $(key_url)"
}

p11_kit_lists_it() {
  p11_kit_registers
  output=$(as_user p11-kit list-modules)
  assert_contains "$output" 'library-description: Trent KMS'
  assert_contains "$output" 'model: Trent KMS'
}

# Not with p11tool: GnuTLS gives modules arguments of its own, without this one.
configuration_comes_from_the_module_file() {
  unset TRENT_CONF
  p11_kit_registers
  assert_lacks "$(as_user p11-kit list-modules)" 'token: kms'
  p11_kit_registers "x-init-reserved: $kms/trent.toml"
  assert_contains "$(as_user p11-kit list-modules)" 'token: kms'
}

# SoftHSM is registered as well: p11-kit initialises it for us and for the program.
beside_softhsm() {
  p11_kit_registers
  echo 'user-config: merge' >"$HOME/.config/pkcs11/pkcs11.conf"
  cat >"$HOME/.config/pkcs11/modules/softhsm2.module" <<-CONF
	module: $softhsm_module
	CONF
  output=$(as_user p11tool --list-token-urls)
  assert_contains "$output" "$token"
  assert_contains "$output" 'pkcs11:model=SoftHSM%20v2'
  assert_contains "$(as_user p11tool --list-all "$token")" "URL: $(key_url)"
  assert_contains "$(as_user p11-kit list-modules)" 'model: SoftHSM v2'
}

p11tool_stores_a_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout key.pem -out cert.pem
  p11tool --provider "$module" --write --load-certificate cert.pem --label web "$token"
  p11tool --provider "$module" --export "$token;object=web;type=cert" >read.pem
  assert_eq "$(openssl x509 -in read.pem -noout -fingerprint)" \
    "$(openssl x509 -in cert.pem -noout -fingerprint)"
  p11tool --provider "$module" --batch --delete "$token;object=web;type=cert"
}

login_without_a_configured_pin() {
  url=$(key_url)
  without_pin
  assert_lacks "$(p11tool --provider "$module" --list-all "$token" 2>&1 </dev/null)" 'object=app'
  with_pin() { GNUTLS_PIN=$(cat "$kms/pin") p11tool --provider "$module" --batch "$@"; }
  assert_contains "$(with_pin --login --list-all "$token")" "URL: $url"
  with_pin --login --generate-privkey rsa --bits 2048 --label pair --outfile pair.pem "$token"
  assert_contains "$(with_pin --login --list-privkeys "$token")" 'object=pair'
  with_pin --login --delete "$token;object=pair;type=private"
  with_pin --login --delete "$token;object=pair;type=public"
  GNUTLS_PIN=00000000 assert_fails_with 'PIN|login' \
    p11tool --provider "$module" --batch --login --list-all "$token"
}

# Then there is no token, but an answer.
module_is_trent_itself() {
  p11_kit_registers
  for itself in trent "$module"; do
    sed "s|^module .*|module = \"$itself\"|" "$kms/trent.toml" >itself.toml
    export TRENT_CONF="$work/itself.toml"
    assert_contains "$(as_user timeout 10 "$trent" list-keys 2>&1)" 'which is Trent itself'
    output=$(as_user timeout 10 p11-kit list-modules)
    assert_contains "$output" 'library-description: Trent KMS'
    assert_lacks "$output" 'token: kms'
  done
}

through_the_proxy() {
  p11_kit_registers
  proxy=$(of_library p11-kit-proxy.so)
  tool() { as_user timeout 60 pkcs11-tool --module "$proxy" "$@"; }
  assert_contains "$(tool --list-slots)" 'token model        : Trent KMS'
  assert_contains "$(tool --list-objects 2>/dev/null)" 'label:      app'
  tool --keygen --key-type AES:32 --label by-proxy
  assert_eq "$(key_state alias/by-proxy)" Enabled
  tool --generate-random 8 --output-file random
  assert_eq "$(wc -c <random)" 8
  output=$(tool --test-fork 2>&1)
  assert_contains "$output" 'Calling C_Initialize in forked child process'
  assert_lacks "$output" CKR_
}

test_case 'p11tool lists the keys' p11tool_lists_by_module
test_case 'p11tool makes random numbers' p11tool_makes_random_numbers
test_case 'p11tool finds the module by p11-kit'\''s configuration' p11tool_lists_by_configuration
test_case 'p11-kit lists the module' p11_kit_lists_it
test_case 'x-init-reserved names the configuration' configuration_comes_from_the_module_file
test_case 'p11-kit with Trent and its backend at once' beside_softhsm
test_case 'p11tool stores a certificate, and finds and deletes it' p11tool_stores_a_certificate
test_case 'p11tool logs in where the configuration has no PIN' login_without_a_configured_pin
test_case 'a module that is Trent itself' module_is_trent_itself
test_case 'pkcs11-tool through p11-kit-proxy.so' through_the_proxy
done_testing
