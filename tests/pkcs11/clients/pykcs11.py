# SPDX-License-Identifier: Apache-2.0
"""KMS operations through a PKCS#11 module with PyKCS11: pykcs11.py MODULE CASE"""

import ctypes
import hashlib
import os
import sys

import PyKCS11
from PyKCS11 import (CKA_CLASS, CKA_ENCRYPT, CKA_EXTRACTABLE, CKA_ID, CKA_KEY_TYPE, CKA_LABEL,
                     CKA_SENSITIVE, CKA_TOKEN, CKA_VALUE, CKF_RW_SESSION, CKF_SERIAL_SESSION,
                     CKK_AES, CKO_SECRET_KEY)

CKM_TRENT_SYMMETRIC_DEFAULT = 0xD4520001
CKM_TRENT_REENCRYPT = 0xD4520002
CKA_TRENT_KEY_STATE = 0xD4520002


class Mechanism(ctypes.Structure):
    """CK_MECHANISM"""
    _fields_ = [("mechanism", ctypes.c_ulong), ("parameter", ctypes.c_void_p),
                ("parameter_len", ctypes.c_ulong)]


class SymmetricParams(ctypes.Structure):
    """CK_TRENT_SYMMETRIC_PARAMS"""
    _fields_ = [("context", ctypes.c_char_p), ("context_len", ctypes.c_ulong)]

    def __init__(self, context):
        super().__init__(context, len(context))


class ReEncryptParams(ctypes.Structure):
    """CK_TRENT_REENCRYPT_PARAMS"""
    _fields_ = [("source_key", ctypes.c_ulong), ("source", ctypes.POINTER(Mechanism)),
                ("destination", ctypes.POINTER(Mechanism))]


def mechanism(context):
    params = SymmetricParams(context)
    made = Mechanism(CKM_TRENT_SYMMETRIC_DEFAULT, ctypes.addressof(params), ctypes.sizeof(params))
    made.keep = params
    return made


def symmetric(context=None):
    if context is None:
        return PyKCS11.Mechanism(CKM_TRENT_SYMMETRIC_DEFAULT)
    params = SymmetricParams(context)
    made = PyKCS11.Mechanism(CKM_TRENT_SYMMETRIC_DEFAULT, bytes(params))
    made.keep = params
    return made


def re_encrypt(source_key=0, source=None, destination=None):
    # An instance, or a null pointer.
    params = ReEncryptParams(source_key,
                             ctypes.pointer(source) if source else None,
                             ctypes.pointer(destination) if destination else None)
    made = PyKCS11.Mechanism(CKM_TRENT_REENCRYPT, bytes(params))
    made.keep = (params, source, destination)
    return made


def fails(code, function, *arguments):
    try:
        function(*arguments)
    except PyKCS11.PyKCS11Error as error:
        assert error.value == code, error
    else:
        raise AssertionError("should have failed")


library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
session = library.openSession(library.getSlotList(tokenPresent=True)[0],
                              CKF_SERIAL_SESSION | CKF_RW_SESSION)
if "PIN" in os.environ:
    session.login(os.environ["PIN"])


def key(label):
    found = session.findObjects([(CKA_CLASS, CKO_SECRET_KEY), (CKA_LABEL, label)])
    assert len(found) == 1, found
    return found[0]


def encrypt(label, text, how):
    return bytes(session.encrypt(key(label), text, how))


def decrypt(label, blob, how):
    return bytes(session.decrypt(key(label), blob, how))


SECRET = b"the secret of tenant acme"
OLD = b'{"tenant":"acme"}'
NEW = b'{"tenant":"acme","year":"2"}'


def encrypts_and_decrypts():
    blob = encrypt("old", SECRET, symmetric())
    assert decrypt("old", blob, symmetric()) == SECRET
    blob = encrypt("old", SECRET, symmetric(OLD))
    assert decrypt("old", blob, symmetric(OLD)) == SECRET
    fails(PyKCS11.CKR_ENCRYPTED_DATA_INVALID, decrypt, "old", blob, symmetric(NEW))
    fails(PyKCS11.CKR_ENCRYPTED_DATA_INVALID, decrypt, "old", blob, symmetric())
    fails(PyKCS11.CKR_KEY_HANDLE_INVALID, decrypt, "new", blob, symmetric(OLD))
    fails(PyKCS11.CKR_MECHANISM_PARAM_INVALID, encrypt, "old", SECRET, symmetric(b"no JSON"))


def re_encrypts_without_parameters():
    blob = encrypt("old", SECRET, symmetric())
    moved = encrypt("new", blob, PyKCS11.Mechanism(CKM_TRENT_REENCRYPT))
    assert decrypt("new", moved, symmetric()) == SECRET


