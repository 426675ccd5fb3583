# SPDX-License-Identifier: Apache-2.0
"""A page of docs that follows from the tables of operations: from what it is made, and whether it is up to date.

Of a program that is called with MODEL_DUMP [--write].
"""

import json
import os
import subprocess
import sys

source = os.environ.get("TRENT_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))


def tables():
    """Trent's operations, and AWS's."""
    dump = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
    with open(os.path.join(source, "tests", "data", "kms-operations.json"), encoding="utf-8") as file:
        return json.loads(dump), json.load(file)


def check(path, text):
    """The first case: that the page has this text. With --write it gets it, and that is all."""
    if sys.argv[2:] == ["--write"]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        sys.exit()
    with open(path, encoding="utf-8") as file:
        is_same = file.read() == text
    if not is_same:
        print("# run it with --write")
    print(("ok" if is_same else "not ok") + " 1 - the page is up to date")
