#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README's "Install" as it stands: its commands, pasted by a user of a bare Debian 12 who may use sudo, both ways, in
# the shape of a release; and whether something remains when Trent is removed. It compiles Trent twice, so nobody
# runs it but before a release.
#   sh tests/install/readme_root.sh [BUILD]     as root
. "$(dirname "$0")/root.sh"
. "$root/tests/docs/examples.sh"
section "$root/README.md" Install >"$work/section"

# paste N: the Nth block, in the source tree, by the user. What a program of it reads, as an answer to a question of
# its, would be the next command: there is none to be read.
paste() {
  block sh "$1" <"$work/section" >"$work/block"
  [ -s "$work/block" ] || fail "README has no block $1"
  cat "$work/block"
  began=$(date +%s)
  enter runuser -u somebody -- sh -ec 'cd ~/trent && HOME=~ && . /dev/fd/3' 3<"$work/block" </dev/null >"$work/log" 2>&1 ||
    { tail -n 60 "$work/log"; fail 'README does not work'; }
  echo "# $(($(date +%s) - began)) s"
}
# removed_by COMMAND: of README's text.
removed_by() {
  tr '\n' ' ' <"$work/section" | grep -qF "\`$1\`" || fail "README does not say: $1"
  echo "$1"
  yes | enter runuser -u somebody -- sh -ec "cd ~/trent && $1" >"$work/log" 2>&1 || { cat "$work/log"; fail "$1"; }
}
see_that_it_works() {
  paste 3
  grep -qx "trent $version" "$work/log" || { cat "$work/log"; fail 'trent version'; }
  grep -A 3 '^  trent$' "$work/log" | grep -q 'status: active' || { cat "$work/log"; fail 'openssl list'; }
  grep -q '^trent: ' "$work/log" || { cat "$work/log"; fail 'p11-kit list-modules'; }
  enter runuser -u somebody -- sh -ec 'cd && trent init kms && . kms/env && trent check && rm -r kms' >"$work/log" 2>&1 ||
    { cat "$work/log"; fail 'trent check'; }
}

say 'a bare Debian 12 with systemd and sudo, and the source'
make_root
quietly enter apt-get update
quietly enter apt-get install -y sudo systemd
enter useradd --create-home somebody
echo 'somebody ALL=(ALL) NOPASSWD: ALL' >"$work/root/etc/sudoers.d/somebody"
version=$(meson introspect "$build" --projectinfo | sed 's/.*"version": "\([^"]*\)".*/\1/')
quietly meson dist -C "$build" --formats gztar --no-tests --allow-dirty
mkdir "$work/root/home/somebody/trent"
tar -C "$work/root/home/somebody/trent" --strip-components 1 -xzf "$build/meson-dist/trent-$version.tar.gz"
enter chown -R somebody: /home/somebody

say 'without packages'
# What these bring remains: it is no fault of Trent's.
quietly enter runuser -u somebody -- sh -ec 'cd ~/trent && sh conf/install-deps.sh'
snapshot >"$work/before"
paste 2
stat -c '%s bytes %n' "$work"/root/usr/bin/trent "$work"/root/usr/lib/*/ossl-modules/trent.so | sed "s|$work/root||"
see_that_it_works
removed_by 'sudo ninja -C release uninstall'
removed_by 'sudo rmdir /etc/trent /var/lib/trent /var/log/trent && sudo userdel trent'
snapshot >"$work/after"
diff "$work/before" "$work/after" | grep -v ' \./home/somebody/' | grep '^[<>]' && fail 'something remains'
echo 'nothing remains'

say 'as packages'
paste 1
(cd "$work/root/home/somebody" && du -h ./*.deb)
enter dpkg-query -W -f '${Package}: ${Installed-Size} KiB installed\n' trent trent-provider libtrent-pkcs11
see_that_it_works
removed_by 'sudo apt-get purge trent trent-provider libtrent-pkcs11'
snapshot >"$work/after"
cut -d ' ' -f 4 "$work/after" | grep -v '^\./home/' | grep trent && fail 'something remains'
echo 'nothing remains'
echo '1 passed, 0 failed'
