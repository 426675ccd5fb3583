# SPDX-License-Identifier: Apache-2.0
"""Clients that are not easily had, with requests in the shape in which they send them: the HTTP task
of a workflow engine, and the SDK for OCaml, which is to see each error of ReEncrypt."""

import base64
import http.client
import json
import shutil
import ssl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader

from harness import BUILD, SOFTHSM, Home, Tap, UnixConnection, equal
from programs import access_key, credential, self_signed

tap = Tap()
home = Home()


def start(*options, **keywords):
    return home.serve(*options, insecure=False, **keywords)


class HttpTask:
    """The HTTP task of a workflow engine: it has no notion of signatures, and sends JSON in chunks
    with headers that stand in the workflow."""

    def __init__(self, connect, token):
        self.connect, self.token = connect, token

    def call(self, operation, members):
        connection = self.connect()
        text = json.dumps(members).encode()
        connection.request("POST", "/", iter([text[:20], text[20:]]), {
            "Accept": "application/json", "Content-Type": "application/json",
            "X-Amz-Target": "TrentService." + operation, "Authorization": "Bearer " + self.token,
            "Transfer-Encoding": "chunked", "Accept-Encoding": "gzip, x-gzip, deflate",
            "User-Agent": "Apache-HttpClient/5.4.4 (Java/21)"}, encode_chunked=True)
        return read_answer(connection)


class Smaws:
    """The SDK for OCaml: its Host header has no port, and it signs four headers."""

    def __init__(self, port, access_key_id, secret):
        self.port = port
        self.credentials = Credentials(access_key_id, secret)

    def call(self, operation, members):
        request = AWSRequest("POST", "http://127.0.0.1/", data=json.dumps(members), headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "TrentService." + operation})
        SigV4Auth(self.credentials, "kms", "us-east-1").add_auth(request)
        assert "SignedHeaders=content-type;host;x-amz-date;x-amz-target," in \
            request.headers["Authorization"]
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/", request.data, {"Host": "127.0.0.1", **request.headers})
        return read_answer(connection)


def read_answer(connection):
    """Status and JSON. Clients take an error's name from the header or from the body: it has to be
    the same in both."""
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.headers["x-amzn-RequestId"] and answer.headers["Date"]
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    body = json.loads(text) if text else None
    if answer.status == 200:
        assert answer.headers["x-amzn-ErrorType"] is None
    else:
        assert answer.headers["x-amzn-ErrorType"] == body["__type"], body
        assert set(body) <= {"__type", "message"}, body
    return answer.status, body


