#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# google/pkcs11test on plain SoftHSM and through Trent: what passes there must pass here.
#
#   sh tests/pkcs11/pkcs11test.sh PKCS11TEST
#
# PKCS11TEST is the program of https://github.com/google/pkcs11test, which is no part of this project:
# fetch it and run `make` in it. Neither is this script a part of the tests that CI runs.
if [ $# -ne 1 ] || ! suite=$(realpath -e "$1"); then
  echo "usage: sh $0 PKCS11TEST" >&2
  exit 2
fi
TRENT_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
. "$TRENT_SOURCE/tests/support/lib.sh"
unset OPENSSL_MODULES # OpenSSL's own, for DES

# Tests whose premise Trent's object model forbids, one a line; docs/pkcs11.md says why.
cat >exceptions <<END
END

# run NAME OPTION...: NAME.passed and NAME.failed, on a fresh token.
run() {
  name=$1
  shift
  timeout 900 "$suite" "$@" -u 1234 -o 12345678 "--gtest_output=json:$name.json" >"$name.log" 2>&1
  # Without it the suite did not come to its end.
  [ -s "$name.json" ] || {
    tail "$name.log"
    bail_out "pkcs11test did not finish: $name"
  }
  python3 - "$name" <<'END'
import json
import sys

name = sys.argv[1]
with open(name + ".json") as report, open(name + ".passed", "w") as passed, \
        open(name + ".failed", "w") as failed:
    names = {passed: [], failed: []}
    for group in json.load(report)["testsuites"]:
        for test in group["testsuite"]:
            names[failed if "failures" in test else passed].append(group["name"] + "." + test["name"])
    for file, lines in names.items():
        file.writelines(line + "\n" for line in sorted(lines))
END
  echo "$name: $(wc -l <"$name.passed") passed, $(wc -l <"$name.failed") failed:"
  sed 's/^/  /' "$name.failed"
}

make_token
slot=$(softhsm2-util --show-slots | sed -n 's/^Slot //p' | head -n 1)
run softhsm -l "$(dirname "$softhsm_module")" -m "$(basename "$softhsm_module")" -s "$slot"

rm -r tokens
make_token
sed -i '/^pin-source/d' "$TRENT_CONF" # the suite's own logins are to be real
run trent -l "$TRENT_BUILD/src" -m trent.so

export LC_ALL=C
sort -o exceptions exceptions
echo 'Fail on SoftHSM and pass through Trent:'
sort softhsm.failed | comm -12 - trent.passed | sed 's/^/  /'
echo 'Pass on SoftHSM and fail through Trent:'
sort softhsm.passed | comm -12 - trent.failed | comm -23 - exceptions >worse
sed 's/^/  /' worse
[ ! -s worse ]
