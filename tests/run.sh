#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, runs all tests; the last line is "N passed, N failed".
#   sh tests/run.sh [BUILD-DIRECTORY [TEST...|--suite SUITE]]
# Tests that are named, or of the suite, are all that is built and run.
# CI prepares build directories of other kinds (sanitizers) with `meson setup` and names them here.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build}
[ $# -eq 0 ] || shift

give_up() {
  printf '%s\n0 passed, 1 failed\n' "$1"
  exit 1
}

sh "$root/conf/install-deps.sh" test || give_up 'The tests were not run: packages are missing.'
if [ -e "$build/build.ninja" ]; then
  # conf/quickstart.sh leaves them out.
  [ -d "$build/tests" ] || meson configure "$build" -Dtests=true
else
  # Half the time, and without debug information again a quarter less.
  meson setup "$build" "$root" -Dunity=on -Dunity_size=8 -Ddebug=false
fi || give_up 'The tests were not run: meson failed.'
if [ $# -eq 0 ]; then
  quiet=
  [ -t 1 ] || quiet=--quiet
  ninja -C "$build" $quiet || give_up 'The tests were not run: the build failed.'
  set -- --no-rebuild
fi

rm -f "$build/meson-logs/testlog.json"
# Many tests sleep, waiting for locks: more of them than processors.
meson test -C "$build" --num-processes $(($(nproc) * 2)) \
  --timeout-multiplier "${TRENT_TEST_PATIENCE:-1}" "$@"
[ -e "$build/meson-logs/testlog.json" ] || give_up 'The tests were not run: the build failed.'
python3 "$root/tests/support/summary.py" "$build/meson-logs/testlog.json"
