#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/kms-compatibility.md: what Trent does with each operation of AWS KMS and each of its members.

usage: compatibility.py MODEL_DUMP [--write]

The page follows from Trent's tables of operations and from the names of AWS's (tests/data), so this
makes it, and as a test finds out whether it is up to date.
"""

import os
import re

import made_page

CUSTOM_KEY_STORE = "There are no custom key stores: an account has a token in each region."
WHY_NOT = {
    "ConnectCustomKeyStore": CUSTOM_KEY_STORE, "CreateCustomKeyStore": CUSTOM_KEY_STORE,
    "DeleteCustomKeyStore": CUSTOM_KEY_STORE, "DescribeCustomKeyStores": CUSTOM_KEY_STORE,
    "DisconnectCustomKeyStore": CUSTOM_KEY_STORE, "UpdateCustomKeyStore": CUSTOM_KEY_STORE,
    "GetKeyLastUsage": "Trent writes nothing into the token when a key is used, and the audit log of one host does "
                       "not tell of the uses on another: who believed the answer might delete a key in use.",
}
NOT_YET = "Not available yet."

HEAD = """# Compatibility with AWS KMS

Every operation of AWS KMS, as its service model of August 2026 has them, and what Trent does with it. An
operation that Trent does not have is an `UnknownOperationException`; a member that it does not take is an
`UnsupportedOperationException` that says what to do instead. All other members of the request are taken,
with KMS's limits, and answers have KMS's members. How KMS behaves beyond that, and Trent the same:
[kms-behaviour.md](kms-behaviour.md).

This page is made of Trent's tables of operations by `tests/docs/compatibility.py`, and a test sees that it is
up to date. The last column is the test to read first; all operations are also compared with AWS's own
model (`model oracle`), and asked by AWS's clients over the network (`server clients`).

"""


def words(name):
    """"ReEncrypt" as the functions of the tests have it: "re_encrypt"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def read_tests():
    tests = {}
    folder = os.path.join(made_page.source, "tests", "kms")
    for name in sorted(os.listdir(folder)):
        if name.endswith("_test.cc") and name not in ("call_test.cc", "faults_test.cc"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                tests["tests/kms/" + name] = file.read()
    return tests


def test_of(operation, tests):
    """The file that names the operation first of all, or else the one that does so most often."""
    pattern = re.compile(rf'"{operation}"|\b{words(operation)}\(')
    counts = {name: len(pattern.findall(text)) for name, text in tests.items()}
    heads = [name for name, text in tests.items()
             if counts[name] and re.search(rf"\b{operation}\b", text.split("#include")[0])]
    if heads:
        return next((name for name in heads if words(operation) in name), heads[0])
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None


def page(ours, aws, tests):
    there = [name for name in aws if name in ours]
    text = HEAD + f"{len(there)} of {len(aws)} operations.\n\n"
    text += "| operation | members that are not taken | test in `tests/kms` |\n|---|---|---|\n"
    for name, members in aws.items():
        if name not in ours:
            text += f"| {name} | **not there**: {WHY_NOT.get(name, NOT_YET)} | |\n"
            continue
        taken = [field["name"] for field in ours[name]["request"]]
        reasons = ours[name]["reasons"]
        notes = []
        for member in members:
            if member not in taken:
                notes.append(f"`{member}`: {reasons[member]}")
        test = test_of(name, tests)
        if test is None:
            raise SystemExit(f"no test of {name}")
        text += f"| {name} | {'<br>'.join(notes)} | `{os.path.basename(test)}` |\n"
    return text


def main():
    path = os.path.join(made_page.source, "docs", "kms-compatibility.md")
    made_page.check(path, page(*made_page.tables(), read_tests()))
    print("1..1")


main()
