# SPDX-License-Identifier: Apache-2.0
"""The programs in clients/, each in the idiom of a client of AWS's: how they are started, and in
which environment they find a server and an access key."""

import json
import os
import pathlib
import shutil
import subprocess

from harness import ACCOUNT, BUILD, PATIENCE, Skip

HERE = pathlib.Path(__file__).resolve().parent / "clients"
SCRATCH = BUILD / "clients"
PRINCIPAL = f"arn:aws:iam::{ACCOUNT}:user/app"


def need(*paths, how="sh conf/install-deps.sh clients"):
    for path in paths:
        if not os.path.exists(path):
            raise Skip("not installed: " + how)


def credential(home, *options):
    """What `trent credential create` makes."""
    text = home.trent("credential", "create", "--principal", PRINCIPAL, *options)
    # What it advises stands before or after the JSON.
    return json.loads(text[text.index("{"):text.rindex("}") + 1])


def access_key(home):
    """As environment variables."""
    key = credential(home)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def environment_of(home, url, **more):
    """Nothing of the person who runs the tests is in it. The path is that of Debian's own Python,
    Ruby and so on, which are the ones with the clients."""
    environment = {name: value for name, value in home.environment.items() if name in (
        "HOME", "LC_ALL", "SOFTHSM2_CONF", "TRENT_CONF", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
    environment |= {
        "PATH": f"{BUILD}/src:/usr/bin:/bin", "AWS_ENDPOINT_URL_KMS": url,
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true", "GOCACHE": str(SCRATCH / "go-cache")}
    return environment | more


def run(command, environment, directory):
    """What a command prints; all that it says, if it fails."""
    done = subprocess.run(command, env=environment, cwd=directory, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=200 * PATIENCE)
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


# Each gives the command that starts the client's program, or skips the case.

def boto3():
    need("/usr/lib/python3/dist-packages/boto3")
    return ["/usr/bin/python3", str(HERE / "boto3_client.py")]


def aws_cli():
    need("/usr/bin/aws")
    return ["sh", str(HERE / "aws_cli.sh")]


def curl():
    need("/usr/bin/curl")
    return ["sh", str(HERE / "curl.sh")]
