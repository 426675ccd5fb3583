# SPDX-License-Identifier: Apache-2.0
"""Changes of credentials.toml under a server that runs: they count without a reload, and a file that
cannot be used changes nothing."""

import json
import subprocess
import time

from harness import PATIENCE, TRENT, Home, Tap, equal, wait_until
from programs import access_key

BOB = "arn:aws:iam::111122223333:user/bob"
UNKNOWN = "UnrecognizedClientException"

tap = Tap()
home = Home()
ALICE = access_key(home)
server = home.serve("--workers", "2", insecure=False)


def answer(key):
    """What the holder of an access key gets: the error's name, or "OK"."""
    done = subprocess.run([TRENT, "list-keys", "--endpoint-url", server.url],
                          env=dict(home.environment, AWS_REGION="us-east-1", **key), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * PATIENCE)
    return "OK" if done.returncode == 0 else done.stderr.split("(")[1].split(")")[0]


def counts(key, wanted):
    """Within two seconds, in both workers."""
    workers = server.workers()
    time.sleep(2 * PATIENCE)
    equal([answer(key) for _ in range(4)], [wanted] * 4)
    equal(server.workers(), workers)


def change(verb, key):
    home.trent("credential", verb, "--access-key-id", key["AWS_ACCESS_KEY_ID"])


@tap.case
def a_new_access_key_is_let_in():
    equal(answer(ALICE), "OK")
    key = access_key(home, BOB)
    counts(key, "OK")
    change("disable", key)
    counts(key, UNKNOWN)
    equal(answer(ALICE), "OK")


@tap.case
def a_deleted_access_key_is_refused():
    key = access_key(home, BOB)
    counts(key, "OK")
    change("delete", key)
    counts(key, UNKNOWN)
    assert server.log().count("The credentials were read anew: ") >= 2, server.log()


@tap.case
def a_file_that_cannot_be_used_changes_nothing():
    path = home.path / "credentials.toml"
    text = path.read_text()
    said = "cannot be used; the old ones stay: "
    path.write_text(text + "nonsense")
    counts(ALICE, "OK")
    equal(server.log().count(said), 1)
    path.write_text(text)
    counts(ALICE, "OK")
    path.chmod(0o644)
    wait_until(lambda: server.log().count(said) == 2)
    path.chmod(0o600)
    key = access_key(home, BOB)
    counts(key, "OK")
    equal(server.log().count(said), 2)


@tap.case
def a_secret_that_is_gone_from_the_token_is_an_unknown_key():
    key = access_key(home, BOB)
    subprocess.run(["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label",
                    "kms", "--login", "--pin", "1234", "--delete-object", "--type", "secrkey",
                    "--label", "trent/credential/" + key["AWS_ACCESS_KEY_ID"]],
                   env=home.environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    counts(key, UNKNOWN)
    assert server.metric('trent_auth_failures_total{reason="no_secret"') >= 4
    equal(json.loads(home.trent("list-keys"))["Keys"], [])


tap.run(home.close)
