#!/bin/sh
# Builds the fuzz targets with clang and runs each for SECONDS on a copy of its corpus.
# Fails if one crashes, hangs or leaks; the input that did it is then in build-fuzz/.
#
#   tests/fuzz/run.sh SECONDS [TARGET...]
set -eu

[ $# -ge 1 ] || { echo "usage: $0 SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
[ $# -gt 0 ] || set -- blob context config pkcs11

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$source/build-fuzz

# b_lundef: the sanitizers' symbols are in the executable, not in the libraries.
[ -f "$build/build.ninja" ] ||
  CC=clang CXX=clang++ meson setup "$build" "$source" -Dfuzz=true -Db_lundef=false
for target in "$@"; do
  ninja -C "$build" "tests/fuzz/fuzz_$target"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

failed=
for target in "$@"; do
  cp -R "$here/corpus/$target" "$work/$target"
  dictionary=
  [ -f "$here/$target.dict" ] && dictionary="-dict=$here/$target.dict"
  echo "== $target, $seconds s"
  # What SoftHSM leaks is not ours to find.
  leaks=1
  [ "$target" = pkcs11 ] && leaks=0
  # shellcheck disable=SC2086 # no dictionary is no argument
  ASAN_OPTIONS="detect_leaks=$leaks" "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" \
    -timeout=10 -max_len=70000 -rss_limit_mb=4096 \
    -artifact_prefix="$build/$target-" -print_final_stats=1 $dictionary "$work/$target" \
    >"$work/$target.log" 2>&1 || failed="$failed $target"
  tail -n 12 "$work/$target.log"
  case " $failed " in *" $target "*) grep -A 30 -e ERROR -e 'broken promise' "$work/$target.log" ;; esac
done
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in $build" >&2; exit 1; }
