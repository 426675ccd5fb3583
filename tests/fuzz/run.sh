#!/bin/sh
# Builds the fuzz targets with clang and runs each for SECONDS on its corpus, as many at once as
# there are processors.
# Fails if one crashes, hangs or leaks. Nothing that was found is lost: inputs that reach something
# new go to build-asan/corpus/TARGET, and those that broke a promise to build-asan/found/TARGET; the
# next run begins with both, and so fails until the fault is mended.
#
#   tests/fuzz/run.sh SECONDS [TARGET...]
set -eu

[ $# -ge 1 ] || { echo "usage: $0 SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
[ $# -gt 0 ] || set -- arguments blob config context memory pkcs11 provider record softhsm_files

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$source/build-asan

[ -f "$build/build.ninja" ] ||
  meson setup "$build" "$source" --native-file "$here/../support/sanitizers.ini"
for target in "$@"; do
  echo "tests/fuzz/fuzz_$target"
done | xargs ninja --quiet -C "$build"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The verdict is in a file, for it is reached in the background.
fuzz() {
  mkdir -p "$build/corpus/$1" "$build/found/$1"
  dictionary=
  [ -f "$here/$1.dict" ] && dictionary="-dict=$here/$1.dict"
  # What SoftHSM leaks is not ours to find.
  leaks=1
  case $1 in pkcs11 | provider) leaks=0 ;; esac
  # shellcheck disable=SC2086 # no dictionary is no argument
  ASAN_OPTIONS="detect_leaks=$leaks" "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" \
    -timeout=10 -max_len=70000 -rss_limit_mb=4096 -artifact_prefix="$build/found/$1/" \
    -print_final_stats=1 $dictionary "$build/corpus/$1" "$build/found/$1" "$here/corpus/$1" >"$work/$1.log" 2>&1 || touch "$work/$1.failed"
}

at_once=$(nproc)
started=0
for target in "$@"; do
  fuzz "$target" &
  started=$((started + 1))
  [ $((started % at_once)) -ne 0 ] || wait
done
wait

failed=
for target in "$@"; do
  echo "== $target, $seconds s"
  tail -n 12 "$work/$target.log"
  [ -e "$work/$target.failed" ] || continue
  failed="$failed $target"
  grep -A 30 -e ERROR -e 'broken promise' "$work/$target.log" || true
done
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in $build/found" >&2; exit 1; }
