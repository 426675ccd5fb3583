#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/README.md: each program of examples/ is built and run as the page says.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
# Debian's own Python and so on are the ones with the clients.
PATH=$TRENT_BUILD/src:/usr/bin:/bin
export GOCACHE="$TRENT_BUILD/clients/go-cache"
page=$TRENT_SOURCE/examples/README.md
javascript=$TRENT_BUILD/clients/js/node_modules
gocode=/usr/share/gocode/src/github.com

# Each in a home of its own, with a copy of the examples.
run_examples_between() {
  cp -r "$TRENT_SOURCE/examples" "home-$cases"
  cd "home-$cases"
  export HOME="$PWD"
  [ ! -e "$javascript" ] || ln -s "$javascript" .
  {
    section "$page" 'A token to try them on'
    cat
    section "$page" 'The end'
  } >page.md
  run_examples page.md
}
run_section() { section "$page" "$1" | run_examples_between; }

# All of the tag is there, and all of it counts.
seal_wants_the_whole_tag() {
  run_examples_between <<'END'
```sh
cc -o seal seal.c -lcrypto
./seal alias/app letter > whole
size=$(stat -c %s whole)
blob=$((0x$(head -c 2 whole | xxd -p)))
echo $((size - 2 - blob - $(stat -c %s letter)))
for n in 1 4 8 12 15 16 17; do
  head -c $((size - n)) whole > bad
  ./seal -d alias/app bad 2> log || echo "cut $n"
done
for n in 1 5 9 13 16; do
  byte=$((0x$(tail -c $n whole | head -c 1 | xxd -p)))
  { head -c $((size - n)) whole; printf "\\$(printf %o $((byte ^ 1)))"; tail -c $((n - 1)) whole; } > bad
  cmp whole bad > log || ./seal -d alias/app bad 2> log || echo "changed $n"
done
```
```text
16
cut 1
cut 4
cut 8
cut 12
cut 15
cut 16
cut 17
changed 1
changed 5
changed 9
changed 13
changed 16
```
END
}

# No file lies there that the page does not name.
all_are_named() {
  (cd "$TRENT_SOURCE/examples" && find . -type f ! -name README.md | cut -c3-) >files
  [ "$(wc -l <files)" -ge 10 ]
  while read -r file; do grep -qF "($file)" "$page" || { echo "no $file"; return 1; }; done <files
}

titles='A token to try them on'
section_case "C, OpenSSL's EVP"
test_case 'seal.c: all of the tag counts' seal_wants_the_whole_tag
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
