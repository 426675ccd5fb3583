# Runs the examples of a page of the documentation. Source after support/lib.sh.
#
# The page's ```sh blocks are run in their order in one shell, in the directory $work; a ```text
# block after one of them is what it has to print.

# make_script PAGE: the blocks as one script, with what each has to print in want.N.
make_script() {
  awk '
    /^```/ {
      if (kind == "") {
        kind = substr($0, 4)
        if (kind == "sh") { n++; printf "{\n" }
      } else {
        if (kind == "sh") printf "} >got.%d\n", n
        kind = ""
      }
      next
    }
    kind == "sh"
    kind == "text" { print >("want." n) }
    END { print n > "blocks" }
  ' "$1"
}

# run_examples PAGE
run_examples() {
  printf 'set -eu\n' >script
  make_script "$1" >>script
  [ "$(cat blocks)" -gt 0 ]
  sh script
  n=1
  while [ $n -le "$(cat blocks)" ]; do
    [ -f want.$n ] || : >want.$n
    diff -u want.$n got.$n
    n=$((n + 1))
  done
}
