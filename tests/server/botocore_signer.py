# SPDX-License-Identifier: Apache-2.0
"""Whether what botocore signs, the server accepts; and whether it refuses the same with one change.

botocore_signer.py VERIFIER: the program made of verify.cc. Reports in TAP.
"""
import json
import random
import string
import subprocess
import sys
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"
ROUNDS = 300

random.seed(1)
verifier = subprocess.Popen([sys.argv[1], SECRET, REGION], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def verdict(request):
    verifier.stdin.write(json.dumps(request) + "\n")
    verifier.stdin.flush()
    return verifier.stdout.readline().strip()


def text(alphabet, longest):
    return "".join(random.choice(alphabet) for _ in range(random.randrange(longest + 1)))


def word():
    return text(string.ascii_letters + string.digits, 8) or "x"


def url():
    host = random.choice(["127.0.0.1", "127.0.0.1:8080", "kms.example", "[::1]:1"])
    anything = string.printable[:95]
    # A segment of dots alone would be another path.
    path = "".join("/" + quote("x" + text(anything, 6), safe="~") for _ in range(random.randrange(3)))
    query = "&".join(quote(word() + text(anything, 4), safe="~") + "=" + quote(text(anything, 6), safe="~")
                      for _ in range(random.randrange(4)))
    return f"http://{host}{path or '/'}" + (f"?{query}" if query else "")


def credentials():
    token = random.choice([None, "FwoGZXIvYXdzEBYaD" + text(string.ascii_letters + "/+=", 30)])
    return Credentials("AKIDEXAMPLE", SECRET, token)


def as_received(signed):
    parts = urlsplit(signed.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [[name.lower(), value.strip()] for name, value in signed.headers.items()]
    if not any(name == "host" for name, _ in headers):
        headers.append(["host", parts.netloc])
    return {"method": signed.method, "target": target, "headers": headers, "body": signed.data or ""}


def signed_in_header():
    request = AWSRequest(method="POST", url=url(), data=json.dumps({word(): text(string.printable, 40)}))
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    request.headers["X-Amz-Target"] = "TrentService." + word()
    request.headers["X-Extra"] = random.choice(["", "a", "  a   b  ", "a,  b", '"a   b"'])
    if random.random() < 0.3:
        request.headers.add_header("X-Extra", "again " + word())
    SigV4Auth(credentials(), "kms", REGION).add_auth(request)
    return as_received(request)


def signed_in_query():
    request = AWSRequest(method="GET", url=url())
    request.headers["X-Amz-Target"] = "TrentService." + word()
    SigV4QueryAuth(credentials(), "kms", REGION, expires=60).add_auth(request)
    return as_received(request)


def changes(request):
    """(what, the request with one change of something that is signed)"""
    def changed(**parts):
        return dict(request, **parts)

    def with_header(name, value):
        return changed(headers=[[n, value if n == name else v] for n, v in request["headers"]])

    yield "method", changed(method="PUT")
    yield "body", changed(body=request["body"] + " ")
    yield "path", changed(target="/new" + request["target"])
    yield "query", changed(target=request["target"] + ("&" if "?" in request["target"] else "?") + "new=1")
    yield "host", with_header("host", "elsewhere")
    yield "target", with_header("x-amz-target", "TrentService.Other")
    yield "header left out", changed(headers=[h for h in request["headers"] if h[0] != "x-amz-target"])


number = 0


def report(name, failures):
    global number
    number += 1
    print("not ok" if failures else "ok", number, "-", name)
    for failure in failures[:3]:
        print("#", failure)


failed = False
for name, make in ("header", signed_in_header), ("query", signed_in_query):
    refused, passed = [], []
    for _ in range(ROUNDS):
        request = make()
        said = verdict(request)
        if said != "accepted":
            refused.append(f"{said}: {json.dumps(request)}")
        for what, other in changes(request):
            if verdict(other) == "accepted":
                passed.append(f"another {what}: {json.dumps(other)}")
    report(f"what botocore signs in the {name} is accepted", refused)
    report(f"and refused when one thing is changed ({name})", passed)
    failed = failed or refused or passed
print(f"1..{number}")
verifier.stdin.close()
sys.exit(1 if failed else 0)
