#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libp11's engine for OpenSSL and ssh-keygen: programs that want RSA and EC keys.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key app
new_key rsa RSA_2048 SIGN_VERIFY
new_key ec ECC_NIST_P256 SIGN_VERIFY
new_key opener RSA_2048 ENCRYPT_DECRYPT
new_key agree ECC_NIST_P256 KEY_AGREEMENT
for name in rsa ec opener agree; do public_key $name; done
cat >engine.cnf <<CONF
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = $(of_library engines-3/pkcs11.so)
MODULE_PATH = $module
init = 0
CONF
key='pkcs11:token=kms;object=web'
echo text >text

make_key_pair() {
  pkcs11-tool --module "$module" --keypairgen --key-type rsa:2048 --label web --id 77
}

with_engine() {
  command=$1
  shift
  OPENSSL_CONF=$PWD/engine.cnf timeout 60 openssl "$command" -engine pkcs11 "$@"
}

random_numbers() {
  assert_eq "$(with_engine rand -hex 16 | wc -c)" 33
}

signature() {
  make_key_pair
  with_engine pkey -inform engine -pubin -in "$key" -pubout -out web.pem
  with_engine dgst -keyform engine -sign "$key" -sha256 -out signature text
  openssl dgst -verify web.pem -sha256 -signature signature text
}

decryption() {
  openssl pkeyutl -encrypt -pubin -inkey web.pem -in text -out encrypted
  with_engine pkeyutl -keyform engine -inkey "$key" -decrypt -in encrypted -out back
  assert_same_file back text
}

login_without_a_configured_pin() {
  without_pin
  assert_fails_with 'object not found|not found|login failed|PIN' \
    env OPENSSL_CONF="$PWD/engine.cnf" openssl dgst -engine pkcs11 -keyform engine \
    -sign "$key;type=private?pin-value=00000000" -sha256 -out signature text
  with_engine dgst -keyform engine -sign "$key?pin-value=$(cat "$kms/pin")" -sha256 \
    -out signature text
  openssl dgst -verify web.pem -sha256 -signature signature text
}

kms_keys_sign() {
  for name in rsa ec; do
    kms_key="pkcs11:token=kms;object=$name;type=private"
    with_engine dgst -keyform engine -sign "$kms_key" -sha256 -out signature text
    openssl dgst -verify $name.pem -sha256 -signature signature text
    # A certificate of its own, and an authority's for others.
    with_engine req -keyform engine -new -x509 -key "$kms_key" -subj /CN=$name -out $name.crt
    openssl verify -CAfile $name.crt $name.crt
    openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr
    with_engine x509 -req -in leaf.csr -CA $name.crt -CAkeyform engine -CAkey "$kms_key" \
      -CAcreateserial -out leaf.crt
    openssl verify -CAfile $name.crt leaf.crt
  done
  with_engine dgst -keyform engine -sign 'pkcs11:token=kms;object=rsa;type=private' -sha256 \
    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -out signature text
  openssl dgst -verify rsa.pem -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest \
    -signature signature text
}

kms_keys_decrypt() {
  set -- -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
  openssl pkeyutl -encrypt -pubin -inkey opener.pem "$@" -in text -out encrypted
  with_engine pkeyutl -keyform engine -inkey 'pkcs11:token=kms;object=opener;type=private' "$@" \
    -decrypt -in encrypted -out back
  assert_same_file back text
}

kms_keys_agree() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.key
  openssl pkey -in peer.key -pubout -out peer.pem
  openssl pkeyutl -derive -inkey peer.key -peerkey agree.pem -out theirs
  with_engine pkeyutl -derive -keyform engine -inkey 'pkcs11:token=kms;object=agree;type=private' \
    -peerkey peer.pem -out ours
  assert_same_file ours theirs
}

# Symmetric keys are secret keys, of which engines know nothing.
symmetric_keys_are_no_key_pairs() {
  OPENSSL_CONF=$PWD/engine.cnf assert_fails_with 'object not found|not found' openssl pkey \
    -engine pkcs11 -inform engine -in 'pkcs11:token=kms;object=app' -noout
}

ssh_lists_public_keys() {
  ssh-keygen -i -m PKCS8 -f web.pem | cut -d ' ' -f 2 >wanted
  ssh-keygen -D "$module" | cut -d ' ' -f 2 | grep -qFf wanted
}

ssh_ends_cleanly_without_any() {
  pkcs11-tool --module "$module" --delete-object --type privkey --label web
  pkcs11-tool --module "$module" --delete-object --type pubkey --label web
  for name in rsa ec opener agree; do
    trent schedule-key-deletion --key-id "$(trent describe-key --key-id alias/$name --output raw)"
  done
  status=0
  output=$(timeout 60 ssh-keygen -D "$module" 2>&1) || status=$?
  assert_contains "$output" 'cannot read public key from pkcs11'
  assert_eq $status 255 # of every error of ssh's; a signal's is lower
}

test_case 'random numbers through the engine' random_numbers
test_case 'the engine signs with a key pair of the application'\''s' signature
test_case 'and decrypts' decryption
test_case 'both where the configuration has no PIN' login_without_a_configured_pin
test_case 'the engine signs with key pairs of KMS' kms_keys_sign
test_case 'and decrypts' kms_keys_decrypt
test_case 'and agrees on a secret' kms_keys_agree
test_case 'symmetric keys are no key pairs' symmetric_keys_are_no_key_pairs
test_case 'ssh-keygen -D lists public keys' ssh_lists_public_keys
test_case 'ssh-keygen -D ends cleanly when there are none' ssh_ends_cleanly_without_any
done_testing
