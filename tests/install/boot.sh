#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Becomes systemd, the first process of the Debian in the directory ROOT; in namespaces of its own:
#   unshare --mount --pid --cgroup --ipc --uts --net --fork --kill-child sh tests/install/boot.sh ROOT
# All that was started in it is gone when the first process is killed.
set -eu
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1" # what is mounted there now
mount -t proc proc proc
mount --bind -o ro proc/sys proc/sys # nothing of the kernel is set from in there
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# Not those of the host: who sits at a console changes its mode.
for device in null:3 zero:5 full:7 random:8 urandom:9 console:3; do
  mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 dev/tty c 5 0
mkdir run/outside
pivot_root . run/outside
umount --lazy /run/outside
# As systemd itself does where it is not told of a container: a service sees its credentials only so.
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=trent-test /lib/systemd/systemd --unit=multi-user.target
