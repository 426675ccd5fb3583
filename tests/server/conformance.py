# SPDX-License-Identifier: Apache-2.0
"""What AWS KMS's documents say of ReEncrypt and of the errors, request by request over the wire. Said in
the KMS API Reference (ReEncrypt, Decrypt, "Errors" of each operation), in the KMS Developer Guide ("Key
states", "Encryption context", "Testing your permissions", "Grants") and in docs/kms-behaviour.md."""

import base64
import json
import os
import re

from harness import ACCOUNT, BUILD, SOFTHSM, Home, Tap, equal
from memory_image import forms, image

tap = Tap()
home = Home()
policies = home.path / "policies"
policies.mkdir(mode=0o700)
with open(home.path / "trent.toml", "r+") as config:
    text = config.read()
    config.seek(0)
    config.write(f'refresh = "1s"\nidentity-policies = "{policies}"\naudit = "file:{home.path}/audit.log"\n{text}')
server = home.serve("--workers", "1")

ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}"
USER = f"arn:aws:iam::{ACCOUNT}:user/mover"
NOBODYS_KEY = "00000000-0000-4000-8000-000000000000"
SYMMETRIC, OAEP = "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1"
INCORRECT_KEY = "The key ID in the request does not identify a CMK that can perform this operation."
DRY_RUN = "The request would have succeeded, but the DryRun option is set."


# --- requests ---

def b64(data):
    return base64.b64encode(data).decode()


def good(operation, by=server, **members):
    """The response of a request that succeeds."""
    status, body = by.call(operation, members)
    equal((operation, status, body if status != 200 else None), (operation, 200, None))
    return body


def refused(kind, operation, message=None, status=400, by=server, **members):
    """A request that fails: with this __type and status and, if it is given, this message, whole or as a
    regular expression; "" is that there is none."""
    got, body = by.call(operation, members)
    equal((got, body.get("__type")), (status, kind))
    if message == "":
        equal(body, {"__type": kind})
    elif isinstance(message, re.Pattern):
        assert message.fullmatch(body["message"]), body["message"]
    elif message is not None:
        equal(body["message"], message)
    return body.get("message")


def new_key(alias=None, **members):
    key = good("CreateKey", **members)["KeyMetadata"]["KeyId"]
    if alias is not None:
        good("CreateAlias", AliasName=alias, TargetKeyId=key)
    return key


def encrypt(key, plaintext=b"a secret", **members):
    return good("Encrypt", KeyId=key, Plaintext=b64(plaintext), **members)["CiphertextBlob"]


def decrypt(blob, **members):
    return base64.b64decode(good("Decrypt", CiphertextBlob=blob, **members)["Plaintext"])


def move(blob, to, **members):
    return good("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=to, **members)


def not_moved(kind, blob, to, message=None, **members):
    return refused(kind, "ReEncrypt", message, CiphertextBlob=blob, DestinationKeyId=to, **members)


def arn_of(key):
    return f"{ARN}:key/{key}"


def allow(*actions):
    """What the user may do from now on."""
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    directory = policies / ACCOUNT / "user" / "mover"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "policy.json").unlink(missing_ok=True)
    if actions:
        (directory / "policy.json").write_text(json.dumps(policy))
    # Whoever is started now has it at once.
    return home.serve("--workers", "1", "--insecure-as", USER, insecure=False)


OLD, NEW = new_key("alias/old"), new_key("alias/new")
RSA = new_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
SIGNER = new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
MAC = new_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
DISABLED, DOOMED = new_key(), new_key()
DISABLEDS_BLOB, DOOMEDS_BLOB = encrypt(DISABLED), encrypt(DOOMED)
good("DisableKey", KeyId=DISABLED)
good("ScheduleKeyDeletion", KeyId=DOOMED)
BLOB = encrypt(OLD)


# --- ReEncrypt ---

@tap.case
def round_trips_tell_of_both_keys_and_their_materials():
    for context in ({}, {"tenant": "acme"}):
        for to in (OLD, NEW):
            answer = move(encrypt(OLD, EncryptionContext=context), to, SourceEncryptionContext=context,
                          DestinationEncryptionContext=context)
            equal(set(answer), {"CiphertextBlob", "SourceKeyId", "KeyId", "SourceEncryptionAlgorithm",
                                "DestinationEncryptionAlgorithm", "SourceKeyMaterialId",
                                "DestinationKeyMaterialId"})
            equal((answer["SourceKeyId"], answer["KeyId"]), (arn_of(OLD), arn_of(to)))
            equal((answer["SourceEncryptionAlgorithm"], answer["DestinationEncryptionAlgorithm"]),
                  (SYMMETRIC, SYMMETRIC))
            for side in ("Source", "Destination"):
                assert re.fullmatch("[a-f0-9]{64}", answer[side + "KeyMaterialId"])
            equal(decrypt(answer["CiphertextBlob"], EncryptionContext=context, KeyId=to), b"a secret")


