// SPDX-License-Identifier: Apache-2.0
// The transport key of two tokens: see transport.h.
#include "hsm/transport.h"

#include <array>

#include "base/openssl.h"
#include "hsm/agreement.h"
#include "hsm/base_key.h"
#include "hsm/secret.h"

namespace trent::hsm {

namespace {

// prime256v1, RFC 5480
constexpr std::array<std::uint8_t, 10> kP256{0x06, 0x08, 0x2a, 0x86, 0x48,
                                             0xce, 0x3d, 0x03, 0x01, 0x07};

struct KeyPair {
  TemporaryObject public_key;
  TemporaryObject private_key;
  Bytes point;  // CKA_EC_POINT, the DER OCTET STRING
};

KeyPair generate_pair(const Session& session) {
  Attributes public_attributes;
  public_attributes.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_EC)
      .flag(CKA_TOKEN, false)
      .flag(CKA_VERIFY, false)
      .bytes(CKA_EC_PARAMS, kP256);
  Attributes private_attributes;
  private_attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
      .number(CKA_KEY_TYPE, CKK_EC)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .flag(CKA_SIGN, false)
      .flag(CKA_DERIVE, true);
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_handle = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKeyPair>(
      &mechanism, public_attributes.data(), public_attributes.size(), private_attributes.data(),
      private_attributes.size(), &public_handle, &private_handle);
  KeyPair pair{{session, public_handle}, {session, private_handle}, {}};
  pair.point = session.read<Bytes>(public_handle, CKA_EC_POINT, 128);
  return pair;
}

// The token that derives from a raw shared secret wants the peer's point without its DER header.
ByteView raw_point(const Bytes& der) {
  constexpr std::size_t kRaw = 65;
  constexpr std::uint8_t kOctetString = 0x04;
  if (der.size() == kRaw + 2 && der[0] == kOctetString && der[1] == kRaw)
    return ByteView(der).subspan(2);
  return der;
}

TemporaryObject agree_on_secret(const Session& session, CK_OBJECT_HANDLE private_key,
                                const Bytes& peer) {
  Attributes attributes;
  // It derives the transport key, and nothing else.
  add_key_attributes(attributes, kBaseKey, false);
  auto secret = derive_shared(session, private_key, raw_point(peer), attributes);
  // The self-test tries it with the mechanism of the one-time keys only.
  if (prove_secrecy(session, secret.handle(), Extractable::No) == Promise::Broken)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not keep secret what it agrees on with another: it can be read.",
                "Keep the keys in one token: ReEncrypt between those works.");
  return secret;
}

}  // namespace

Transport::Keys Transport::agree(const Session& from, const Profile& from_profile,
                                 const Session& to, const Profile& to_profile) {
  KeyPair ours = generate_pair(from);
  KeyPair theirs = generate_pair(to);
  auto from_secret = agree_on_secret(from, ours.private_key.handle(), theirs.point);
  auto to_secret = agree_on_secret(to, theirs.private_key.handle(), ours.point);
  // A domain of its own, and both public keys, so that the key belongs to this exchange alone.
  std::array<std::uint8_t, 64> domain{};
  constexpr std::string_view kDomain = "trent:v1:transport";
  std::copy(kDomain.begin(), kDomain.end(), domain.begin());
  Sha256 derivation_data = sha256({domain, ours.point, theirs.point});
  Keys keys{
      derive_one_time_key(from, from_profile, from_secret.handle(), derivation_data, Purpose::Wrap),
      derive_one_time_key(to, to_profile, to_secret.handle(), derivation_data, Purpose::Unwrap)};
  for (TemporaryObject* object : {&from_secret, &to_secret, &ours.public_key, &ours.private_key,
                                  &theirs.public_key, &theirs.private_key})
    object->destroy();
  return keys;
}

Transport::Transport(const Session& from, const Profile& from_profile, const Session& to,
                     const Profile& to_profile)
    : from_(from),
      from_profile_(from_profile),
      to_(to),
      to_profile_(to_profile),
      keys_(agree(from, from_profile, to, to_profile)) {}

Bytes Transport::wrap(CK_OBJECT_HANDLE secret) const {
  return wrap_object(from_, from_profile_, keys_.wrapping.handle(), secret);
}

TemporaryObject Transport::unwrap(ByteView wrapped, std::size_t length) const {
  try {
    return unwrap_object(to_, to_profile_, keys_.unwrapping.handle(), {wrapped, length},
                         Readable::No);
  } catch (const Error& error) {
    // What we have just wrapped ourselves is good: it is the token that fails, not the ciphertext.
    if (error.code() != ErrorCode::InvalidCiphertext) throw;
    throw token_error("C_UnwrapKey", error.ck_rv() == CKR_OK ? CKR_GENERAL_ERROR : error.ck_rv());
  }
}

TemporaryObject Transport::unwrap(ByteView wrapped, Attributes& attributes) const {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = try_unwrap(to_, to_profile_, keys_.unwrapping.handle(), wrapped,
                              {attributes.data(), attributes.size()}, &handle);
  if (rv != CKR_OK) throw token_error("C_UnwrapKey", rv);
  return {to_, handle};
}

void Transport::destroy() {
  keys_.wrapping.destroy();
  keys_.unwrapping.destroy();
}

}  // namespace trent::hsm
