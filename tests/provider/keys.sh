# SPDX-License-Identifier: Apache-2.0
# For the scripts beside it: a token with two keys, and openssl with both providers.
# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is for the scripts that source this
. "$TRENT_SOURCE/tests/support/lib.sh"
make_token

make_key() {
  "$trent" create-key --output raw >"$1.id" &&
    "$trent" create-alias --alias-name "alias/$1" --target-key-id "$(cat "$1.id")"
}
make_key old && make_key new || bail_out 'cannot make keys'
arn_of() { echo "arn:aws:kms:local:111122223333:key/$(cat "$1.id")"; }

# ossl COMMAND ARGUMENT...: openssl with the default provider first, as the documentation has it. A
# script and not a function, so that assert_fails_with can run it.
mkdir bin
cat >bin/ossl <<'OSSL'
#!/bin/sh
command=$1
shift
exec timeout 60 openssl "$command" -provider default -provider trent "$@"
OSSL
chmod +x bin/ossl
PATH=$work/bin:$PATH

printf 'attack at dawn' >secret
acme='encryption-context:{"tenant":"acme"}'
