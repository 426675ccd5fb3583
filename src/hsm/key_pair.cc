// SPDX-License-Identifier: Apache-2.0
// Making key pairs, and signing with private keys.
#include "hsm/key_pair.h"

#include <algorithm>
#include <optional>

#include "base/openssl.h"
#include "hsm/agreement.h"
#include "hsm/key_kind.h"
#include "hsm/make_key.h"
#include "hsm/secret_length.h"
#include "hsm/sign_with.h"
#include "hsm/signature_mechanism.h"

namespace trent::hsm {

namespace {

Bytes sign_object(const Session& session, CK_OBJECT_HANDLE key, SignatureScheme scheme, Hash hash,
                  ByteView input) {
  SignatureMechanism call(scheme, hash, input);
  Bytes signature = sign_with(session, key, call.mechanism(), call.input());
  return scheme == SignatureScheme::Ecdsa ? ecdsa_to_der(signature) : signature;
}

void add_public_use(Attributes& attributes, PairUse use) {
  attributes.flag(CKA_ENCRYPT, use == PairUse::EncryptDecrypt)
      .flag(CKA_WRAP, use == PairUse::EncryptDecrypt)
      .flag(CKA_VERIFY, use == PairUse::SignVerify);
}

MadePair generate(const Session& session, const std::string& label, const KeyPairKind& pair,
                  PairUse use, bool on_token, bool restricted) {
  const KeyKind kind = private_key_kind(pair, use);
  Attributes public_attributes;
  add_public_key(public_attributes, pair, on_token);
  public_attributes.text(CKA_LABEL, label);
  add_public_use(public_attributes, use);
  Attributes private_attributes;
  add_key_attributes(private_attributes, kind, on_token);
  if (restricted) add_allowed_mechanisms(private_attributes, kind);
  private_attributes.text(CKA_LABEL, label);
  return generate_objects(session, pair, public_attributes, private_attributes);
}

Bytes make(Connection& connection, const Session& session, const std::string& label,
           const KeyPairKind& pair, PairUse use, const std::function<Fingerprint(ByteView)>& id_of,
           bool restricted, std::optional<Fingerprint>& made) {
  // First as session objects: what fails before the last calls leaves nothing in the token.
  const bool copies = connection.profile(session).session_copies;
  MadePair generated = generate(session, label, pair, use, !copies, restricted);
  Bytes public_key = read_public_key(session, generated.public_key.handle(), pair);
  const PrivateKeyRef ref{own_key_ref(label, id_of(public_key), private_key_kind(pair, use)),
                          std::make_shared<PublicKey>(public_key)};
  made = ref.id;
  if (!is_private_key_of(session, generated.private_key.handle(), ref))
    throw token_error("C_GenerateKeyPair", CKR_GENERAL_ERROR);
  keep_key(session, generated.private_key, copies, label, ref.id);
  keep_key(session, generated.public_key, copies, label, ref.id);
  return public_key;
}

bool is_missing_kind(CK_RV rv) {
  return rv == CKR_MECHANISM_INVALID || rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_KEY_SIZE_RANGE ||
         rv == CKR_DOMAIN_PARAMS_INVALID;
}

Error no_such_keys(const KeyPairKind& pair, const Error& error) {
  return Error(ErrorCode::UnsupportedOperation,
               "The token has no " + std::string(pair.type_name) + " keys of this kind.",
               "`trent check` shows what it can do.", error.ck_rv());
}

}  // namespace

void add_public_key(Attributes& attributes, const KeyPairKind& pair, bool on_token) {
  attributes.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, pair.type)
      .flag(CKA_TOKEN, on_token)
      .flag(CKA_PRIVATE, false);
  if (pair.type == CKK_RSA)
    attributes.number(CKA_MODULUS_BITS, pair.modulus_bits)
        .bytes(CKA_PUBLIC_EXPONENT, kPublicExponent);
  else
    attributes.text(CKA_EC_PARAMS, pair.curve);
}

MadePair generate_objects(const Session& session, const KeyPairKind& pair,
                          Attributes& public_attributes, Attributes& private_attributes) {
  CK_MECHANISM mechanism{pair.generation, nullptr, 0};
  CK_OBJECT_HANDLE public_handle = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_GenerateKeyPair>(
      &mechanism, public_attributes.data(), public_attributes.size(), private_attributes.data(),
      private_attributes.size(), &public_handle, &private_handle);
  return {{session, public_handle}, {session, private_handle}};
}