def re_encrypts_with_parameters():
    blob = encrypt("old", SECRET, symmetric(OLD))
    moved = encrypt("new", blob, re_encrypt(key("old").value(), mechanism(OLD), mechanism(NEW)))
    assert decrypt("new", moved, symmetric(NEW)) == SECRET
    moved = encrypt("new", blob, re_encrypt(0, mechanism(OLD), None))
    assert decrypt("new", moved, symmetric()) == SECRET


def re_encrypt_is_refused():
    blob = encrypt("old", SECRET, symmetric(OLD))
    fails(PyKCS11.CKR_KEY_HANDLE_INVALID, encrypt, "new", blob,
          re_encrypt(key("new").value(), mechanism(OLD), None))
    fails(PyKCS11.CKR_KEY_HANDLE_INVALID, encrypt, "new", blob,
          re_encrypt(12345, mechanism(OLD), None))
    fails(PyKCS11.CKR_ENCRYPTED_DATA_INVALID, encrypt, "new", blob,
          re_encrypt(0, mechanism(NEW), None))
    fails(PyKCS11.CKR_ENCRYPTED_DATA_INVALID, encrypt, "new", SECRET, re_encrypt())
    fails(PyKCS11.CKR_MECHANISM_PARAM_INVALID, encrypt, "new", blob,
          PyKCS11.Mechanism(CKM_TRENT_REENCRYPT, b"short"))


def unwrap(kms_key, blob, how, *more):
    return session.unwrapKey(kms_key, blob,
                             [(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES),
                              (CKA_TOKEN, False), (CKA_SENSITIVE, True), (CKA_ENCRYPT, True),
                              *more], mecha=how)


def uses_a_data_key_that_stays_in_the_token():
    data_key = open("data-key", "rb").read()
    blob = open("data-key.blob", "rb").read()
    handle = unwrap(key("old"), blob, symmetric(), (CKA_EXTRACTABLE, True))
    assert session.getAttributeValue(handle, [CKA_VALUE]) == [None]
    parameters = PyKCS11.AES_GCM_Mechanism(bytes(12), b"", 128)
    open("encrypted", "wb").write(bytes(session.encrypt(handle, SECRET, parameters)))
    wrapped = bytes(session.wrapKey(key("new"), handle, symmetric(NEW)))
    assert decrypt("new", wrapped, symmetric(NEW)) == data_key


def makes_keys_of_its_own():
    public, private = session.generateKeyPair(
        [(CKA_TOKEN, True), (CKA_LABEL, "pair"), (PyKCS11.CKA_MODULUS_BITS, 2048),
         (PyKCS11.CKA_PUBLIC_EXPONENT, (1, 0, 1)), (PyKCS11.CKA_VERIFY, True)],
        [(CKA_TOKEN, True), (CKA_LABEL, "pair"), (PyKCS11.CKA_SIGN, True)])
    how = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None)
    assert session.verify(public, SECRET, session.sign(private, SECRET, how), how)
    session.destroyObject(public)
    session.destroyObject(private)
    # An id of its own: no KMS key can have it.
    own = session.generateKey([(CKA_TOKEN, True), (CKA_ID, b"\1"), (CKA_ENCRYPT, True),
                               (PyKCS11.CKA_VALUE_LEN, 16)])
    assert session.getAttributeValue(own, [CKA_ID]) == [(1,)]
    session.destroyObject(own)


def pair(label):
    return [session.findObjects([(CKA_CLASS, kind), (CKA_LABEL, label)])[0]
            for kind in (PyKCS11.CKO_PRIVATE_KEY, PyKCS11.CKO_PUBLIC_KEY)]


def signs_with_key_pairs():
    digest = hashlib.sha256(SECRET).digest()
    pss = PyKCS11.RSA_PSS_Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS_PSS, PyKCS11.CKM_SHA256,
                                    PyKCS11.CKG_MGF1_SHA256, 32)
    for label, data, how in (("rsa", SECRET, PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS)),
                             ("rsa", SECRET, pss),
                             ("ec", digest, PyKCS11.Mechanism(PyKCS11.CKM_ECDSA))):
        private, public = pair(label)
        signature = session.sign(private, data, how)
        assert session.verify(public, data, signature, how)
        assert not session.verify(public, data[::-1], signature, how)
    # As the command verifies it.
    private, _ = pair("rsa")
    open("letter.sig", "wb").write(
        bytes(session.sign(private, SECRET, PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))))
    open("letter", "wb").write(SECRET)
    fails(PyKCS11.CKR_KEY_FUNCTION_NOT_PERMITTED, session.decrypt, private, digest,
          PyKCS11.RSAOAEPMechanism(PyKCS11.CKM_SHA256, PyKCS11.CKG_MGF1_SHA256))


