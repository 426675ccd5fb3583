# SPDX-License-Identifier: Apache-2.0
# Keys of imported material, for the tests of the command. Source after cli/lib.sh.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # set here for the scripts that source this, and the other way round

state() { trent describe-key --key-id "$key" | sed -n 's/.*"KeyState": "\(.*\)".*/\1/p'; }
forever='--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE'

# make_external NAME [OPTION...]: a key without material, sets key; NAME.der and NAME.token are for its import.
make_external() {
  name=$1
  shift
  key=$(trent create-key --origin EXTERNAL --output raw "$@")
  trent get-parameters-for-import --key-id "$key" --wrapping-algorithm RSAES_OAEP_SHA_1 \
    --wrapping-key-spec RSA_2048 >"$name.json"
  field "$name.json" PublicKey | base64 -d >"$name.der"
  field "$name.json" ImportToken | base64 -d >"$name.token"
}
# wrap NAME BYTE: NAME.wrapped, material of 32 such bytes.
wrap() { head -c 32 /dev/zero | tr '\0' "$2" | wrap_input "$1"; }
# wrap_input NAME: NAME.wrapped, of the material on standard input.
wrap_input() {
  openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$1.der" -pkeyopt rsa_padding_mode:oaep \
    -out "$1.wrapped"
}
# import NAME OPTION...
import() {
  name=$1
  shift
  trent import-key-material --key-id "$key" --import-token "fileb://$name.token" \
    --encrypted-key-material "fileb://$name.wrapped" --output raw "$@"
}
