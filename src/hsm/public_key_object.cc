// SPDX-License-Identifier: Apache-2.0
// The public key of a record in the token: what the token has of it itself may be missing, or be
// another one.
#include "hsm/public_key_object.h"

#include <algorithm>

#include "hsm/attributes.h"
#include "hsm/key_kind.h"
#include "hsm/signature_mechanism.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kEd25519Point = 32;

// How PKCS#11 has an ECDSA signature; empty if it is none in canonical DER.
Bytes raw_ecdsa(const PublicKey& key, ByteView der) {
  try {
    Bytes raw = ecdsa_from_der(der, key.order_size());
    if (std::ranges::equal(ecdsa_to_der(raw), der)) return raw;
  } catch (const Error&) {  // no DER, or numbers that are larger than any of the curve's
  }
  return {};
}

}  // namespace

Bytes octet_string(ByteView content) {
  constexpr std::uint8_t kOctetString = 0x04;
  constexpr std::uint8_t kLengthOfOneByte = 0x81;
  Bytes der{kOctetString};
  if (content.size() >= 0x80) der.push_back(kLengthOfOneByte);
  der.push_back(static_cast<std::uint8_t>(content.size()));
  append(der, content);
  return der;
}

TemporaryObject import_public_key(const Session& session, const PublicKey& key,
                                  CK_ATTRIBUTE_TYPE use) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_PUBLIC_KEY).flag(CKA_TOKEN, false).flag(CKA_PRIVATE, false);
  for (const CK_ATTRIBUTE_TYPE flag : {CKA_ENCRYPT, CKA_VERIFY, CKA_WRAP})
    attributes.flag(flag, flag == use);
  const Bytes modulus = key.modulus();
  const Bytes exponent = key.exponent();
  Bytes curve = key.curve();
  Bytes point = key.point();
  if (!modulus.empty()) {
    attributes.number(CKA_KEY_TYPE, CKK_RSA)
        .bytes(CKA_MODULUS, modulus)
        .bytes(CKA_PUBLIC_EXPONENT, exponent);
  } else {
    const bool is_edwards = point.empty();
    if (is_edwards) {
      const ByteView oid = as_bytes(kEd25519.curve);
      curve.assign(oid.begin(), oid.end());
      point.assign(key.der().end() - kEd25519Point, key.der().end());
    }
    point = octet_string(point);
    attributes.number(CKA_KEY_TYPE, is_edwards ? kEdwardsKey : CKK_EC)
        .bytes(CKA_EC_PARAMS, curve)
        .bytes(CKA_EC_POINT, point);
  }
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  return {session, handle};
}

bool verifies(Token& token, const PublicKey& key, SignatureScheme scheme, Hash hash, ByteView input,
              ByteView signature) {
  Bytes raw(signature.begin(), signature.end());
  if (scheme == SignatureScheme::Ecdsa) {
    raw = raw_ecdsa(key, signature);
    if (raw.empty()) return false;
  }
  bool asked = false;
  try {
    return token.run(Retry::Always, [&](Connection&, const Session& session) {
      auto object = import_public_key(session, key, CKA_VERIFY);
      SignatureMechanism call(scheme, hash, input);
      session.call<&CK_FUNCTION_LIST::C_VerifyInit>(&call.mechanism(), object.handle());
      const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_Verify>(
          const_cast<CK_BYTE_PTR>(call.input().data()), CK_ULONG{call.input().size()},
          const_cast<CK_BYTE_PTR>(raw.data()), CK_ULONG{raw.size()});
      const bool is_bad = rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE;
      asked = !is_lost(rv);
      if (rv != CKR_OK && !is_bad) throw token_error("C_Verify", rv);
      object.destroy();
      asked = false;
      return rv == CKR_OK;
    });
  } catch (const Error&) {
    // Some tokens have another word for a signature that is none: this process knows it, too.
    if (!asked || key.verifies(scheme, hash, input, signature)) throw;
    return false;
  }
}

}  // namespace trent::hsm
