#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Encrypted files as docs/file-format.md has them, written from that page alone.

file_format.py seal DATA-KEY-HEX BLOB-HEX <plaintext >file
file_format.py open DATA-KEY-HEX <file >plaintext
file_format.py blob <file            the encrypted data key, in hexadecimal
file_format.py vectors               what tests/data/file-vectors.json has
"""
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BEGINNING = b"TRNF\x01\x10"
SEGMENT = 1 << 16


def expand(data_key, purpose):
    return hmac.new(data_key, BEGINNING + purpose + b"\x01", hashlib.sha256).digest()


def nonce(number, last):
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def seal(data_key, blob, plaintext):
    parts = [BEGINNING, len(blob).to_bytes(2, "big"), blob, expand(data_key, b"commitment")]
    cipher = AESGCM(expand(data_key, b"segments"))
    count = max(1, -(-len(plaintext) // SEGMENT))
    for number in range(count):
        segment = plaintext[number * SEGMENT : (number + 1) * SEGMENT]
        parts.append(cipher.encrypt(nonce(number, number == count - 1), segment, None))
    return b"".join(parts)


def split(data):
    assert data[:6] == BEGINNING
    size = int.from_bytes(data[6:8], "big")
    return data[8 : 8 + size], data[8 + size : 40 + size], data[40 + size :]


def open_file(data_key, data):
    _, commitment, sealed = split(data)
    assert commitment == expand(data_key, b"commitment")
    cipher = AESGCM(expand(data_key, b"segments"))
    step = SEGMENT + 16
    count = max(1, -(-len(sealed) // step))
    return b"".join(
        cipher.decrypt(nonce(n, n == count - 1), sealed[n * step : (n + 1) * step], None)
        for n in range(count)
    )


def vectors():
    data_key = bytes(range(32))
    blob = bytes.fromhex("0102025401") + bytes(range(100, 150))
    out = []
    for size in [0, 1, 16, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 5]:
        data = seal(data_key, blob, bytes(i % 251 for i in range(size)))
        vector = {"plaintextBytes": size, "fileBytes": len(data)}
        vector["fileSha256"] = hashlib.sha256(data).hexdigest()
        if size <= 16:
            vector["file"] = data.hex()
        out.append(vector)
    return {
        "comment": "docs/file-format.md; byte i of a plaintext is i modulo 251",
        "dataKey": data_key.hex(),
        "encryptedDataKey": blob.hex(),
        "vectors": out,
    }


def main():
    verb, *arguments = sys.argv[1:]
    if verb == "vectors":
        print(json.dumps(vectors(), indent=2))
        return
    data = sys.stdin.buffer.read()
    if verb == "blob":
        print(split(data)[0].hex())
    elif verb == "seal":
        sys.stdout.buffer.write(seal(*map(bytes.fromhex, arguments), data))
    else:
        sys.stdout.buffer.write(open_file(bytes.fromhex(arguments[0]), data))


main()
