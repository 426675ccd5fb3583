# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients and others, as they are, against `trent serve`: every request is signed.

Each program in clients/ does the same in its client's own idiom, and prints what it saw: the secret
that it decrypted, the errors by the code that the client knows them by, and how many keys and
aliases there are. The other cases run what docs/clients.md tells readers to paste.
"""

import hashlib
import json

import programs
from harness import Home, Server, Tap, equal
from programs import access_key, credential, run


ERRORS = ["NotFoundException", "InvalidCiphertextException", "IncorrectKeyException",
          "DisabledException", "ValidationException", "InvalidSignatureException"]

tap = Tap()
home = Home()
servers = []


def start(*options, **keywords):
    servers.append(Server(home, *options, insecure=False, **keywords))
    return servers[-1]


def session():
    """An access key with a session token, as environment variables."""
    key, token = access_key(home), "the session token"
    path = home.path / "credentials.toml"
    line = f'access-key-id = "{key["AWS_ACCESS_KEY_ID"]}"\n'
    text = path.read_text()
    assert line in text
    digest = hashlib.sha256(token.encode()).hexdigest()
    path.write_text(text.replace(line, f'{line}session-token-sha256 = "{digest}"\n'))
    return dict(key, AWS_SESSION_TOKEN=token)


for _ in range(4):
    home.trent("create-key")
KEY_ARN = json.loads(home.trent("create-key"))["KeyMetadata"]["Arn"]
home.trent("create-alias", "--alias-name", "alias/app", "--target-key-id", KEY_ARN)
ACCESS_KEY, SESSION = access_key(home), session()
BEARER = credential(home, "--bearer")["BearerToken"]["Token"]
SOCKET = str(home.path / "kms.sock")
server = start("--workers", "1", listen=("127.0.0.1:0", f"unix:{SOCKET},bearer"))
ENVIRONMENT = programs.environment_of(home, server.url, **ACCESS_KEY)


def count():
    """How many keys and aliases there are."""
    return (len(json.loads(home.trent("list-keys", "--limit", "1000"))["Keys"]),
            len(json.loads(home.trent("list-aliases", "--limit", "100"))["Aliases"]))


def see_all(command, name, errors=ERRORS, **environment):
    """A program of clients/, which makes two keys and two aliases."""
    keys, aliases = count()
    lines = run([*command, name], dict(ENVIRONMENT, **environment), home.path).splitlines()
    equal(lines, ["the secret", *errors, f"{keys + 2} keys", f"{aliases + 2} aliases"])


@tap.case
def boto3():
    see_all(programs.boto3(), "boto3")


@tap.case
def boto3_with_a_session_token():
    see_all(programs.boto3(), "session", **SESSION)


@tap.case
def aws_cli():
    see_all(programs.aws_cli(), "aws-cli")


@tap.case
def curl():
    see_all(programs.curl(), "curl")


def clean_up():
    for each in servers:
        each.stop()
    home.close()


tap.run(clean_up)
