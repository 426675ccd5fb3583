#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The work of conf/quickstart.sh with the `trent` and `openssl` on the path: encrypt, move to another key
# inside the token, decrypt. For builds of packages, and for packages that are installed.
#   sh tests/install/smoke.sh [DIRECTORY]
# The token is in DIRECTORY, which is new, and stays; without it, all is gone at the end.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work"
unset TRENT_CONF TRENT_ENDPOINT OPENSSL_CONF OPENSSL_MODULES SOFTHSM2_CONF
token=${1:-$work/kms}

trent init "$token" >/dev/null
. "$token/env"
for name in old new; do
  trent create-alias --alias-name "alias/$name" --target-key-id "$(trent create-key --output raw)"
done
echo 'the secret' >"$work/secret"
openssl pkeyutl -encrypt -inkey kms:alias/old -pkeyopt 'encryption-context:{"tenant":"acme"}' \
  -in "$work/secret" -out "$work/old.blob"
openssl pkeyutl -encrypt -inkey kms:alias/new -pkeyopt reencrypt:1 \
  -pkeyopt 'source-encryption-context:{"tenant":"acme"}' -in "$work/old.blob" -out "$work/new.blob"
openssl pkeyutl -decrypt -inkey kms:alias/new -in "$work/new.blob" | cmp - "$work/secret"
trent decrypt --ciphertext-blob "fileb://$work/new.blob" --output raw | cmp - "$work/secret"
# The context of before is refused.
if openssl pkeyutl -decrypt -inkey kms:alias/new -pkeyopt 'encryption-context:{"tenant":"acme"}' \
  -in "$work/new.blob" >"$work/out" 2>&1; then
  echo 'A ciphertext was decrypted under another encryption context.' >&2
  exit 1
fi
trent check >"$work/report" || { cat "$work/report"; exit 1; }
echo "the round trip works: $(trent version | head -n 1)"
