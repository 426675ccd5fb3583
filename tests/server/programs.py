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
# Debian's own Python, Ruby and so on, which are the ones with the clients.
PATH = f"{BUILD}/src:/usr/bin:/bin"
GO_PATH = "/usr/share/gocode"


def need(*paths):
    """Skips the case if a package is not installed. Where all have to be, as in CI, it fails then."""
    for path in paths:
        if not os.path.exists(path):
            missing = f"{path} is not there: sh conf/install-deps.sh clients"
            assert "TRENT_TEST_ALL_CLIENTS" not in os.environ, missing
            raise Skip(missing)


def credential(home, *options, principal=PRINCIPAL):
    """What `trent credential create` makes."""
    text = home.trent("credential", "create", "--principal", principal, *options)
    # What it advises stands before or after the JSON.
    return json.loads(text[text.index("{"):text.rindex("}") + 1])


def access_key(home, principal=PRINCIPAL, prefix="AWS"):
    """As environment variables."""
    key = credential(home, principal=principal)["AccessKey"]
    return {prefix + "_ACCESS_KEY_ID": key["AccessKeyId"],
            prefix + "_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def self_signed(home):
    """The paths of a certificate for 127.0.0.1, its own authority, and of its key."""
    certificate, key = str(home.path / "tls.pem"), str(home.path / "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "2", "-subj", "/CN=kms", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def environment_of(home, url, **more):
    """Nothing of the person who runs the tests is in it."""
    environment = {name: value for name, value in home.environment.items() if name in (
        "HOME", "LC_ALL", "SOFTHSM2_CONF", "TRENT_CONF", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
    environment |= {
        "PATH": PATH, "AWS_ENDPOINT_URL_KMS": url,
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

def boto3(program="boto3_client.py"):
    need("/usr/lib/python3/dist-packages/boto3")
    return ["/usr/bin/python3", str(HERE / program)]


def aws_cli(program="aws_cli.sh"):
    need("/usr/bin/aws")
    return ["sh", str(HERE / program)]


def curl():
    need("/usr/bin/curl")
    return ["sh", str(HERE / "curl.sh")]


def go(home, version):
    sdk = {"v1": "aws-sdk-go", "v2": "aws-sdk-go-v2"}[version]
    need("/usr/bin/go", f"{GO_PATH}/src/github.com/aws/{sdk}/service/kms")
    program = SCRATCH / f"go-{version}"
    compile_it(home, ["/usr/bin/go", "build", "-o", program, str(HERE / "go" / version / "main.go")],
               GO111MODULE="off", GOPATH=GO_PATH)
    return [str(program)]


def ruby():
    need("/usr/bin/ruby", "/usr/lib/ruby/vendor_ruby/aws-sdk-kms.rb")
    return ["/usr/bin/ruby", str(HERE / "ruby_client.rb")]


def libkms_message(home):
    need("/usr/include/kms_message")
    program = SCRATCH / "libkms_message"
    compile_it(home, ["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", program,
                      str(HERE / "libkms_message.c"), "-lkms_message"])
    return [str(program)]


def javascript(name):
    modules = SCRATCH / "js" / "node_modules"
    if not (shutil.which("node", path=PATH) and modules.exists()):
        raise Skip("not installed: sh conf/install-deps.sh clients and "
                   "sh tests/server/clients/js/install.sh build")
    # Node.js looks for packages where the program is.
    shutil.copy(HERE / "js" / name, SCRATCH / "js")
    return ["node", str(SCRATCH / "js" / name)]


def compile_it(home, command, **environment):
    SCRATCH.mkdir(exist_ok=True)
    run(command, environment_of(home, "", **environment), home.path)
