// SPDX-License-Identifier: Apache-2.0
// RSAES-OAEP in the token.
#include "hsm/oaep.h"

#include <algorithm>

#include "base/openssl.h"
#include "hsm/public_key_object.h"
#include "hsm/secret_length.h"
#include "hsm/token.h"
#include "hsm/transport.h"

namespace trent::hsm {

namespace {

CK_RSA_PKCS_OAEP_PARAMS oaep_parameters(Hash hash) {
  CK_RSA_PKCS_OAEP_PARAMS parameters{};
  const bool sha1 = hash == Hash::Sha1;
  parameters.hashAlg = sha1 ? CKM_SHA_1 : CKM_SHA256;
  parameters.mgf = sha1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256;
  parameters.source = CKZ_DATA_SPECIFIED;
  return parameters;
}

// It has no RSAES-OAEP with this hash, whatever the data.
bool is_unsupported(CK_RV rv) {
  switch (rv) {
    case CKR_ARGUMENTS_BAD:  // SoftHSM, of all hashes but SHA-1
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_FUNCTION_NOT_SUPPORTED:
      return true;
    default:
      return false;
  }
}

Error unsupported(Hash hash, const char* verb, CK_RV rv,
                  const char* setting = R"(host-reencrypt = "allow")") {
  return Error(ErrorCode::UnsupportedOperation,
               std::string("The token cannot ") + verb + " with RSAES_OAEP_SHA_" +
                   (hash == Hash::Sha1 ? "1" : "256") + ".",
               "With " + std::string(setting) + " in trent.toml it is done in this process.", rv);
}

// Longer than the modulus, or as large: no token need be asked.
void require_fitting(const PublicKey& key, ByteView ciphertext) {
  const Bytes modulus = key.modulus();
  if (ciphertext.size() != modulus.size() ||
      !std::ranges::lexicographical_compare(ciphertext, modulus))
    throw Error(ErrorCode::InvalidCiphertext, {});
}
void require_fitting(const OaepSource& source) {
  require_fitting(*source.key.public_key, source.ciphertext);
}

Bytes wrap_with(const Session& session, const OaepDestination& destination,
                CK_OBJECT_HANDLE secret) {
  auto key = import_public_key(session, destination.key, CKA_WRAP);
  CK_RSA_PKCS_OAEP_PARAMS parameters = oaep_parameters(destination.hash);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  Bytes wrapped(1024);
  auto size = static_cast<CK_ULONG>(wrapped.size());
  const CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_WrapKey>(&mechanism, key.handle(), secret,
                                                                  wrapped.data(), &size);
  if (is_unsupported(rv)) throw unsupported(destination.hash, "wrap", rv);
  if (rv == CKR_KEY_SIZE_RANGE)
    throw Error(ErrorCode::Validation, "The plaintext is longer than the algorithm takes.", {}, rv);
  if (rv != CKR_OK || size > wrapped.size()) throw token_error("C_WrapKey", rv);
  key.destroy();
  wrapped.resize(size);
  return wrapped;
}

CK_RV try_unwrap(const Session& session, CK_OBJECT_HANDLE key, Hash hash, ByteView ciphertext,
                 Attributes& attributes, CK_OBJECT_HANDLE* object) {
  CK_RSA_PKCS_OAEP_PARAMS parameters = oaep_parameters(hash);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  return session.try_call<&CK_FUNCTION_LIST::C_UnwrapKey>(
      &mechanism, key, const_cast<CK_BYTE_PTR>(ciphertext.data()),
      static_cast<CK_ULONG>(ciphertext.size()), attributes.data(), attributes.size(), object);
}

// As in secret.cc: tokens answer the same to a bad ciphertext and to a fault of their own.
bool is_token_fault(const Session& session, CK_OBJECT_HANDLE key, const OaepCiphertext& ciphertext,
                    Attributes& attributes, CK_RV first) {
  CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
  CK_RV rv = try_unwrap(session, key, ciphertext.hash, ciphertext.bytes, attributes, &object);
  if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  if (rv != first) return true;
  SecretBytes trial(16);
  const Bytes good = ciphertext.key.encrypt_oaep(ciphertext.hash, trial);
  rv = try_unwrap(session, key, ciphertext.hash, good, attributes, &object);
  if (is_lost(rv)) throw token_error("C_UnwrapKey", rv);
  if (rv == CKR_OK) TemporaryObject(session, object).destroy();
  return rv != CKR_OK;
}

TemporaryObject unwrap_from(Connection& connection, const Session& session,
                            const OaepSource& source) {
  const Profile& profile = connection.profile(session);
  const CK_OBJECT_HANDLE key = private_key(connection, session, source.key);
  require_use(session, key, source.key, CKA_UNWRAP,
              "With host-reencrypt = \"allow\" in trent.toml it is done in this process.");
  Attributes attributes;
  add_payload_attributes(attributes, Readable::No, profile.unwrap_template.brief);
  TemporaryObject object = unwrap_oaep(
      session, key, {*source.key.public_key, source.hash, source.ciphertext}, attributes);
  keep_promise(profile.payloads, session, object.handle(), Extractable::Yes);
  return object;
}

// The secret of `length` bytes of `from` as one of `to`, which may be the same. Its copy in another
// token is longer where `from` zero-pads what it wraps.
TemporaryObject carry(Connection& from, const Session& from_session, TemporaryObject secret,
                      std::size_t length, Connection& to, const Session& to_session) {
  if (&from == &to) return secret;
  const Profile& from_profile = from.profile(from_session);
  const Profile& to_profile = to.profile(to_session);
  Transport transport(from_session, from_profile, to_session, to_profile);
  const Bytes moving = transport.wrap(secret.handle());
  secret.destroy();
  if (from_profile.zero_pads) length = (length + 7) / 8 * 8;
  TemporaryObject arrived = transport.unwrap(moving, length);
  transport.destroy();
  return arrived;
}

Error too_long_for(std::size_t length) {
  return Error(ErrorCode::UnsupportedOperation,
               "The token fills secrets of " + std::to_string(length) +
                   " bytes up with zero bytes on their way to another token.",
               "With host-reencrypt = \"allow\" in trent.toml it is done in this process.");
}

// Runs f(source connection, source session, destination connection, destination session).
template <class F>
Bytes run_in_both(Token& source, Token& destination, F f) {
  return source.run(Retry::Always, [&](Connection& from, const Session& from_session) {
    require_secrecy(from.profile(from_session));
    if (&source == &destination) return f(from, from_session, from, from_session);
    return destination.run(Retry::Always, [&](Connection& to, const Session& to_session) {
      require_secrecy(to.profile(to_session));
      return f(from, from_session, to, to_session);
    });
  });
}

SecretBytes decrypt_with(const Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism,
                         ByteView ciphertext, CK_RV& rv) {
  SecretBytes out(ciphertext.size());
  auto size = static_cast<CK_ULONG>(out.size());
  rv = session.try_call<&CK_FUNCTION_LIST::C_DecryptInit>(&mechanism, key);
  if (rv == CKR_OK)
    rv = session.try_call<&CK_FUNCTION_LIST::C_Decrypt>(
        const_cast<CK_BYTE_PTR>(ciphertext.data()), CK_ULONG{ciphertext.size()}, out.data(), &size);
  out.resize(rv == CKR_OK ? std::min<std::size_t>(size, out.size()) : 0);
  return out;
}

}  // namespace

Bytes encrypt_oaep(Token& token, const OaepDestination& destination, const SecretBytes& secret) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    auto key = import_public_key(session, destination.key, CKA_ENCRYPT);
    CK_RSA_PKCS_OAEP_PARAMS parameters = oaep_parameters(destination.hash);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    Bytes ciphertext(destination.key.modulus().size());
    auto size = static_cast<CK_ULONG>(ciphertext.size());
    CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_EncryptInit>(&mechanism, key.handle());
    if (rv == CKR_OK)
      rv = session.try_call<&CK_FUNCTION_LIST::C_Encrypt>(const_cast<CK_BYTE_PTR>(secret.data()),
                                                          CK_ULONG{secret.size()},
                                                          ciphertext.data(), &size);
    if (is_unsupported(rv))
      throw unsupported(destination.hash, "encrypt", rv, R"(public-key-operations = "host")");
    if (rv != CKR_OK || size != ciphertext.size()) throw token_error("C_Encrypt", rv);
    key.destroy();
    return ciphertext;
  });
}

