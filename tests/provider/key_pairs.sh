#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Key pairs and HMAC keys of KMS as keys of OpenSSL: made, shown, used. What openssl's own provider can
# tell of a result, by the public key alone, it is asked.
#   key_pairs.sh WAY: how Trent is loaded (pairs.sh)
. "$TRENT_SOURCE/tests/provider/pairs.sh"
LOADED=$1
{
  make_pair rsa RSA &&
    make_pair p256 EC -pkeyopt group:P-256 &&
    make_pair p384 EC -pkeyopt group:P-384 &&
    make_pair p521 EC -pkeyopt group:P-521 &&
    make_pair bitcoin EC -pkeyopt group:secp256k1 &&
    make_pair edwards ED25519 &&
    make_pair opener RSA -pkeyopt key-usage:ENCRYPT_DECRYPT -pkeyopt rsa_keygen_bits:3072 &&
    make_pair agreed EC -pkeyopt group:P-256 -pkeyopt key-usage:KEY_AGREEMENT &&
    ossl genpkey -algorithm KMS -pkeyopt kms-alias:alias/wax -out wax.key &&
    ossl genpkey -algorithm KMS -pkeyopt key-spec:HMAC_384 -pkeyopt key-usage:GENERATE_VERIFY_MAC \
      -pkeyopt kms-alias:alias/mac -out mac.key
} >making.log 2>&1 || bail_out "cannot make keys: $(cat making.log)"
printf 'attack at dawn' >secret
printf 'attack at dusk' >other
head -c 100000 /dev/urandom >large
oaep='-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256'
arn_of() { "$trent" describe-key --key-id "alias/$1" | sed -n 's/.*"Arn": "\([^"]*\)".*/\1/p'; }

keys_are_of_kms() {
  for pair in 'rsa RSA_2048 SIGN_VERIFY' 'p256 ECC_NIST_P256 SIGN_VERIFY' \
    'p384 ECC_NIST_P384 SIGN_VERIFY' 'p521 ECC_NIST_P521 SIGN_VERIFY' \
    'bitcoin ECC_SECG_P256K1 SIGN_VERIFY' 'edwards ECC_NIST_EDWARDS25519 SIGN_VERIFY' \
    'opener RSA_3072 ENCRYPT_DECRYPT' 'agreed ECC_NIST_P256 KEY_AGREEMENT' \
    'wax SYMMETRIC_DEFAULT ENCRYPT_DECRYPT' 'mac HMAC_384 GENERATE_VERIFY_MAC'; do
    # shellcheck disable=SC2086
    set -- $pair
    ossl pkey -in "$1.key" -noout -text >text
    grep -Fx "Key spec: $2" text
    grep -Fx "Key usage: $3" text
    grep -Fx "Aliases: alias/$1" text
  done
}

# Its public key is not known before.
a_pair_that_waits_for_its_import_is_listed_and_not_used() {
  for kind in 'ECC_NIST_P256 SIGN_VERIFY' 'RSA_2048 SIGN_VERIFY' 'RSA_2048 ENCRYPT_DECRYPT' \
    'ECC_NIST_P256 KEY_AGREEMENT'; do
    waiting=$("$trent" create-key --origin EXTERNAL --key-spec "${kind% *}" --key-usage "${kind#* }" \
      --output raw)
    ossl pkey -in "kms:$waiting" -noout -text | grep -Fx 'State: PendingImport'
    case $kind in
      *SIGN_VERIFY) set -- dgst -sha256 -sign "kms:$waiting" secret ;;
      *ENCRYPT_DECRYPT) set -- pkeyutl -encrypt -inkey "kms:$waiting" -in secret $oaep ;;
      *) set -- pkeyutl -derive -inkey "kms:$waiting" -peerkey p256.pem ;;
    esac
    ossl "$@" 2>said && return 1
    grep -F 'is pending import.' said
  done
}

