# SPDX-License-Identifier: Apache-2.0
"""boto3: a file of any size under a KMS key, by a data key.

    python3 envelope.py encrypt alias/app FILE > FILE.enc
    python3 envelope.py decrypt FILE.enc

The data key encrypts the file here (AES-256-GCM, of the package cryptography); its own ciphertext stands
before it. The name of the service it is for is the encryption context, so nothing else opens it.
"""
import os
import sys

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CONTEXT = {"service": "examples"}
kms = boto3.client("kms", endpoint_url=os.environ["AWS_ENDPOINT_URL_KMS"])


def encrypt(key_id, plaintext):
    answer = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=CONTEXT)
    nonce = os.urandom(12)
    blob = answer["CiphertextBlob"]
    body = AESGCM(answer["Plaintext"]).encrypt(nonce, plaintext, blob)
    return len(blob).to_bytes(2, "big") + blob + nonce + body


def decrypt(sealed):
    end = 2 + int.from_bytes(sealed[:2], "big")
    blob, nonce, body = sealed[2:end], sealed[end:end + 12], sealed[end + 12:]
    key = kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"]
    return AESGCM(key).decrypt(nonce, body, blob)


verb, *key_id, path = sys.argv[1:]
with open(path, "rb") as file:
    content = file.read()
sys.stdout.buffer.write(encrypt(*key_id, content) if verb == "encrypt" else decrypt(content))
