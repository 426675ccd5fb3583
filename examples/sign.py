# SPDX-License-Identifier: Apache-2.0
"""PKCS#11 in Python: signs a file with an RSA key of KMS.

    python3 sign.py MODULE LABEL FILE > signature

With PyKCS11 (Debian: python3-pykcs11). Nothing in it is Trent's.
"""
import sys

import PyKCS11

module, label, path = sys.argv[1:]
library = PyKCS11.PyKCS11Lib()
library.load(module)
session = library.openSession(library.getSlotList(tokenPresent=True)[0])
[key] = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY), (PyKCS11.CKA_LABEL, label)])
with open(path, "rb") as file:
    message = file.read()
signature = session.sign(key, message, PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))
sys.stdout.buffer.write(bytes(signature))
