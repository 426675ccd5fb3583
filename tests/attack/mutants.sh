#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Do the tests notice? Applies the one-line faults of mutants.txt, one at a time, to a copy of the
# source, builds what the test that is named there needs, runs it, and wants it to fail.
#
#   sh tests/attack/mutants.sh [PART-OF-A-NAME...]
#
# Half an hour on two cores; it takes no more than MUTANTS_SECONDS (3600). The last line is
# "N passed, N failed"; a mutant that survives, does not compile or is no longer in the source fails.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d "${TMPDIR:-/tmp}/trent-mutants-XXXXXX")
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What a tarball has is all the source; build directories aside.
source_files() {
  if [ -e .git ]; then
    git ls-files -z --cached --others --exclude-standard
  else
    find . -path './build*' -prune -o ! -type d -print0
  fi
}
(cd "$root" && source_files | xargs -0 cp -P --parents -t "$copy")
meson setup "$copy/build" "$copy" -Ddebug=false >"$copy/setup.log" || {
  cat "$copy/setup.log"
  exit 1
}
python3 "$root/tests/attack/mutants.py" "$copy" "$root/tests/attack/mutants.txt" "$@"
