#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/tls.md, "nginx as root": from the page's commands to a handshake of nginx that root starts as the unit would.
# In a network, and with directories of the system, of its own.
if [ -z "${TRENT_OWN_LOOPBACK-}" ] && [ "$(id -u)" -eq 0 ] && unshare --mount --net true 2>/dev/null; then
  TRENT_OWN_LOOPBACK=1 exec unshare --mount --net sh "$0"
fi
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
unset SOFTHSM2_CONF OPENSSL_MODULES # as in a shell that knows nothing of Trent
export PATH="$TRENT_BUILD/src:$PATH:/usr/sbin"
unit=/etc/systemd/system/nginx.service.d/kms.conf

own_directories() {
  for directory in /var/lib /var/log/nginx /etc/nginx/conf.d /etc/systemd/system; do
    mount -t tmpfs -o mode=755 tmpfs "$directory"
  done
  mkdir /var/lib/nginx
}
nginx_serves() {
  own_directories
  section "$TRENT_SOURCE/docs/tls.md" 'nginx as root' >page.md
  run_examples page.md
  assert_fails_with 'No supported data to decode' nginx -t
  # shellcheck disable=SC2046 # each word is a variable
  env $(sed -n 's/^Environment=//p' $unit) nginx -g 'daemon off;' &
  nginx=$!
  for _ in $(seq 50); do ! curl -s --cacert /var/lib/kms/web.crt https://localhost/ >answer || break; sleep 0.1; done
  kill $nginx && wait $nginx
  cat /var/log/nginx/error.log
  assert_eq "$(cat answer)" hello
}

name='the commands, and a handshake'
if [ -z "${TRENT_OWN_LOOPBACK-}" ]; then
  skip_case "$name" 'only root starts servers for others, in a network of its own'
elif ! runuser -u www-data -- test -r "$TRENT_BUILD/src/trent"; then
  skip_case "$name" 'www-data cannot read the build'
else
  . "$TRENT_SOURCE/tests/pkcs11/clients/own_loopback.sh"
  case_with /usr/sbin/nginx "$name" nginx_serves
fi
done_testing
