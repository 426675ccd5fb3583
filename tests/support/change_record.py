# SPDX-License-Identifier: Apache-2.0
"""Changes members of a record in the token, as only time would:

    change_record.py LABEL NAME=JSON...

NAME may have dots (rotation.next=0). In the token `kms` (PIN 1234) of $SOFTHSM2_CONF.
"""
import json
import sys

import PyKCS11

lib = PyKCS11.PyKCS11Lib()
lib.load("/usr/lib/softhsm/libsofthsm2.so")
[slot] = [slot for slot in lib.getSlotList(tokenPresent=True)
          if lib.getTokenInfo(slot).label.strip() == "kms"]
session = lib.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
session.login("1234")
[found] = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_DATA), (PyKCS11.CKA_LABEL, sys.argv[1])])
[value] = session.getAttributeValue(found, [PyKCS11.CKA_VALUE])
record = json.loads(bytes(value))
for change in sys.argv[2:]:
    path, text = change.split("=", 1)
    *parents, name = path.split(".")
    place = record
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    place[int(name) if isinstance(place, list) else name] = json.loads(text)
session.destroyObject(found)
session.createObject([(PyKCS11.CKA_CLASS, PyKCS11.CKO_DATA), (PyKCS11.CKA_TOKEN, True),
                      (PyKCS11.CKA_PRIVATE, True), (PyKCS11.CKA_APPLICATION, "trent"),
                      (PyKCS11.CKA_LABEL, sys.argv[1]), (PyKCS11.CKA_VALUE, tuple(json.dumps(record).encode()))])
session.logout()