@tap.case
def the_source_may_be_left_out_and_a_wrong_one_is_seen_first():
    equal(move(BLOB, NEW)["SourceKeyId"], arn_of(OLD))
    # Whatever is wrong with the destination.
    for to in (NEW, NEW + "0", NOBODYS_KEY, "alias/nobody", DISABLED, DOOMED, SIGNER):
        not_moved("IncorrectKeyException", BLOB, to, INCORRECT_KEY, SourceKeyId=NEW)
    # As well as with the source: an HMAC key for both.
    not_moved("IncorrectKeyException", BLOB, MAC, INCORRECT_KEY, SourceKeyId=DISABLED)


@tap.case
def an_encryption_context_is_exactly_what_it_was():
    context = {"tenant": "acme", "purpose": "test"}
    blob = encrypt(OLD, EncryptionContext=context)
    for wrong in ({}, {"tenant": "acme"}, context | {"more": "x"}, {"Tenant": "acme", "purpose": "test"},
                  {"tenant": "Acme", "purpose": "test"}, {"tenant": "test", "purpose": "acme"}):
        not_moved("InvalidCiphertextException", blob, NEW, "", SourceEncryptionContext=wrong)
        refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=blob, EncryptionContext=wrong)
    reordered = dict(reversed(context.items()))
    equal(decrypt(move(blob, NEW, SourceEncryptionContext=reordered)["CiphertextBlob"]), b"a secret")
    # Where a name ends and its value begins is a part of it.
    blob = encrypt(OLD, EncryptionContext={"ab": "c"})
    not_moved("InvalidCiphertextException", blob, NEW, "", SourceEncryptionContext={"a": "bc"})


@tap.case
def the_destination_inherits_no_context():
    context = {"tenant": "acme"}
    moved = move(encrypt(OLD, EncryptionContext=context), NEW, SourceEncryptionContext=context)
    equal(decrypt(moved["CiphertextBlob"]), b"a secret")
    refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=moved["CiphertextBlob"],
            EncryptionContext=context)


