#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a ReEncrypt through the PKCS#11 door asks of the token: OpenSC's pkcs11-spy is the backend,
# and writes down every call with its arguments. (tests/kms/spy_test.cc looks closer, at the core.)
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key old
make_key new
make_data_key alias/old
PKCS11SPY=$softhsm_module
PKCS11SPY_OUTPUT=$work/spy.log
export PKCS11SPY PKCS11SPY_OUTPUT
{
  echo 'refresh = "1h"' # no look at the catalog in the middle
  sed "s|^module = .*|module = \"$(of_library pkcs11/pkcs11-spy.so)\"|" "$kms/trent.toml"
} >"$kms/spied.toml"
export TRENT_CONF="$kms/spied.toml"

# spy CASE: part.log is what the token was asked in that case, up to the end of the program.
spy() {
  rm -f spy.log
  start=$(timeout 60 python3 "$TRENT_SOURCE/tests/pkcs11/clients/pykcs11.py" "$module" "$1")
  tail -c "+$((start + 1))" spy.log | sed '/: C_CloseSession/,$d' | without_sentinel >part.log
}

# Leaves out the looks whether the handles are still ours (src/hsm/sentinel.h), which come when it is
# time for them, and read a label.
without_sentinel() {
  awk '/^[0-9]+: C_/ { flush() } { call = call $0 "\n" } END { flush() }
    function flush() { if (call !~ /C_GetAttributeValue.* CKA_LABEL /) printf "%s", call; call = "" }'
}

calls() { sed -n 's/^[0-9]*: \(C_[A-Za-z]*\).*/\1/p' part.log | xargs; }
# All bytes that the log shows, as hexadecimal digits.
bytes() { sed -n 's/^    0000[0-9a-f]*  \(.\{48\}\).*/\1/p' part.log | tr -d ' \n' | tr A-F a-f; }
hex() { xxd -p -c 0 "$1"; }
# The wrapped secret at the end of a blob: 40 bytes for 25 or 32 bytes.
payload() { tail -c 40 "$1" | xxd -p -c 0; }

re_encrypt_stays_in_the_token() {
  spy re_encrypts_for_the_spy
  assert_eq "$(calls | sed 's/ C_DestroyObject//g')" 'C_DeriveKey C_UnwrapKey C_DeriveKey C_WrapKey'
  assert_eq "$(grep -c C_DestroyObject part.log)" 3
  printf %s 'the secret of tenant acme' >secret
  assert_lacks "$(bytes)" "$(hex secret)"
  # The log shows what it is shown: the payloads that go in and come out.
  assert_contains "$(bytes)" "$(payload blob)"
  assert_contains "$(bytes)" "$(payload moved)"
}

decrypt_shows_the_plaintext() {
  spy decrypts_for_the_spy
  printf %s 'the secret of tenant acme' >secret
  assert_contains "$(calls)" C_GetAttributeValue
  assert_contains "$(bytes)" "$(hex secret)"
}

unwrap_and_wrap_stay_in_the_token() {
  spy unwraps_and_wraps_for_the_spy
  # The application's key is the application's to destroy.
  assert_eq "$(calls)" 'C_DeriveKey C_UnwrapKey C_DestroyObject C_DeriveKey C_WrapKey C_DestroyObject'
  assert_lacks "$(bytes)" "$(hex data-key)"
  assert_contains "$(bytes)" "$(payload data-key.blob)"
  assert_contains "$(bytes)" "$(payload moved)"
  trent decrypt --ciphertext-blob fileb://moved --encryption-context tenant=acme,year=2 \
    --output raw >back
  assert_same_file back data-key
}

test_case 'a ReEncrypt derives, unwraps, derives, wraps, and reads nothing' re_encrypt_stays_in_the_token
test_case 'a Decrypt does read' decrypt_shows_the_plaintext
test_case 'C_UnwrapKey and C_WrapKey do the same' unwrap_and_wrap_stay_in_the_token
done_testing
