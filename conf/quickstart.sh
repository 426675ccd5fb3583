#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trent in five minutes: builds it, makes a token, and moves a secret from one key to another.
#   sh conf/quickstart.sh [DIRECTORY]
# Everything it makes is in DIRECTORY (default: quickstart/ in the source tree). A second run uses
# the token and the keys of the first.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${TRENT_BUILD:-$root/build}
dir=${1:-$root/quickstart}
case $dir in
  /*) ;;
  *) dir=$PWD/$dir ;;
esac

step() { printf '\n== %s\n' "$1"; }
say() { printf '   %s\n' "$@"; }
# Shows a command, then runs it.
run() {
  printf '\n$ %s\n' "$1"
  eval "$1"
}

step 'Install what is missing, and build'
run "sh '$root/conf/install-deps.sh'"
[ -e "$build/build.ninja" ] || run "meson setup '$build' '$root' -Dtests=false -Dunity=on -Dunity_size=8 -Ddebug=false >/dev/null"
run "ninja -C '$build'"
run "export PATH='$build/src':\"\$PATH\""

step 'Make a token'
say 'SoftHSM stands in for the HSM. The token, its PINs and the configuration all go into one' \
  'directory that only you can read; "env" in it tells openssl and trent where they are.'
if [ -e "$dir/trent.toml" ]; then
  say "($dir is there from an earlier run: it is used again.)"
else
  run "trent init '$dir'"
fi
run ". '$dir/env'"
cd "$dir"

step 'Create two keys and give them names'
say 'Each is an AES-256 key that is born in the token and never leaves it.'
for name in old new; do
  if trent describe-key --key-id "alias/$name" >/dev/null 2>&1; then
    say "(alias/$name is there from an earlier run.)"
  else
    run "key=\$(trent create-key --description 'quickstart, $name' --output raw)"
    run "trent create-alias --alias-name alias/$name --target-key-id \"\$key\""
  fi
done
say 'openssl sees them too:'
run 'openssl storeutl kms:'

step 'Encrypt a file under the old key'
say 'The encryption context is not secret, but it is bound to the ciphertext: whoever decrypts must' \
  'give the same one.'
run "echo 'the secret of tenant acme' > secret"
run "openssl pkeyutl -encrypt -inkey kms:alias/old \\
    -pkeyopt 'encryption-context:{\"tenant\":\"acme\"}' -in secret -out old.blob"
run "openssl pkeyutl -decrypt -inkey kms:alias/old \\
    -pkeyopt 'encryption-context:{\"tenant\":\"acme\"}' -in old.blob"

step 'Move it to the new key, under another context'
say 'This is ReEncrypt. It happens inside the token: with an HSM, the plaintext never enters this' \
  'computer'\''s memory. (SoftHSM is software: docs/security.md.) The blob says which key it was' \
  'encrypted under, so only the new key is named.'
run "openssl pkeyutl -encrypt -inkey kms:alias/new \\
    -pkeyopt reencrypt:1 \\
    -pkeyopt 'source-encryption-context:{\"tenant\":\"acme\"}' \\
    -pkeyopt 'encryption-context:{\"tenant\":\"acme\",\"year\":\"2\"}' \\
    -in old.blob -out new.blob"

step 'Decrypt it under the new key, and compare'
run "openssl pkeyutl -decrypt -inkey kms:alias/new \\
    -pkeyopt 'encryption-context:{\"tenant\":\"acme\",\"year\":\"2\"}' -in new.blob -out decrypted"
run 'cmp secret decrypted'

step 'Try the context of before: refused'
printf '\n$ %s\n' "openssl pkeyutl -decrypt -inkey kms:alias/new \\
    -pkeyopt 'encryption-context:{\"tenant\":\"acme\"}' -in new.blob"
if openssl pkeyutl -decrypt -inkey kms:alias/new \
  -pkeyopt 'encryption-context:{"tenant":"acme"}' -in new.blob; then
  echo 'That should have been refused.' >&2
  exit 1
fi

step 'Done'
say 'The secret came back the same. To go on by hand, in this shell or another:' \
  "  export PATH='$build/src':\"\$PATH\"; . '$dir/env'" \
  '  trent --help'
