# SPDX-License-Identifier: Apache-2.0
# For servers that listen on every network: the script that begins with this one starts again in a network
# namespace, in which there is nothing but a loopback, and every port is free.
# shellcheck shell=sh
if [ -z "${TRENT_OWN_LOOPBACK-}" ]; then
  TRENT_OWN_LOOPBACK=1 exec unshare --user --map-root-user --net -- sh "$0" "$@"
fi
# What `ifconfig lo up` does, which not every Debian has.
/usr/bin/python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH", b"lo", 0x41))'