// Raw, where the token does that: a fault of the token and a bad padding cannot be mixed up then,
// and the padding comes off in constant time.
SecretBytes decrypt_oaep(const Session& session, CK_OBJECT_HANDLE key,
                         const OaepCiphertext& ciphertext) {
  require_fitting(ciphertext.key, ciphertext.bytes);
  CK_RV rv = CKR_OK;
  SecretBytes padded =
      decrypt_with(session, key, {CKM_RSA_X_509, nullptr, 0}, ciphertext.bytes, rv);
  if (rv == CKR_OK) {
    // Some tokens drop the zero bytes in front.
    padded.insert(padded.begin(), ciphertext.bytes.size() - padded.size(), 0);
    SecretBytes plaintext = remove_oaep(ciphertext.hash, padded);
    if (plaintext.empty()) throw Error(ErrorCode::InvalidCiphertext, {});
    return plaintext;
  }
  if (!is_refused(rv) && !is_unsupported(rv)) throw token_error("C_Decrypt", rv);
  CK_RSA_PKCS_OAEP_PARAMS parameters = oaep_parameters(ciphertext.hash);
  const CK_MECHANISM oaep{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  SecretBytes plaintext = decrypt_with(session, key, oaep, ciphertext.bytes, rv);
  if (rv == CKR_OK && !plaintext.empty()) return plaintext;
  if (is_unsupported(rv)) throw unsupported(ciphertext.hash, "decrypt", rv);
  if (is_lost(rv)) throw token_error("C_Decrypt", rv);
  // The same call with a good ciphertext tells a fault of the token from a bad one.
  const Bytes good = ciphertext.key.encrypt_oaep(ciphertext.hash, SecretBytes(16));
  decrypt_with(session, key, oaep, good, rv);
  if (rv != CKR_OK) throw token_error("C_Decrypt", rv);
  throw Error(ErrorCode::InvalidCiphertext, {});
}

SecretBytes decrypt_oaep(Token& token, const OaepSource& source) {
  require_fitting(source);
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    const CK_OBJECT_HANDLE key = private_key(connection, session, source.key);
    require_use(session, key, source.key, CKA_DECRYPT, "ReEncrypt to another key works.");
    return decrypt_oaep(session, key, {*source.key.public_key, source.hash, source.ciphertext});
  });
}

