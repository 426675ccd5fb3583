# SPDX-License-Identifier: Apache-2.0
"""Clients that are not easily had, with requests in the shape in which they send them."""

import base64
import http.client
import json
import socket

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class HttpTask:
    """The HTTP task of a workflow engine, through a Unix socket: it has no notion of signatures,
    and sends JSON in chunks with headers that stand in the workflow."""

    def __init__(self, path, token):
        self.path, self.token = path, token

    def call(self, operation, members):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
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


def walk(client, stranger, name):
    """What all clients do, and what they see of it."""
    def good(operation, **members):
        status, body = client.call(operation, members)
        assert status == 200, (operation, body)
        return body

    def code(operation, **members):
        status, body = client.call(operation, members)
        return "no error" if status == 200 else body["__type"]

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
    good("CreateAlias", AliasName=f"alias/{name}-old", TargetKeyId=old)
    good("CreateAlias", AliasName=f"alias/{name}-new", TargetKeyId=new)
    acme, globex = {"tenant": "acme"}, {"tenant": "globex"}
    plaintext = base64.b64encode(b"the secret").decode()
    blob = good("Encrypt", KeyId=f"alias/{name}-old", Plaintext=plaintext,
                EncryptionContext=acme)["CiphertextBlob"]
    moved = good("ReEncrypt", CiphertextBlob=blob, SourceEncryptionContext=acme,
                 DestinationKeyId=f"alias/{name}-new",
                 DestinationEncryptionContext=globex)["CiphertextBlob"]
    opened = good("Decrypt", CiphertextBlob=moved, EncryptionContext=globex)
    yield base64.b64decode(opened["Plaintext"]).decode()

    yield code("Encrypt", KeyId="alias/nobody", Plaintext=plaintext)
    yield code("Decrypt", CiphertextBlob=moved, EncryptionContext=acme)
    yield code("Decrypt", CiphertextBlob=moved, EncryptionContext=globex, KeyId=old)
    good("DisableKey", KeyId=old)
    yield code("Encrypt", KeyId=old, Plaintext=plaintext)
    yield code("CreateAlias", AliasName="no-prefix", TargetKeyId=new)
    yield stranger.call("ListKeys", {})[1]["__type"]
    yield f"{len(pages('ListKeys', 'Keys', 'KeyId'))} keys"
    yield f"{len(pages('ListAliases', 'Aliases', 'AliasName'))} aliases"
