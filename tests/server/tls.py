# SPDX-License-Identifier: Apache-2.0
"""`trent serve` over TLS: who is let in, who is kept out, and by which certificate."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import warnings

from harness import ACCOUNT, PATIENCE, Home, Tap, UnixConnection, equal, wait_until
from programs import access_key, credential

tap = Tap()
home = Home()
KINDS = {"DNS": "client.example", "URI": "spiffe://example/app", "email": "app@example.com"}


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=home.path, env=home.environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".pem", "-subj", f"/CN={name}", "-days", "2")


def certificate(name, names, *more, issuer="ca", common_name="anybody", days="2"):
    """NAME.pem, of that authority and with these subject alternative names, and NAME.key."""
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", f"/CN={common_name}",
            *(["-addext", "subjectAltName=" + names] if names else []), *more)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", issuer + ".pem", "-CAkey",
            issuer + ".key", "-CAcreateserial", "-copy_extensions", "copyall", "-days", days,
            "-out", name + ".pem")


def revoked(*names, until="2099"):
    """The path of the list of "ca", with these certificates on it, which is good up to that year."""
    (home.path / "index.txt").write_text("")
    (home.path / "crl.cnf").write_text("[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\n"
                                       "default_md = sha256\n")
    authority = ["-config", "crl.cnf", "-cert", "ca.pem", "-keyfile", "ca.key"]
    for name in names:
        openssl("ca", *authority, "-revoke", name + ".pem")
    openssl("ca", *authority, "-gencrl", "-crl_lastupdate", "20200101000000Z",
            "-crl_nextupdate", until + "0101000000Z", "-out", "new-crl.pem")
    path = home.path / "crl.pem"
    (home.path / "new-crl.pem").rename(path)
    return str(path)


def trust(client=None, ca="ca", **versions):
    """What a client has: the authority that it trusts, and its own certificate."""
    context = ssl.create_default_context(cafile=str(home.path / (ca + ".pem")))
    if client:
        context.load_cert_chain(home.path / (client + ".pem"), home.path / (client + ".key"))
    for name, version in versions.items():
        setattr(context, name, version)
    return context


def call(server, context, headers=None, operation="ListKeys"):
    """Status, and the name of the error or none."""
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context,
                                             timeout=30 * PATIENCE)
    try:
        connection.request("POST", "/", "{}", {"Content-Type": "application/json",
                                               "X-Amz-Target": "TrentService." + operation,
                                               **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("__type")
    finally:
        connection.close()


def start(*options, certificate_name="server", listen=("127.0.0.1:0,signature,certificate,bearer",),
          **keywords):
    return home.serve("--workers", "1", "--tls-cert", str(home.path / (certificate_name + ".pem")),
                      "--tls-key", str(home.path / (certificate_name + ".key")), *options,
                      listen=listen, insecure=False, **keywords)


def principal(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def last_caller():
    line = json.loads(LOG.read_text().splitlines()[-1])
    return line.get("principal"), line.get("authentication")


for each in ("ca", "other-ca"):
    authority(each)
certificate("server", "IP:127.0.0.1")
certificate("elsewhere", "DNS:elsewhere.example")
for kind, value in KINDS.items():
    certificate(kind, f"{kind}:{value}")
certificate("several", "DNS:unknown.example,URI:" + KINDS["URI"])
certificate("nameless", None, common_name=KINDS["DNS"])
certificate("stranger", "DNS:stranger.example")
certificate("impostor", "DNS:" + KINDS["DNS"], issuer="other-ca")
certificate("disabled", "DNS:disabled.example")
certificate("late", "DNS:late.example")
certificate("old", "DNS:" + KINDS["DNS"], days="0")
certificate("of-a-server", "DNS:" + KINDS["DNS"], "-addext", "extendedKeyUsage=serverAuth")

access_key(home)
TOKEN = credential(home, "--bearer", principal=principal("bearer"))["BearerToken"]["Token"]
BEARER = {"Authorization": "Bearer " + TOKEN}
with open(home.path / "credentials.toml", "a") as file:
    for kind, value in KINDS.items():
        file.write(f'\n[[principal]]\narn = "{principal(kind)}"\n'
                   f'certificate = "{kind}:{value}"\n')
    file.write(f'\n[[principal]]\narn = "{principal("disabled")}"\n'
               'certificate = "DNS:disabled.example"\ndisabled = true\n'
               f'\n[[principal]]\narn = "{principal("late")}"\n'
               'certificate = "DNS:late.example"\nexpires = 2020-01-01T00:00:00Z\n')
LOG = home.path / "access.log"
server = start("--tls-client-ca", str(home.path / "ca.pem"), "--access-log", str(LOG))


def refused_handshake(context, port=None):
    """What either side says; empty if the server serves."""
    try:
        with socket.create_connection(("127.0.0.1", port or server.port), 20 * PATIENCE) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
            # With TLS 1.3, a client hears what is wrong with its certificate when it reads.
            encrypted.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = encrypted.recv(100)
            return "" if answer.startswith(b"HTTP/1.1 200 ") else f"closed: {answer!r}"
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        return str(error)


def still_serves():
    equal(call(server, trust("DNS")), (200, None))


@tap.case
def versions_1_2_and_1_3():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        equal(call(server, trust("DNS", minimum_version=version, maximum_version=version)),
              (200, None))


@tap.case
def no_older_version():
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = trust()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        # The server says so: it is not the client that gives up.
        assert "ALERT_PROTOCOL_VERSION" in refused_handshake(context).upper()
    still_serves()


@tap.case
def a_client_refuses_another_authority():
    assert "CERTIFICATE_VERIFY_FAILED" in refused_handshake(trust(ca="other-ca"))
    still_serves()


@tap.case
def a_client_refuses_another_name():
    other = start(certificate_name="elsewhere")
    assert "CERTIFICATE_VERIFY_FAILED" in refused_handshake(trust(), other.port)


@tap.case
def the_name_in_a_certificate_is_a_principal():
    for kind in KINDS:
        equal(call(server, trust(kind)), (200, None))
        equal(last_caller(), (principal(kind), "certificate"))
    equal(call(server, trust("several")), (200, None))
    equal(last_caller(), (principal("URI"), "certificate"))


@tap.case
def no_other_certificate_lets_in():
    missing = (400, "MissingAuthenticationTokenException")
    # A common name is no name.
    for client in ("stranger", "nameless", "disabled", None):
        equal(call(server, trust(client)), missing)
    equal(call(server, trust("late")), (400, "ExpiredTokenException"))


@tap.case
def certificates_that_do_not_verify_end_the_handshake():
    assert "UNKNOWN_CA" in refused_handshake(trust("impostor"))
    assert "UNSUPPORTED_CERTIFICATE" in refused_handshake(trust("of-a-server"))
    wait_until(lambda: "EXPIRED" in refused_handshake(trust("old")))
    still_serves()


@tap.case
def a_certificate_on_the_list_is_refused():
    def is_revoked(client):
        return "CERTIFICATE_REVOKED" in refused_handshake(trust(client), other.port)
    other = start("--tls-client-ca", str(home.path / "ca.pem"), "--tls-client-crl", revoked("URI"))
    assert is_revoked("URI")
    for client in ("DNS", None):
        equal(refused_handshake(trust(client), other.port), "")
    revoked("URI", "DNS")
    other.process.send_signal(signal.SIGHUP)
    wait_until(lambda: is_revoked("DNS"))
    assert is_revoked("URI")
    equal(refused_handshake(trust("email"), other.port), "")


@tap.case
def an_expired_list_lets_no_certificate_in():
    other = start("--tls-client-ca", str(home.path / "ca.pem"), "--tls-client-crl",
                  revoked("URI", until="2021"))
    for client in ("DNS", "URI"):
        assert refused_handshake(trust(client), other.port) != ""
    equal(refused_handshake(trust(), other.port), "")


@tap.case
def a_list_that_cannot_be_used():
    for text in (None, "nonsense", (home.path / "ca.pem").read_text()):
        path = home.path / "bad-crl.pem"
        if text is not None:
            path.write_text(text)
        said = home.trent("serve", "--listen", "127.0.0.1:0", "--tls-cert",
                          str(home.path / "server.pem"), "--tls-key",
                          str(home.path / "server.key"), "--tls-client-ca",
                          str(home.path / "ca.pem"), "--tls-client-crl", str(path), check=False)
        assert "bad-crl.pem cannot be used" in said and "gencrl" in said, said
    said = home.trent("serve", "--tls-client-crl", str(home.path / "ca.pem"), check=False)
    assert "--tls-client-crl needs --tls-client-ca" in said, said


def is_resumed(server, context):
    """Whether a second connection goes on with the TLS session of the first."""
    session = None
    for _ in range(2):
        with server.connect() as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as encrypted:
            encrypted.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert encrypted.recv(100).startswith(b"HTTP/1.1 200 ")
            session, resumed = encrypted.session, encrypted.session_reused
    return resumed


@tap.case
def a_certificate_is_verified_in_each_connection():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        versions = {"minimum_version": version, "maximum_version": version}
        assert not is_resumed(server, trust("DNS", **versions))
        assert is_resumed(start(), trust(**versions))


@tap.case
def a_listener_takes_certificates_only_if_it_says_so():
    other = start("--tls-client-ca", str(home.path / "ca.pem"), listen=("127.0.0.1:0",))
    equal(call(other, trust("DNS")), (400, "MissingAuthenticationTokenException"))


@tap.case
def without_an_authority_no_certificate_is_asked_for():
    other = start()
    for client in ("DNS", "impostor"):
        equal(call(other, trust(client)), (400, "MissingAuthenticationTokenException"))


@tap.case
def what_is_shown_beats_the_certificate():
    equal(call(server, trust("DNS"), BEARER), (200, None))
    equal(last_caller(), (principal("bearer"), "bearer-token"))
    equal(call(server, trust("DNS"), {"Authorization": "Bearer wrong"}),
          (400, "UnrecognizedClientException"))
    equal(call(server, trust("DNS"), {"Authorization": "AWS4-HMAC-SHA256 nonsense"}),
          (400, "IncompleteSignatureException"))


@tap.case
def a_bearer_token_over_tls():
    equal(call(server, trust(), BEARER), (200, None))
    equal(last_caller(), (principal("bearer"), "bearer-token"))
    assert TOKEN not in LOG.read_text()


@tap.case
def no_bearer_token_in_clear():
    plain = home.serve("--workers", "1", listen=("127.0.0.1:0",), insecure=False)
    connection = http.client.HTTPConnection("127.0.0.1", plain.port, timeout=30 * PATIENCE)
    connection.request("POST", "/", "{}", {"Content-Type": "application/json",
                                           "X-Amz-Target": "TrentService.ListKeys", **BEARER})
    answer = connection.getresponse()
    equal((answer.status, json.loads(answer.read())["__type"]),
          (400, "MissingAuthenticationTokenException"))
    connection.close()
    # Nor does a server start that would take one.
    said = home.trent("serve", "--listen", "127.0.0.1:0,bearer", check=False)
    assert "A bearer token in clear" in said, said


@tap.case
def plain_http_to_the_port_of_tls():
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        try:
            while block := connection.recv(4096):
                answer += block
        except ConnectionResetError:
            pass
    # At most an alert of TLS, and no HTTP.
    assert b"HTTP" not in answer, answer
    still_serves()


@tap.case
def a_client_that_says_nothing_holds_up_nobody():
    silent = [server.connect() for _ in range(20)]
    for each in silent[10:]:
        each.sendall(b"\x16\x03\x01\x02")
    still_serves()
    for each in silent:
        each.close()


@tap.case
def a_connection_cut_in_the_middle_harms_nobody():
    for _ in range(10):
        with server.connect() as plain:
            context = trust("DNS")
            encrypted = context.wrap_socket(plain, server_hostname="127.0.0.1")
            encrypted.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Le")
            os.close(encrypted.detach())
    still_serves()
    equal(server.metric("trent_worker_deaths_total"), 0)


@tap.case
def a_new_certificate_is_taken_at_a_reload():
    other = start(certificate_name="elsewhere")
    assert "CERTIFICATE_VERIFY_FAILED" in refused_handshake(trust(), other.port)
    # One that cannot be used changes nothing.
    for ending in ("pem", "key"):
        (home.path / ("elsewhere." + ending)).write_text("nonsense")
    other.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "elsewhere.pem" in other.log())
    assert "CERTIFICATE_VERIFY_FAILED" in refused_handshake(trust(), other.port)
    for ending in ("pem", "key"):
        (home.path / ("elsewhere." + ending)).write_bytes(
            (home.path / ("server." + ending)).read_bytes())
    other.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" not in refused_handshake(trust(), other.port))
    equal(call(other, trust(), BEARER), (200, None))


@tap.case
def a_certificate_and_a_key_that_do_not_belong_together():
    said = home.trent("serve", "--listen", "127.0.0.1:0", "--tls-cert", str(home.path / "DNS.pem"),
                      "--tls-key", str(home.path / "URI.key"), check=False)
    assert "cannot be used" in said, said


@tap.case
def other_addresses_want_tls():
    said = home.trent("serve", "--listen", "0.0.0.0:0", check=False)
    assert "--tls-cert" in said, said


@tap.case
def the_admin_listener_has_none():
    connection = UnixConnection(server.admin)
    connection.request("GET", "/readyz")
    equal(connection.getresponse().status, 200)
    connection.close()


tap.run(home.close)
