# SPDX-License-Identifier: Apache-2.0
# Runs the examples of a page of the documentation. Source after support/lib.sh.
#
# The page's ```sh blocks are run in their order in one shell, in the directory $work; a ```text
# block after one of them is what it has to print, where ... stands for anything within the line.
# A block with the name of a file, as ```c move.c, is written to that file.
# shellcheck shell=sh
# shellcheck disable=SC2154 # set by the tests that source this

# make_script PAGE: the blocks as one script, with what each has to print in want.N.
make_script() {
  awk '
    /^```/ {
      if (kind == "") {
        kind = substr($0, 4)
        if (kind == "sh") { n++; printf "{\n" }
        if (split(kind, words, " ") == 2) { file = words[2]; kind = "file" }
      } else {
        if (kind == "sh") printf "} >got.%d\n", n
        kind = ""
      }
      next
    }
    kind == "sh"
    kind == "text" { print >("want." n) }
    kind == "file" { print >file }
    END { print n > "blocks" }
  ' "$1"
}

# fill_in WANT GOT: WANT with what GOT has in the place of each ..., if the rest of the line is the
# same.
fill_in() {
  awk -v got="$2" '
    {
      line = ""
      getline line <got
      pattern = $0
      gsub(/[][\\.*+?(){}|^$]/, "\\\\&", pattern)
      gsub(/\\\.\\\.\\\./, ".*", pattern)
      print line ~ "^" pattern "$" ? line : $0
    }
  ' "$1"
}

# section PAGE TITLE: what the page has under that heading.
section() { awk -v title="## $2" '/^## / { on = $0 == title } on' "$1"; }

# block KIND [N]: the Nth block of that kind in what it reads, or the first one.
block() {
  awk -v kind="\`\`\`$1" -v n="${2:-1}" '
    /^```/ { if (on) exit; on = $0 == kind && ++count == n; next }
    on
  '
}

# run_examples PAGE
run_examples() {
  # What it leaves running, after a failure too, ends with it.
  printf 'set -eu\ntrap "jobs -p >jobs; xargs -r kill <jobs || :" EXIT\n' >script
  make_script "$1" >>script
  [ "$(cat blocks)" -gt 0 ]
  sh script
  n=1
  while [ $n -le "$(cat blocks)" ]; do
    [ -f want.$n ] || : >want.$n
    fill_in want.$n got.$n >filled.$n
    diff -u filled.$n got.$n
    n=$((n + 1))
  done
}

# For a page of which each section is a case of its own: $page, $javascript (where npm's packages are) and
# run_section TITLE are the test's; $titles are the sections that had their turn.
#
# section_case TITLE PATH...: skipped if these are not there. Where all clients have to be, as in CI, the case
# fails then; but for those of npm, of which CI says so itself.
section_case() {
  title=$1
  shift
  titles="$titles
$title"
  for path in "$@"; do
    [ ! -e "$path" ] || continue
    if [ "$path" = "$javascript" ] || [ -z "${TRENT_TEST_ALL_CLIENTS-}" ]; then
      skip_case "$title" 'not installed: sh conf/install-deps.sh clients'
      return
    fi
  done
  test_case "$title" run_section "$title"
}

all_are_tested() {
  assert_eq "$titles" "$(sed -n 's/^## //p' "$page")"
}
