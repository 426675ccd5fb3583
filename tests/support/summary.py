# SPDX-License-Identifier: Apache-2.0
"""Adds up the test cases in meson's testlog.json, and shows the output of the tests that failed.

Every test reports in TAP; a test that ended badly without a failed case counts as one failure.
The last line is "N passed, N failed"; the exit code is 0 only if something passed and nothing
failed.
"""

import json
import re
import sys

CASE = re.compile(r"(not )?ok\b[^#]*(# *SKIP.*)?", re.IGNORECASE)


def main(path):
    passed = failed = 0
    skipped = []
    try:
        with open(path, encoding="utf-8") as log:
            tests = [json.loads(line) for line in log]
    except FileNotFoundError:
        tests = []
    for test in tests:
        bad_before = failed
        for line in test.get("stdout", "").splitlines():
            case = CASE.match(line)
            if case is None:
                continue
            if case[2]:
                skipped.append(f"{test['name']}: {line}")
            elif case[1]:
                failed += 1
            else:
                passed += 1
        if test["result"] not in ("OK", "SKIP") and failed == bad_before:
            failed += 1
        if failed > bad_before or test["result"] not in ("OK", "SKIP"):
            print(f"\n=== {test['name']}: {test['result']}, exit code {test['returncode']}")
            print(test.get("stdout", ""), test.get("stderr", ""), sep="")
    for line in skipped:
        print("skipped:", line)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