file_names_the_key() {
  head -n 1 p256.key | grep -E '^kms:arn:aws:kms:[^ ]*  Enabled  ECC_NIST_P256  alias/p256$'
  sed -n 2p p256.key | grep -Fx -e '-----BEGIN KMS KEY URI-----'
  openssl asn1parse -in p256.key >parsed
  grep -F 'VISIBLESTRING     :KMS Key URI v1.0' parsed
  grep -F "UTF8STRING        :kms:arn:aws:kms:" parsed
  assert_lacks "$(cat p256.key)" PRIVATE
  # Written again, it is the same, also from the URI.
  for key in p256.key kms:alias/p256; do ossl pkey -in "$key" | assert_same_file p256.key -; done
}

# One file often holds both, in either order.
file_may_hold_other_things() {
  certify rsa
  cat rsa.crt ca.pem rsa.key >both.pem
  cat rsa.key rsa.crt >htob.pem
  for file in both.pem htob.pem; do
    ossl pkey -in $file -pubout | assert_same_file rsa.pem -
    ossl x509 -in $file -noout -subject | grep -F rsa
  done
}

bad_files_are_refused() {
  sed 's/KMS KEY URI/KMS KEY URL/' rsa.key >label.key
  { echo '-----BEGIN KMS KEY URI-----'; echo 'MAYaAmhpDAJobw=='; echo '-----END KMS KEY URI-----'; } >version.key
  head -n 3 rsa.key >cut.key
  for file in label.key version.key cut.key; do
    assert_fails_with 'Could not read' ossl pkey -in $file -noout
  done
  # OpenSSL 3.0 drops what a decoder says of it.
  uri_file 'kms:alias/missing' >missing.key
  assert_fails_with 'Could not read' ossl pkey -in missing.key -noout
}
uri_file() { # URI
  printf 'asn1 = SEQUENCE:key\n[key]\nversion = VISIBLESTRING:KMS Key URI v1.0\nuri = UTF8:%s\n' "$1" >uri.cnf
  openssl asn1parse -genconf uri.cnf -noout -out uri.der
  echo '-----BEGIN KMS KEY URI-----'
  base64 uri.der
  echo '-----END KMS KEY URI-----'
}

anybody_can_write_such_a_file() {
  uri_file kms:alias/rsa >mine.key
  ossl pkey -in mine.key -pubout | assert_same_file rsa.pem -
}

public_key_comes_out() {
  for name in rsa p256 p384 p521 bitcoin edwards opener agreed; do
    "$trent" get-public-key --key-id "alias/$name" --output raw >kms.der
    for key in "$name.key" "kms:alias/$name"; do
      ossl pkey -in "$key" -pubout -outform DER | assert_same_file kms.der -
      ossl pkey -in "$key" -pubin -pubout -outform DER | assert_same_file kms.der -
    done
  done
  ossl pkey -in kms:alias/p256 -noout -text | grep -Fx 'NIST CURVE: P-256'
  ossl rsa -in kms:alias/rsa -noout -modulus >one
  openssl rsa -pubin -in rsa.pem -noout -modulus | assert_same_file one -
}

private_key_stays() {
  for name in rsa p256 edwards; do
    assert_fails_with 'never leaves its token' \
      ossl pkey -in kms:alias/$name -out out.key -aes256 -passout pass:x
    assert_fails_with 'Error|unable|unsupported' ossl pkey -in kms:alias/$name -outform DER
  done
  assert_fails_with 'Error|unable|unsupported' ossl rsa -in kms:alias/rsa -traditional
}

signs() { # NAME HASH
  for key in "$1.key" "kms:alias/$1"; do
    ossl dgst "-$2" -sign "$key" -out signature large
    openssl dgst "-$2" -verify "$1.pem" -signature signature large
    ossl dgst "-$2" -prverify "$key" -signature signature large
    ossl dgst "-$2" -verify "$key" -signature signature large
    assert_fails_with 'KMSInvalidSignatureException' \
      ossl dgst "-$2" -prverify "$key" -signature signature secret
    openssl dgst "-$2" -binary large >digest
    ossl pkeyutl -sign -inkey "$key" -pkeyopt "digest:$2" -in digest -out signature
    openssl pkeyutl -verify -pubin -inkey "$1.pem" -pkeyopt "digest:$2" -in digest -sigfile signature
    ossl pkeyutl -verify -inkey "$key" -pkeyopt "digest:$2" -in digest -sigfile signature
  done
}

