# SPDX-License-Identifier: Apache-2.0
"""Processes of a server that die, are replaced, reloaded and ended while clients call: no wrong
answer, and no failure that one more try does not hide."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

from harness import TRENT, Home, PATIENCE, Tap, equal, wait_until
from load import HttpClient, under_load

# A longer attack by hand: TRENT_RELOADS=100.
RELOADS = int(os.environ.get("TRENT_RELOADS", "5"))
tap = Tap()
home = Home()


def clients_of(server, key, retries):
    return [HttpClient(server, key, retries) for _ in range(4)]


def new_key(server):
    status, answer = server.call("CreateKey")
    equal(status, 200)
    return answer["KeyMetadata"]["KeyId"]


@tap.case
def load_is_dealt_out():
    server = home.serve("--workers", "2")
    connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(8)]
    for connection in connections:
        equal(server.call("ListKeys", connection=connection)[0], 200)
    lines = [line for line in server.get("/metrics")[1].splitlines()
             if line.startswith("trent_connections")]
    counts = sorted(int(line.split()[-1]) for line in lines)
    assert len(counts) == 2 and counts[0] >= 3, lines
    for connection in connections:
        connection.close()


@tap.case
def token_calls_are_timed():
    server = home.serve("--workers", "1")
    key = new_key(server)
    before = server.metric("trent_hsm_call_duration_seconds_count")
    equal(server.call("Encrypt", {"KeyId": key, "Plaintext": "aGk="})[0], 200)
    assert server.metric("trent_hsm_call_duration_seconds_count") > before > 0
    assert server.metric("trent_hsm_call_duration_seconds_sum") > 0


@tap.case
def reloads_refuse_nothing():
    server = home.serve("--workers", "2")
    key = new_key(server)
    before = set(server.workers())

    def reload():
        for _ in range(RELOADS):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
    equal(under_load(clients_of(server, key, 0), reload), 0)
    wait_until(lambda: not before & set(server.workers()))
    wait_until(lambda: len(server.workers()) == 2, 30)
    equal(server.metric("trent_worker_deaths_total"), 0)


@tap.case
def workers_are_replaced_after_so_many_requests():
    server = home.serve("--workers", "2", "--requests-per-worker", "100")
    key = new_key(server)
    equal(under_load(clients_of(server, key, 0), lambda: None, least=300), 0)
    assert server.metric("trent_worker_starts_total") >= 5
    equal(server.metric("trent_worker_deaths_total"), 0)


@tap.case
def workers_that_have_grown_are_replaced():
    # Less than one has from the start: each second, one is replaced.
    server = home.serve("--workers", "2", "--memory-per-worker", "1")
    key = new_key(server)
    equal(under_load(clients_of(server, key, 0), lambda: wait_until(
        lambda: server.metric("trent_worker_starts_total") >= 5)), 0)
    equal(server.metric("trent_worker_deaths_total"), 0)


@tap.case
def a_worker_that_is_killed_is_replaced():
    server = home.serve("--workers", "2")
    key = new_key(server)

    def kill():
        for _ in range(3):
            os.kill(server.workers()[0], signal.SIGKILL)
            time.sleep(0.5)
    under_load(clients_of(server, key, 3), kill)
    wait_until(lambda: len(server.workers()) == 2)
    equal(server.metric("trent_worker_deaths_total"), 3)


@tap.case
def a_worker_that_is_told_to_end_loses_nothing():
    server = home.serve("--workers", "2")
    key = new_key(server)
    equal(under_load(clients_of(server, key, 0),
                     lambda: os.kill(server.workers()[0], signal.SIGTERM)), 0)
    wait_until(lambda: len(server.workers()) == 2)


@tap.case
def workers_end_with_their_master():
    server = home.serve("--workers", "2")
    server.kill()
    # The port is free for the next one.
    home.serve(listen=(f"127.0.0.1:{server.port}",)).stop()


@tap.case
def sigterm_answers_what_is_under_way():
    server = home.serve("--workers", "1")
    half = server.connect()
    head = (b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n")
    half.sendall(head + b"{")
    idle = server.connect()
    idle.sendall(head + b"{}")
    assert idle.recv(65536).startswith(b"HTTP/1.1 200 OK")
    new, silent = server.connect(), server.connect()
    time.sleep(0.2)
    server.process.send_signal(signal.SIGTERM)
    equal(idle.recv(10), b"")
    # It was connected in time, and sends its first request now.
    new.sendall(head + b"{}")
    assert new.recv(65536).startswith(b"HTTP/1.1 200 OK")
    equal(silent.recv(10), b"")
    half.sendall(b"}")
    answer = half.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 OK") and b"Connection: close" in answer, answer
    equal(server.process.wait(timeout=20), 0)


@tap.case
def a_token_that_goes_away_comes_back():
    server = home.serve("--workers", "2")
    key = new_key(server)
    tokens, away = home.path / "tokens", home.path / "away"
    tokens.rename(away)
    try:
        wait_until(lambda: server.get("/readyz")[0] == 503)
        for _ in range(10):
            status, answer = server.call("DescribeKey", {"KeyId": key})
            if status == 500:
                assert answer["__type"] in ("KMSInternalException",
                                            "KeyUnavailableException"), answer
        equal(server.call("Encrypt", {"KeyId": key, "Plaintext": "aGVsbG8="})[0], 500)
        equal(server.get("/healthz")[0], 200)
    finally:
        away.rename(tokens)
    wait_until(lambda: server.get("/readyz")[0] == 200)
    wait_until(lambda: all(server.call("Encrypt", {"KeyId": key, "Plaintext": "aGVsbG8="})[0] == 200
                           for _ in range(5)))
    equal(server.metric("trent_worker_deaths_total"), 0)


@tap.case
def too_many_requests_are_throttled():
    server = home.serve("--workers", "1", "--threads", "1", "--queue", "1")
    answers = []

    def call():
        for _ in range(20):
            answers.append(server.call("CreateKey"))
    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for status, answer in answers if status != 200]
    assert refused and all(answer["__type"] == "ThrottlingException" for answer in refused)
    equal(server.metric("trent_throttled_total"), len(refused))


@tap.case
def a_principal_has_so_many_requests():
    server = home.serve("--workers", "1", "--requests-per-second", "5")
    statuses = [server.call("ListKeys")[0] for _ in range(30)]
    equal(statuses[:10], [200] * 10)
    assert 400 in statuses


@tap.case
def a_full_disk_loses_log_lines_and_nothing_else():
    server = home.serve("--workers", "1", "--access-log", "/dev/full")
    for _ in range(5):
        equal(server.call("ListKeys")[0], 200)
    equal(server.metric("trent_log_lines_lost_total"), 5)


@tap.case
def the_access_log_tells_who_did_what():
    path = home.path / "access.log"
    server = home.serve("--workers", "1", "--access-log", str(path))
    key = new_key(server)
    equal(server.call("Encrypt", {"KeyId": key, "Plaintext": "c2VjcmV0IQ=="})[0], 200)
    equal(server.call("Encrypt", {"KeyId": key})[0], 400)
    # A rotated file is let go of at a reload.
    path.rename(home.path / "access.log.1")
    server.process.send_signal(signal.SIGHUP)
    wait_until(path.exists)
    lines = [json.loads(line) for line in (home.path / "access.log.1").read_text().splitlines()]
    equal([line["operation"] for line in lines], ["CreateKey", "Encrypt", "Encrypt"])
    equal([line["code"] for line in lines], ["OK", "OK", "ValidationException"])
    assert lines[0]["keys"][0].endswith(key) and lines[1]["keys"][0].endswith(key)
    assert "c2VjcmV0IQ" not in (home.path / "access.log.1").read_text()


def refuses_to_start(code, *arguments, says, environment=None):
    done = subprocess.run([TRENT, "serve", *arguments], env=environment or home.environment,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60 * PATIENCE)
    equal(done.returncode, code)
    assert says in done.stdout, done.stdout


@tap.case
def what_cannot_be_served_is_said_at_the_start():
    refuses_to_start(253, "--listen", "0.0.0.0:0", says="--tls-cert")
    refuses_to_start(253, "--listen", "0.0.0.0:0", "--insecure-as", "root", "--tls-cert", "a",
                     "--tls-key", "b", says="--insecure-as")
    refuses_to_start(252, "--listen", "localhost", says="has no port")
    refuses_to_start(252, "--listen", "example.com:80", says="no IP address")
    refuses_to_start(252, "--listen", "127.0.0.1:70000", says="0 to 65535")
    refuses_to_start(252, "--listen", "127.0.0.1:0,password", says="password")
    refuses_to_start(252, "--workers", "0", says="--workers")
    for nobody in ("alice", "roott", "arn:aws:kms:us-east-1:111122223333:key/1"):
        refuses_to_start(252, "--insecure-as", nobody, says="--insecure-as takes the ARN")
    refuses_to_start(252, "--tls-cert", "a", says="--tls-key")
    refuses_to_start(253, "--listen", "fd:0", "--insecure-as", "root",
                     says="no socket that listens")
    refuses_to_start(253, "--listen", "127.0.0.1:0", "--tls-cert", "/nonexistent", "--tls-key",
                     "/nonexistent", "--insecure-as", "root", says="/nonexistent")
    refuses_to_start(253, "--listen", "unix:" + "a" * 200, "--insecure-as", "root", says="too long")
    refuses_to_start(253, "--listen", f"unix:{home.path}/pin", "--insecure-as", "root",
                     says="is no socket")
    refuses_to_start(253, "--listen", "127.0.0.1:0,bearer", "--insecure-as", "root",
                     says="bearer token in clear")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refuses_to_start(253, "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--insecure-as",
                         "root", says="Another server has it")
    refuses_to_start(253, "--insecure-as", "root", says="trent init",
                     environment=dict(home.environment, TRENT_CONF="/nonexistent"))


@tap.case
def a_wrong_pin_is_said_at_the_start():
    pin = home.path / "pin"
    pin.write_text("4321\n")
    try:
        refuses_to_start(253, "--listen", "127.0.0.1:0", "--insecure-as", "root", says="PIN")
    finally:
        pin.write_text("1234\n")


@tap.case
def a_token_without_pin_source_is_refused():
    other = home.path / "asks.toml"
    other.write_text("\n".join(line for line in (home.path / "trent.toml").read_text().splitlines()
                               if not line.startswith("pin-source")))
    refuses_to_start(253, "--config", str(other), "--insecure-as", "root", says="pin-source")


@tap.case
def a_reload_with_a_wrong_configuration_changes_nothing():
    server = home.serve("--workers", "1")
    configuration = home.path / "trent.toml"
    text = configuration.read_text()
    configuration.write_text("nonsense")
    try:
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the old ones go on" in server.log())
        equal(server.call("ListKeys")[0], 200)
    finally:
        configuration.write_text(text)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.metric("trent_worker_starts_total") == 3)
    equal(server.call("ListKeys")[0], 200)


@tap.case
def sockets_are_taken_over_from_systemd():
    listening = socket.create_server(("127.0.0.1", 0))
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notified.bind(str(home.path / "notify"))
    notified.settimeout(30 * PATIENCE)
    script = (f"import os; os.dup2({listening.fileno()}, 3); os.set_inheritable(3, True); "
              "os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1'; "
              f"os.execv({TRENT!r}, ['trent', 'serve', '--insecure-as', 'root'])")
    process = subprocess.Popen(["python3", "-c", script],
                               env=dict(home.environment, NOTIFY_SOCKET=str(home.path / "notify")),
                               pass_fds=[listening.fileno()], stdout=subprocess.PIPE, text=True)
    try:
        equal(notified.recv(200).split(b"\n")[0], b"READY=1")
        port = listening.getsockname()[1]
        equal(process.stdout.readline(), f"listening on http://127.0.0.1:{port}\n")
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/healthz")
        equal(connection.getresponse().status, 200)
    finally:
        process.terminate()
    equal(process.wait(timeout=20 * PATIENCE), 0)
    equal(notified.recv(200), b"STOPPING=1")


@tap.case
def a_unix_socket_is_cleaned_up():
    path = home.path / "kms.sock"
    server = home.serve(listen=(f"unix:{path}",))
    equal(server.url, f"unix:{path}")
    refuses_to_start(253, "--listen", f"unix:{path}", "--insecure-as", "root",
                     says="Another server")
    server.kill()
    assert path.exists()
    again = home.serve(listen=(f"unix:{path}",))
    again.stop()
    assert not path.exists()


tap.run(home.close)
