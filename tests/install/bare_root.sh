#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The packages in a bare Debian 12, as an administrator installs, uses, upgrades and removes them; and whether
# something of them remains.
#   sh tests/install/bare_root.sh [BUILD]     as root, after packages.sh
. "$(dirname "$0")/root.sh"
require_packages

# as_user COMMAND: of a shell, as the user of the units, with the token of his.
as_user() { enter runuser -u trent -- sh -ec "cd /var/lib/trent; . kms/env; $1"; }
installed() { enter dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || echo not-installed; }

say 'a bare Debian 12'
make_root
mkdir "$work/root/debs"
cp "$packages"/*.deb "$work/root/debs"
quietly enter apt-get update
# What apt takes with the packages, and what the administrator looks at them with, comes first: what remains
# of these is no fault of Trent's.
enter sh -c 'apt-get install --simulate /debs/trent_*.deb /debs/trent-provider_*.deb /debs/libtrent-pkcs11_*.deb' |
  sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vxE 'trent|trent-provider|libtrent-pkcs11' >"$work/dependencies"
grep -qx softhsm2 "$work/dependencies" || fail 'trent does not recommend SoftHSM'
# shellcheck disable=SC2046 # each word is one of them
quietly enter apt-get install -y $(cat "$work/dependencies") opensc p11-kit
quietly enter p11-kit list-modules # which makes a directory of its own
snapshot >"$work/before"

say 'install'
quietly enter sh -c 'apt-get install -y /debs/trent_*.deb /debs/trent-provider_*.deb /debs/libtrent-pkcs11_*.deb'
enter trent version | head -n 1
enter p11-kit list-modules | grep '^trent: '
[ -z "$(find "$work/root/etc/systemd" -name 'trent-*')" ] || fail 'a unit was enabled by the installation'
[ -z "$(find "$work/root/usr/share/doc/trent/docs" -name '*.gz')" ] || fail 'what pages link to is compressed'
python3 "$root/tests/docs/links.py" "$work/root/usr/share/doc/trent" || fail 'a link leads nowhere'
[ "$(enter trent-with-kms trent list-aliases --output raw | wc -l)" = 3 ] || fail 'trent-with-kms'
enter man --version >/dev/null 2>&1 || [ -s "$work/root/usr/share/man/man8/trent-serve.8.gz" ]

say 'a token, and its use'
enter runuser -u trent -- trent init /var/lib/trent/kms >/dev/null
echo TRENT_CONF=/var/lib/trent/kms/trent.toml >"$work/root/etc/trent/environment"
as_user 'openssl list -providers' | grep -A 3 '^  trent$' | grep -q 'status: active' || fail 'no provider'
as_user 'for name in old new; do
    trent create-alias --alias-name alias/$name --target-key-id "$(trent create-key --output raw)"
  done
  echo "the secret" >secret
  openssl pkeyutl -encrypt -inkey kms:alias/old -pkeyopt encryption-context:tenant=acme -in secret -out old.blob
  openssl pkeyutl -encrypt -inkey kms:alias/new -pkeyopt reencrypt:1 -pkeyopt source-encryption-context:tenant=acme \
    -in old.blob -out new.blob
  openssl pkeyutl -decrypt -inkey kms:alias/new -in new.blob | cmp - secret
  pkcs11-tool --module /usr/lib/*-linux-gnu/pkcs11/trent.so --list-objects' 2>/dev/null >"$work/objects"
grep -qx '  label:      new' "$work/objects" || fail 'pkcs11-tool does not see the key'
echo 'encrypted, moved, decrypted by openssl; seen by pkcs11-tool'

say 'the service, as its unit says'
make_network
as_user 'trent credential create --principal arn:aws:iam::111122223333:user/app' >"$work/key.json" 2>/dev/null
unit=$work/root/lib/systemd/system/trent-serve
setting() { sed -n "s/^$1=-\{0,1\}//p" "$unit.$2"; }
endpoint=$(setting ListenStream socket)
for directory in $(setting RuntimeDirectory service); do
  enter install -d -o "$(setting User service)" -g "$(setting User service)" "/run/$directory"
done
# A socket that is there before the server, and the server when somebody comes.
# shellcheck disable=SC2046
enter sh -c 'echo $$ >/run/server.pid; set -a; . "$1"; user=$2; listen=$3; shift 3
  exec systemd-socket-activate --listen "$listen" $(sed "s/=.*//; /^#/d; s/^/-E /" /etc/trent/environment) \
    setpriv --reuid "$user" --regid "$user" --init-groups --no-new-privs --inh-caps=-all "$@"' sh \
  "$(setting EnvironmentFile service)" "$(setting User service)" "$endpoint" $(setting ExecStart service) >"$work/serve.log" 2>&1 &
