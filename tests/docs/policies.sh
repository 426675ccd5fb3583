#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/policies.md: its policies are well-formed, its commands print what it says, and it names every
# operator.
. "$TRENT_SOURCE/tests/support/lib.sh"
. "$TRENT_SOURCE/tests/docs/examples.sh"
PATH=$TRENT_BUILD/src:$PATH
page=$TRENT_SOURCE/docs/policies.md

# Each ```json block in a file of its own: a resource policy if it has a Principal.
policies_are_well_formed() {
  awk '/^```/ { on = ($0 == "```json"); n += on; next } on { print >("policy." n) }' "$page"
  n=0
  for file in policy.*; do
    kind=Identity
    grep -q '"Principal"' "$file" && kind=Resource
    python3 -c 'import json, sys
print(json.dumps({"policy": open(sys.argv[1]).read(), "kind": sys.argv[2], "queries": []}))' \
      "$file" $kind >request
    assert_eq "$("$TRENT_BUILD/tests/policy/decide" <request)" '[]'
    n=$((n + 1))
  done
  [ $n -ge 2 ]
}

every_operator() {
  sed -n 's/^    {"\([A-Za-z]*\)", .*},*$/\1/p' "$TRENT_SOURCE/src/policy/operators.cc" >operators
  [ "$(wc -l <operators)" -ge 27 ]
  while read -r operator; do
    grep -q "\`$operator\`" "$page" || { echo "no $operator"; return 1; }
  done <operators
}

test_case 'the policies of the page' policies_are_well_formed
test_case 'the commands of the page' run_examples "$page"
test_case 'every operator' every_operator
done_testing
