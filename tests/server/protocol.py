# SPDX-License-Identifier: Apache-2.0
"""AWS KMS's wire protocol, byte by byte where clients depend on it: heads, errors, and who may."""

import email.utils
import http.client
import json
import re
import subprocess
import time

from harness import ACCOUNT, PATIENCE, SOFTHSM, Home, Tap, equal

tap = Tap()
home = Home()
OTHER = "444455556666"
subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "other", "--so-pin",
                "12345678", "--pin", "1234"], env=home.environment, check=True,
               stdout=subprocess.DEVNULL)
with open(home.path / "trent.toml", "a") as config:
    config.write(f'\n[[token]]\naccount = "{OTHER}"\nregion = "us-east-1"\nmodule = "{SOFTHSM}"\n'
                 f'uri = "pkcs11:token=other"\npin-source = "file:{home.path}/pin"\n')
ours = home.serve("--workers", "1")
others = home.serve("--workers", "1", "--insecure-as", f"arn:aws:iam::{OTHER}:user/bob",
                    insecure=False)
JSON = "application/x-amz-json-1.1"


def post(body, headers, path="/", method="POST"):
    """Status, head (names in lower case) and body of a request that is exactly this."""
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=30 * PATIENCE)
    connection.putrequest(method, path)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def operation(name, content_type=JSON):
    return [("Content-Type", content_type), ("X-Amz-Target", "TrentService." + name)]


def refused(answer, status, name):
    """An error as all of the SDKs find it: the head and the body say the same."""
    got, head, text = answer
    equal(got, status)
    equal(head["x-amzn-errortype"], name)
    body = json.loads(text)
    equal(body["__type"], name)
    assert set(body) <= {"__type", "message"}, body
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", head["x-amzn-requestid"])
    return body.get("message", "")


@tap.case
def an_answer_has_the_head_that_clients_read():
    status, head, text = post(b"{}", operation("ListKeys"))
    equal(status, 200)
    equal(head["content-type"], JSON)
    equal(int(head["content-length"]), len(text))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", head["x-amzn-requestid"])
    # Clients set their clock by it.
    date = email.utils.parsedate_to_datetime(head["date"])
    assert abs(date.timestamp() - time.time()) < 5 and head["date"].endswith(" GMT"), head["date"]
    assert "x-amzn-errortype" not in head


@tap.case
def each_request_has_an_id_of_its_own():
    ids = {post(b"{}", operation("ListKeys"))[1]["x-amzn-requestid"] for _ in range(20)}
    equal(len(ids), 20)


@tap.case
def both_kinds_of_json_are_read():
    for content_type in ("application/json", "APPLICATION/JSON; charset=utf-8", JSON + " ;x=y"):
        equal(post(b"{}", operation("ListKeys", content_type))[0], 200)
    # A request without members has no body with some clients.
    equal(post(b"", operation("ListKeys"))[0], 200)


@tap.case
def other_bodies_are_refused():
    for content_type in ("application/cbor", "text/plain", "application/jsonx", ""):
        message = refused(post(b"\xa0", operation("ListKeys", content_type)), 400,
                          "SerializationException")
        assert JSON in message, message
    for body in (b"[]", b"{", b'{"Limit":"1"}', b'{"Limit":1,"Limit":2}', b"\xff", b"null", b"{}{}"):
        refused(post(body, operation("ListKeys")), 400, "SerializationException")


@tap.case
def unknown_operations_are_named_so():
    refused(post(b"{}", [("Content-Type", JSON)]), 404, "UnknownOperationException")
    for target in ("TrentService.Nothing", "TrentService.", "ListKeys", "DynamoDB.ListKeys",
                   "trentservice.ListKeys", ""):
        refused(post(b"{}", [("Content-Type", JSON), ("X-Amz-Target", target)]), 400,
                "UnknownOperationException")
    refused(post(b"{}", operation("ListKeys") + [("X-Amz-Target", "TrentService.Decrypt")]), 400,
            "UnknownOperationException")
    refused(post(b"{}", operation("ListKeys"), path="/keys"), 404, "UnknownOperationException")
    refused(post(b"", operation("ListKeys"), method="PUT"), 404, "UnknownOperationException")


@tap.case
def an_operation_without_a_response_has_an_empty_body():
    key = ours.call("CreateKey")[1]["KeyMetadata"]["KeyId"]
    body = json.dumps({"AliasName": "alias/empty", "TargetKeyId": key}).encode()
    status, head, text = post(body, operation("CreateAlias"))
    equal((status, text, head["content-length"]), (200, b"", "0"))


@tap.case
def times_are_numbers():
    _, _, text = post(b"{}", operation("CreateKey"))
    date = json.loads(text)["KeyMetadata"]["CreationDate"]
    assert isinstance(date, (int, float)) and abs(date - time.time()) < 60, date


@tap.case
def errors_of_the_operation_keep_their_names():
    message = refused(post(b'{"KeyId":"alias/none"}', operation("DescribeKey")), 400,
                      "NotFoundException")
    assert "alias/none" in message and ACCOUNT in message, message
    refused(post(b"{}", operation("DescribeKey")), 400, "ValidationException")


@tap.case
def another_accounts_key_is_not_for_whoever_asks():
    key = ours.call("CreateKey")[1]["KeyMetadata"]
    ciphertext = ours.call("Encrypt", {"KeyId": key["Arn"], "Plaintext": "aGk="})[1]
    equal(others.call("ListKeys")[1]["Keys"], [])
    for name, members in (("DescribeKey", {"KeyId": key["Arn"]}),
                          ("Encrypt", {"KeyId": key["Arn"], "Plaintext": "aGk="}),
                          ("ScheduleKeyDeletion", {"KeyId": key["Arn"]}),
                          ("Decrypt", {"CiphertextBlob": ciphertext["CiphertextBlob"]})):
        status, answer = others.call(name, members)
        equal((name, status, answer["__type"]), (name, 400, "AccessDeniedException"))
        assert f"arn:aws:iam::{OTHER}:user/bob" in answer["message"], answer
        assert "kms:" + name in answer["message"], answer
    equal(ours.call("DescribeKey", {"KeyId": key["Arn"]})[1]["KeyMetadata"]["KeyState"], "Enabled")


tap.run(home.close)