job=$!
for _ in $(seq 100); do ! grep -qs '^Listening on' "$work/serve.log" || break; sleep 0.1; done
running=$(cat "$work/root/run/server.pid")
member() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$work/key.json"; }
kms() {
  alone env "AWS_ACCESS_KEY_ID=$(member AccessKeyId)" "AWS_SECRET_ACCESS_KEY=$(member SecretAccessKey)" \
    AWS_DEFAULT_REGION=local AWS_MAX_ATTEMPTS=1 aws kms "$@" --endpoint-url "http://$endpoint" --output text || { cat "$work/serve.log"; return 1; }
}
kms list-aliases --query 'Aliases[].AliasName'
kms decrypt --ciphertext-blob "fileb://$work/root/var/lib/trent/new.blob" --query Plaintext | base64 -d |
  cmp - "$work/root/var/lib/trent/secret"
kms re-encrypt --ciphertext-blob "fileb://$work/root/var/lib/trent/old.blob" --destination-key-id alias/new \
  --source-encryption-context tenant=acme --query KeyId | grep -q key/
[ "$(curl -s --unix-socket "$work/root/run/trent/admin.sock" http://localhost/readyz)" = ready ] || fail 'not ready'
[ "$(stat -c %U "/proc/$running")" != root ] || fail 'the server runs as root'
grep -q '"operation":"ReEncrypt".*"code":"OK"' "$work/root/var/log/trent/access.log" || fail 'no access log'
kill "$running"
wait "$job" || fail 'the server did not end well'
running=
kill "$network" && network=
rm "$work/root/run/server.pid"
for verb in check purge rotate; do
  enter runuser -u trent -- sh -c "set -a; . /etc/trent/environment; $(sed -n 's/^ExecStart=//p' \
    "$work/root/lib/systemd/system/trent-$verb.service")" >"$work/log" || { cat "$work/log"; fail "trent-$verb.service"; }
done

enter systemctl enable trent-serve.socket trent-serve.service 2>/dev/null # which needs no running systemd
[ -n "$(find "$work/root/etc/systemd" -name trent-serve.socket)" ] || fail 'the unit was not enabled'

say 'upgrade'
make_later_packages
echo '# mine' >>"$work/root/etc/logrotate.d/trent-serve"
(cd "$work/root/var/lib/trent" && find . -type f ! -name '*.lock' ! -name generation -exec md5sum {} + | sort) >"$work/token"
quietly enter sh -c 'apt-get install -y /debs/later/*.deb'
enter dpkg-query -W -f '${Version}\n' trent | grep '+later$'
grep -q '^# mine$' "$work/root/etc/logrotate.d/trent-serve" || fail 'a file of the administrator was replaced'
(cd "$work/root/var/lib/trent" && find . -type f ! -name '*.lock' ! -name generation -exec md5sum {} + | sort) | cmp - "$work/token"
as_user 'trent decrypt --ciphertext-blob fileb://new.blob --output raw | cmp - secret'

say 'remove, and install again'
quietly enter apt-get remove -y trent trent-provider libtrent-pkcs11
! enter sh -c 'command -v trent' || fail 'the command is still there'
[ -z "$(find "$work/root/usr" "$work/root/lib" -name '*trent*')" ] || fail 'files of packages remain'
[ -s "$work/root/etc/trent/environment" ] || fail 'the configuration is gone'
quietly enter sh -c 'apt-get install -y /debs/later/*.deb'
as_user 'trent decrypt --ciphertext-blob fileb://new.blob --output raw | cmp - secret'

say 'purge: what is the administrator'"'"'s stays'
quietly enter apt-get purge -y trent trent-provider libtrent-pkcs11
grep '^trent: kept' "$work/log"
[ -s "$work/root/var/lib/trent/kms/trent.toml" ] || fail 'the token is gone'
[ -s "$work/root/etc/trent/environment" ] || fail 'the configuration is gone'
! [ -e "$work/root/var/log/trent/access.log" ] || fail 'the access log remains'
grep -q '^trent:' "$work/root/etc/passwd" || fail 'files remain, and their user is gone'

say 'when he has removed that, nothing remains'
quietly enter sh -c 'apt-get install -y /debs/later/*.deb'
rm -r "$work/root/var/lib/trent" "$work/root/etc/trent"
quietly enter apt-get purge -y trent trent-provider libtrent-pkcs11
for package in trent trent-provider libtrent-pkcs11; do
  [ "$(installed $package)" = not-installed ] || fail "$package is $(installed $package)"
done
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail 'something remains'
echo 'nothing remains'
echo '1 passed, 0 failed'
