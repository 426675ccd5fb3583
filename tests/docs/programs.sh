#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/README.md: each program of examples/ is built and run as the page says.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
# Debian's own Python and so on are the ones with the clients.
PATH=$TRENT_BUILD/src:/usr/bin:/bin
export GOCACHE="$TRENT_BUILD/clients/go-cache" PKG_CONFIG_PATH="$TRENT_BUILD/meson-uninstalled"
page=$TRENT_SOURCE/examples/README.md
javascript=$TRENT_BUILD/clients/js/node_modules
gocode=/usr/share/gocode/src/github.com

# Each in a home of its own, with a copy of the examples.
run_section() {
  cp -r "$TRENT_SOURCE/examples" "home-$cases"
  cd "home-$cases"
  export HOME="$PWD"
  [ ! -e "$javascript" ] || ln -s "$javascript" .
  {
    section "$page" 'A token to try them on'
    section "$page" "$1"
    section "$page" 'The end'
  } >page.md
  run_examples page.md
}

# No file lies there that the page does not name.
all_are_named() {
  (cd "$TRENT_SOURCE/examples" && find . -type f ! -name README.md | cut -c3-) >files
  [ "$(wc -l <files)" -ge 10 ]
  while read -r file; do grep -qF "($file)" "$page" || { echo "no $file"; return 1; }; done <files
}

titles='A token to try them on'
section_case "C, OpenSSL's EVP"
section_case 'C, PKCS#11'
section_case 'Python, PKCS#11' /usr/lib/python3/dist-packages/PyKCS11
section_case 'Python, ssl'
section_case 'Python, boto3' /usr/lib/python3/dist-packages/boto3 /usr/lib/python3/dist-packages/cryptography
section_case Java /usr/bin/javac
section_case 'Go, PKCS#11' /usr/bin/go $gocode/miekg/pkcs11
section_case 'Go, AWS SDK' /usr/bin/go $gocode/aws/aws-sdk-go-v2/service/kms
section_case 'JavaScript, AWS SDK' "$javascript"
section_case Shell
titles="$titles
The end"
test_case 'all sections of the page' all_are_tested
test_case 'all programs are on the page' all_are_named
done_testing
