# SPDX-License-Identifier: Apache-2.0
"""What a worker has in its memory after requests: no plaintext, in whatever form it was on the
wire."""

import base64
import http.client
import json
import os

from harness import Home, Tap, equal
from memory_image import forms, image

tap = Tap()
home = Home()
server = home.serve("--workers", "1")


class Worker:
    """A server with one worker, and a plaintext that it is to forget."""

    def __init__(self):
        self.secret = b"a plaintext?? that nobody may find?? " + os.urandom(16).hex().encode()
        self.base64 = base64.b64encode(self.secret).decode()
        assert self.base64.count("/") >= 2
        self.key = server.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
        self.connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(4)]
        self.number = 0

    def call(self, operation, members):
        """Status and JSON. Members may be text, which is sent as it is."""
        self.number += 1
        connection = self.connections[self.number % len(self.connections)]
        text = members if isinstance(members, str) else json.dumps(members)
        connection.request("POST", "/", text, {"Content-Type": "application/x-amz-json-1.1",
                                               "X-Amz-Target": "TrentService." + operation})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else None

    def encrypt(self, form=None, key=None, status=200):
        """The plaintext in base64, or as `form` makes a value of JSON of it."""
        value = form(self.base64) if form else json.dumps(self.base64)
        got, answer = self.call("Encrypt", f'{{"KeyId":"{key or self.key}","Plaintext":{value}}}')
        equal(got, status)
        return answer

    def decrypt(self, blob):
        status, plain = self.call("Decrypt", {"CiphertextBlob": blob})
        equal(status, 200)
        equal(base64.b64decode(plain["Plaintext"]), self.secret)

    def check(self, after):
        # The last answer is here, perhaps before the worker has come back from sending it.
        equal(server.get("/healthz")[0], 200)
        # The connections are open and idle: what they are read into is wiped all the same.
        memory = image(server.workers()[0])
        assert len(memory) > 1 << 20
        assert self.key.encode() in memory, "the image is not of this worker"
        for form in forms(self.secret):
            assert form not in memory, (
                f"after {after}, {form!r} is in memory {memory.count(form)} times")


# Plaintexts as clients may write them, in requests that are taken and in others that are not.
TAKEN = {
    "Encrypt": None,
    "Encrypt with slashes escaped": lambda text: '"' + text.replace("/", "\\/") + '"',
    "Encrypt with all escaped": lambda text: '"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"',
}
REFUSED = {
    "no JSON": lambda text: f'"{text}',
    "no JSON, and escapes": lambda text: '"' + text.replace("/", "\\/") + '\\x"',
    "no base64": lambda text: f'"{text}!"',
    "a list": lambda text: f'["{text}"]',
    "twice": lambda text: f'"{text}","Plaintext":"{text}"',
    "also in a member that nobody knows": lambda text: f'"","Unknown":{{"a":["{text}"]}}',
}


@tap.case
def no_plaintext_stays_in_memory():
    if os.geteuid() != 0:
        print("# skipped: only root may read the memory of a process that forbids it")
        return
    worker = Worker()
    for _ in range(250):
        sealed = worker.encrypt()["CiphertextBlob"]
        status, moved = worker.call("ReEncrypt", {"CiphertextBlob": sealed,
                                                  "DestinationKeyId": worker.key})
        equal(status, 200)
        # What is refused is wiped as well.
        worker.encrypt(key="alias/none", status=400)
        worker.decrypt(moved["CiphertextBlob"])
    worker.check("thousands")
    # Nothing that is written later may cover what is left of the last.
    for what, form in TAKEN.items():
        for _ in range(20):
            blob = worker.encrypt(form)["CiphertextBlob"]
        worker.check(what)
        worker.decrypt(blob)
    worker.check("Decrypt")
    for what, form in REFUSED.items():
        for _ in range(20):
            worker.encrypt(form, status=400)
        worker.check(what)


tap.run(home.close)