Bytes read_public_key(const Session& session, CK_OBJECT_HANDLE object, const KeyPairKind& pair) {
  constexpr std::size_t kMax = 1024;
  if (pair.type == CKK_RSA)
    return rsa_public_key(session.read<Bytes>(object, CKA_MODULUS, kMax),
                          session.read<Bytes>(object, CKA_PUBLIC_EXPONENT, kMax));
  const Bytes told = session.read<Bytes>(object, CKA_EC_POINT, kMax);
  // A DER OCTET STRING by the standard; some tokens tell the point as it is.
  if (told.size() < pair.point_size) throw token_error("C_GetAttributeValue", CKR_GENERAL_ERROR);
  const ByteView point = ByteView(told).last(pair.point_size);
  return pair.type == kEdwardsKey ? ed25519_public_key(point)
                                  : ec_public_key(as_bytes(pair.curve), point);
}

Bytes generate_key_pair(Token& token, const std::string& label, const KeyPairKind& pair,
                        PairUse use, const std::function<Fingerprint(ByteView)>& id_of) {
  try {
    return make_key(token, label,
                    [&](Connection& connection, const Session& session, bool restricted,
                        std::optional<Fingerprint>& made) {
                      return make(connection, session, label, pair, use, id_of, restricted, made);
                    });
  } catch (const Error& error) {
    if (is_missing_kind(error.ck_rv())) throw no_such_keys(pair, error);
    throw;
  }
}

bool is_private_key_of(const Session& session, CK_OBJECT_HANDLE object, const PrivateKeyRef& ref) {
  try {
    if (ref.kind.type == CKK_RSA) {
      Bytes modulus = session.read<Bytes>(object, CKA_MODULUS, 1024);
      modulus.erase(modulus.begin(), std::ranges::find_if(modulus, [](auto b) { return b != 0; }));
      return modulus == ref.public_key->modulus();
    }
    if (ref.kind.usage.derive) return agrees_with(session, object, *ref.public_key);
    Bytes trial(hash_size(Hash::Sha256));
    fill_random(trial);
    const SignatureScheme scheme =
        ref.kind.type == kEdwardsKey ? SignatureScheme::Eddsa : SignatureScheme::Ecdsa;
    return ref.public_key->verifies(scheme, Hash::Sha256, trial,
                                    sign_object(session, object, scheme, Hash::Sha256, trial));
  } catch (const Error& error) {
    // Of another type, or without the right to do it.
    if (is_refused(error.ck_rv()) || error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT) return false;
    throw;
  }
}

CK_OBJECT_HANDLE private_key(Connection& connection, const Session& session,
                             const PrivateKeyRef& ref) {
  return connection.key(session, ref, [&](CK_OBJECT_HANDLE object) {
    return is_private_key_of(session, object, ref);
  });
}

void prove_private_key(Token& token, const PrivateKeyRef& ref) {
  token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    return private_key(connection, session, ref);
  });
}

Bytes sign(Token& token, const PrivateKeyRef& ref, SignatureScheme scheme, Hash hash,
           ByteView input) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    return sign_object(session, private_key(connection, session, ref), scheme, hash, input);
  });
}

SecretBytes agree(Token& token, const PrivateKeyRef& ref, const PublicKey& peer) {
  return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
    return agree(session, private_key(connection, session, ref), peer.point());
  });
}

WrappedKeyPair wrap_new_key_pair(
    Token& token, const KeyPairKind& pair,
    const std::function<WrappingKey(std::size_t length)>& wrapping_key) {
  try {
    return token.run(Retry::Always, [&](Connection& connection, const Session& session) {
      const Profile& profile = connection.profile(session);
      require_secrecy(profile);
      Attributes public_attributes;
      add_public_key(public_attributes, pair, false);
      Attributes private_attributes;
      private_attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
          .number(CKA_KEY_TYPE, pair.type)
          .flag(CKA_TOKEN, false)
          .flag(CKA_PRIVATE, true)
          .flag(CKA_SENSITIVE, true)
          .flag(CKA_EXTRACTABLE, true);
      MadePair made = generate_objects(session, pair, public_attributes, private_attributes);
      WrappedKeyPair out{read_public_key(session, made.public_key.handle(), pair), {}};
      std::size_t length = 0;
      auto secret = private_key_as_secret(session, profile, made.private_key.handle(), length);
      made.private_key.destroy();
      made.public_key.destroy();
      const WrappingKey key = wrapping_key(length);
      const auto base_key = connection.base_key(session, key.base_key);
      auto one_time = derive_one_time_key(session, profile, base_key->handle(), key.derivation_data,
                                          Purpose::Wrap);
      out.private_key = wrap_object(session, profile, one_time.handle(), secret.handle());
      secret.destroy();
      one_time.destroy();
      return out;
    });
  } catch (const Error& error) {
    if (is_missing_kind(error.ck_rv())) throw no_such_keys(pair, error);
    throw;
  }
}

}  // namespace trent::hsm