def decrypts_with_a_key_pair():
    private, public = pair("opener")
    for digest, mgf in ((PyKCS11.CKM_SHA_1, PyKCS11.CKG_MGF1_SHA1),
                        (PyKCS11.CKM_SHA256, PyKCS11.CKG_MGF1_SHA256)):
        how = PyKCS11.RSAOAEPMechanism(digest, mgf)
        assert bytes(session.decrypt(private, session.encrypt(public, SECRET, how), how)) == SECRET


def derives_with_key_pairs():
    """Either end has the other's point."""
    (ours, our_point), (theirs, their_point) = (
        (private, bytes(session.getAttributeValue(public, [PyKCS11.CKA_EC_POINT])[0]))
        for private, public in (pair("agree"), pair("agree-too")))
    new = [(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (PyKCS11.CKA_VALUE_LEN, 32),
           (CKA_TOKEN, False), (CKA_SENSITIVE, True), (CKA_ENCRYPT, True),
           (PyKCS11.CKA_DECRYPT, True)]

    def derive(private, point):
        return session.deriveKey(private, new, PyKCS11.ECDH1_DERIVE_Mechanism(point))

    def gcm():
        return PyKCS11.AES_GCM_Mechanism(bytes(12), b"", 128)

    # With and without the OCTET STRING around it.
    sealed = session.encrypt(derive(ours, their_point), SECRET, gcm())
    assert bytes(session.decrypt(derive(theirs, our_point[2:]), sealed, gcm())) == SECRET
    assert session.getAttributeValue(derive(ours, their_point), [CKA_VALUE]) == [None]
    fails(PyKCS11.CKR_MECHANISM_PARAM_INVALID, derive, ours, their_point[:-1])
    fails(PyKCS11.CKR_KEY_FUNCTION_NOT_PERMITTED, derive, pair("ec")[0], their_point)


def nothing_works_before_the_login():
    assert session.findObjects([(CKA_LABEL, "old")]) == []
    fails(PyKCS11.CKR_USER_NOT_LOGGED_IN, session.generateKey,
          [(CKA_TOKEN, True), (CKA_ENCRYPT, True), (PyKCS11.CKA_VALUE_LEN, 32)])


def relabels():
    handle = key("labelled")
    session.setAttributeValue(handle, [(CKA_LABEL, "relabelled")])
    assert session.getAttributeValue(handle, [CKA_LABEL]) == ["relabelled"]
    assert key("relabelled").value() and not session.findObjects([(CKA_LABEL, "labelled")])
    fails(PyKCS11.CKR_ATTRIBUTE_READ_ONLY, session.setAttributeValue, handle, [(CKA_ID, b"\1")])


def disabled_keys_are_found_by_state():
    assert session.findObjects([(CKA_LABEL, "disabled")]) == []
    found = session.findObjects([(CKA_TRENT_KEY_STATE, b"Disabled")])
    assert len(found) == 1
    fails(PyKCS11.CKR_KEY_FUNCTION_NOT_PERMITTED, session.encrypt, found[0], SECRET, symmetric())


def decrypts_a_blob_of_the_command():
    assert decrypt("old", open("blob", "rb").read(), symmetric(OLD)) == b"secret\n"


def print_size_of_log():
    print(open("spy.log", "rb").seek(0, 2))


def re_encrypts_for_the_spy():
    """Prints how long the log is before what is to be looked at."""
    blob = encrypt("old", SECRET, symmetric(OLD))
    how, destination = re_encrypt(0, mechanism(OLD), mechanism(NEW)), key("new")
    session.encrypt(destination, blob, how)  # warms up
    print_size_of_log()
    open("moved", "wb").write(bytes(session.encrypt(destination, blob, how)))


def unwraps_and_wraps_for_the_spy():
    blob = open("data-key.blob", "rb").read()
    old, new = key("old"), key("new")
    source, destination = symmetric(), symmetric(NEW)

    def move():
        handle = unwrap(old, blob, source, (CKA_EXTRACTABLE, True))
        return bytes(session.wrapKey(new, handle, destination))
    move()  # warms up
    print_size_of_log()
    open("moved", "wb").write(move())


def decrypts_for_the_spy():
    blob = encrypt("old", SECRET, symmetric(OLD))
    print_size_of_log()
    assert decrypt("old", blob, symmetric(OLD)) == SECRET


globals()[sys.argv[2]]()
