#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# C programs that load trent.so in ways of their own.
. "$TRENT_SOURCE/tests/pkcs11/clients/lib.sh"
make_key old
make_key new
programs=$TRENT_BUILD/tests/pkcs11/clients

linked() { timeout 60 "$programs/linked" old new "$@"; }
preloaded() {
  # Also of a program that loads it as a module.
  LD_PRELOAD=$module timeout 60 pkcs11-tool --module "$module" --list-objects >objects
  assert_contains "$(cat objects)" 'label:      old'
}
together() {
  timeout 60 "$programs/together" "$module" "$softhsm_module" kms "$(cat "$kms/pin")" "$1"
}
# The application's openssl.cnf may not even have the provider, nor any.
together_with_bare_openssl() {
  export OPENSSL_CONF=/dev/null
  together nothing
}

test_case 'linked, and ended without C_Finalize' linked
test_case 'linked, and ended with C_Finalize' linked finalize
test_case 'preloaded' preloaded
for end in nothing trent softhsm all unload; do
  test_case "provider, module and SoftHSM in one process, which closes: $end" together $end
done
test_case 'the same without an OpenSSL configuration' together_with_bare_openssl
done_testing
