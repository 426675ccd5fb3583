#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/tls.md: each program gets to a handshake, from `trent init` on.
# In a network of its own, and not as root: for root, servers would want to be somebody else.
if [ -z "${TRENT_OWN_LOOPBACK-}" ] || [ "$(id -u)" -eq 0 ]; then
  . "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
  exec unshare --user --map-user=1000 --map-group=1000 -- sh "$0"
fi
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
export PATH="$TRENT_BUILD/src:/usr/bin:/bin"
page=$TRENT_SOURCE/docs/tls.md
first='A key and a certificate'
titles=$first

# Each in a home of its own, which a server that is a daemon does not outlive.
run_sections() {
  mkdir "home-$cases"
  cd "home-$cases"
  export HOME="$PWD"
  trap '[ ! -e httpd.pid ] || kill "$(cat httpd.pid)"; cat ./*.log' EXIT
  section "$page" "$first" >page.md
  for title in "$@"; do section "$page" "$title" >>page.md; done
  run_examples page.md
}

# program PATH TITLE...: the sections, one after the other.
program() {
  needed=$1
  shift
  for title in "$@"; do
    titles="$titles
$title"
  done
  case_with "$needed" "$*" run_sections "$@"
}

all_are_tested() {
  assert_eq "$titles" "$(sed -n 's/^## //p' "$page")"
}

program /usr/sbin/nginx nginx 'Renew the certificate' 'Stop it' curl
titles="$titles
nginx as root" # tls_root.sh
program /usr/sbin/apache2 'Apache httpd'
program /usr/sbin/haproxy HAProxy
program /usr/bin/javac Java
titles="$titles
The PIN, and workers
A host that is broken into"
test_case 'all sections of the page' all_are_tested
done_testing
