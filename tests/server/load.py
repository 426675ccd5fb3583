# SPDX-License-Identifier: Apache-2.0
"""Clients that keep a server busy while something happens to it, and that notice a wrong answer."""

import base64
import http.client
import os
import threading
import time

from harness import PATIENCE, wait_until


class Client(threading.Thread):
    """Does move(text) until .end is set: encrypts, re-encrypts and decrypts."""

    def __init__(self):
        super().__init__()
        self.end = threading.Event()
        self.done = self.retried = 0
        self.failures = []

    def move(self, text):
        raise NotImplementedError

    def run(self):
        while not self.end.is_set():
            text = os.urandom(20)
            try:
                if self.move(text) != text:
                    self.failures.append("a wrong plaintext")
                self.done += 1
            except Exception as failure:  # the test that runs it wants to know, whatever it is
                self.failures.append(repr(failure))


class HttpClient(Client):
    """Over one connection that is kept, as an SDK does: a request that gets no answer is sent once
    more, over a new connection."""

    def __init__(self, server, key, retries=1):
        super().__init__()
        self.server, self.key, self.retries = server, key, retries
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                                     timeout=30 * PATIENCE)

    def call(self, operation, members):
        for attempt in range(self.retries + 1):
            try:
                status, answer = self.server.call(operation, members, self.connection)
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
            else:
                if status == 200:
                    return answer
                failure = f"{operation}: {status} {answer}"
                if status < 500:
                    break
            self.connection.close()
            if attempt < self.retries:
                self.retried += 1
                time.sleep(0.1 * 2 ** attempt)
        raise RuntimeError(failure)

    def move(self, text):
        text = base64.b64encode(text).decode()
        blob = self.call("Encrypt", {"KeyId": self.key, "Plaintext": text})
        moved = self.call("ReEncrypt", {
            "CiphertextBlob": blob["CiphertextBlob"], "DestinationKeyId": self.key,
            "DestinationEncryptionContext": {"place": text}})
        plain = self.call("Decrypt", {"CiphertextBlob": moved["CiphertextBlob"],
                                      "EncryptionContext": {"place": text}})
        return base64.b64decode(plain["Plaintext"])


class SdkClient(Client):
    """A client of botocore's, which tries again by itself."""

    def __init__(self, kms, key):
        super().__init__()
        self.kms, self.key = kms, key

    def move(self, text):
        blob = self.kms.encrypt(KeyId=self.key, Plaintext=text)["CiphertextBlob"]
        moved = self.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=self.key,
                                    DestinationEncryptionContext={"place": text.hex()})
        return self.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"],
                                EncryptionContext={"place": text.hex()})["Plaintext"]


def under_load(clients, attack, least=20):
    """Runs `attack` while the clients do, and a little longer; how often they tried again. None of
    them may see a failure."""
    for client in clients:
        client.start()
    try:
        wait_until(lambda: all(client.done for client in clients))
        attack()
        done = sum(client.done for client in clients)
        wait_until(lambda: sum(client.done for client in clients) >= done + least)
    finally:
        for client in clients:
            client.end.set()
        for client in clients:
            client.join()
    failures = [failure for client in clients for failure in client.failures]
    assert not failures, failures[:5]
    return sum(client.retried for client in clients)