every_pair_signs() {
  for hash in sha256 sha384 sha512; do
    for name in rsa p256 p384 p521 bitcoin; do signs $name $hash; done
  done
}

other_hashes_are_none_of_kms() {
  for name in rsa p256; do
    for hash in sha1 sha224 sha3-256 md5; do
      assert_fails_with 'UnsupportedOperationException:.*It has (RSASSA|ECDSA)' \
        ossl dgst -$hash -sign kms:alias/$name -out signature secret
    done
  done
}

pss='-sigopt rsa_padding_mode:pss'
signs_with_pss() {
  for hash in sha256 sha384 sha512; do
    for salt in digest -1 auto; do
      # shellcheck disable=SC2086
      ossl dgst -$hash -sign rsa.key $pss -sigopt rsa_pss_saltlen:$salt -out signature large
      # shellcheck disable=SC2086
      openssl dgst -$hash -verify rsa.pem $pss -sigopt rsa_pss_saltlen:digest -signature signature large
      # shellcheck disable=SC2086
      ossl dgst -$hash -prverify rsa.key $pss -signature signature large
    done
  done
  # shellcheck disable=SC2086
  ossl dgst -sha256 -sign rsa.key $pss -sigopt rsa_pss_saltlen:32 -out signature large
  for option in 'rsa_pss_saltlen:max' 'rsa_pss_saltlen:20' 'rsa_mgf1_md:sha1' 'rsa_pss_saltlen:20'; do
    # shellcheck disable=SC2086
    assert_fails_with 'UnsupportedOperationException:.*RSASSA_PSS_SHA_256' \
      ossl dgst -sha256 -sign rsa.key $pss -sigopt $option -out signature large
  done
  assert_fails_with 'pad-mode has no value none' \
    ossl pkeyutl -sign -inkey rsa.key -pkeyopt rsa_padding_mode:none -in secret -out signature
}

# As pkeyutl does without a hash: what is signed says its hash itself.
signs_a_digest_info() {
  printf 'asn1 = SEQUENCE:info\n[info]\nalgorithm = SEQUENCE:sha256\ndigest = FORMAT:HEX,OCT:%s\n' \
    "$(openssl dgst -sha256 -r secret | cut -d ' ' -f 1)" >info.cnf
  printf '[sha256]\noid = OID:sha256\nparameters = NULL\n' >>info.cnf
  openssl asn1parse -genconf info.cnf -noout -out info.der
  ossl pkeyutl -sign -inkey rsa.key -in info.der -out signature
  openssl dgst -sha256 -verify rsa.pem -signature signature secret
  assert_fails_with 'UnsupportedOperationException:.*without a hash' \
    ossl pkeyutl -sign -inkey rsa.key -in secret -out signature
}

edwards_signs() {
  for key in edwards.key kms:alias/edwards; do
    ossl pkeyutl -sign -rawin -inkey $key -in secret -out signature
    openssl pkeyutl -verify -rawin -pubin -inkey edwards.pem -in secret -sigfile signature
    ossl pkeyutl -verify -rawin -inkey $key -in secret -sigfile signature
    assert_fails_with 'KMSInvalidSignatureException' \
      ossl pkeyutl -verify -rawin -inkey $key -in other -sigfile signature
  done
  assert_fails_with '4096 bytes' ossl pkeyutl -sign -rawin -inkey edwards.key -in large -out signature
  assert_fails_with 'not supported|ED25519_SHA_512' ossl dgst -sha512 -sign edwards.key -out signature secret
}

