#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What earlier releases have written (make.sh), with the Trent of today: docs/compatibility.md promises that
# all of it can be read.
#   sh read.sh RELEASE
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/cli/lib.sh"
tar -xzf "$TRENT_SOURCE/tests/data/releases/$1.tar.gz"
configure_softhsm
export TRENT_CONF="$work/trent.toml"
[ "$(stat -c %a trent.toml)" = 600 ] || bail_out 'the modes of the files are lost'
today=$(trent --version)
[ "$today" != "trent $1" ] || echo "# of this version itself"

context_of() { if [ -e "texts/$1.context" ]; then cat "texts/$1.context"; else echo '{}'; fi; }

# Before anything is changed: `check --remember` holds it against what the release remembered.
token_is_whole() {
  cp remembered remembered.today
  trent check --remember remembered.today >report || { cat report; return 1; }
  grep -x '  no problems' report
  trent list-keys --output raw | sort >keys.today
  assert_same_file keys.today keys
}

every_ciphertext_is_decrypted() {
  decrypted=0
  for blob in blobs/*; do
    name=${blob#blobs/}
    case $name in
      *.oaep)
        trent decrypt --key-id "alias/${name%.oaep}" --encryption-algorithm RSAES_OAEP_SHA_1 \
          --ciphertext-blob "fileb://$blob" --output raw >text ;;
      *)
        trent decrypt --ciphertext-blob "fileb://$blob" --encryption-context "$(context_of "$name")" \
          --output raw >text ;;
    esac
    assert_same_file text "texts/$name"
    decrypted=$((decrypted + 1))
  done
  [ $decrypted -ge 10 ]
}

every_ciphertext_is_moved() {
  new=$(trent create-key --output raw)
  for blob in blobs/*; do
    name=${blob#blobs/}
    case $name in
      *.oaep)
        trent re-encrypt --source-key-id "alias/${name%.oaep}" --source-encryption-algorithm RSAES_OAEP_SHA_1 \
          --ciphertext-blob "fileb://$blob" --destination-key-id "$new" --output raw >moved.blob ;;
      *)
        trent re-encrypt --ciphertext-blob "fileb://$blob" --source-encryption-context "$(context_of "$name")" \
          --destination-key-id "$new" --output raw >moved.blob ;;
    esac
    trent decrypt --ciphertext-blob fileb://moved.blob --key-id "$new" --output raw >text
    assert_same_file text "texts/$name"
  done
}

enforced_key_moves_its_secrets() {
  archive=$(trent create-key --enforce-in-token --so-pin-source env:SO_PIN --output raw)
  trent re-encrypt --ciphertext-blob fileb://vault.blob --source-encryption-context tenant=acme \
    --destination-key-id "$archive" --output raw >archive.blob
  fails 254 'UnsupportedOperationException.*is enforced in the token' decrypt --ciphertext-blob fileb://archive.blob
}

signatures_and_macs_are_verified() {
  for file in letter.*.*; do
    signer=${file#letter.}
    trent verify --key-id "alias/${signer%%.*}" --message fileb://letter --signing-algorithm "${signer#*.}" \
      --signature "fileb://$file" | grep '"SignatureValid": true'
  done
  trent verify-mac --key-id alias/hmac --message fileb://letter --mac-algorithm HMAC_SHA_256 \
    --mac fileb://letter.mac | grep '"MacValid": true'
}

openssl_takes_its_key_file() {
  export PATH="$TRENT_BUILD/src:$PATH"
  openssl dgst -sha256 -provider trent -provider default -sign p256.pem -out signature letter
  openssl pkey -pubin -inform DER -in p256.der -out p256.pub
  openssl dgst -sha256 -verify p256.pub -signature signature letter
}

records_say_what_they_said() {
  state() { trent describe-key --key-id "alias/$1" >key.json && field key.json KeyMetadata "$2"; }
  assert_eq "$(state disabled KeyState)" Disabled
  assert_eq "$(state going KeyState)" PendingDeletion
  assert_eq "$(state imported Origin)" EXTERNAL
  assert_eq "$(state adopted Origin)" EXTERNAL_KEY_STORE
  assert_eq "$(state plain Description)" "plain of trent $1"
  key_of() { state "$1" KeyId; }
  assert_contains "$(trent list-resource-tags --key-id "$(key_of disabled)")" '"TagValue": "blue"'
  assert_contains "$(trent get-key-policy --key-id "$(key_of shared)" --policy-name default)" '\"Sid\":\"all\"'
  assert_contains "$(trent list-grants --key-id "$(key_of shared)")" '"Name": "for-alice"'
  assert_contains "$(trent get-key-rotation-status --key-id "$(key_of rotated)")" '"RotationPeriodInDays": 2560'
  assert_contains "$(trent list-key-rotations --key-id "$(key_of rotated)")" ON_DEMAND
}

# They are changed as those of today are.
keys_can_be_changed() {
  for name in disabled going plain; do
    trent describe-key --key-id "alias/$name" --output raw >"id.$name"
  done
  trent enable-key --key-id "$(cat id.disabled)"
  trent cancel-key-deletion --key-id "$(cat id.going)" >/dev/null
  trent enable-key --key-id "$(cat id.going)"
  trent rotate-key-on-demand --key-id "$(cat id.plain)" >/dev/null
  for name in disabled going plain; do
    trent encrypt --key-id "alias/$name" --plaintext "fileb://letter" --output raw >new.blob
    trent decrypt --ciphertext-blob fileb://new.blob --output raw | cmp - letter
  done
  trent check >report || { cat report; return 1; }
}

access_keys_come_in() {
  start_server serve.out --listen 127.0.0.1:0
  endpoint=$(sed -n 's/^listening on //p' serve.out)
  for place in token file; do
    AWS_ACCESS_KEY_ID=$(field access-key.$place.json AccessKey AccessKeyId)
    AWS_SECRET_ACCESS_KEY=$(field access-key.$place.json AccessKey SecretAccessKey)
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    trent describe-key --key-id alias/plain --endpoint-url "$endpoint" >key.json
    assert_eq "$(field key.json KeyMetadata KeyState)" Enabled
  done
  assert_contains "$(trent credential list)" user/bearer
}

# The chain of the audit log goes on where the release ended it.
audit_log_goes_on() {
  before=$(wc -l <audit.log)
  trent list-keys >/dev/null
  [ "$(wc -l <audit.log)" -gt "$before" ]
  trent audit verify audit.log
}

SO_PIN=12345678
export SO_PIN
test_case 'the token is whole, and as it was left' token_is_whole
test_case 'every ciphertext is decrypted' every_ciphertext_is_decrypted
test_case 'and moved to a new key' every_ciphertext_is_moved
test_case 'an enforced key moves its secrets, and shows none' enforced_key_moves_its_secrets
test_case 'signatures and MACs are verified' signatures_and_macs_are_verified
test_case 'openssl signs with the file that names a key' openssl_takes_its_key_file
test_case 'records say what they said' records_say_what_they_said "$1"
test_case 'access keys come in' access_keys_come_in
test_case 'keys can be changed' keys_can_be_changed
test_case 'the audit log goes on' audit_log_goes_on
done_testing
