# SPDX-License-Identifier: Apache-2.0
"""What a worker has in its memory after thousands of requests: no plaintext, in whatever form it
was on the wire."""

import base64
import http.client
import os

from harness import Home, Tap, equal

tap = Tap()
home = Home()
server = home.serve("--workers", "1")


def image(process):
    """All memory of a process that can be written."""
    content = bytearray()
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            addresses, permissions = line.split()[:2]
            if not permissions.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in addresses.split("-"))
            try:
                memory.seek(start)
                content += memory.read(end - start)
            except OSError:  # of the kernel's own
                continue
    return bytes(content)


def forms(secret):
    """In base64 at each of the three offsets that it may have in a text, without the edges."""
    yield secret
    for offset in range(3):
        yield base64.b64encode(b"\0" * offset + secret)[4:-4]


@tap.case
def no_plaintext_stays_in_memory():
    if os.geteuid() != 0:
        print("# skipped: only root may read the memory of a process that forbids it")
        return
    secret = b"a plaintext that nobody may find " + os.urandom(16).hex().encode()
    key = server.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
    connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(4)]
    for number in range(1000):
        connection = connections[number % len(connections)]
        status, sealed = server.call("Encrypt", {
            "KeyId": key, "Plaintext": base64.b64encode(secret).decode()}, connection)
        equal(status, 200)
        status, moved = server.call("ReEncrypt", {
            "CiphertextBlob": sealed["CiphertextBlob"], "DestinationKeyId": key}, connection)
        equal(status, 200)
        # What is refused is wiped as well.
        status, _ = server.call("Encrypt", {
            "KeyId": "alias/none", "Plaintext": base64.b64encode(secret).decode()}, connection)
        equal(status, 400)
        # The last: nothing that is written later may cover what is left of its answer.
        status, plain = server.call("Decrypt", {"CiphertextBlob": moved["CiphertextBlob"]},
                                    connection)
        equal(status, 200)
        equal(base64.b64decode(plain["Plaintext"]), secret)
    # The last answer is here, perhaps before the worker has come back from sending it.
    equal(server.get("/healthz")[0], 200)
    # The connections are open and idle: what they are read into is wiped all the same.
    memory = image(server.workers()[0])
    assert len(memory) > 1 << 20
    assert key.encode() in memory, "the image is not of this worker"
    for form in forms(secret):
        assert form not in memory, f"{form!r} is in memory {memory.count(form)} times"


tap.run(home.close)