@tap.case
def after_a_rotation_the_same_key_has_another_material():
    key = new_key()
    before = encrypt(key)
    good("RotateKeyOnDemand", KeyId=key)
    answer = move(before, key)
    assert answer["SourceKeyMaterialId"] != answer["DestinationKeyMaterialId"]
    current = good("DescribeKey", KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    equal(answer["DestinationKeyMaterialId"], current)
    equal(decrypt(before), b"a secret")
    good("RotateKeyOnDemand", KeyId=key)
    for blob in (before, answer["CiphertextBlob"]):
        equal(decrypt(blob), b"a secret")


@tap.case
def a_key_that_cannot_be_used_is_named_on_either_side():
    for key, blob, kind, state in (
            (DISABLED, DISABLEDS_BLOB, "DisabledException", "disabled"),
            (DOOMED, DOOMEDS_BLOB, "KMSInvalidStateException", "pending deletion")):
        message = f"{arn_of(key)} is {state}."
        not_moved(kind, blob, NEW, message)
        not_moved(kind, BLOB, key, message)
        # The source comes first.
        not_moved(kind, blob, DISABLED if key == DOOMED else DOOMED, message)
    # Nothing was imported into it yet, so nothing can be under it.
    empty = new_key(Origin="EXTERNAL")
    not_moved("KMSInvalidStateException", BLOB, empty, f"{arn_of(empty)} is pending import.")
    not_moved("IncorrectKeyException", BLOB, NEW, INCORRECT_KEY, SourceKeyId=empty)


@tap.case
def an_alias_is_the_key_that_it_names_now():
    for name in ("alias/new", f"{ARN}:alias/new"):
        equal(move(BLOB, name)["KeyId"], arn_of(NEW))
    key = new_key("alias/moving")
    blob = encrypt("alias/moving")
    equal(move(blob, NEW, SourceKeyId="alias/moving")["SourceKeyId"], arn_of(key))
    good("UpdateAlias", AliasName="alias/moving", TargetKeyId=OLD)
    not_moved("IncorrectKeyException", blob, NEW, INCORRECT_KEY, SourceKeyId="alias/moving")
    equal(move(blob, NEW)["SourceKeyId"], arn_of(key))


@tap.case
def between_a_symmetric_and_an_rsa_key():
    # A multiple of 8 bytes is what SoftHSM can do inside (docs/reencrypt-matrix.md).
    secret = b"sixteen bytes..."
    to_rsa = move(encrypt(OLD, secret), RSA, DestinationEncryptionAlgorithm=OAEP)
    assert "DestinationKeyMaterialId" not in to_rsa and "SourceKeyMaterialId" in to_rsa
    equal(to_rsa["DestinationEncryptionAlgorithm"], OAEP)
    back = move(to_rsa["CiphertextBlob"], NEW, SourceKeyId=RSA, SourceEncryptionAlgorithm=OAEP)
    assert "SourceKeyMaterialId" not in back and "DestinationKeyMaterialId" in back
    equal((back["SourceKeyId"], back["SourceEncryptionAlgorithm"]), (arn_of(RSA), OAEP))
    equal(decrypt(back["CiphertextBlob"]), secret)
    # More than the padding leaves room for.
    not_moved("ValidationException", encrypt(OLD, bytes(range(215))), RSA,
              f"Algorithm {OAEP} and key spec RSA_2048 cannot encrypt data larger than 214 bytes.",
              DestinationEncryptionAlgorithm=OAEP)
    other_hash = encrypt(RSA, secret, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    not_moved("InvalidCiphertextException", other_hash, NEW, "", SourceKeyId=RSA,
              SourceEncryptionAlgorithm=OAEP)
    not_moved("InvalidKeyUsageException", other_hash, NEW,
              f"Algorithm {SYMMETRIC} is incompatible with key spec RSA_2048.", SourceKeyId=RSA)
    not_moved("InvalidKeyUsageException", BLOB, RSA,
              f"Algorithm {SYMMETRIC} is incompatible with key spec RSA_2048.")


@tap.case
def ciphertexts_of_every_length_and_of_no_base64():
    too_short = ("1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member "
                 "must have length greater than or equal to 1")
    not_moved("ValidationException", "", NEW, too_short)
    for size in (1, 6144):
        not_moved("InvalidCiphertextException", b64(os.urandom(size)), NEW, "")
        refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=b64(os.urandom(size)))
    too_long = too_short.replace("greater", "less").replace("to 1", "to 6144")
    not_moved("ValidationException", b64(bytes(6145)), NEW, too_long)
    for text in ("%%%%", "YWJj ZGVm", "YQ", "YQ==="):
        not_moved("SerializationException", text, NEW)
    not_moved("SerializationException", 17, NEW)


@tap.case
def a_dry_run_says_how_it_would_have_ended():
    not_moved("DryRunOperationException", BLOB, NEW, DRY_RUN, DryRun=True)
    for kind, blob, to, members in (
            ("InvalidCiphertextException", BLOB, NEW, {"SourceEncryptionContext": {"a": "b"}}),
            ("IncorrectKeyException", BLOB, NEW, {"SourceKeyId": NEW}),
            ("NotFoundException", BLOB, NOBODYS_KEY, {}),
            ("DisabledException", BLOB, DISABLED, {}),
            ("InvalidKeyUsageException", BLOB, SIGNER, {}),
            ("ValidationException", "", NEW, {})):
        words = not_moved(kind, blob, to, **members)
        not_moved(kind, blob, to, "" if words is None else words, DryRun=True, **members)
    user = allow("kms:ReEncryptFrom")
    refused("AccessDeniedException", "ReEncrypt", by=user, CiphertextBlob=BLOB, DestinationKeyId=NEW, DryRun=True)
    # About permissions only, so that no ciphertext is needed, but the key.
    unread = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    both = {"SourceKeyId": OLD, "DestinationKeyId": NEW}
    refused("DryRunOperationException", "ReEncrypt", DRY_RUN, **both, **unread)
    refused("DryRunOperationException", "ReEncrypt", DRY_RUN, **(both | {"SourceKeyId": NEW}), **unread,
            CiphertextBlob=BLOB)
    refused("DryRunOperationException", "ReEncrypt", DRY_RUN, DestinationKeyId=NEW, **unread, CiphertextBlob=BLOB,
            SourceEncryptionContext={"a": "b"})
    refused("DryRunOperationException", "Decrypt", DRY_RUN, KeyId=OLD, **unread)
    refused("AccessDeniedException", "ReEncrypt", by=user, **both, **unread)
    refused("DisabledException", "ReEncrypt", SourceKeyId=DISABLED, DestinationKeyId=NEW, **unread)
    refused("NotFoundException", "Decrypt", KeyId=NOBODYS_KEY, **unread)
    refused("InvalidKeyUsageException", "Decrypt", KeyId=SIGNER, **unread)
    refused("ValidationException", "Decrypt", "KeyId is required where there is no ciphertext.", **unread)
    refused("ValidationException", "ReEncrypt", "SourceKeyId is required where there is no ciphertext.",
            DestinationKeyId=NEW, **unread)
    refused("ValidationException", "Decrypt", "DryRunModifiers is valid only with DryRun.", CiphertextBlob=BLOB,
            DryRunModifiers=["IGNORE_CIPHERTEXT"])
    absent = "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must " \
             "not be null"
    refused("ValidationException", "Decrypt", absent, KeyId=OLD, DryRunModifiers=["IGNORE_CIPHERTEXT"])
    refused("ValidationException", "ReEncrypt", absent, **both, DryRun=True)
    refused("ValidationException", "Decrypt", KeyId=OLD, DryRun=True, DryRunModifiers=["OTHER"])
    # Nothing is made.
    keys = good("ListGrants", KeyId=OLD)["Grants"]
    refused("DryRunOperationException", "CreateGrant", DRY_RUN, KeyId=OLD, GranteePrincipal=USER,
            Operations=["Decrypt"], DryRun=True)
    equal(good("ListGrants", KeyId=OLD)["Grants"], keys)


@tap.case
def each_of_the_two_permissions_is_asked_for():
    blob = encrypt(OLD)
    for missing, actions in (("kms:ReEncryptTo", ["kms:ReEncryptFrom"]),
                             ("kms:ReEncryptFrom", ["kms:ReEncryptTo"]),
                             ("kms:ReEncryptFrom", ["kms:Decrypt", "kms:Encrypt"])):
        user = allow(*actions)
        # The key is named, or found by the ciphertext.
        for members in ({"SourceKeyId": OLD}, {}):
            words = refused("AccessDeniedException", "ReEncrypt", by=user, CiphertextBlob=blob, DestinationKeyId=NEW,
                            **members)
            assert words.startswith(f"User: {USER} is not authorized to perform: {missing} on "), words
    user = allow("kms:ReEncryptFrom", "kms:ReEncryptTo")
    equal(good("ReEncrypt", by=user, CiphertextBlob=blob, DestinationKeyId=NEW)["KeyId"], arn_of(NEW))


@tap.case
def grants_for_each_side_hold_at_once_with_their_tokens():
    context = {"tenant": "acme"}
    blob = encrypt(OLD, EncryptionContext=context)
    user = allow()
    request = {"CiphertextBlob": blob, "SourceEncryptionContext": context, "DestinationKeyId": NEW,
               "DestinationEncryptionContext": context}

    def grant(key, operation):
        return good("CreateGrant", KeyId=key, GranteePrincipal=USER, Operations=[operation],
                    Constraints={"EncryptionContextEquals": context})

    def denied(permission, **members):
        words = refused("AccessDeniedException", "ReEncrypt", by=user, **(request | members))
        assert f" perform: {permission} on " in words, words

    denied("kms:ReEncryptFrom")
    source = grant(OLD, "ReEncryptFrom")
    denied("kms:ReEncryptTo", GrantTokens=[source["GrantToken"]])
    destination = grant(NEW, "ReEncryptTo")
    tokens = [source["GrantToken"], destination["GrantToken"]]
    equal(good("ReEncrypt", by=user, GrantTokens=tokens, **request)["KeyId"], arn_of(NEW))
    # A constraint that is not met allows nothing.
    denied("kms:ReEncryptTo", GrantTokens=tokens, DestinationEncryptionContext={"tenant": "globex"})
    denied("kms:ReEncryptTo", GrantTokens=tokens, DestinationEncryptionContext=context | {"more": "x"})
    good("RevokeGrant", KeyId=NEW, GrantId=destination["GrantId"])
    good("RevokeGrant", KeyId=OLD, GrantId=source["GrantId"])


@tap.case
def no_plaintext_is_left_in_memory_or_logs():
    secret = b"a plaintext that nobody may find: " + os.urandom(16).hex().encode()
    key = new_key()
    # Encrypt and Decrypt have it, and overwrite it; tests/server/memory.py is about that.
    encrypted_by = home.trent("encrypt", "--key-id", key, "--plaintext", b64(secret), "--output", "raw",
                              "--output-file", str(home.path / "secret.blob"))
    equal(encrypted_by, "")
    blob = b64((home.path / "secret.blob").read_bytes())
    access_log = home.path / "access.log"
    logging = home.serve("--workers", "1", "--access-log", str(access_log))
    for to in (key, NEW):
        for _ in range(3):
            good("ReEncrypt", by=logging, CiphertextBlob=blob, DestinationKeyId=to)
    refused("InvalidCiphertextException", "ReEncrypt", by=logging, CiphertextBlob=blob, DestinationKeyId=to,
            SourceEncryptionContext={"a": "b"})
    # Only root may read the memory of a process that forbids it.
    processes = (logging.process.pid, *logging.workers()) if os.geteuid() == 0 else ()
    everything = b"".join(image(process) for process in processes)
    everything += access_log.read_bytes() + (home.path / "audit.log").read_bytes() + logging.log().encode()
    assert NEW.encode() in everything
    for form in forms(secret):
        assert form not in everything, form


def faulty_server(switch):
    """Its token fails while the file `switch` says so."""
    configuration = home.path / "fault.toml"
    configuration.write_text((home.path / "trent.toml").read_text().replace(
        SOFTHSM, str(BUILD / "tests" / "fault.so")))
    return home.serve("--workers", "1", environment=dict(
        home.environment, TRENT_CONF=str(configuration), TRENT_FAULT_SWITCH=str(switch)))


@tap.case
def a_session_that_is_lost_is_a_fault_of_the_server():
    switch = home.path / "switch"
    faulty = faulty_server(switch)
    request = {"CiphertextBlob": BLOB, "DestinationKeyId": NEW}
    good("ReEncrypt", by=faulty, **request)
    # CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_USER_NOT_LOGGED_IN
    for rv in ("0xb3", "0xb0", "0x101"):
        for function in ("*", "C_UnwrapKey", "C_DeriveKey", "C_DestroyObject"):
            switch.write_text(f"{function} {rv}\n")
            refused("KMSInternalException", "ReEncrypt", status=500, by=faulty, **request)
            refused("KMSInternalException", "Decrypt", status=500, by=faulty, CiphertextBlob=BLOB)
            # It may be tried again.
            switch.unlink()
            good("ReEncrypt", by=faulty, **request)


# --- the errors of all operations ---

@tap.case
def not_found():
    for operation, members in (("DescribeKey", {}), ("Encrypt", {"Plaintext": "YQ=="}), ("EnableKey", {}),
                               ("ReEncrypt", {"CiphertextBlob": BLOB})):
        name = "DestinationKeyId" if operation == "ReEncrypt" else "KeyId"
        for key in (NOBODYS_KEY, arn_of(NOBODYS_KEY)):
            refused("NotFoundException", operation, f"Key '{arn_of(NOBODYS_KEY)}' does not exist",
                    **{name: key}, **members)
        for key in ("fake-key-id", NOBODYS_KEY.replace("-", ""), "mrk-fake-key-id"):
            refused("NotFoundException", operation, f"Invalid keyId '{key}'", **{name: key}, **members)
        refused("NotFoundException", operation, "Invalid arn us-west-2",
                **{name: arn_of(OLD).replace("us-east-1", "us-west-2")}, **members)
    refused("NotFoundException", "DescribeKey", f"Alias {ARN}:alias/nobody is not found.", KeyId="alias/nobody")
    refused("NotFoundException", "DeleteAlias", f"Alias {ARN}:alias/nobody is not found.", AliasName="alias/nobody")
    refused("NotFoundException", "GetKeyPolicy", "No such policy exists", KeyId=OLD, PolicyName="other")


@tap.case
def disabled():
    message = f"{arn_of(DISABLED)} is disabled."
    refused("DisabledException", "Encrypt", message, KeyId=DISABLED, Plaintext="YQ==")
    refused("DisabledException", "Decrypt", message, CiphertextBlob=DISABLEDS_BLOB)
    refused("DisabledException", "GenerateDataKey", message, KeyId=DISABLED, KeySpec="AES_256")
    refused("DisabledException", "RotateKeyOnDemand", message, KeyId=DISABLED)


@tap.case
def invalid_state():
    message = f"{arn_of(DOOMED)} is pending deletion."
    refused("KMSInvalidStateException", "Encrypt", message, KeyId=DOOMED, Plaintext="YQ==")
    refused("KMSInvalidStateException", "Decrypt", message, CiphertextBlob=DOOMEDS_BLOB)
    refused("KMSInvalidStateException", "EnableKey", message, KeyId=DOOMED)
    refused("KMSInvalidStateException", "ScheduleKeyDeletion", message, KeyId=DOOMED)
    refused("KMSInvalidStateException", "CancelKeyDeletion",
            f"{arn_of(OLD)} is not pending deletion (or pending replica deletion).", KeyId=OLD)


@tap.case
def invalid_ciphertext():
    damaged = bytearray(base64.b64decode(BLOB))
    damaged[-1] ^= 1
    for blob in (b64(damaged), b64(base64.b64decode(BLOB)[:-1]), b64(base64.b64decode(BLOB) + b"\0"), "YQ=="):
        refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=blob)
        refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=blob, KeyId=OLD)
    refused("InvalidCiphertextException", "Decrypt", "", CiphertextBlob=b64(os.urandom(256)), KeyId=RSA,
            EncryptionAlgorithm=OAEP)


