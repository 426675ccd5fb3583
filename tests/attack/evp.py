# SPDX-License-Identifier: Apache-2.0
"""The keys of Trent's provider through libcrypto, for attacks that make many calls in one process."""
import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_ulong, c_void_p, create_string_buffer

_crypto = ctypes.CDLL("libcrypto.so.3")


def _function(name, result, *arguments):
    function = getattr(_crypto, name)
    function.restype, function.argtypes = result, arguments
    return function


_provider_load = _function("OSSL_PROVIDER_load", c_void_p, c_void_p, c_char_p)
_store_open = _function("OSSL_STORE_open", c_void_p, c_char_p, c_void_p, c_void_p, c_void_p, c_void_p)
_store_load = _function("OSSL_STORE_load", c_void_p, c_void_p)
_store_close = _function("OSSL_STORE_close", c_int, c_void_p)
_info_pkey = _function("OSSL_STORE_INFO_get1_PKEY", c_void_p, c_void_p)
_info_free = _function("OSSL_STORE_INFO_free", None, c_void_p)
_context = _function("EVP_PKEY_CTX_new_from_pkey", c_void_p, c_void_p, c_void_p, c_char_p)
_context_free = _function("EVP_PKEY_CTX_free", None, c_void_p)
_control = _function("EVP_PKEY_CTX_ctrl_str", c_int, c_void_p, c_char_p, c_char_p)
_encrypt_init = _function("EVP_PKEY_encrypt_init", c_int, c_void_p)
_decrypt_init = _function("EVP_PKEY_decrypt_init", c_int, c_void_p)
_encrypt = _function("EVP_PKEY_encrypt", c_int, c_void_p, c_void_p, POINTER(c_size_t), c_char_p, c_size_t)
_decrypt = _function("EVP_PKEY_decrypt", c_int, c_void_p, c_void_p, POINTER(c_size_t), c_char_p, c_size_t)
_next_error = _function("ERR_get_error_all", c_ulong, c_void_p, c_void_p, c_void_p, POINTER(c_char_p), c_void_p)
_reason = _function("ERR_reason_error_string", c_char_p, c_ulong)


class Refused(Exception):
    """The first error's name, KMS's, and everything that the queue says."""

    def __init__(self):
        texts, data = [], c_char_p()
        while code := _next_error(None, None, None, byref(data), None):
            name = (_reason(code) or b"").decode()
            texts.append(name + ": " + (data.value or b"").decode(errors="replace"))
        super().__init__("\n".join(texts))
        self.name = texts[0].partition(":")[0] if texts else "no error at all"


for _name in (b"default", b"trent"):
    if not _provider_load(None, _name):
        raise Refused()


class Key:
    def __init__(self, name):
        store = _store_open(("kms:" + name).encode(), None, None, None, None)
        if not store:
            raise Refused()
        info = _store_load(store)
        if not info:
            raise Refused()
        self.pkey = _info_pkey(info)
        _info_free(info)
        _store_close(store)

    def _run(self, init, operation, data, parameters):
        context = _context(None, self.pkey, None)
        try:
            if not context or init(context) != 1:
                raise Refused()
            for name, value in parameters.items():
                if _control(context, name.encode(), value.encode()) != 1:
                    raise Refused()
            size = c_size_t(6144)
            out = create_string_buffer(size.value)
            if operation(context, out, byref(size), data, len(data)) != 1:
                raise Refused()
            return out.raw[:size.value]
        finally:
            _context_free(context)

    def encrypt(self, plaintext, context="{}"):
        return self._run(_encrypt_init, _encrypt, plaintext, {"encryption-context": context})

    def decrypt(self, blob, context="{}"):
        return self._run(_decrypt_init, _decrypt, blob, {"encryption-context": context})

    def take(self, blob, source_context="{}", context="{}"):
        """ReEncrypt to this key."""
        return self._run(_encrypt_init, _encrypt, blob,
                         {"reencrypt": "1", "source-encryption-context": source_context,
                          "encryption-context": context})


def resident_kib():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def open_files():
    return len(os.listdir("/proc/self/fd"))


class Tally:
    """Counts what holds and what does not, and ends with the line that all attacks end with."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, text):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print("ok" if holds else "not ok", "-", text, flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return self.failed != 0
