# SPDX-License-Identifier: Apache-2.0
"""For tests in Python that talk to a server: a SoftHSM token of the test's own, `trent serve` on
it, and cases reported in TAP."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = pathlib.Path(os.environ.get("TRENT_BUILD", "build")).resolve()
TRENT = str(BUILD / "src" / "trent")
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
ACCOUNT = "111122223333"
# A build with sanitizers is slower.
PATIENCE = float(os.environ.get("TRENT_TEST_PATIENCE", "1"))


class Home:
    """A directory with a token, a configuration and what else a test wants; removed at the end."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="trent-test-"))
        self.servers = []
        tokens = self.path / "tokens"
        tokens.mkdir()
        (self.path / "softhsm2.conf").write_text(
            f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        (self.path / "pin").write_text("1234\n")
        (self.path / "trent.toml").write_text(
            f'[[token]]\naccount = "{ACCOUNT}"\nregion = "us-east-1"\nmodule = "{SOFTHSM}"\n'
            f'uri = "pkcs11:token=kms"\npin-source = "file:{self.path}/pin"\n')
        self.environment = dict(os.environ, HOME=str(self.path), LC_ALL="C.UTF-8",
                                SOFTHSM2_CONF=str(self.path / "softhsm2.conf"),
                                TRENT_CONF=str(self.path / "trent.toml"))
        for name in ("TRENT_DEBUG", "TRENT_ENDPOINT", "XDG_CONFIG_HOME"):
            self.environment.pop(name, None)
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "kms", "--so-pin",
                        "12345678", "--pin", "1234"], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)

    def trent(self, *arguments, check=True):
        """What a command of trent's prints."""
        return subprocess.run([TRENT, *arguments], env=self.environment, check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def serve(self, *options, **keywords):
        """A Server that ends with this home."""
        self.servers.append(Server(self, *options, **keywords))
        return self.servers[-1]

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """`trent serve`. Sockets: .port (the first TCP one), .url, .admin (a Unix socket)."""

    def __init__(self, home, *options, listen=("127.0.0.1:0",), insecure=True, environment=None):
        self.home = home
        self.admin = str(home.path / f"admin-{time.monotonic_ns()}.sock")
        self.log_path = home.path / f"serve-{time.monotonic_ns()}.err"
        arguments = [TRENT, "serve", "--admin", "unix:" + self.admin, *options]
        for address in listen:
            arguments += ["--listen", address]
        if insecure:
            arguments += ["--insecure-as", "root"]
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(arguments, env=environment or home.environment,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        self.urls = []
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.urls.append(line.split()[-1])
            elif line.startswith("health and metrics on "):
                break
        if not self.urls:
            self.process.wait()
            raise RuntimeError("the server did not start: " + self.log())
        self.url = self.urls[0]
        self.port = int(self.url.rsplit(":", 1)[1]) if "://" in self.url else None

    def log(self):
        return self.log_path.read_text()

    def workers(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self, signal_number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(timeout=60)

    def kill(self):
        """The master, without any warning; its workers end by themselves."""
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in workers))

    def get(self, path):
        """Of the admin listener: status and text."""
        connection = UnixConnection(self.admin)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def metric(self, name):
        """The sum of a metric's values, whose labels all start as `name` does."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout * PATIENCE)

    def call(self, operation, members=None, connection=None):
        """An unsigned request: status and JSON (None for an empty body)."""
        own = connection is None
        if own:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * PATIENCE)
        connection.request("POST", "/", json.dumps(members or {}),
                           {"Content-Type": "application/x-amz-json-1.1",
                            "X-Amz-Target": "TrentService." + operation})
        answer = connection.getresponse()
        body = answer.read()
        if own:
            connection.close()
        return answer.status, json.loads(body) if body else None


def is_alive(pid):
    """What has ended may stay as a zombie, where nobody asks for it."""
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30 * PATIENCE)
        self.socket_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def free_port():
    """For a program that has to be told one; nobody else takes it, for now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def is_open(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds=20):
    """Asks again and again; fails if it takes too long."""
    end = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Skip(Exception):
    """Raised by a case that cannot be run here, and says why."""


class Tap:
    """Cases by name; run() runs them in order and exits."""

    def __init__(self):
        self.cases = []

    def case(self, function):
        self.cases.append(function)
        return function

    def run(self, clean_up):
        failures = 0
        try:
            for number, function in enumerate(self.cases, 1):
                try:
                    function()
                    print(f"ok {number} - {function.__name__}")
                except Skip as reason:
                    print(f"ok {number} - {function.__name__} # SKIP {reason}")
                except Exception:  # whatever it is, the next case is run
                    failures += 1
                    print(f"not ok {number} - {function.__name__}")
                    for line in traceback.format_exc().splitlines():
                        print("# " + line)
                sys.stdout.flush()
            print(f"1..{len(self.cases)}")
        finally:
            clean_up()
        sys.exit(1 if failures else 0)