usage_is_respected() {
  for name in opener agreed wax; do
    assert_fails_with 'InvalidKeyUsageException|UnsupportedOperationException' \
      ossl pkeyutl -sign -rawin -inkey kms:alias/$name -in secret -out signature
  done
  # shellcheck disable=SC2086
  openssl pkeyutl -encrypt -pubin -inkey rsa.pem $oaep -in secret -out encrypted
  # shellcheck disable=SC2086
  assert_fails_with 'InvalidKeyUsageException' \
    ossl pkeyutl -decrypt -inkey kms:alias/rsa $oaep -in encrypted -out plain
  openssl pkey -in agreed.pem -pubin -out peer.pem
  assert_fails_with 'InvalidKeyUsageException' \
    ossl pkeyutl -derive -inkey kms:alias/p256 -peerkey peer.pem -out shared
}

public_handle_does_not_sign() {
  ossl pkey -in kms:alias/p256 -pubin -noout
  ossl dgst -sha256 -sign kms:alias/p256 -out signature secret
  ossl dgst -sha256 -verify kms:alias/p256 -signature signature secret
}

decrypts_oaep() {
  for hash in sha1 sha256; do
    set -- -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$hash
    openssl pkeyutl -encrypt -pubin -inkey opener.pem "$@" -in secret -out encrypted
    for key in opener.key kms:alias/opener; do
      ossl pkeyutl -decrypt -inkey $key "$@" -in encrypted | assert_same_file secret -
      ossl pkeyutl -encrypt -inkey $key "$@" -in secret -out by-kms
      ossl pkeyutl -decrypt -inkey $key "$@" -in by-kms | assert_same_file secret -
    done
    number=${hash#sha}
    ossl pkeyutl -decrypt -inkey kms:alias/opener -in encrypted \
      -pkeyopt "encryption-algorithm:RSAES_OAEP_SHA_$number" | assert_same_file secret -
  done
  # shellcheck disable=SC2086
  assert_fails_with 'InvalidCiphertextException' \
    ossl pkeyutl -decrypt -inkey opener.key $oaep -in p256.pem -out plain
  for bad in '' '-pkeyopt rsa_padding_mode:pkcs1' '-pkeyopt rsa_padding_mode:none' \
    '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha512' \
    '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_mgf1_md:sha256' \
    "$oaep -pkeyopt rsa_oaep_label:00"; do
    # shellcheck disable=SC2086
    assert_fails_with 'UnsupportedOperationException:.*RSAES_OAEP_SHA_256' \
      ossl pkeyutl -decrypt -inkey opener.key $bad -in encrypted -out plain
  done
}

re_encrypts_to_and_from_rsa() {
  head -c 32 /dev/urandom >data-key
  openssl pkeyutl -encrypt -pubin -inkey opener.pem -pkeyopt rsa_padding_mode:oaep -in data-key -out outside
  ossl pkeyutl -encrypt -inkey kms:alias/wax -pkeyopt reencrypt:1 -pkeyopt source-key-id:alias/opener \
    -pkeyopt source-encryption-algorithm:RSAES_OAEP_SHA_1 -in outside -out moved
  ossl pkeyutl -decrypt -inkey kms:alias/wax -in moved | assert_same_file data-key -
  ossl pkeyutl -encrypt -inkey kms:alias/opener -pkeyopt reencrypt:1 -pkeyopt rsa_padding_mode:oaep \
    -in moved -out back
  ossl pkeyutl -decrypt -inkey kms:alias/opener -pkeyopt rsa_padding_mode:oaep -in back |
    assert_same_file data-key -
  assert_fails_with 'ValidationException:.*KeyId is required' ossl pkeyutl -encrypt -inkey kms:alias/wax \
    -pkeyopt reencrypt:1 -pkeyopt source-encryption-algorithm:RSAES_OAEP_SHA_1 -in outside -out moved
}

agrees_on_a_secret() {
  openssl genpkey -algorithm EC -pkeyopt group:P-256 -out peer.key
  openssl pkey -in peer.key -pubout -out peer.pem
  openssl pkeyutl -derive -inkey peer.key -peerkey agreed.pem -out theirs
  openssl pkeyutl -derive -inkey peer.key -peerkey agreed.pem -pkeyopt kdf-type:X963KDF \
    -pkeyopt kdf-digest:SHA256 -pkeyopt kdf-outlen:48 -pkeyopt hexkdf-ukm:0102 -out theirs-by-kdf
  for key in agreed.key kms:alias/agreed; do
    ossl pkeyutl -derive -inkey $key -peerkey peer.pem | assert_same_file theirs -
    ossl pkeyutl -derive -inkey $key -peerkey peer.pem -pkeyopt kdf-type:X963KDF \
      -pkeyopt kdf-digest:SHA256 -pkeyopt kdf-outlen:48 -pkeyopt hexkdf-ukm:0102 |
      assert_same_file theirs-by-kdf -
  done
  openssl genpkey -algorithm EC -pkeyopt group:P-384 -out wrong.key
  openssl pkey -in wrong.key -pubout -out wrong.pem
  assert_fails_with 'curve|parameters' \
    ossl pkeyutl -derive -inkey kms:alias/agreed -peerkey wrong.pem -out shared
}

macs_are_kms_own() {
  "$trent" generate-mac --key-id alias/mac --message fileb://secret --mac-algorithm HMAC_SHA_384 \
    --output raw >mac
  for key in mac.key kms:alias/mac; do
    ossl dgst -sha384 -sign $key secret | assert_same_file mac -
    ossl pkeyutl -sign -rawin -inkey $key -in secret | assert_same_file mac -
    ossl pkeyutl -verify -rawin -inkey $key -in secret -sigfile mac
    assert_fails_with 'KMSInvalidMacException' ossl pkeyutl -verify -rawin -inkey $key -in other -sigfile mac
  done
  ossl mac -macopt key-id:alias/mac -binary -in secret KMS-HMAC | assert_same_file mac -
  ossl mac -macopt key-id:alias/mac -macopt digest:SHA384 -binary -in secret KMS-HMAC | assert_same_file mac -
  assert_fails_with 'HMAC_SHA_384' ossl dgst -sha256 -sign kms:alias/mac secret
  assert_fails_with '4096 bytes' ossl mac -macopt key-id:alias/mac -in large KMS-HMAC
  assert_fails_with 'No key was named' ossl mac -in secret KMS-HMAC
  assert_fails_with 'UnsupportedOperationException' ossl mac -macopt key-id:alias/rsa -in secret KMS-HMAC
}

symmetric_key_has_a_file() {
  ossl pkeyutl -encrypt -inkey wax.key -in secret -out blob
  ossl pkeyutl -decrypt -inkey wax.key -in blob | assert_same_file secret -
  "$trent" decrypt --ciphertext-blob fileb://blob --output raw | assert_same_file secret -
}

# Nobody who makes a key for a moment fills the token with it.
ordinary_keys_stay_ordinary() {
  "$trent" list-keys >before
  for algorithm in 'RSA' 'EC -pkeyopt group:P-256' ED25519; do
    # shellcheck disable=SC2086
    ossl genpkey -algorithm $algorithm -out ordinary.key
    grep 'BEGIN PRIVATE KEY' ordinary.key
    ossl pkey -in ordinary.key -pubout -out ordinary.pem
    ossl pkeyutl -sign -rawin -inkey ordinary.key -in secret -out signature
    ossl pkeyutl -verify -rawin -pubin -inkey ordinary.pem -in secret -sigfile signature
    # shellcheck disable=SC2086
    assert_fails_with 'ValidationException:.*kms-alias' \
      ossl genpkey -propquery provider=trent -algorithm $algorithm -out none.key
  done
  ossl genpkey -algorithm EC -pkeyopt group:P-256 -out peer.key
  ossl pkey -in peer.key -pubout -out peer.pem
  ossl pkeyutl -derive -inkey peer.key -peerkey peer.pem -out shared
  ossl ecparam -name P-256 -genkey -out parameters.key
  ossl genpkey -algorithm RSA -out ordinary.key
  ossl rsa -in ordinary.key -traditional >/dev/null
  "$trent" list-keys | assert_same_file before -
}

bad_orders_are_refused() {
  make='ossl genpkey -propquery provider=trent -out none.key'
  assert_fails_with 'ValidationException:.*RSA_1024' \
    $make -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt kms-alias:alias/none
  assert_fails_with 'ValidationException:.*65537' \
    $make -algorithm RSA -pkeyopt rsa_keygen_pubexp:3 -pkeyopt kms-alias:alias/none
  assert_fails_with 'UnsupportedOperationException:.*P-224' \
    $make -algorithm EC -pkeyopt group:P-224 -pkeyopt kms-alias:alias/none
  assert_fails_with 'ValidationException:.*needs a curve' $make -algorithm EC -pkeyopt kms-alias:alias/none
  assert_fails_with 'AlreadyExistsException' $make -algorithm ED25519 -pkeyopt kms-alias:alias/rsa
  assert_fails_with 'ValidationException:.*alias/' $make -algorithm ED25519 -pkeyopt kms-alias:none
  assert_fails_with 'ValidationException' \
    $make -algorithm ED25519 -pkeyopt kms-alias:alias/none -pkeyopt key-usage:ENCRYPT_DECRYPT
  [ ! -s none.key ]
}

retargeted_alias_is_another_key() {
  ossl pkey -in kms:alias/p256 -out before.key
  "$trent" create-alias --alias-name alias/moving --target-key-id "$(arn_of p256)"
  "$trent" update-alias --alias-name alias/moving --target-key-id "$(arn_of bitcoin)"
  ossl pkey -in kms:alias/moving -pubout | assert_same_file bitcoin.pem -
  ossl pkey -in before.key -pubout | assert_same_file p256.pem -
}

disabled_key_does_not_sign() {
  "$trent" disable-key --key-id "$(arn_of p521)"
  assert_fails_with 'DisabledException' ossl dgst -sha512 -sign p521.key -out signature secret
  "$trent" enable-key --key-id "$(arn_of p521)"
  ossl dgst -sha512 -sign p521.key -out signature secret
}

test_case 'keys are KMS keys' keys_are_of_kms
test_case 'a pair that waits for its import is listed and not used' \
  a_pair_that_waits_for_its_import_is_listed_and_not_used
test_case 'a file names the key' file_names_the_key
test_case 'a file may hold other things' file_may_hold_other_things
test_case 'bad files are refused' bad_files_are_refused
test_case 'anybody can write such a file' anybody_can_write_such_a_file
test_case 'the public key comes out' public_key_comes_out
test_case 'the private key stays' private_key_stays
test_case 'every pair signs digests of every hash of KMS' every_pair_signs
test_case 'other hashes are none of KMS' other_hashes_are_none_of_kms
test_case 'RSA signs with PSS' signs_with_pss
test_case 'RSA signs a DigestInfo' signs_a_digest_info
test_case 'Ed25519 signs messages' edwards_signs
test_case 'the usage of a key is respected' usage_is_respected
test_case 'a public handle verifies' public_handle_does_not_sign
test_case 'RSA decrypts with OAEP' decrypts_oaep
test_case 'ReEncrypt to and from RSA' re_encrypts_to_and_from_rsa
test_case 'EC agrees on a secret' agrees_on_a_secret
test_case 'MACs are those of KMS' macs_are_kms_own
test_case 'a symmetric key has a file, too' symmetric_key_has_a_file
test_case 'ordinary keys stay ordinary' ordinary_keys_stay_ordinary
test_case 'bad orders are refused' bad_orders_are_refused
test_case 'an alias that moved names another key' retargeted_alias_is_another_key
test_case 'a disabled key does not sign' disabled_key_does_not_sign
done_testing
