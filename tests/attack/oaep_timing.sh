#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Decrypts ciphertexts of an RSA key whose padding is wrong in one of two ways, in random order, and compares
# how long that takes: Welch's t of the two samples, for each hash. On a machine that does nothing else.
#
#   TRENT_BUILD=$PWD/build sh tests/attack/oaep_timing.sh [PADDINGS]      20,000; about a minute
: "${TRENT_BUILD:?a build directory}"
exec "$TRENT_BUILD/tests/attack/oaep_timing" "$@"
