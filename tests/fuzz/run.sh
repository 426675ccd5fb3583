#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets with clang and runs each for SECONDS on its corpus, as many at once as
# there are processors.
# Fails if one crashes, hangs or leaks. Nothing that was found is lost: inputs that reach something
# new go to build-asan/corpus/TARGET, and those that broke a promise to build-asan/found/TARGET; the
# next run begins with both, and so fails until the fault is fixed.
#
# --coverage says afterwards how much of each folder the inputs reach, in a build without sanitizers,
# whose checks have branches that nothing can take.
#
#   tests/fuzz/run.sh [--coverage] SECONDS [TARGET...]
set -eu

coverage=
[ "${1:-}" != --coverage ] || { coverage=1; shift; }
[ $# -ge 1 ] || { echo "usage: $0 [--coverage] SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
[ $# -gt 0 ] || set -- arguments blob config context credentials encrypted_file http import key_uri memory pkcs11 policy provider public_key query record \
  requests sigv4 softhsm_files

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$source/build-asan

# build DIRECTORY NATIVE_FILE TARGET...
build() {
  directory=$1
  [ -f "$directory/build.ninja" ] ||
    meson setup "$directory" "$source" --native-file "$here/../support/$2"
  shift 2
  for target in "$@"; do
    echo "tests/fuzz/fuzz_$target"
  done | xargs ninja --quiet -C "$directory"
}
build "$build" sanitizers.ini "$@"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The verdict is in a file, for it is reached in the background.
fuzz() {
  mkdir -p "$build/corpus/$1" "$build/found/$1"
  dictionary=
  [ -f "$here/$1.dict" ] && dictionary="-dict=$here/$1.dict"
  # What SoftHSM leaks is not ours to find. Its many small allocations, and libFuzzer's book of which
  # input reached what how often, take more than half of the time with the settings by default. Most
  # of the rest is AddressSanitizer's and the kernel's, for SoftHSM opens and locks its files in every
  # call, and for every input that changes the token both sides start anew with a fresh copy of it.
  settings='detect_leaks=1'
  flags=
  case $1 in
    http)
      # What the server's thread has not let go of yet would be looked into after each input.
      settings='detect_leaks=0'
      flags='-detect_leaks=0'
      ;;
    pkcs11 | provider)
      settings='detect_leaks=0:malloc_context_size=5:quarantine_size_mb=8:max_malloc_fill_size=64'
      settings=$settings:allocator_release_to_os_interval_ms=-1
      flags='-detect_leaks=0 -entropic=0'
      ;;
  esac
  # shellcheck disable=SC2086 # no dictionary is no argument
  ASAN_OPTIONS="$settings" "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" \
    -timeout=10 -max_len=70000 -rss_limit_mb=4096 -artifact_prefix="$build/found/$1/" \
    -print_final_stats=1 $flags $dictionary "$build/corpus/$1" "$build/found/$1" \
    "$here/corpus/$1" >"$work/$1.log" 2>&1 || touch "$work/$1.failed"
}

# Adds up libFuzzer's list of functions: "COVERED_FUNC: hits: 1 edges: 2/5 NAME FILE:LINE".
covered() {
  "$source/build-coverage/tests/fuzz/fuzz_$1" -runs=0 -entropic=0 -print_coverage=1 \
    "$build/corpus/$1" "$here/corpus/$1" 2>&1 | awk '
      /^(UN)?COVERED_FUNC:/ {
        if (!match($NF, /src\/[a-z0-9]+\//)) next
        folder = substr($NF, RSTART, RLENGTH - 1)
        split($5, edges, "/")
        functions[folder]++
        if (edges[1] > 0) reached[folder]++
        taken[folder] += edges[1]
        all[folder] += edges[2]
      }
      END {
        for (folder in functions)
          printf "%-12s %4d of %4d functions, %5d of %5d edges, %3d %%\n", folder,
            reached[folder], functions[folder], taken[folder], all[folder],
            100 * taken[folder] / all[folder]
      }' | sort
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
if [ "$coverage" ]; then
  build "$source/build-coverage" coverage.ini "$@"
  for target in "$@"; do
    echo "== $target, coverage"
    covered "$target"
  done
fi
[ -z "$failed" ] || { echo "failed:$failed; the inputs are in $build/found" >&2; exit 1; }
