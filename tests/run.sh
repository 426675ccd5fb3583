#!/bin/sh
# Installs what is missing, builds, runs all tests; the last line is "N passed, N failed".
#   sh tests/run.sh [BUILD-DIRECTORY [TEST...]]
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
  meson configure "$build" -Dtests=true # conf/quickstart.sh leaves them out
else
  meson setup "$build" "$root"
fi || give_up 'The tests were not run: meson failed.'
ninja -C "$build" || give_up 'The tests were not run: the build failed.'

rm -f "$build/meson-logs/testlog.json"
meson test -C "$build" --no-rebuild --timeout-multiplier "${TRENT_TEST_PATIENCE:-1}" "$@"
python3 "$root/tests/support/summary.py" "$build/meson-logs/testlog.json"
