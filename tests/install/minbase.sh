#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes BUILD/roots/minbase.tar, if it is not there: a minimal Debian 12, as debootstrap has it.
#   sh tests/install/minbase.sh BUILD      as root
set -eu
roots=$1/roots
[ ! -e "$roots/minbase.tar" ] || exit 0
mkdir -p "$roots"
# The mirror that this machine uses, if it is a Debian 12.
# shellcheck disable=SC2016 # apt-get fills them in
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Codename: bookworm' 2>/dev/null |
  grep /debian/ | head -n 1)
mmdebstrap --variant=minbase --mode=root --quiet bookworm "$roots/new-minbase.tar" "${mirror:-http://deb.debian.org/debian/}"
mv "$roots/new-minbase.tar" "$roots/minbase.tar"
