#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes the vectors of tests/data from docs/blob-format.md alone: nothing of Trent is used,
the ciphers are those of the command openssl, the CMS part is read by it as well. Reports in TAP.

  recompute_vectors.py FILE...
"""
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile


def openssl(*arguments, data):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def ecb(key, data):
    return openssl("enc", "-aes-256-ecb", "-nopad", "-K", key.hex(), data=data)


def domain(text):
    return text.encode().ljust(64, b"\0")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32(number):
    return number.to_bytes(4, "big")


def tlv(tag, *content):
    content = b"".join(content)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([40 * first + second])
    for arc in rest:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 127)
        out += bytes(groups)
    return tlv(6, out)


def content_info(payload):
    return tlv(0x30, oid("1.2.840.113549.1.7.6"),
               tlv(0xA0, tlv(0x30, tlv(2, b"\0"),
                             tlv(0x30, oid("1.2.840.113549.1.7.1"),
                                 tlv(0x30, oid("2.16.840.1.101.3.4.1.48")),
                                 tlv(0x80, payload)))))


def canonical(context):
    out = u32(len(context))
    for name, value in sorted((n.encode(), v.encode()) for n, v in context.items()):
        out += u32(len(name)) + name + u32(len(value)) + value
    return out


def wrap(key, content):
    return openssl("enc", "-e", "-id-aes256-wrap-pad", "-K", key.hex(), "-iv", "a65959a6", data=content)


def vector(name, key, key_id, context, plaintext, salt, kind, zero_padded):
    """All members of a vector, from what goes into a blob."""
    padding = -len(plaintext) % 8
    content = plaintext + bytes(padding if zero_padded else 0)
    size = len(content_info(bytes(len(plaintext) + padding + 8)))
    material = ecb(key, sha256(domain("trent:v1:key-material-id"), key_id.encode()))
    header = (bytes([1, 2, kind, 0x54, 0x01]) + material +
              bytes([padding | (0x80 if zero_padded and padding else 0)]) + salt + u32(size))
    h = sha256(domain("trent:v1:suite-5401:wrapping-key"), header, canonical(context))
    wrapping_key = ecb(key, h)
    payload = wrap(wrapping_key, content)
    binary = {"key": key, "plaintext": plaintext, "salt": salt, "key_material_id": material,
              "blob": header + content_info(payload), "header": header,
              "context": canonical(context), "h": h, "wrapping_key": wrapping_key,
              "payload": payload}
    return {"name": name, "key_id": key_id, "encryption_context": context, "kind": kind,
            **{member: value.hex() for member, value in binary.items()}}


def enforced_vector(name, key, mac_key, key_id, context, plaintext, salt, kind, zero_padded):
    """The same of suite 5404."""
    padding = -len(plaintext) % 8
    content = plaintext + bytes(padding if zero_padded else 0)
    size = len(content_info(bytes(len(plaintext) + padding + 8))) + len(tlv(4, bytes(32)))
    trial = sha256(domain("trent:v1:key-material-id"), key_id.encode())
    shown = wrap(key, trial) + hmac.digest(mac_key, trial, "sha256")
    material = sha256(domain("trent:v1:key-material-id"), key_id.encode(), shown)
    header = (bytes([1, 2, kind, 0x54, 0x04]) + material +
              bytes([padding | (0x80 if zero_padded and padding else 0)]) + salt + u32(size))
    payload = wrap(key, content)
    tag = hmac.digest(mac_key, domain("trent:v1:suite-5404:tag") + header + canonical(context) + payload,
                      "sha256")
    binary = {"key": key, "mac_key": mac_key, "plaintext": plaintext, "salt": salt, "shown": shown,
              "key_material_id": material, "blob": header + content_info(payload) + tlv(4, tag),
              "header": header, "context": canonical(context), "payload": payload, "tag": tag}
    return {"name": name, "key_id": key_id, "encryption_context": context, "kind": kind,
            **{member: value.hex() for member, value in binary.items()}}


def opened_by_cms(v):
    """The content, as openssl's reader of CMS finds it."""
    with tempfile.NamedTemporaryFile() as der:
        der.write(content_info(bytes.fromhex(v["payload"])))
        der.flush()
        return openssl("cms", "-EncryptedData_decrypt", "-binary", "-inform", "DER", "-in", der.name,
                       "-secretkey", v.get("wrapping_key", v["key"]), data=b"")


def check(v):
    zero_padded = int(v["blob"][74:76], 16) & 0x80 != 0
    plaintext = bytes.fromhex(v["plaintext"])
    rest = (v["key_id"], v["encryption_context"], plaintext, bytes.fromhex(v["salt"]), v["kind"],
            zero_padded)
    if "mac_key" in v:
        again = enforced_vector(v["name"], bytes.fromhex(v["key"]), bytes.fromhex(v["mac_key"]), *rest)
    else:
        again = vector(v["name"], bytes.fromhex(v["key"]), *rest)
    different = [member for member in v if v[member] != again.get(member)]
    if different or len(v) != len(again):
        return "computed differently: " + ", ".join(different)
    content = plaintext + bytes(-len(plaintext) % 8 if zero_padded else 0)
    # openssl cms hands its ciphers 4096 bytes at a time, and a key wrap has to come in one piece.
    if len(v["payload"]) // 2 <= 4096 and opened_by_cms(v) != content:
        return "openssl cms opens it to something else"
    return None


def length_forms(v):
    """The sizes of the five DER lengths, from the outside to the payload."""
    der, forms = bytes.fromhex(v["blob"])[58:], []
    for skipped in (11, 0, 3, 24, 0):
        octets = 1 + (der[1] & 0x7F if der[1] & 0x80 else 0)
        forms.append(octets)
        der = der[1 + octets + skipped:]
    return tuple(forms)


def main():
    vectors = [v for path in sys.argv[1:] for v in json.load(open(path))["vectors"]]
    failures = 0
    for number, v in enumerate(vectors, 1):
        fault = check(v)
        failures += fault is not None
        print(("ok" if fault is None else "not ok"), number, "-", v["name"], flush=True)
        if fault:
            print("# " + fault)
    # Each of the five lengths changes its form at a size of its own: a vector for every form of all.
    seen = {length_forms(v) for v in vectors}
    every = {length_forms({"blob": "00" * 58 + content_info(bytes(8 * n + 8)).hex()})
             for n in range(1, 513)}
    missing = every - seen
    failures += bool(missing)
    print("ok" if not missing else "not ok", len(vectors) + 1, "- every form of the DER lengths occurs")
    if missing:
        print("# missing:", sorted(missing))
    print(f"1..{len(vectors) + 1}")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
