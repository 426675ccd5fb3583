#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the release tarball of the commit that is checked out, builds the Debian packages from it, where no
# git is, and asks lintian about them. They are in BUILD/packages then.
#   sh tests/install/packages.sh [BUILD]
# For a quick look, as in CI: DEB_CXXFLAGS_STRIP='-g -O2' DEB_CXXFLAGS_APPEND=-O1 in the environment.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
version=$(meson introspect "$build" --projectinfo | sed 's/.*"version": "\([^"]*\)".*/\1/')
packages=$build/packages

say() { printf '\n-- %s\n' "$1"; }

say 'the tarball'
rm -rf "$packages"
mkdir "$packages"
meson dist -C "$build" --formats gztar --no-tests --allow-dirty >"$packages/log" 2>&1 ||
  { cat "$packages/log"; exit 1; }
tar -C "$packages" -xzf "$build/meson-dist/trent-$version.tar.gz"
source=$packages/trent-$version
# A changelog without an entry for this version would give packages of another one.
[ "$(dpkg-parsechangelog -l "$source/debian/changelog" -S Version)" = "$version" ]

say 'the packages'
export CCACHE_DIR="${CCACHE_DIR:-$HOME/.cache/ccache}" # debhelper has another home
(cd "$source" && dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary) \
  >"$packages/log" 2>&1 || { tail -n 60 "$packages/log"; exit 1; }
grep '^the round trip works' "$packages/log"
(cd "$packages" && ls ./*.deb)

say 'lintian'
lintian --fail-on error --allow-root "$packages"/*.changes