@tap.case
def incorrect_key():
    # Whatever else is wrong with the key.
    for key in (NEW, SIGNER, MAC, DISABLED, DOOMED):
        refused("IncorrectKeyException", "Decrypt", INCORRECT_KEY, CiphertextBlob=BLOB, KeyId=key)
        not_moved("IncorrectKeyException", BLOB, key, INCORRECT_KEY, SourceKeyId=key)


@tap.case
def invalid_key_usage():
    for key, usage in ((SIGNER, "SIGN_VERIFY"), (MAC, "GENERATE_VERIFY_MAC")):
        refused("InvalidKeyUsageException", "Encrypt",
                f"{arn_of(key)} key usage is {usage} which is not valid for Encrypt.", KeyId=key, Plaintext="YQ==")
        not_moved("InvalidKeyUsageException", BLOB, key,
                  f"{arn_of(key)} key usage is {usage} which is not valid for ReEncryptTo.")
    refused("InvalidKeyUsageException", "Encrypt", f"Algorithm {SYMMETRIC} is incompatible with key spec RSA_2048.",
            KeyId=RSA, Plaintext="YQ==")
    refused("InvalidKeyUsageException", "GenerateMac", "Algorithm HMAC_SHA_384 is incompatible with key spec HMAC_256.",
            KeyId=MAC, Message="YQ==", MacAlgorithm="HMAC_SHA_384")


