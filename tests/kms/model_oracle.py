#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares Trent's tables of operations with AWS's own model, as python3-botocore has it.

usage: model_oracle.py MODEL_DUMP

Both ways: what AWS has and Trent has not, and what Trent has and AWS has not, is an error unless it
stands below with its reason.
"""

import json
import subprocess
import sys

from botocore.loaders import Loader

# Newer than the botocore of Debian 12 (1.29.27, of 2022).
NEWER_FIELDS = {"DryRun", "KeyMaterialId", "SourceKeyMaterialId", "DestinationKeyMaterialId",
                "CurrentKeyMaterialId", "PolicyName", "KeyAgreementAlgorithms", "SourceArn",
                "RotationPeriodInDays", "NextRotationDate", "DryRunModifiers", "ImportType",
                "KeyMaterialDescription"}
NEWER_FIELDS_OF = {("GetKeyRotationStatus (response)", "KeyId"),
                   ("ImportKeyMaterial (response)", "KeyId")}
NEWER_MISSING = {"Recipient", "GranteeServicePrincipal",
                 "RetiringServicePrincipal"}
NEWER_ERRORS = {"DryRunOperationException"}
NEWER_VALUES = {"KEY_AGREEMENT", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519",
                "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512", "EXTERNAL_MU",
                "DeriveSharedSecret"}
# Of shapes where another has the same values for longer.
NEWER_VALUES_OF = {
    "AlgorithmSpec": {"RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE"},
    "WrappingKeySpec": {"RSA_3072", "RSA_4096", "SM2"},
}
NEWER_RESPONSES = {"DeleteImportedKeyMaterial"}
# Not compared, for that botocore does not know them.
NEWER_OPERATIONS = {"DeriveSharedSecret", "ListKeyRotations", "RotateKeyOnDemand"}

# What Trent leaves out of its answers, and why.
ABSENT_RESPONSE = {
    "CustomKeyStoreId": "there are no custom key stores",
    "CloudHsmClusterId": "there are no custom key stores",
}
ABSENT_ERRORS = {  # there are no custom key stores
    "CustomKeyStoreNotFoundException", "CustomKeyStoreInvalidStateException",
    "CloudHsmClusterInvalidConfigurationException",
}
# (operation, member): needed in one of the two.
OTHER_NEED = {
    ("GetKeyPolicy", "PolicyName"): "optional in newer models",
    ("PutKeyPolicy", "PolicyName"): "optional in newer models",
    ("CreateGrant", "GranteePrincipal"): "optional in newer models",
    ("ListRetirableGrants", "RetiringPrincipal"): "optional in newer models",
    (None, "Name"): "of a grant: sent also if it is empty, as the service does",
}
OTHER_LIMITS = {
    "PendingWindowInDaysType": "the service allows 7 to 30, whatever its model says",
    "XksKeyIdType": "it may be a PKCS#11 URI, which is longer",
}


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.operations, self.shapes = ours, theirs["operations"], theirs["shapes"]
        self.faults = []

    def fault(self, where, what):
        self.faults.append(f"{where}: {what}")

    def shape(self, where, ours, name):
        theirs = self.shapes[name]
        if ours["shape"] != name:
            self.fault(where, f"the shape is {ours['shape']}, in the model {name}")
        if name not in OTHER_LIMITS and theirs["type"] not in ("timestamp", "boolean"):
            for limit in ("min", "max"):
                if ours.get(limit) != theirs.get(limit):
                    self.fault(where, f"{limit} is {ours.get(limit)}, in the model {theirs.get(limit)}")
        newer = NEWER_VALUES | NEWER_VALUES_OF.get(name, set())
        values = [value for value in ours.get("enum", []) if value not in newer]
        if values != [value for value in theirs.get("enum", [])]:
            self.fault(where, f"the values are {values}, in the model {theirs.get('enum', [])}")
        if bool(theirs.get("sensitive")) != ours["sensitive"]:
            self.fault(where, "one of the two is sensitive")
        if theirs["type"] == "structure":
            self.fields(where, ours["fields"], name, ABSENT_RESPONSE, set(), None)
        elif theirs["type"] == "list":
            member = theirs["member"]["shape"]
            if self.shapes[member]["type"] == "structure":
                self.fields(where, ours["fields"], member, ABSENT_RESPONSE, set(), None)
            else:
                self.shape(where + "[]", ours["member"], member)

    def fields(self, where, ours, name, absent, missing, operation):
        theirs = self.shapes[name]
        members = list(theirs["members"])
        for member in members:
            if member not in [field["name"] for field in ours] and member not in missing and \
                    member not in absent:
                self.fault(where, f"{member} is in the model only")
        common = []
        for field in ours:
            if field["name"] not in members:
                if field["name"] not in NEWER_FIELDS and (where, field["name"]) not in NEWER_FIELDS_OF:
                    self.fault(where, f"{field['name']} is not in the model")
                continue
            common.append(field["name"])
            self.shape(f"{where}.{field['name']}", field, theirs["members"][field["name"]]["shape"])
            required = field["name"] in theirs.get("required", [])
            if field["required"] != required and (operation, field["name"]) not in OTHER_NEED:
                self.fault(f"{where}.{field['name']}", f"required is {field['required']}")
        if common != [member for member in members if member in common]:
            self.fault(where, f"the order is {common}")

    def operation(self, name, ours):
        theirs = self.operations.get(name)
        if theirs is None and name in NEWER_OPERATIONS:
            return None
        if theirs is None:
            return self.fault(name, "is not in the model")
        missing = set(ours["missing"])
        for member in missing - NEWER_MISSING - set(self.shapes[theirs["input"]["shape"]]["members"]):
            self.fault(name, f"{member} is said to be missing, but is not in the model")
        self.fields(name, ours["request"], theirs["input"]["shape"], {}, missing, name)
        if "output" in theirs:
            self.fields(name + " (response)", ours["response"], theirs["output"]["shape"],
                        ABSENT_RESPONSE, set(), name)
        elif ours["response"] and name not in NEWER_RESPONSES:
            self.fault(name, "has no response in the model")
        errors = [e for e in ours["errors"] if e not in NEWER_ERRORS]
        wanted = [e["shape"] for e in theirs["errors"] if e["shape"] not in ABSENT_ERRORS]
        if errors != wanted:
            self.fault(name, f"the errors are {errors}, in the model {wanted}")
        return None


def compare(ours, theirs):
    comparison = Comparison(ours, theirs)
    for name, operation in ours.items():
        comparison.operation(name, operation)
    return comparison.faults


def misspelt(ours):
    """The same tables with one letter wrong, each time another: every one must be found."""
    for name, operation in ours.items():
        if name in NEWER_OPERATIONS:
            continue
        for part in ("request", "response"):
            if part == "response" and name in NEWER_RESPONSES:
                continue
            for i in range(len(operation[part])):
                copy = json.loads(json.dumps(ours))
                copy[name][part][i]["name"] += "s"
                yield f"{name}.{operation[part][i]['name']}", copy


def main():
    ours = json.loads(subprocess.check_output([sys.argv[1]]))
    theirs = Loader().load_service_model("kms", "service-2")
    faults = compare(ours, theirs)
    for fault in faults:
        print("#", fault)
    print("not ok" if faults else "ok", "1 - the tables are those of AWS's model")
    print("ok" if len(ours) >= 17 else "not ok", "2 - all operations are compared")
    unseen = [name for name, copy in misspelt(ours) if not compare(copy, theirs)]
    print("not ok" if unseen else "ok", "3 - a member that is misspelt is found:", *unseen)
    print("1..3")
    sys.exit(bool(faults or unseen))


main()
