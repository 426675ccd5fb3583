#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the commands of openssl that deal in certificates, mail and time stamps do with keys of KMS. Each
# result is looked at by openssl's own provider alone, which has the public keys only.
#   certificates.sh WAY: how Trent is loaded (pairs.sh)
. "$TRENT_SOURCE/tests/provider/pairs.sh"
LOADED=$1
{
  make_pair rsa RSA &&
    make_pair ec EC -pkeyopt group:P-256 &&
    make_pair edwards ED25519 &&
    make_pair letters RSA -pkeyopt key-usage:ENCRYPT_DECRYPT &&
    make_pair agreed EC -pkeyopt group:P-384 -pkeyopt key-usage:KEY_AGREEMENT
} >making.log 2>&1 || bail_out "cannot make keys: $(cat making.log)"
printf 'a letter\nof two lines\n' >letter
cat >ca.cnf <<'CONF'
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
serial = serial
crlnumber = crlnumber
default_md = default
default_days = 2
default_crl_days = 2
policy = anything
unique_subject = no
[anything]
commonName = supplied
[of_server]
subjectAltName = DNS:localhost
[of_responder]
extendedKeyUsage = OCSPSigning
[of_clock]
extendedKeyUsage = critical, timeStamping
[of_writer]
keyUsage = digitalSignature, keyEncipherment, keyAgreement
subjectAltName = email:test@example.com
[tsa]
default_tsa = clock
[clock]
serial = tsa-serial
default_policy = 1.2.3.4
digests = sha256, sha384
signer_digest = sha256
ess_cert_id_alg = sha256
CONF

# In a directory of its own, in which there is an authority: the certificate of NAME is authority.crt.
authority() {
  mkdir "case-$cases"
  cd "case-$cases"
  ossl req -x509 -key "kms:alias/$1" -subj "/CN=authority of $1" -days 2 -out authority.crt
  : >index.txt
  echo 01 >serial
  echo 01 >crlnumber
}

same_public_key() { # NAME COMMAND FILE
  openssl "$2" -in "$3" -noout -pubkey | assert_same_file "../$1.pem" -
}


requests_and_certificates() { # NAME
  authority "$1"
  same_public_key "$1" x509 authority.crt
  openssl verify -CAfile authority.crt authority.crt
  for key in "kms:alias/$1" "../$1.key"; do
    ossl req -new -key "$key" -subj /CN=localhost -out request.csr
    openssl req -in request.csr -noout -verify 2>&1 | grep 'verify OK'
    same_public_key "$1" req request.csr
    ossl x509 -req -in request.csr -CA authority.crt -CAkey "$key" -CAcreateserial -days 2 -out leaf.crt \
      -extfile ../ca.cnf -extensions of_server
    openssl verify -CAfile authority.crt -verify_hostname localhost leaf.crt
  done
}

revocation() { # NAME
  authority "$1"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr
  sign() { ossl ca -config ../ca.cnf -batch -cert authority.crt -keyfile "$@"; }
  sign "kms:alias/$1" -in leaf.csr -out leaf.crt -extensions of_server -notext
  sign "kms:alias/$1" -gencrl -out old.crl
  openssl verify -CAfile authority.crt -CRLfile old.crl -crl_check leaf.crt
  sign "../$1.key" -revoke leaf.crt
  sign "../$1.key" -gencrl -out new.crl
  openssl crl -in new.crl -noout -CAfile authority.crt -verify 2>&1 | grep 'verify OK'
  assert_fails_with 'certificate revoked' \
    openssl verify -CAfile authority.crt -CRLfile new.crl -crl_check leaf.crt
  # What is new in it.
  ossl crl -in old.crl -gendelta new.crl -sha256 -key "kms:alias/$1" -out delta.crl
  openssl crl -in delta.crl -noout -CAfile authority.crt -verify 2>&1 | grep 'verify OK'
  openssl crl -in delta.crl -noout -text | grep 'Serial Number: 01'
}

# certified NAME EXTENSIONS: NAME.crt by that authority, for a key that perhaps cannot sign a request.
certified() {
  ossl x509 -new -force_pubkey "../$1.pem" -subj "/CN=$1" -CA authority.crt -CAkey kms:alias/ec -CAcreateserial \
    -extfile ../ca.cnf -extensions "$2" -days 2 -out "$1.crt"
}

