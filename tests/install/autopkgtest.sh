#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debian/tests, by autopkgtest, with the packages of packages.sh in a bare Debian 12.
#   sh tests/install/autopkgtest.sh [BUILD]     as root, after packages.sh
. "$(dirname "$0")/root.sh"
require_packages
command -v autopkgtest >/dev/null || skip 'no autopkgtest: sh conf/install-deps.sh ci'

say 'a bare Debian 12'
make_root
# Of the tarball, for a build directory is not copied into the root.
tar -C "$work" -xzf "$(ls -t "$build"/meson-dist/trent-*.tar.gz | head -n 1)"
quietly enter apt-get update

say 'debian/tests'
autopkgtest --no-built-binaries --summary-file="$work/summary" "$packages"/*.deb "$work"/trent-*/ \
  -- chroot "$work/root" >"$work/log" 2>&1 || { tail -n 60 "$work/log"; fail 'autopkgtest'; }
cat "$work/summary"
! grep -v ' PASS$' "$work/summary" || fail 'a test was not run'
echo '1 passed, 0 failed'