def see_all(client, stranger, name):
    """What all clients do, and see of it."""
    def good(operation, **members):
        status, body = client.call(operation, members)
        assert status == 200, (operation, body)
        return body

    def refused(code, operation, **members):
        equal(client.call(operation, members)[1]["__type"], code)

    def pages(operation, member, identity):
        found, more = set(), {}
        while True:
            page = good(operation, Limit=2, **more)
            found |= {each[identity] for each in page[member]}
            if not page["Truncated"]:
                return found
            assert len(page[member]) == 2
            more = {"Marker": page["NextMarker"]}

    old, new = (good("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(2))
    for alias, key in (("old", old), ("new", new)):
        assert good("CreateAlias", AliasName=f"alias/{name}-{alias}", TargetKeyId=key) is None
    acme, globex = {"tenant": "acme"}, {"tenant": "globex"}
    plaintext = base64.b64encode(b"the secret").decode()
    blob = good("Encrypt", KeyId=f"alias/{name}-old", Plaintext=plaintext,
                EncryptionContext=acme)["CiphertextBlob"]
    moved = good("ReEncrypt", CiphertextBlob=blob, SourceEncryptionContext=acme,
                 DestinationKeyId=f"alias/{name}-new",
                 DestinationEncryptionContext=globex)["CiphertextBlob"]
    equal(good("Decrypt", CiphertextBlob=moved, EncryptionContext=globex)["Plaintext"], plaintext)

    refused("NotFoundException", "Encrypt", KeyId="alias/nobody", Plaintext=plaintext)
    refused("InvalidCiphertextException", "Decrypt", CiphertextBlob=moved, EncryptionContext=acme)
    refused("IncorrectKeyException", "Decrypt", CiphertextBlob=moved, EncryptionContext=globex,
            KeyId=old)
    good("DisableKey", KeyId=old)
    refused("DisabledException", "Encrypt", KeyId=old, Plaintext=plaintext)
    refused("ValidationException", "CreateAlias", AliasName="no-prefix", TargetKeyId=new)
    answer = stranger.call("ListKeys", {})[1]["__type"]

    equal(pages("ListKeys", "Keys", "KeyId"),
          {key["KeyId"] for key in json.loads(home.trent("list-keys"))["Keys"]})
    equal(pages("ListAliases", "Aliases", "AliasName"),
          {alias["AliasName"] for alias in json.loads(home.trent("list-aliases"))["Aliases"]})
    return answer


ACCESS_KEY = list(access_key(home).values())
TOKEN = credential(home, "--bearer")["BearerToken"]["Token"]
SOCKET = str(home.path / "kms.sock")
server = start("--workers", "1", listen=("127.0.0.1:0", f"unix:{SOCKET},bearer"))


@tap.case
def http_task_through_a_unix_socket():
    def connect():
        return UnixConnection(SOCKET)
    equal(see_all(HttpTask(connect, TOKEN), HttpTask(connect, "wrong"), "unix-task"),
          "UnrecognizedClientException")


@tap.case
def http_task_over_tls():
    certificate, key = self_signed(home)
    encrypted = start("--workers", "1", "--tls-cert", certificate, "--tls-key", key,
                      listen=("127.0.0.1:0,bearer",))
    trust = ssl.create_default_context(cafile=certificate)

    def connect():
        return http.client.HTTPSConnection("127.0.0.1", encrypted.port, context=trust)
    equal(see_all(HttpTask(connect, TOKEN), HttpTask(connect, "wrong"), "tls-task"),
          "UnrecognizedClientException")


@tap.case
def smaws():
    equal(see_all(Smaws(server.port, *ACCESS_KEY), Smaws(server.port, ACCESS_KEY[0], "wrong"),
                  "smaws"), "InvalidSignatureException")


def faulty_server(switch):
    """A token that is to fail while the file `switch` says so."""
    configuration = home.path / "fault.toml"
    configuration.write_text((home.path / "trent.toml").read_text().replace(
        SOFTHSM, str(BUILD / "tests" / "fault.so")))
    return start("--workers", "1", environment=dict(
        home.environment, TRENT_CONF=str(configuration), TRENT_FAULT_SWITCH=str(switch)))


@tap.case
def the_errors_of_re_encrypt():
    switch = home.path / "switch"
    faulty = faulty_server(switch)
    client = Smaws(faulty.port, *ACCESS_KEY)

    def good(operation, **members):
        status, body = client.call(operation, members)
        assert status == 200, (operation, body)
        return body

    used, disabled, doomed = (good("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(3))
    blob = good("Encrypt", KeyId=used, Plaintext="dGhlIHNlY3JldA==")["CiphertextBlob"]
    good("DisableKey", KeyId=disabled)
    good("ScheduleKeyDeletion", KeyId=doomed)
    seen = {}

    def refused(code, **members):
        members = {"CiphertextBlob": blob, "DestinationKeyId": used} | members
        status, body = client.call("ReEncrypt", members)
        equal(body["__type"], code)
        seen[code] = status, body.get("message")

    refused("NotFoundException", DestinationKeyId="alias/nobody")
    refused("DisabledException", DestinationKeyId=disabled)
    refused("KMSInvalidStateException", DestinationKeyId=doomed)
    refused("InvalidCiphertextException", SourceEncryptionContext={"of": "another"})
    refused("IncorrectKeyException", SourceKeyId=disabled)
    refused("InvalidKeyUsageException", DestinationEncryptionAlgorithm="RSAES_OAEP_SHA_256")
    refused("InvalidGrantTokenException", GrantTokens=["token"])
    refused("DryRunOperationException", DryRun=True)
    lock = home.path / "tokens" / ".trent-start.lock"
    try:
        switch.write_text("* 0x30\n")  # CKR_DEVICE_ERROR
        refused("KMSInternalException")
        switch.write_text("* 0x32\n")  # CKR_DEVICE_REMOVED
        refused("KeyUnavailableException")
        # A process that looks for the token needs the lock.
        lock.unlink(missing_ok=True)
        lock.mkdir()
        refused("DependencyTimeoutException")
    finally:
        switch.unlink(missing_ok=True)
        shutil.rmtree(lock, ignore_errors=True)
    good("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=used)

    # Botocore's model is older than dry runs.
    model = Loader().load_service_model("kms", "service-2")["operations"]["ReEncrypt"]["errors"]
    equal(set(seen), {error["shape"] for error in model} | {"DryRunOperationException"})
    server_faults = {"KMSInternalException", "KeyUnavailableException",
                     "DependencyTimeoutException"}
    equal({code for code, (status, _) in seen.items() if status == 500}, server_faults)
    # As KMS does it: what a wrong guess could be learnt from has no message.
    equal({code for code, (_, message) in seen.items() if message is None},
          {"InvalidCiphertextException", "InvalidGrantTokenException"})


tap.run(home.close)