status_of_certificates() { # NAME
  authority ec
  certified "$1" of_responder
  openssl x509 -in "$1.crt" -noout -serial | sed 's/serial=/V\t300101000000Z\t\t/; s|$|\tunknown\t/CN=x|' >index.txt
  openssl ocsp -issuer authority.crt -cert "$1.crt" -reqout question
  for key in "kms:alias/$1" "../$1.key"; do
    ossl ocsp -index index.txt -CA authority.crt -rsigner "$1.crt" -rkey "$key" -rmd sha256 -reqin question \
      -respout answer
    openssl ocsp -issuer authority.crt -cert "$1.crt" -respin answer -CAfile authority.crt -no_nonce >said 2>&1
    assert_contains "$(cat said)" 'Response verify OK'
    assert_contains "$(cat said)" "$1.crt: good"
  done
}

time_stamps() { # NAME
  authority ec
  echo 01 >tsa-serial
  certified "$1" of_clock
  openssl ts -query -data ../letter -sha256 -cert -out question
  # ts reads a file, whatever the provider.
  ossl ts -reply -config ../ca.cnf -section clock -queryfile question -signer "$1.crt" -inkey "../$1.key" \
    -out answer
  openssl ts -verify -in answer -data ../letter -CAfile authority.crt 2>&1 | grep 'Verification: OK'
  echo more | cat ../letter - >longer
  assert_fails_with 'message imprint mismatch' openssl ts -verify -in answer -data longer -CAfile authority.crt
}

signed_letters() { # COMMAND NAME
  authority ec
  certified "$2" of_writer
  for key in "kms:alias/$2" "../$2.key"; do
    ossl "$1" -sign -md sha256 -in ../letter -signer "$2.crt" -inkey "$key" -out letter.signed
    openssl "$1" -verify -in letter.signed -CAfile authority.crt -out back
    tr -d '\r' <back | assert_same_file ../letter -
  done
  # No other "two": base64 has some, too.
  sed 's|of two lines|of six lines|' letter.signed >forged
  assert_fails_with 'verification failure|digest failure' openssl "$1" -verify -in forged -CAfile authority.crt
}

letters_to_an_rsa_key() {
  authority ec
  certified letters of_writer
  openssl cms -encrypt -aes-256-cbc -in ../letter -out letter.sealed -recip letters.crt \
    -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256
  for key in kms:alias/letters ../letters.key; do
    ossl cms -decrypt -in letter.sealed -recip letters.crt -inkey "$key" -out back
    tr -d '\r' <back | assert_same_file ../letter -
  done
  # What smime, and cms without these options, do: PKCS #1 v1.5, which KMS has not.
  openssl smime -encrypt -aes-256-cbc -in ../letter -out letter.sealed letters.crt
  assert_fails_with 'UnsupportedOperation' \
    ossl smime -decrypt -in letter.sealed -recip letters.crt -inkey kms:alias/letters
}

# Whatever the writer's openssl takes to derive the key from what was agreed.
letters_to_an_ec_key() {
  authority ec
  certified agreed of_writer
  for options in '' '-keyopt ecdh_kdf_md:sha384 -aes256-wrap'; do
    # shellcheck disable=SC2086 # none or several words
    openssl cms -encrypt -aes-256-cbc -in ../letter -out letter.sealed -recip agreed.crt $options
    for key in kms:alias/agreed ../agreed.key; do
      ossl cms -decrypt -in letter.sealed -recip agreed.crt -inkey "$key" -out back
      tr -d '\r' <back | assert_same_file ../letter -
    done
  done
  # One letter to both, and a stranger's.
  certified letters of_writer
  openssl cms -encrypt -aes-256-cbc -in ../letter -out letter.sealed -recip agreed.crt -recip letters.crt \
    -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256
  for name in agreed letters; do
    ossl cms -decrypt -in letter.sealed -recip $name.crt -inkey kms:alias/$name -out back
    tr -d '\r' <back | assert_same_file ../letter -
  done
  certified ec of_writer
  assert_fails_with 'no matching recipient|NoMatchingRecipient|Error decrypting' \
    ossl cms -decrypt -in letter.sealed -recip ec.crt -inkey kms:alias/ec
}

for name in rsa ec edwards; do
  test_case "requests and certificates, $name" requests_and_certificates $name
done
for name in rsa ec; do
  test_case "ca and crl, $name" revocation $name
  test_case "ocsp, $name" status_of_certificates $name
  test_case "ts, $name" time_stamps $name
  for command in cms smime; do
    test_case "$command -sign, $name" signed_letters $command $name
  done
done
test_case 'cms -decrypt, RSA' letters_to_an_rsa_key
test_case 'cms -decrypt, EC' letters_to_an_ec_key
done_testing
