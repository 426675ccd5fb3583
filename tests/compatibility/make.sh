#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes what a release leaves behind: a token, ciphertexts, signatures, configuration, credentials, an
# audit log. Run with the `trent` of that release on the path; tests/data/releases has what came of it, and
# read.sh reads it with every later version. Only to be run for a release that writes something new
# (RELEASE.md).
#   sh tests/compatibility/make.sh DIRECTORY     writes DIRECTORY.tar.gz, too
set -eu
dir=$1
mkdir -p "$dir/tokens" "$dir/texts" "$dir/blobs"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset TRENT_ENDPOINT OPENSSL_CONF
module=/usr/lib/softhsm/libsofthsm2.so
OPENSSL_MODULES=$(dirname "$(command -v trent)") # of a build directory
export TRENT_CONF="$dir/trent.toml" SOFTHSM2_CONF="$work/softhsm2.conf" OPENSSL_MODULES
umask 077

cat >"$SOFTHSM2_CONF" <<END
directories.tokendir = $dir/tokens
objectstore.backend = file
log.level = ERROR
END
softhsm2-util --init-token --free --label kms --so-pin 12345678 --pin 1234 >/dev/null
printf '1234\n' >"$dir/pin"
printf '12345678' >"$work/so-pin"
# Every key that there is, most with their defaults.
cat >"$TRENT_CONF" <<END
principal = "arn:aws:iam::111122223333:root"
refresh = "1s"
bulk = "direct"
host-reencrypt = "deny"
public-key-operations = "host"
keygen = "auto"
identity-policies = "policies"
audit = "file:audit.log"
audit-required = true

[[token]]
account = "111122223333"
region = "local"
module = "$module"
uri = "pkcs11:token=kms"
pin-source = "file:pin"
END

for user in token file; do
  mkdir -p "$dir/policies/111122223333/user/$user"
  echo '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}' \
    >"$dir/policies/111122223333/user/$user/all.json"
done

# key ALIAS OPTION...
key() {
  name=$1
  shift
  id=$(trent create-key --description "$name of $(trent --version)" "$@" --output raw)
  trent create-alias --alias-name "alias/$name" --target-key-id "$id"
}

# sealed NAME KEY [CONTEXT]: a ciphertext of texts/NAME.
sealed() {
  printf 'the text of %s\n' "$1" >"$dir/texts/$1"
  [ $# -eq 2 ] || printf '%s' "$3" >"$dir/texts/$1.context"
  trent encrypt --key-id "alias/$2" --plaintext "fileb://$dir/texts/$1" ${3:+--encryption-context "$3"} \
    --output raw --output-file "$dir/blobs/$1"
}

key plain
sealed plain plain
sealed context plain '{"tenant":"acme","Größe":"ß, = \" ☃"}'
head -c 4096 /dev/urandom >"$dir/texts/longest"
trent encrypt --key-id alias/plain --plaintext "fileb://$dir/texts/longest" --output raw \
  --output-file "$dir/blobs/longest"
trent generate-data-key --key-id alias/plain --key-spec AES_256 --encryption-context purpose=db >"$work/data-key"
member() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "$2"; }
member Plaintext "$work/data-key" | base64 -d >"$dir/texts/data-key"
member CiphertextBlob "$work/data-key" | base64 -d >"$dir/blobs/data-key"
printf 'purpose=db' >"$dir/texts/data-key.context"

key rotated
sealed before-rotation rotated
trent rotate-key-on-demand --key-id "$id" >/dev/null
sealed after-rotation rotated
trent enable-key-rotation --key-id "$id" --rotation-period-in-days 2560
# Moved by ReEncrypt.
printf 'the text of before-rotation\n' >"$dir/texts/moved"
printf 'tenant=acme' >"$dir/texts/moved.context"
trent re-encrypt --ciphertext-blob "fileb://$dir/blobs/before-rotation" --destination-key-id alias/plain \
  --destination-encryption-context tenant=acme --output raw --output-file "$dir/blobs/moved"

