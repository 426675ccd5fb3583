# SPDX-License-Identifier: Apache-2.0
"""AWS's SDK for Python. The argument begins the names of the aliases."""

import datetime
import os
import subprocess
import sys
import tempfile

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL_KMS"]
kms = boto3.client("kms", endpoint_url=ENDPOINT)


def code(function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["RequestId"]
        return error.response["Error"]["Code"]
    return "no error"


def new_key(alias):
    key = kms.create_key(Description="made by boto3")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    return key


old_alias, new_alias = (f"alias/{sys.argv[1]}-{age}" for age in ("old", "new"))
old, new = new_key(old_alias), new_key(new_alias)
blob = kms.encrypt(KeyId=old_alias, Plaintext=b"the secret",
                   EncryptionContext={"tenant": "acme"})["CiphertextBlob"]
moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"tenant": "acme"},
                       DestinationKeyId=new_alias,
                       DestinationEncryptionContext={"tenant": "globex"})["CiphertextBlob"]
answer = kms.decrypt(CiphertextBlob=moved, EncryptionContext={"tenant": "globex"})
assert answer["KeyId"].endswith(new)
print(answer["Plaintext"].decode())

print(code(kms.encrypt, KeyId="alias/nobody", Plaintext=b"x"))
print(code(kms.decrypt, CiphertextBlob=moved, EncryptionContext={"tenant": "acme"}))
print(code(kms.decrypt, CiphertextBlob=moved, EncryptionContext={"tenant": "globex"}, KeyId=old))
kms.disable_key(KeyId=old)
print(code(kms.encrypt, KeyId=old, Plaintext=b"x"))
print(code(kms.create_alias, AliasName="no-prefix", TargetKeyId=new))
stranger = boto3.client("kms", endpoint_url=ENDPOINT, aws_secret_access_key="wrong",
                        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"])
print(code(stranger.list_keys))

pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
assert all(len(page["Keys"]) == 2 for page in pages[:-1])
print(len({key["KeyId"] for page in pages for key in page["Keys"]}), "keys")
pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2})
print(len({alias["AliasName"] for page in pages for alias in page["Aliases"]}), "aliases")

# Key pairs and HMAC keys, which clients carry as they carry the rest.
signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
letter = {"KeyId": signer, "Message": b"letter", "SigningAlgorithm": "ECDSA_SHA_256"}
signature = kms.sign(**letter)["Signature"]
assert kms.verify(Signature=signature, **letter)["SignatureValid"] is True
assert code(kms.verify, Signature=signature, **dict(letter, Message=b"lettre")) == \
    "KMSInvalidSignatureException"
assert kms.get_public_key(KeyId=signer)["SigningAlgorithms"] == ["ECDSA_SHA_256"]
mac_key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
mac = kms.generate_mac(KeyId=mac_key, Message=b"letter", MacAlgorithm="HMAC_SHA_256")["Mac"]
assert kms.verify_mac(KeyId=mac_key, Message=b"letter", MacAlgorithm="HMAC_SHA_256", Mac=mac)["MacValid"]
rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
ciphertext = kms.encrypt(KeyId=rsa, Plaintext=b"the secret", EncryptionAlgorithm="RSAES_OAEP_SHA_1")
from_rsa = kms.re_encrypt(CiphertextBlob=ciphertext["CiphertextBlob"], SourceKeyId=rsa,
                          SourceEncryptionAlgorithm="RSAES_OAEP_SHA_1", DestinationKeyId=new)
assert kms.decrypt(CiphertextBlob=from_rsa["CiphertextBlob"])["Plaintext"] == b"the secret"
pair = kms.generate_data_key_pair_without_plaintext(KeyId=new, KeyPairSpec="ECC_NIST_P256")
assert kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"][0] == 0x30

# Material that was made here, wrapped by OpenSSL.
external = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
assert kms.describe_key(KeyId=external)["KeyMetadata"]["KeyState"] == "PendingImport"
parameters = kms.get_parameters_for_import(KeyId=external, WrappingAlgorithm="RSAES_OAEP_SHA_1",
                                           WrappingKeySpec="RSA_2048")
with tempfile.NamedTemporaryFile() as wrapping:
    wrapping.write(parameters["PublicKey"])
    wrapping.flush()
    wrapped = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey",
                              wrapping.name, "-pkeyopt", "rsa_padding_mode:oaep"],
                             input=b"m" * 32, stdout=subprocess.PIPE, check=True).stdout
material = {"KeyId": external, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": wrapped}
assert code(kms.import_key_material, **material) == "ValidationException"
assert code(kms.import_key_material, **dict(material, ImportToken=b"none",
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")) == "InvalidImportTokenException"
valid_to = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=1)
kms.import_key_material(ValidTo=valid_to, **material)
described = kms.describe_key(KeyId=external)["KeyMetadata"]
assert described["KeyState"] == "Enabled" and described["ValidTo"] == valid_to
assert described["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
mine = kms.encrypt(KeyId=external, Plaintext=b"mine")["CiphertextBlob"]
kms.delete_imported_key_material(KeyId=external)
assert code(kms.decrypt, CiphertextBlob=mine) == "KMSInvalidStateException"
kms.import_key_material(ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **material)
assert kms.decrypt(CiphertextBlob=mine)["Plaintext"] == b"mine"

kms.enable_key_rotation(KeyId=new)
assert kms.get_key_rotation_status(KeyId=new)["KeyRotationEnabled"] is True
kms.disable_key_rotation(KeyId=new)
assert kms.get_key_rotation_status(KeyId=new)["KeyRotationEnabled"] is False
assert code(kms.enable_key_rotation, KeyId=signer) == "UnsupportedOperationException"
for key in signer, mac_key, rsa, external:
    kms.schedule_key_deletion(KeyId=key)
