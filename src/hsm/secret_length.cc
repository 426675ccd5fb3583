// SPDX-License-Identifier: Apache-2.0
// The length of a secret: as the token tells it, or else by hashing it in the token.
#include "hsm/secret_length.h"

#include "base/openssl.h"
#include "hsm/secret.h"

namespace trent::hsm {

namespace {

// SHA-256 of a secret of the token's, of another, and of so many zero bytes.
Bytes digest_of(const Session& session, CK_OBJECT_HANDLE first, CK_OBJECT_HANDLE second,
                std::size_t zeros) {
  CK_MECHANISM mechanism{CKM_SHA256, nullptr, 0};
  session.call<&CK_FUNCTION_LIST::C_DigestInit>(&mechanism);
  session.call<&CK_FUNCTION_LIST::C_DigestKey>(first);
  session.call<&CK_FUNCTION_LIST::C_DigestKey>(second);
  std::array<std::uint8_t, 8> none{};
  if (zeros > 0) session.call<&CK_FUNCTION_LIST::C_DigestUpdate>(none.data(), CK_ULONG{zeros});
  Bytes digest(32);
  auto size = static_cast<CK_ULONG>(digest.size());
  session.call<&CK_FUNCTION_LIST::C_DigestFinal>(digest.data(), &size);
  if (size != digest.size()) throw token_error("C_DigestFinal", CKR_GENERAL_ERROR);
  return digest;
}

// Of a token that fills a secret up with zero bytes when it wraps it: its copy, wrapped and
// unwrapped, is the secret and so many zero bytes. That is seen by hashing both together with a
// random secret that nobody knows: what this process sees of it tells nothing of the secret, not
// even to one who could try all secrets that there may be.
std::size_t length_by_hashing(const Session& session, const Profile& profile,
                              CK_OBJECT_HANDLE secret) {
  constexpr std::size_t kBlind = 64;
  auto scratch = make_wrapping_key(session);
  auto blind = generate_secret(session, kBlind);
  const Bytes wrapped = wrap_object(session, profile, scratch.handle(), secret);
  const std::size_t padded_length = wrapped.size() - 8;
  auto padded =
      unwrap_object(session, profile, scratch.handle(), {wrapped, padded_length}, Readable::No);
  const Bytes wanted = digest_of(session, blind.handle(), padded.handle(), 0);
  std::size_t zeros = 0;
  while (zeros < 8 && digest_of(session, blind.handle(), secret, zeros) != wanted) ++zeros;
  padded.destroy();
  blind.destroy();
  scratch.destroy();
  if (zeros == 8) throw token_error("C_DigestKey", CKR_GENERAL_ERROR);
  return padded_length - zeros;
}

}  // namespace

std::size_t secret_length(const Session& session, const Profile& profile, CK_OBJECT_HANDLE secret) {
  if (profile.value_len) {
    CK_ULONG length = 0;
    CK_ATTRIBUTE attribute{CKA_VALUE_LEN, &length, sizeof length};
    session.call<&CK_FUNCTION_LIST::C_GetAttributeValue>(secret, &attribute, CK_ULONG{1});
    return length;
  }
  if (!profile.zero_pads)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not tell how long a secret is that it unwraps.",
                "With host-reencrypt = \"allow\" in trent.toml it is done in this process.");
  return length_by_hashing(session, profile, secret);
}

TemporaryObject private_key_as_secret(const Session& session, const Profile& profile,
                                      CK_OBJECT_HANDLE private_key, std::size_t& length) {
  auto scratch = make_wrapping_key(session);
  Bytes wrapped;
  try {
    wrapped = wrap_object(session, profile, scratch.handle(), private_key);
  } catch (const Error& error) {
    if (error.ck_rv() != CKR_KEY_NOT_WRAPPABLE && error.ck_rv() != CKR_KEY_TYPE_INCONSISTENT &&
        error.ck_rv() != CKR_KEY_SIZE_RANGE)
      throw;
    throw Error(ErrorCode::UnsupportedOperation,
                "The token does not wrap private keys of this kind.",
                "GenerateDataKeyPair makes them in this process.", error.ck_rv());
  }
  length = wrapped.size() - 8;
  // How long it is within these eight bytes is not known before.
  Profile lenient = profile;
  lenient.value_len = false;
  auto secret = unwrap_object(session, lenient, scratch.handle(), {wrapped, length}, Readable::No);
  if (profile.value_len) length = secret_length(session, profile, secret.handle());
  scratch.destroy();
  return secret;
}

}  // namespace trent::hsm
