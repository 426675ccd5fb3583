# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients and others, as they are, against `trent serve`: every request is signed.

Each program in clients/ does the same in its client's own idiom, and prints what it saw: the secret
that it decrypted, the errors by the code that the client knows them by, and how many keys and
aliases there are.
"""

import hashlib
import json

import programs
from harness import ACCOUNT, Home, Skip, Tap, equal
from programs import access_key, run


ERRORS = ["NotFoundException", "InvalidCiphertextException", "IncorrectKeyException",
          "DisabledException", "ValidationException", "InvalidSignatureException"]

tap = Tap()
home = Home()


def start(*options, **keywords):
    return home.serve(*options, insecure=False, **keywords)


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
GUEST = f"arn:aws:iam::{ACCOUNT}:user/guest"
GUESTS_KEY = access_key(home, GUEST, "GUEST")
server = start("--workers", "1")
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


def see_permissions(command):
    """Tags, policies, grants and rotation, by two principals."""
    environment = dict(ENVIRONMENT, OWNER=programs.PRINCIPAL, GUEST=GUEST, **GUESTS_KEY)
    denied = "AccessDeniedException"
    equal(run(command, environment, home.path).splitlines(), [
        "Env=test Team=Payments", "default", denied, denied, denied, "MalformedPolicyDocumentException",
        "the secret", denied, denied, denied, "0 grants", "InvalidGrantIdException",
        "rotated: True", "rotated: False"])


@tap.case
def boto3_permissions():
    see_permissions(programs.boto3("boto3_permissions.py"))


@tap.case
def aws_cli_permissions():
    see_permissions(programs.aws_cli("aws_cli_permissions.sh"))


@tap.case
def curl():
    see_all(programs.curl(), "curl")


@tap.case
def go_version_1():
    see_all(programs.go(home, "v1"), "go1")


@tap.case
def go_version_2():
    see_all(programs.go(home, "v2"), "go2")


@tap.case
def ruby():
    # Debian's is of a time when Decrypt had no KeyId.
    see_all(programs.ruby(), "ruby",
            errors=[error for error in ERRORS if error != "IncorrectKeyException"])


@tap.case
def javascript_version_2():
    see_all(programs.javascript("v2.mjs"), "js2")


@tap.case
def javascript_version_3():
    see_all(programs.javascript("v3.mjs"), "js3")


@tap.case
def encryption_sdk():
    """It encrypts a file of several frames with a data key."""
    program = programs.javascript("encryption_sdk.mjs")
    secret = b"the secret\n" * 1000
    (home.path / "secret").write_bytes(secret)
    calls = [server.metric(f'trent_requests_total{{operation="{name}",code="OK"}}')
             for name in ("GenerateDataKey", "Decrypt")]
    run(program, dict(ENVIRONMENT, KEY_ARN=KEY_ARN), home.path)
    equal((home.path / "secret.decrypted").read_bytes(), secret)
    equal([server.metric(f'trent_requests_total{{operation="{name}",code="OK"}}')
           for name in ("GenerateDataKey", "Decrypt")], [count + 1 for count in calls])


@tap.case
def libkms_message():
    lines = run([*programs.libkms_message(home), "alias/app"], ENVIRONMENT, home.path).splitlines()
    equal(lines, ["the secret", "NotFoundException", "InvalidCiphertextException",
                  "InvalidSignatureException"])


@tap.case
def over_tls():
    """Each takes a private authority from its own environment variable."""
    certificate, key = programs.self_signed(home)
    url = start("--workers", "1", "--tls-cert", certificate, "--tls-key", key).url
    assert url.startswith("https:")
    skipped = []
    for name, variable, program in (
            ("aws-cli", "AWS_CA_BUNDLE", programs.aws_cli), ("boto3", "AWS_CA_BUNDLE", programs.boto3),
            ("curl", "CURL_CA_BUNDLE", programs.curl),
            ("js3", "NODE_EXTRA_CA_CERTS", lambda: programs.javascript("v3.mjs")),
            ("js2", "NODE_EXTRA_CA_CERTS", lambda: programs.javascript("v2.mjs")),
            ("go1", "SSL_CERT_FILE", lambda: programs.go(home, "v1")),
            ("go2", "SSL_CERT_FILE", lambda: programs.go(home, "v2")),
            ("ruby", "SSL_CERT_FILE", programs.ruby)):
        try:
            command = program()
        except Skip:
            skipped.append(name)
            continue
        errors = [error for error in ERRORS if name != "ruby" or error != "IncorrectKeyException"]
        see_all(command, name + "-tls", errors, AWS_ENDPOINT_URL_KMS=url, **{variable: certificate})
    if skipped:
        raise Skip("not with " + ", ".join(skipped))


tap.run(home.close)
