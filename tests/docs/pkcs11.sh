#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/pkcs11.md: its commands print what it says.
# p11-kit reads the configuration in $HOME, which the page writes, for others than root only.
[ "$(id -u)" -ne 0 ] || exec unshare --user --map-user=1000 --map-group=1000 -- sh "$0"
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES
# As installed, but for the header, which pkg-config does not look for in a build directory. And
# Debian's own Python, which is the one with PyKCS11.
export PATH="$TRENT_BUILD/src:/usr/bin:$PATH" PKG_CONFIG_PATH="$TRENT_BUILD/meson-uninstalled"
export CPATH="$TRENT_SOURCE/include"

commands_print_what_the_page_says() { run_examples "$TRENT_SOURCE/docs/pkcs11.md"; }

# Every number of the page is the header's.
numbers_are_those_of_the_header() {
  grep -oE '0xD452000[0-9]' "$TRENT_SOURCE/docs/pkcs11.md" | sort -u >numbers
  [ "$(wc -l <numbers)" -eq 5 ]
  for name in CKM_TRENT_SYMMETRIC_DEFAULT CKM_TRENT_REENCRYPT CKA_TRENT_KEY_ARN \
    CKA_TRENT_KEY_STATE CKA_TRENT_KEY_MATERIAL_ID CKA_TRENT_KMS_KEY \
    CKA_TRENT_ENFORCED; do
    number=$(sed -n "s/^#define $name \(.*\)UL$/\1/p" "$TRENT_SOURCE/include/trent/pkcs11.h")
    grep -E "\`$name\`( \($number\)| \| $number )" "$TRENT_SOURCE/docs/pkcs11.md"
  done
}

test_case 'the commands print what the page says' commands_print_what_the_page_says
test_case 'the numbers are those of the header' numbers_are_those_of_the_header
done_testing
