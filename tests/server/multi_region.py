# SPDX-License-Identifier: Apache-2.0
"""Multi-Region keys by boto3: two regions of an account by one server, which it tells apart as AWS does,
by the region that a request is signed for."""

import subprocess

import boto3
from botocore.exceptions import ClientError

from harness import ACCOUNT, SOFTHSM, Home, Tap, equal
from programs import access_key

tap = Tap()
home = Home()
with open(home.path / "trent.toml", "a", encoding="utf-8") as file:
    file.write(f'[[token]]\naccount = "{ACCOUNT}"\nregion = "eu-west-1"\nmodule = "{SOFTHSM}"\n'
               f'uri = "pkcs11:token=second"\npin-source = "file:{home.path}/pin"\n')
subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "second", "--so-pin", "12345678",
                "--pin", "1234"], env=home.environment, check=True, stdout=subprocess.DEVNULL)
# Signatures are looked at, as in AWS.
KEY_ID, SECRET = access_key(home).values()
server = home.serve("--workers", "1", insecure=False)


def client(region):
    return boto3.client("kms", region_name=region, endpoint_url=server.url,
                        aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET)


HERE, THERE = client("us-east-1"), client("eu-west-1")


def code(function, **members):
    try:
        function(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


@tap.case
def a_client_is_of_its_region():
    key = THERE.create_key()["KeyMetadata"]
    equal(key["Arn"], f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key['KeyId']}")
    equal(code(HERE.describe_key, KeyId=key["KeyId"]), "NotFoundException")
    equal(HERE.describe_key(KeyId=key["Arn"])["KeyMetadata"]["KeyId"], key["KeyId"])
    equal(code(client("ap-south-1").list_keys), "InvalidSignatureException")


@tap.case
def replicate_and_re_encrypt():
    key = HERE.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    assert key.startswith("mrk-")
    blob = HERE.encrypt(KeyId=key, Plaintext=b"the secret",
                        EncryptionContext={"tenant": "acme"})["CiphertextBlob"]
    made = HERE.replicate_key(KeyId=key, ReplicaRegion="eu-west-1", Description="over there",
                              Tags=[{"TagKey": "Team", "TagValue": "Payments"}])
    equal(made["ReplicaTags"], [{"TagKey": "Team", "TagValue": "Payments"}])
    assert "Statement" in made["ReplicaPolicy"]
    for kms, kind in ((HERE, "PRIMARY"), (THERE, "REPLICA")):
        told = kms.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
        equal(told, {
            "MultiRegionKeyType": kind,
            "PrimaryKey": {"Arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{key}", "Region": "us-east-1"},
            "ReplicaKeys": [{"Arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key}",
                             "Region": "eu-west-1"}]})
    other = THERE.create_key()["KeyMetadata"]["KeyId"]
    moved = THERE.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"tenant": "acme"},
                             DestinationKeyId=other)
    equal(moved["SourceKeyId"], f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key}")
    equal(THERE.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"], b"the secret")
    equal(code(HERE.replicate_key, KeyId=key, ReplicaRegion="eu-west-1"), "AlreadyExistsException")
    equal(code(THERE.replicate_key, KeyId=key, ReplicaRegion="us-east-1"),
          "UnsupportedOperationException")


@tap.case
def rotate_update_and_delete():
    key = HERE.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    HERE.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    HERE.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    told = HERE.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    equal(told["PrimaryKey"]["Region"], "eu-west-1")
    blob = THERE.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    equal(HERE.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
    answer = THERE.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    equal((answer["KeyState"], "DeletionDate" in answer), ("PendingReplicaDeletion", False))
    equal(THERE.describe_key(KeyId=key)["KeyMetadata"]["PendingDeletionWindowInDays"], 7)
    equal(HERE.schedule_key_deletion(KeyId=key)["KeyState"], "PendingDeletion")


tap.run(home.close)