@tap.case
def grants():
    refused("InvalidGrantTokenException", "Decrypt", CiphertextBlob=BLOB, GrantTokens=["none"])
    not_moved("InvalidGrantTokenException", BLOB, NEW, GrantTokens=["none"])
    for operation in ("RevokeGrant", "RetireGrant", "ListGrants"):
        refused("InvalidGrantIdException", operation, KeyId=arn_of(OLD), GrantId="0" * 64)
    refused("InvalidArnException", "CreateGrant", KeyId=OLD, GranteePrincipal="nobody", Operations=["Decrypt"])


@tap.case
def dry_runs():
    sign = {"KeyId": SIGNER, "Message": "YQ==", "SigningAlgorithm": "ECDSA_SHA_256"}
    mac = {"KeyId": MAC, "Message": "YQ==", "MacAlgorithm": "HMAC_SHA_256"}
    signature = good("Sign", **sign)["Signature"]
    agreeing = new_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    grant = good("CreateGrant", KeyId=OLD, GranteePrincipal=USER, Operations=["Decrypt"])["GrantId"]
    # All that have it, but for ReEncrypt.
    for operation, members in (
            ("CreateGrant", {"KeyId": OLD, "GranteePrincipal": USER, "Operations": ["Encrypt"]}),
            ("Decrypt", {"CiphertextBlob": BLOB}),
            ("DeriveSharedSecret", {"KeyId": agreeing, "KeyAgreementAlgorithm": "ECDH",
                                    "PublicKey": good("GetPublicKey", KeyId=agreeing)["PublicKey"]}),
            ("Encrypt", {"KeyId": OLD, "Plaintext": "YQ=="}),
            ("GenerateDataKey", {"KeyId": OLD, "KeySpec": "AES_256"}),
            ("GenerateDataKeyPair", {"KeyId": OLD, "KeyPairSpec": "ECC_NIST_P256"}),
            ("GenerateDataKeyPairWithoutPlaintext", {"KeyId": OLD, "KeyPairSpec": "ECC_NIST_P256"}),
            ("GenerateDataKeyWithoutPlaintext", {"KeyId": OLD, "KeySpec": "AES_256"}),
            ("GenerateMac", mac), ("RetireGrant", {"KeyId": arn_of(OLD), "GrantId": grant}),
            ("RevokeGrant", {"KeyId": OLD, "GrantId": grant}), ("Sign", sign),
            ("Verify", sign | {"Signature": signature}),
            ("VerifyMac", mac | {"Mac": good("GenerateMac", **mac)["Mac"]})):
        refused("DryRunOperationException", operation, DRY_RUN, DryRun=True, **members)
    equal([each["GrantId"] for each in good("ListGrants", KeyId=OLD)["Grants"]], [grant])
    good("RevokeGrant", KeyId=OLD, GrantId=grant)