# Enforced in the token: to be moved only.
key vault --enforce-in-token --so-pin-source "file:$work/so-pin"
printf 'nobody reads this\n' >"$work/vault"
trent encrypt --key-id alias/vault --plaintext "fileb://$work/vault" --encryption-context tenant=acme \
  --output raw --output-file "$dir/vault.blob"

# Material from elsewhere.
key imported --origin EXTERNAL
trent get-parameters-for-import --key-id "$id" --wrapping-algorithm RSAES_OAEP_SHA_1 \
  --wrapping-key-spec RSA_2048 >"$work/import"
member PublicKey "$work/import" | base64 -d >"$work/wrapping.der"
member ImportToken "$work/import" | base64 -d >"$work/import.token"
head -c 32 /dev/urandom >"$work/material"
openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/wrapping.der" -pkeyopt rsa_padding_mode:oaep \
  -pkeyopt rsa_oaep_md:sha1 -in "$work/material" -out "$work/wrapped"
trent import-key-material --key-id "$id" --import-token "fileb://$work/import.token" \
  --encrypted-key-material "fileb://$work/wrapped" --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE >/dev/null
sealed imported imported

# A key of another program.
pkcs11-tool --module $module --token-label kms --login --pin 1234 --keypairgen --key-type RSA:2048 \
  --label legacy --id 01 >/dev/null 2>&1
key adopted --origin EXTERNAL_KEY_STORE --xks-key-id pkcs11:object=legacy --key-usage ENCRYPT_DECRYPT
key rsa --key-spec RSA_2048 --key-usage ENCRYPT_DECRYPT
for name in adopted rsa; do
  printf 'the text of %s\n' $name >"$dir/texts/$name.oaep"
  trent encrypt --key-id alias/$name --encryption-algorithm RSAES_OAEP_SHA_1 \
    --plaintext "fileb://$dir/texts/$name.oaep" --output raw --output-file "$dir/blobs/$name.oaep"
done

printf 'a letter\n' >"$dir/letter"
key rsa-signer --key-spec RSA_2048 --key-usage SIGN_VERIFY
trent sign --key-id alias/rsa-signer --message "fileb://$dir/letter" \
  --signing-algorithm RSASSA_PSS_SHA_256 --output raw --output-file "$dir/letter.rsa-signer.RSASSA_PSS_SHA_256"
key p256 --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY
trent sign --key-id alias/p256 --message "fileb://$dir/letter" \
  --signing-algorithm ECDSA_SHA_256 --output raw --output-file "$dir/letter.p256.ECDSA_SHA_256"
trent get-public-key --key-id alias/p256 --output raw --output-file "$dir/p256.der"
key hmac --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC
trent generate-mac --key-id alias/hmac --message "fileb://$dir/letter" --mac-algorithm HMAC_SHA_256 \
  --output raw --output-file "$dir/letter.mac"
# A file that names a key, as OpenSSL writes it.
openssl pkey -provider trent -provider default -in kms:alias/p256 -out "$dir/p256.pem"

# States, tags, a policy, a grant.
key disabled --tags TagKey=team,TagValue=blue
trent disable-key --key-id "$id"
key going
trent schedule-key-deletion --key-id "$id" --pending-window-in-days 30 >/dev/null
key shared
trent put-key-policy --key-id "$id" --policy '{"Version":"2012-10-17","Statement":[{"Sid":"all","Effect":"Allow",
  "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}'
trent create-grant --key-id "$id" --grantee-principal arn:aws:iam::111122223333:user/alice --name for-alice \
  --operations Encrypt Decrypt >/dev/null

# Who comes in over the network: the secret in the token, and in a file.
for place in token file; do
  trent credential create --principal "arn:aws:iam::111122223333:user/$place" --secret-in $place \
    >"$dir/access-key.$place.json"
done
trent credential create --bearer --principal arn:aws:iam::111122223333:user/bearer >/dev/null
trent list-keys --output raw | sort >"$dir/keys"
trent check --remember "$dir/remembered" >"$work/check" || { cat "$work/check"; exit 1; }
rm -rf "$dir/tokens.backup"
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$dir" -czf "$dir.tar.gz" .
