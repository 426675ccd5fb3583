# SPDX-License-Identifier: Apache-2.0
"""nginx in front, with the file of conf/: TLS is nginx's, and the signature is still checked."""

import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import PATIENCE, Home, Tap, equal, free_port, is_open, wait_until
from load import SdkClient, under_load
from programs import access_key, self_signed

NGINX = "/usr/sbin/nginx"
if not shutil.which(NGINX):
    print("1..0 # SKIP nginx is not installed")
    sys.exit(0)

tap = Tap()
home = Home()
SOCKET = home.path / "kms.sock"
key_pair = list(access_key(home).values())
certificate, certificate_key = self_signed(home)


def serve():
    return home.serve("--workers", "2", listen=(f"unix:{SOCKET}",), insecure=False)


def start_nginx():
    port = free_port()
    text = (pathlib.Path(__file__).parents[2] / "conf" / "nginx.conf").read_text()
    for theirs, ours in (("listen 8443", f"listen 127.0.0.1:{port}"),
                         ("/run/trent/kms.sock", str(SOCKET)), ("/etc/trent/tls.crt", certificate),
                         ("/etc/trent/tls.key", certificate_key)):
        assert theirs in text, theirs
        text = text.replace(theirs, ours)
    # Its workers would be another user, who cannot come to the socket.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (home.path / "nginx.conf").write_text(
        f"{user}daemon off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n"
        "client_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n"
        f"uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{text}\n}}\n")
    with open(home.path / "nginx.log", "w") as log:
        process = subprocess.Popen([NGINX, "-p", str(home.path), "-c", str(home.path / "nginx.conf"),
                                    "-e", "stderr"], stdout=log, stderr=log)

    def answers():
        assert process.poll() is None, (home.path / "nginx.log").read_text()
        return is_open(port)
    wait_until(answers)
    return process, port


server = serve()
nginx, PORT = start_nginx()


def sdk(secret=None, **options):
    session = botocore.session.Session()
    session.set_credentials(key_pair[0], secret or key_pair[1])
    return session.create_client(
        "kms", region_name="us-east-1", endpoint_url=f"https://127.0.0.1:{PORT}", verify=certificate,
        config=Config(retries={"mode": "standard", "total_max_attempts": 5},
                      read_timeout=30 * PATIENCE, **options))


def error_of(call, **members):
    try:
        call(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("it was done")


def https(request):
    """The first line of the answer."""
    context = ssl.create_default_context(cafile=certificate)
    with socket.create_connection(("127.0.0.1", PORT), 30 * PATIENCE) as plain, \
            context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
        encrypted.sendall(request)
        return encrypted.recv(4096).split(b"\r\n")[0].decode()


@tap.case
def signed_requests_come_through():
    kms = sdk()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    kms.create_alias(AliasName="alias/a", TargetKeyId=keys[0])
    blob = kms.encrypt(KeyId="alias/a", Plaintext=b"x" * 4096)["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=keys[1],
                           DestinationEncryptionContext={"a": "b"})["CiphertextBlob"]
    equal(kms.decrypt(CiphertextBlob=moved, EncryptionContext={"a": "b"})["Plaintext"], b"x" * 4096)
    equal(error_of(kms.decrypt, CiphertextBlob=moved), "InvalidCiphertextException")
    equal(error_of(kms.describe_key, KeyId="alias/b"), "NotFoundException")


@tap.case
def a_wrong_signature_does_not():
    equal(error_of(sdk(secret="wrong").list_keys), "InvalidSignatureException")


@tap.case
def what_is_no_operation_ends_at_nginx():
    head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    equal(https(b"GET /healthz" + head + b"\r\n"), "HTTP/1.1 404 Not Found")
    equal(https(b"POST /" + head + b"Content-Length: 1048577\r\n\r\n"),
          "HTTP/1.1 413 Request Entity Too Large")
    equal(https(b"POST /" + head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          "HTTP/1.1 400 Bad Request")


@tap.case
def a_reload_of_either_is_not_seen():
    key = sdk().create_key()["KeyMetadata"]["KeyId"]

    def reload():
        for _ in range(2):
            before = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: not before & set(server.workers()))
            nginx.send_signal(signal.SIGHUP)
    under_load([SdkClient(sdk(), key) for _ in range(4)], reload)


@tap.case
def a_server_that_was_away_is_used_again():
    global server
    kms = sdk()
    kms.list_keys()
    server.stop()
    equal(https(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"),
          "HTTP/1.1 502 Bad Gateway")
    server = serve()
    kms.list_keys()


def clean_up():
    nginx.send_signal(signal.SIGQUIT)
    nginx.wait()
    home.close()


tap.run(clean_up)