@tap.case
def unsupported_operation():
    refused("UnsupportedOperationException", "RotateKeyOnDemand", "", KeyId=SIGNER)
    refused("UnsupportedOperationException", "EnableKeyRotation", KeyId=MAC)
    refused("UnsupportedOperationException", "GetPublicKey", KeyId=OLD)
    refused("UnsupportedOperationException", "CreateKey", MultiRegion=True,
            KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


@tap.case
def aliases():
    arn = f"{ARN}:alias/old"
    refused("AlreadyExistsException", "CreateAlias", f"An alias with the name {arn} already exists",
            AliasName="alias/old", TargetKeyId=OLD)
    refused("InvalidAliasNameException", "CreateAlias", AliasName="alias/aws/s3", TargetKeyId=OLD)
    refused("ValidationException", "CreateAlias",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html", AliasName="old", TargetKeyId=OLD)


@tap.case
def limits_of_rotation():
    key = new_key()
    for _ in range(25):
        good("RotateKeyOnDemand", KeyId=key)
    refused("LimitExceededException", "RotateKeyOnDemand",
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
            f"performed for this key: {arn_of(key)}", KeyId=key)


@tap.case
def policies_and_tags():
    refused("MalformedPolicyDocumentException", "PutKeyPolicy", KeyId=OLD, Policy="{}")
    refused("MalformedPolicyDocumentException", "PutKeyPolicy", KeyId=OLD, Policy="no policy")
    locked_out = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:Decrypt", "Resource": "*"}]}
    refused("MalformedPolicyDocumentException", "PutKeyPolicy",
            "The new key policy will not allow you to update the key policy in the future.", KeyId=OLD,
            Policy=json.dumps(locked_out))

    def tags(*keys):
        return [{"TagKey": key, "TagValue": "x"} for key in keys]

    refused("TagException", "TagResource", "Duplicate tag keys", KeyId=OLD, Tags=tags("a", "a"))
    refused("TagException", "TagResource", "Too many tags", KeyId=OLD, Tags=tags(*map(str, range(51))))
    refused("TagException", "TagResource", "Tags beginning with aws: are reserved", KeyId=OLD, Tags=tags("aws:a"))
    refused("TagException", "CreateKey", "Duplicate tag keys", Tags=tags("a", "a"))


@tap.case
def markers():
    for operation in ("ListKeys", "ListAliases"):
        refused("InvalidMarkerException", operation, Marker="!")
    for operation in ("ListGrants", "ListKeyRotations", "ListKeyPolicies", "ListResourceTags"):
        refused("InvalidMarkerException", operation, KeyId=OLD, Marker="!")


@tap.case
def signatures_and_macs():
    refused("KMSInvalidSignatureException", "Verify", "", KeyId=SIGNER, Message="YQ==", Signature=b64(bytes(70)),
            SigningAlgorithm="ECDSA_SHA_256")
    refused("KMSInvalidMacException", "VerifyMac", "", KeyId=MAC, Message="YQ==", Mac=b64(bytes(32)),
            MacAlgorithm="HMAC_SHA_256")
    refused("ValidationException", "Sign", "Digest is invalid length for algorithm ECDSA_SHA_256.", KeyId=SIGNER,
            Message="YQ==", MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")


@tap.case
def validation():
    detected = "1 validation error detected: Value{} at '{}' failed to satisfy constraint: Member must "
    refused("ValidationException", "Encrypt",
            detected.format("", "plaintext") + "have length less than or equal to 4096", KeyId=OLD,
            Plaintext=b64(bytes(4097)))
    refused("ValidationException", "GenerateRandom",
            detected.format(" '1025'", "numberOfBytes") + "have value less than or equal to 1024", NumberOfBytes=1025)
    words = refused("ValidationException", "GenerateMac", KeyId=MAC, Message="YQ==", MacAlgorithm="INVALID")
    assert words.startswith(detected.format(" 'INVALID'", "macAlgorithm") + "satisfy enum value set: ["), words
    assert "HMAC_SHA_384" in words
    words = refused("ValidationException", "TagResource", KeyId=OLD, Tags=[{"TagKey": "", "TagValue": ""}])
    assert "'tags.1.member.tagKey'" in words, words
    refused("ValidationException", "Encrypt",
            f"Algorithm {OAEP} and key spec RSA_2048 cannot encrypt data larger than 214 bytes.", KeyId=RSA,
            Plaintext=b64(bytes(215)), EncryptionAlgorithm=OAEP)
    refused("ValidationException", "CreateKey",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            KeySpec="RSA_2048")
    refused("ValidationException", "CreateKey", "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
            KeySpec="RSA_2048", KeyUsage="KEY_AGREEMENT")
    refused("ValidationException", "GenerateDataKey", "Please specify either number of bytes or key spec.", KeyId=OLD)
    refused("ValidationException", "GenerateRandom", "NumberOfBytes is required.")


def blob_of_elsewhere():
    """A ciphertext of a key that is not here."""
    other = Home()
    try:
        key = json.loads(other.trent("create-key"))["KeyMetadata"]["KeyId"]
        return json.loads(other.trent("encrypt", "--key-id", key, "--plaintext", "YQ=="))["CiphertextBlob"]
    finally:
        other.close()


@tap.case
def faults_of_the_server():
    switch, lock = home.path / "switch", home.path / "tokens" / ".trent-start.lock"
    faulty = faulty_server(switch)
    request = {"CiphertextBlob": BLOB, "DestinationKeyId": NEW}
    good("ReEncrypt", by=faulty, **request)
    switch.write_text("* 0x30\n")  # CKR_DEVICE_ERROR
    refused("KMSInternalException", "ReEncrypt", status=500, by=faulty, **request)
    switch.write_text("* 0x32\n")  # CKR_DEVICE_REMOVED
    refused("KeyUnavailableException", "ReEncrypt", status=500, by=faulty, **request)
    # Whoever looks for the token anew needs the lock.
    lock.unlink(missing_ok=True)
    lock.mkdir()
    refused("DependencyTimeoutException", "ReEncrypt", status=500, by=faulty, **request)
    lock.rmdir()
    switch.unlink()
    good("ReEncrypt", by=faulty, **request)


@tap.case
def adopted_keys():
    refused("XksKeyNotFoundException", "CreateKey", Origin="EXTERNAL_KEY_STORE", XksKeyId="nobodys")
    refused("XksKeyAlreadyInUseException", "CreateKey", Origin="EXTERNAL_KEY_STORE",
            XksKeyId=f"pkcs11:object=trent/key/{RSA}")


@tap.case
def who_may_not():
    user = allow()
    words = refused("AccessDeniedException", "Encrypt", by=user, KeyId=OLD, Plaintext="YQ==")
    assert words.startswith(f"User: {USER} is not authorized to perform: kms:Encrypt on resource: {arn_of(OLD)} "
                            "because "), words
    # Whether a key is there, or disabled, is nobody's business who may not use it.
    hidden = (f"User: {USER} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext "
              "because the resource does not exist in this Region, no resource-based policies allow access, or a "
              "resource-based policy explicitly denies access")
    for blob in (BLOB, DISABLEDS_BLOB, DOOMEDS_BLOB):
        refused("AccessDeniedException", "Decrypt", hidden, by=user, CiphertextBlob=blob)
    refused("AccessDeniedException", "Decrypt", hidden.replace(USER, f"arn:aws:iam::{ACCOUNT}:root"),
            CiphertextBlob=blob_of_elsewhere())


tap.run(home.close)
