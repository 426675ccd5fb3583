#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/trent.toml.schema.json says of a trent.toml what the command says of it.

It knows exactly the keys that the command knows, takes the examples of docs/configuration.md, and refuses
what the command refuses, as far as a schema can.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib

try:
    import jsonschema
except ImportError:
    if os.environ.get("TRENT_TEST_ALL_CLIENTS"):
        raise
    print("1..0 # SKIP no python3-jsonschema: sh conf/install-deps.sh clients")
    sys.exit()

source = os.environ.get("TRENT_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
build = os.path.abspath(os.environ.get("TRENT_BUILD", os.path.join(source, "build")))
TOKEN = '[[token]]\nmodule = "m"\nuri = "pkcs11:token=kms"\n'

with open(os.path.join(source, "docs", "trent.toml.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
jsonschema.Draft7Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def complaint(text):
    """What the command says of the configuration; None if it reads it."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "trent.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        # There is no such module, so one that is read fails later.
        done = subprocess.run([os.path.join(build, "src", "trent"), "list-keys", "--config", path],
                              capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": work})
        assert done.returncode != 0
        is_read = "KeyUnavailableException" in done.stderr or "AccessDeniedException" in done.stderr
        return None if is_read else done.stderr


def is_valid(text):
    return VALIDATOR.is_valid(tomllib.loads(text))


def known_keys(text):
    return set(re.search(r"the keys known here are ([^.]*)\.", complaint(text))[1].split(", "))


def same_keys():
    assert known_keys("x = 1\n") == set(SCHEMA["properties"])
    assert known_keys("[[token]]\nx = 1\n") == set(SCHEMA["properties"]["token"]["items"]["properties"])


def examples_of_the_page():
    with open(os.path.join(source, "docs", "configuration.md"), encoding="utf-8") as file:
        examples = re.findall(r"```toml\n(.*?)```", file.read(), re.S)
    assert len(examples) >= 3
    for example in examples:
        VALIDATOR.validate(tomllib.loads(example))


# Of each key, what is right and what is wrong.
GOOD = [
    "", 'principal = "arn:aws:iam::111122223333:role/app"', 'refresh = "500ms"', 'refresh = "0s"',
    'bulk = "direct"', 'host-reencrypt = "allow"', 'public-key-operations = "token"', 'keygen = "kms"',
    'identity-policies = "policies"', 'audit = "none"', 'audit = "file:log"', 'audit = "syslog"',
    'audit = "journald:/run/x"', 'audit = "file:log"\naudit-required = true',
]
BAD = [
    "principal = 1", 'principal = "alice"', 'principal = "arn:aws:iam::1:root"', 'refresh = "1"', "refresh = 1",
    'refresh = "1d"', 'bulk = "auto"', 'host-reencrypt = "yes"', "host-reencrypt = true",
    'public-key-operations = "hsm"', 'keygen = "none"', "identity-policies = []", 'audit = "file"',
    'audit = "syslog:run"', 'audit = "stdout"', 'audit-required = "true"', "audit-required = true", 'pin-source = "file:pin"',
    'unknown = "x"',
]
GOOD_TOKEN = ['account = "111122223333"', 'region = "eu-central-1"', 'pin-source = "file:pin"',
              'pin-source = "file:///etc/pin"', 'pin-source = "env:PIN_1"',
              'environment = { HSM_CONF = "./hsm.conf" }']
BAD_TOKEN = ["account = 111122223333", 'account = "1111"', 'region = "EU"', 'pin-source = "1234"',
             'pin-source = "env:1X"', 'environment = "A=b"', "environment = { HSM_CONF = 1 }", 'pin-source = "pin"', 'principal = "x"', 'label = "kms"']
BAD_WHOLE = ["", "token = []", '[token]\nmodule = "m"\nuri = "pkcs11:token=kms"', '[[token]]\nmodule = "m"',
             '[[token]]\nuri = "pkcs11:token=kms"', '[[token]]\nmodule = "m"\nuri = "kms"']


def same_verdict():
    cases = [(text + "\n" + TOKEN, True) for text in GOOD] + [(TOKEN + text, True) for text in GOOD_TOKEN]
    cases += [(text + "\n" + TOKEN, False) for text in BAD] + [(TOKEN + text, False) for text in BAD_TOKEN]
    cases += [(text, False) for text in BAD_WHOLE]
    for text, is_good in cases:
        said = complaint(text)
        assert (said is None) == is_good, f"trent: {text}\n{said}"
        assert is_valid(text) == is_good, f"schema: {text}"


def main():
    failed = 0
    cases = {"the keys are those of the command": same_keys, "the examples of the page": examples_of_the_page,
             "the command and the schema agree": same_verdict}
    for number, (name, case) in enumerate(cases.items(), 1):
        try:
            case()
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("# " + (str(error) or repr(error)).replace("\n", "\n# "))
            print(f"not ok {number} - {name}")
        else:
            print(f"ok {number} - {name}")
    print(f"1..{len(cases)}")
    sys.exit(failed > 0)


main()
