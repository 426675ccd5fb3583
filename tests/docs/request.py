# SPDX-License-Identifier: Apache-2.0
"""docs/request.md: what it says is signed, is; computed from the bytes of its request alone, and by
botocore from the same headers."""

import hashlib
import hmac
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "server"))
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from harness import Tap, equal

tap = Tap()
page = (pathlib.Path(__file__).parents[2] / "docs" / "request.md").read_text()
blocks = {name: text for name, text in re.findall(r"```\w+ (\S+)\n(.*?)\n```", page, re.S)}
secret = re.search(r"whose secret\s+is `(\S+)`", page)[1]
head, body = blocks["request.http"].split("\n\n")
fields = {name.lower(): value for name, value in
          (line.split(": ", 1) for line in head.splitlines()[1:])}
authorization = dict(part.split("=", 1) for part in
                     fields["authorization"].split(" ", 1)[1].split(", "))
key_id, scope = authorization["Credential"].split("/", 1)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@tap.case
def the_length_is_right():
    equal(int(fields["content-length"]), len(body))


@tap.case
def the_canonical_request_is_made_of_the_request():
    names = authorization["SignedHeaders"].split(";")
    equal(blocks["canonical"], "\n".join(
        ["POST", "/", ""] + [f"{name}:{fields[name]}" for name in names] +
        ["", authorization["SignedHeaders"], sha256(body)]))


@tap.case
def the_signature_is_made_of_that():
    equal(blocks["string-to-sign"], "\n".join(
        ["AWS4-HMAC-SHA256", fields["x-amz-date"], scope, sha256(blocks["canonical"])]))
    key = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), blocks["string-to-sign"]):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    equal(authorization["Signature"], key.hex())


@tap.case
def botocore_signs_it_so():
    request = AWSRequest("POST", f"http://{fields['host']}/", {
        name: fields[name] for name in authorization["SignedHeaders"].split(";")}, body)
    request.context["timestamp"] = fields["x-amz-date"]
    _, region, service, _ = scope.split("/")
    signer = SigV4Auth(Credentials(key_id, secret), service, region)
    equal(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)),
                           request), authorization["Signature"])


tap.run(lambda: None)
