# SPDX-License-Identifier: Apache-2.0
# A Debian 12 in a directory, for the tests of packages. Source it in a script that was started as
# `sh SCRIPT [BUILD]`: sets root (the source), build, packages (the .debs of packages.sh) and work, a directory that is
# removed at the end. What was downloaded stays in BUILD/roots for the next run.
# shellcheck shell=sh
# shellcheck disable=SC2034 # for the scripts that source this
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
packages=$build/packages

skip() {
  echo "skipped: $1"
  exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'only root can make a root'
command -v mmdebstrap >/dev/null || skip 'no mmdebstrap: sh conf/install-deps.sh ci'
# Mounts of its own, which end with it.
if [ -z "${TRENT_TEST_UNSHARED-}" ]; then
  unshare --mount --net true 2>/dev/null || skip 'no unshare here'
  exec env TRENT_TEST_UNSHARED=1 unshare --mount sh "$0" "$build"
fi

require_packages() {
  [ -n "$(ls "$packages"/trent_*.deb 2>/dev/null)" ] || skip "no packages in $packages: sh tests/install/packages.sh"
}
say() { printf '\n-- %s\n' "$1"; }
fail() {
  echo "FAILED: $1"
  exit 1
}

roots=$build/roots
mkdir -p "$roots/archives/partial"
work=$(mktemp -d "$roots/work-XXXXXX")
running=
network=
cleanup() {
  for process in $running $network; do kill "$process" 2>/dev/null || :; done
  wait
  for mount in proc var/cache/apt/archives; do
    ! mountpoint -q "$work/root/$mount" || umount --lazy "$work/root/$mount"
  done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# make_root: a minimal Debian in $work/root, as debootstrap makes it.
make_root() {
  sh "$root/tests/install/minbase.sh" "$build" || skip 'mmdebstrap makes no Debian here'
  mkdir "$work/root"
  tar -C "$work/root" -xf "$roots/minbase.tar"
  cp /etc/resolv.conf "$work/root/etc/resolv.conf" 2>/dev/null || :
  apt-config dump | grep -E '^Acquire::https?::(Proxy|CAInfo)' >"$work/root/etc/apt/apt.conf.d/90proxy" || :
  # What is lost in a power cut is nothing here.
  echo force-unsafe-io >"$work/root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  mount --bind /proc "$work/root/proc"
  mount --bind "$roots/archives" "$work/root/var/cache/apt/archives"
}

# enter COMMAND...: in that Debian, as root.
enter() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
    ${network:+nsenter "--net=/proc/$network/ns/net"} chroot "$work/root" "$@"
}

# A network with nothing but a loopback, where every port is free: `alone COMMAND...`.
make_network() {
  unshare --net sleep 600 &
  network=$!
  until [ "$(readlink /proc/$network/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.1; done
  alone python3 -c '
import fcntl, socket, struct
with socket.socket() as any:  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
    fcntl.ioctl(any, 0x8914, struct.pack("16sh14x", b"lo", 0x41))'
}
alone() { nsenter "--net=/proc/$network/ns/net" "$@"; }

# quietly COMMAND...: says something only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 && return
  cat "$work/log"
  return 1
}

# All files, but for those of apt, dpkg and logs of theirs; of configuration with what is in it.
snapshot() {
  (cd "$work/root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
    -o -path ./var/cache -o -path './var/log/apt' -o -path './var/log/dpkg.log' -o -path './var/log/alternatives.log' \
    -o -path './etc/*-' -o -path ./etc/.pwd.lock -o -path ./debs \) -prune -o -printf '%y %m %u:%g %p %l\n' | sort
  find "$work/root/etc" -type f ! -name '*-' ! -name .pwd.lock -exec md5sum {} + | sort -k 2)
}

# make_later_packages: those of $work/root/debs as a later version, in later/ there.
make_later_packages() {
  mkdir "$work/root/debs/later"
  for deb in "$work"/root/debs/trent_*.deb "$work"/root/debs/trent-provider_*.deb "$work"/root/debs/libtrent-pkcs11_*.deb; do
    dpkg-deb -R "$deb" "$work/later"
    sed -i '/^Version: /s/$/+later/; /^Depends: /s/\((= [^)]*\))/\1+later)/g' "$work/later/DEBIAN/control"
    dpkg-deb --root-owner-group -Znone -b "$work/later" "$work/root/debs/later/${deb##*/}" >/dev/null
    rm -rf "$work/later"
  done
}
