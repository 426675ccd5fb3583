# SPDX-License-Identifier: Apache-2.0
"""Two servers that change the same key, aliases, grants and policy of one token, 200 times each:
what was reported as done is in effect, and what was reported as failed is not."""

import json
import threading

from harness import ACCOUNT, Home, Tap, equal

TIMES = 200
WRITERS = ("a", "b")
USER = f"arn:aws:iam::{ACCOUNT}:user/app"

tap = Tap()
home = Home()
servers = {name: home.serve("--workers", "1") for name in WRITERS}


def good(server, operation, **members):
    status, body = server.call(operation, members)
    equal((operation, status, body if status != 200 else None), (operation, 200, None))
    return body


def at_the_same_time(write):
    """write(name, server) in a thread for each server; the first failure of either is raised."""
    failures = []

    def run(name):
        try:
            write(name, servers[name])
        except BaseException as failure:  # raised below
            failures.append(failure)
    threads = [threading.Thread(target=run, args=[name]) for name in WRITERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def new_key():
    return good(servers["a"], "CreateKey")["KeyMetadata"]["KeyId"]


def fresh():
    """A server that has seen nothing yet."""
    return home.serve("--workers", "1")


def tags_of(server, key):
    return {tag["TagKey"]: tag["TagValue"]
            for tag in good(server, "ListResourceTags", KeyId=key)["Tags"]}


@tap.case
def tags_of_one_key():
    key = new_key()

    # Each changes a tag of its own; the other's change of the record must not take it away.
    def write(name, server):
        for number in range(TIMES):
            good(server, "TagResource", KeyId=key, Tags=[{"TagKey": name, "TagValue": str(number)}])
            equal(tags_of(server, key)[name], str(number))
            if number % 10 == 9:
                good(server, "UntagResource", KeyId=key, TagKeys=[name])
                assert name not in tags_of(server, key)
        good(server, "TagResource", KeyId=key, Tags=[{"TagKey": name, "TagValue": "last"}])
    at_the_same_time(write)
    equal(tags_of(fresh(), key), {name: "last" for name in WRITERS})


@tap.case
def one_alias():
    alias = "alias/contended"
    keys = {name: new_key() for name in WRITERS}
    events = []  # of creations and deletions that were reported as done
    lock = threading.Lock()

    # A name is there once: of two that create it one succeeds, and of two that delete it.
    def write(name, server):
        for _ in range(TIMES):
            for operation, members in (("CreateAlias", {"TargetKeyId": keys[name]}),
                                       ("UpdateAlias", {"TargetKeyId": keys[name]}),
                                       ("DeleteAlias", {})):
                status, body = server.call(operation, {"AliasName": alias, **members})
                if status != 200:
                    equal(body["__type"], "AlreadyExistsException" if operation == "CreateAlias"
                          else "NotFoundException")
                with lock:
                    events.append((operation, status == 200))
    at_the_same_time(write)
    done = [operation for operation, succeeded in events if succeeded]
    equal(done.count("CreateAlias"), done.count("DeleteAlias"))
    assert done.count("CreateAlias") >= TIMES // 2, done.count("CreateAlias")
    equal(good(fresh(), "ListAliases")["Aliases"], [])


@tap.case
def grants_of_one_key():
    key = new_key()
    kept = {name: [] for name in WRITERS}

    def write(name, server):
        for number in range(TIMES):
            grant = good(server, "CreateGrant", KeyId=key, GranteePrincipal=USER, Operations=["Decrypt"],
                         Name=f"{name}-{number}")["GrantId"]
            if number % 4:
                good(server, "RevokeGrant", KeyId=key, GrantId=grant)
            else:
                kept[name].append(grant)
    at_the_same_time(write)
    listed, marker = [], {}
    reader = fresh()
    while marker is not None:
        page = good(reader, "ListGrants", KeyId=key, Limit=100, **marker)
        listed += [grant["GrantId"] for grant in page["Grants"]]
        marker = {"Marker": page["NextMarker"]} if page.get("Truncated") else None
    equal(sorted(listed), sorted(kept["a"] + kept["b"]))


@tap.case
def the_policy_of_one_key():
    key = new_key()
    last = {}
    refused = {"a": 0, "b": 0}

    def policy(sid, principal):
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*",
             "Resource": "*"}]})

    # Every third shuts the writer out, and is refused: it must never be seen.
    def write(name, server):
        for number in range(TIMES):
            shut_out = number % 3 == 2
            sid = f"{'never' if shut_out else name}{number}"
            principal = USER if shut_out else f"arn:aws:iam::{ACCOUNT}:root"
            status, body = server.call("PutKeyPolicy", {"KeyId": key, "Policy": policy(sid, principal)})
            if shut_out:
                equal((status, body["__type"]), (400, "MalformedPolicyDocumentException"))
                refused[name] += 1
            else:
                equal((status, body), (200, None))
                last[name] = sid
            seen = json.loads(good(server, "GetKeyPolicy", KeyId=key)["Policy"])["Statement"][0]["Sid"]
            assert not seen.startswith("never"), seen
    at_the_same_time(write)
    equal(refused, {name: TIMES // 3 for name in WRITERS})
    seen = json.loads(good(fresh(), "GetKeyPolicy", KeyId=key)["Policy"])["Statement"][0]["Sid"]
    assert seen in last.values(), (seen, last)


@tap.case
def states_and_descriptions_of_one_key():
    key = new_key()

    # One writes the description, the other switches: neither undoes the other's work.
    def write(name, server):
        for number in range(TIMES):
            if name == "a":
                good(server, "UpdateKeyDescription", KeyId=key, Description=f"number {number}")
                equal(good(server, "DescribeKey", KeyId=key)["KeyMetadata"]["Description"],
                      f"number {number}")
            else:
                enabled = number % 2 == 1
                good(server, "EnableKey" if enabled else "DisableKey", KeyId=key)
                equal(good(server, "DescribeKey", KeyId=key)["KeyMetadata"]["Enabled"], enabled)
    at_the_same_time(write)
    metadata = good(fresh(), "DescribeKey", KeyId=key)["KeyMetadata"]
    equal((metadata["Description"], metadata["KeyState"]), (f"number {TIMES - 1}", "Enabled"))


tap.run(home.close)
