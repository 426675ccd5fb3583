# SPDX-License-Identifier: Apache-2.0
"""AWS's SDK for Python: tags, key policies, grants and rotation, with a guest that has an access key of its
own. Prints what clients.py compares."""

import json
import os

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL_KMS"]
OWNER, GUEST = os.environ["OWNER"], os.environ["GUEST"]
kms = boto3.client("kms", endpoint_url=ENDPOINT)
guest = boto3.client("kms", endpoint_url=ENDPOINT, aws_access_key_id=os.environ["GUEST_ACCESS_KEY_ID"],
                     aws_secret_access_key=os.environ["GUEST_SECRET_ACCESS_KEY"])


def code(function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def statement(principal, *actions):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*"}


def put_policy(*statements):
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == policy


key = kms.create_key(Tags=[{"TagKey": "Team", "TagValue": "Payments"}])["KeyMetadata"]["KeyId"]
kms.tag_resource(KeyId=key, Tags=[{"TagKey": "Env", "TagValue": "test"}, {"TagKey": "Old", "TagValue": ""}])
kms.untag_resource(KeyId=key, TagKeys=["Old"])
print(*sorted(tag["TagKey"] + "=" + tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]))

print(*kms.list_key_policies(KeyId=key)["PolicyNames"])
context = {"tenant": "acme"}
secret = {"KeyId": key, "Plaintext": b"the secret", "EncryptionContext": context}
put_policy(statement(OWNER, "kms:*"))
print(code(guest.encrypt, **secret))
put_policy(statement(OWNER, "kms:*"), statement(GUEST, "kms:Encrypt"))
blob = {"CiphertextBlob": guest.encrypt(**secret)["CiphertextBlob"], "EncryptionContext": context}
print(code(guest.decrypt, **blob))
print(code(guest.put_key_policy, KeyId=key, PolicyName="default", Policy="{}"))
print(code(kms.put_key_policy, KeyId=key, PolicyName="default", Policy="{}"))

grant = kms.create_grant(KeyId=key, GranteePrincipal=GUEST, RetiringPrincipal=GUEST,
                         Operations=["Decrypt", "ReEncryptFrom"],
                         Constraints={"EncryptionContextSubset": context})
print(guest.decrypt(GrantTokens=[grant["GrantToken"]], **blob)["Plaintext"].decode())
other = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
print(code(guest.decrypt, CiphertextBlob=other, GrantTokens=[grant["GrantToken"]]))
listed, = kms.list_grants(KeyId=key)["Grants"]
assert listed["GrantId"] == grant["GrantId"] and listed["GranteePrincipal"] == GUEST, listed
assert listed["Constraints"] == {"EncryptionContextSubset": context}, listed
retirable, = kms.list_retirable_grants(RetiringPrincipal=GUEST)["Grants"]
assert retirable == listed
guest.retire_grant(GrantToken=grant["GrantToken"])
print(code(guest.decrypt, **blob))
grant = kms.create_grant(KeyId=key, GranteePrincipal=GUEST, Operations=["Decrypt"], Name="again")
assert guest.decrypt(**blob)["Plaintext"] == b"the secret"
kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
print(code(guest.decrypt, **blob))
print(len(kms.list_grants(KeyId=key)["Grants"]), "grants")
print(code(kms.revoke_grant, KeyId=key, GrantId=grant["GrantId"]))

kms.enable_key_rotation(KeyId=key)
print("rotated:", kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"])
kms.disable_key_rotation(KeyId=key)
print("rotated:", kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"])
# Debian's is of a time when there were none of these.
if hasattr(kms, "rotate_key_on_demand"):
    kms.rotate_key_on_demand(KeyId=key)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
    assert kms.decrypt(**blob)["Plaintext"] == b"the secret"