TemporaryObject unwrap_oaep(const Session& session, CK_OBJECT_HANDLE key,
                            const OaepCiphertext& ciphertext, Attributes& attributes) {
  require_fitting(ciphertext.key, ciphertext.bytes);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = try_unwrap(session, key, ciphertext.hash, ciphertext.bytes, attributes, &handle);
  if (rv == CKR_OK) return {session, handle};
  if (is_unsupported(rv)) throw unsupported(ciphertext.hash, "unwrap", rv);
  if (is_lost(rv) || is_token_fault(session, key, ciphertext, attributes, rv))
    throw token_error("C_UnwrapKey", rv);
  throw Error(ErrorCode::InvalidCiphertext, {}, {}, rv);
}

bool can_unwrap_oaep(const Session& session, const Profile& profile, CK_OBJECT_HANDLE key,
                     const PublicKey& public_key, Hash hash) {
  Attributes attributes;
  add_payload_attributes(attributes, Readable::No, profile.unwrap_template.brief);
  const Bytes trial = public_key.encrypt_oaep(hash, SecretBytes(16));
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = try_unwrap(session, key, hash, trial, attributes, &handle);
  if (is_unsupported(rv)) return false;
  if (rv != CKR_OK) throw token_error("C_UnwrapKey", rv);
  TemporaryObject(session, handle).destroy();
  return true;
}

Bytes rewrap_from_oaep(Token& source_token, const OaepSource& source, Token& destination_token,
                       const std::function<WrappingKey(std::size_t length)>& destination) {
  require_fitting(source);
  return run_in_both(
      source_token, destination_token,
      [&](Connection& from, const Session& from_session, Connection& to,
          const Session& to_session) {
        auto secret = unwrap_from(from, from_session, source);
        const std::size_t length =
            secret_length(from_session, from.profile(from_session), secret.handle());
        if (length == 0) throw Error(ErrorCode::InvalidCiphertext, {});
        const WrappingKey key = destination(length);
        auto arrived = carry(from, from_session, std::move(secret), length, to, to_session);
        const auto base_key = to.base_key(to_session, key.base_key);
        const Profile& profile = to.profile(to_session);
        auto wrapping = derive_one_time_key(to_session, profile, base_key->handle(),
                                            key.derivation_data, Purpose::Wrap);
        Bytes wrapped = wrap_object(to_session, profile, wrapping.handle(), arrived.handle());
        arrived.destroy();
        wrapping.destroy();
        return wrapped;
      });
}

Bytes rewrap_to_oaep(Token& source_token, const WrappingKey& source, const WrappedSecret& payload,
                     Token& destination_token, const OaepDestination& destination) {
  return run_in_both(
      source_token, destination_token,
      [&](Connection& from, const Session& from_session, Connection& to,
          const Session& to_session) {
        const Profile& profile = from.profile(from_session);
        if (&from != &to && profile.zero_pads && payload.length % 8 != 0)
          throw too_long_for(payload.length);
        const auto base_key = from.base_key(from_session, source.base_key);
        auto unwrapping = derive_one_time_key(from_session, profile, base_key->handle(),
                                              source.derivation_data, Purpose::Unwrap);
        auto secret =
            unwrap_object(from_session, profile, unwrapping.handle(), payload, Readable::No);
        unwrapping.destroy();
        auto arrived = carry(from, from_session, std::move(secret), payload.length, to, to_session);
        Bytes wrapped = wrap_with(to_session, destination, arrived.handle());
        arrived.destroy();
        return wrapped;
      });
}

Bytes rewrap_oaep(Token& source_token, const OaepSource& source, Token& destination_token,
                  const OaepDestination& destination) {
  require_fitting(source);
  return run_in_both(source_token, destination_token,
                     [&](Connection& from, const Session& from_session, Connection& to,
                         const Session& to_session) {
                       auto secret = unwrap_from(from, from_session, source);
                       const Profile& profile = from.profile(from_session);
                       std::size_t length = 0;  // of no interest to a secret that stays
                       if (&from != &to) {
                         length = secret_length(from_session, profile, secret.handle());
                         if (profile.zero_pads && length % 8 != 0) throw too_long_for(length);
                       }
                       auto arrived =
                           carry(from, from_session, std::move(secret), length, to, to_session);
                       Bytes wrapped = wrap_with(to_session, destination, arrived.handle());
                       arrived.destroy();
                       return wrapped;
                     });
}

}  // namespace trent::hsm
