# SPDX-License-Identifier: Apache-2.0
"""Three servers that share a token and nothing else, as three hosts do, behind HAProxy with the
file of conf/: one key store, and the death of one server loses no more than what it was doing."""

import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import botocore.session
from botocore.config import Config

from harness import PATIENCE, Home, Tap, equal, free_port, is_open, wait_until
from load import SdkClient, under_load
from programs import access_key

if not shutil.which("haproxy"):
    print("1..0 # SKIP HAProxy is not installed")
    sys.exit(0)

tap = Tap()
home = Home()
NAMES = "abc"
key_pair = []
environments = []
servers = []
proxy = None


def sdk(port):
    """The SDK's client as it is, but for its patience with a server that is busy."""
    session = botocore.session.Session()
    session.set_credentials(*key_pair)
    return session.create_client(
        "kms", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(retries={"mode": "standard", "total_max_attempts": 5},
                      read_timeout=30 * PATIENCE))


def start(number, port=0):
    return home.serve("--workers", "1", listen=(f"127.0.0.1:{port}",), insecure=False,
                      environment=environments[number])


def start_everything():
    global proxy
    for name in NAMES:
        place = home.path / f"host-{name}"
        (place / "run").mkdir(parents=True)
        shutil.copy(home.path / "trent.toml", place)
        environments.append(dict(home.environment, HOME=str(place), TMPDIR=str(place),
                                 XDG_RUNTIME_DIR=str(place / "run"),
                                 TRENT_CONF=str(place / "trent.toml")))
    key_pair[:] = access_key(home).values()
    # Its secret is in the token, which all have; the file that names it is each host's own.
    for name in NAMES:
        shutil.copy(home.path / "credentials.toml", home.path / f"host-{name}")
    servers.extend(start(number) for number in range(len(NAMES)))
    port = free_port()
    text = (pathlib.Path(__file__).parents[2] / "conf" / "haproxy.cfg").read_text()
    text = text.replace("bind 127.0.0.1:8080", f"bind 127.0.0.1:{port}")
    for number, name in enumerate(NAMES):
        text, changed = re.subn(rf"server {name} 127\.0\.0\.1:\d+",
                                f"server {name} 127.0.0.1:{servers[number].port}", text)
        equal(changed, 1)
    (home.path / "haproxy.cfg").write_text(text)
    proxy = subprocess.Popen(["haproxy", "-db", "-f", str(home.path / "haproxy.cfg")],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: is_open(port))
    return port


PORT = start_everything()


def requests_of_each():
    return [server.metric("trent_requests_total") for server in servers]


@tap.case
def what_one_made_the_others_use_at_once():
    direct = [sdk(server.port) for server in servers]
    for turn in range(12):
        maker, user, third = (direct[(turn + offset) % 3] for offset in range(3))
        key = maker.create_key(Description=f"turn {turn}")["KeyMetadata"]["KeyId"]
        blob = user.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        third.create_alias(AliasName=f"alias/turn-{turn}", TargetKeyId=key)
        moved = maker.re_encrypt(CiphertextBlob=blob, DestinationKeyId=f"alias/turn-{turn}",
                                 DestinationEncryptionContext={"a": "b"})["CiphertextBlob"]
        equal(user.decrypt(CiphertextBlob=moved, EncryptionContext={"a": "b"})["Plaintext"],
              b"secret")
        equal(third.describe_key(KeyId=key)["KeyMetadata"]["Description"], f"turn {turn}")


@tap.case
def a_change_of_state_is_seen_by_all_in_a_moment():
    direct = [sdk(server.port) for server in servers]
    key = direct[0].create_key()["KeyMetadata"]["KeyId"]
    for client in direct:
        client.encrypt(KeyId=key, Plaintext=b"x")
    direct[1].disable_key(KeyId=key)
    time.sleep(1.1)  # `refresh` of the configuration
    for client in direct:
        try:
            client.encrypt(KeyId=key, Plaintext=b"x")
            raise AssertionError("a disabled key was used")
        except client.exceptions.DisabledException:
            pass


@tap.case
def one_that_is_killed_under_load_is_not_missed():
    key = sdk(PORT).create_key()["KeyMetadata"]["KeyId"]
    clients = [SdkClient(sdk(PORT), key) for _ in range(6)]
    before = requests_of_each()

    def kill():
        port = servers[1].port
        assert all(now > then for now, then in zip(requests_of_each(), before))
        servers[1].kill()
        time.sleep(0.5)
        servers[1] = start(1, port)
        wait_until(lambda: servers[1].metric("trent_requests_total") > 20)
    under_load(clients, kill)


@tap.case
def one_that_is_told_to_end_loses_nothing():
    key = sdk(PORT).create_key()["KeyMetadata"]["KeyId"]

    def stop():
        equal(servers[2].stop(signal.SIGTERM), 0)
    under_load([SdkClient(sdk(PORT), key) for _ in range(6)], stop)


def clean_up():
    if proxy:
        proxy.terminate()
        proxy.wait()
    home.close()


tap.run(clean_up)
