#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Eight processes change one record at the same time and three more are killed while they do, with no
# lock in common: every change that was reported as done is in effect, once, and no other.
#
#   TRENT_BUILD=$PWD/build sh tests/attack/changes.sh [SECONDS]      60
exec env TMPDIR="${TMPDIR:-/dev/shm}" timeout "$((${1:-60} + 120))" \
  "${TRENT_BUILD:-build}/tests/catalog/unlocked-test" soak "${1:-60}"
