// SPDX-License-Identifier: Apache-2.0
// The self-test once more, in parts that do not need each other, and what it does not try.
#include "hsm/abilities.h"

#include <array>

#include "hsm/change_lock.h"
#include "hsm/data_trial.h"
#include "hsm/enforcement.h"
#include "hsm/key_kind.h"
#include "hsm/secret.h"
#include "hsm/token.h"
#include "hsm/transport.h"
#include "hsm/wrapping.h"

namespace trent::hsm {

namespace {

// What a PKCS#11 return value means where a token is asked for something that it may not have.
const char* in_words(CK_RV rv) {
  switch (rv) {
    case CKR_MECHANISM_INVALID:
      return "it does not have the mechanism";
    case CKR_MECHANISM_PARAM_INVALID:
      return "it does not take the mechanism's parameter";
    case CKR_FUNCTION_NOT_SUPPORTED:
      return "it does not have the function";
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
      return "it does not take an attribute of the template";
    case CKR_TEMPLATE_INCOMPLETE:
      return "it wants another attribute in the template";
    case CKR_ATTRIBUTE_SENSITIVE:
      return "it does not show the value";
    case CKR_KEY_SIZE_RANGE:
    case CKR_WRAPPED_KEY_LEN_RANGE:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
    case CKR_DATA_LEN_RANGE:
      return "it does not take this length";
    case CKR_KEY_TYPE_INCONSISTENT:
    case CKR_WRAPPING_KEY_TYPE_INCONSISTENT:
    case CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT:
      return "it does not take a key of this type";
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
      return "it does not let the key do this";
    case CKR_KEY_NOT_WRAPPABLE:
    case CKR_KEY_UNEXTRACTABLE:
      return "it does not let the key out, wrapped or not";
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_SESSION_READ_ONLY:
      return "it is write-protected";
    case CKR_DEVICE_MEMORY:
      return "it has no room left";
    case CKR_DEVICE_ERROR:
    case CKR_FUNCTION_FAILED:
    case CKR_GENERAL_ERROR:
      return "it failed";
    default:
      return nullptr;
  }
}

std::string reason(const Error& error) {
  std::string text = error.message().empty() ? error.name() : error.message();
  if (text.ends_with('.')) text.pop_back();
  if (const char* words = in_words(error.ck_rv())) text += std::string(": ") + words;
  return text;
}

// Rows, in the order in which they are tried.
class Trials {
 public:
  explicit Trials(const Session& session) : session_(session) {}

  // A session of its own for each: what fails may leave something in it. True if f went through.
  template <class F>
  bool attempt(const char* name, const char* text, F f) {
    try {
      Session session = session_.another();
      rows_.push_back({name, text, true, f(session)});
      return true;
    } catch (const Error& error) {
      if (is_lost(error.ck_rv())) throw;
      rows_.push_back({name, text, false, reason(error)});
      return false;
    }
  }
  void add(Ability row) { rows_.push_back(std::move(row)); }
  void add(const char* name, const char* text, Promise promise) {
    rows_.push_back({name, text, promise != Promise::Broken,
                     promise == Promise::SetLater ? "when C_SetAttributeValue says it again" : ""});
  }
  std::vector<Ability> rows() && { return std::move(rows_); }

 private:
  const Session& session_;
  std::vector<Ability> rows_;
};

std::vector<std::string> derive_mechanisms(const Module& module, CK_SLOT_ID slot) {
  CK_ULONG count = 0;
  module.call<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, nullptr, &count);
  std::vector<CK_MECHANISM_TYPE> types(count);
  module.call<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, types.data(), &count);
  types.resize(count);
  std::vector<std::string> names;
  for (CK_MECHANISM_TYPE type : types) {
    CK_MECHANISM_INFO info{};
    CK_RV rv = module.try_call<&CK_FUNCTION_LIST::C_GetMechanismInfo>(slot, type, &info);
    if (rv == CKR_OK && (info.flags & CKF_DERIVE) != 0) names.push_back(mechanism_name(type));
  }
  return names;
}

// RSAES-OAEP with SHA-256, with a public key of which nobody has the other half.
void try_oaep_sha256(const Session& session) {
  Bytes modulus(256, 0xa5);
  modulus.back() |= 1;
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_ENCRYPT, true)
      .bytes(CKA_MODULUS, modulus)
      .bytes(CKA_PUBLIC_EXPONENT, kPublicExponent);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  TemporaryObject key(session, handle);
  CK_RSA_PKCS_OAEP_PARAMS parameters{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, nullptr, 0};
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
  session.call<&CK_FUNCTION_LIST::C_EncryptInit>(&mechanism, handle);
  std::array<std::uint8_t, 1> secret{};
  std::array<std::uint8_t, 256> encrypted;
  auto size = static_cast<CK_ULONG>(encrypted.size());
  session.call<&CK_FUNCTION_LIST::C_Encrypt>(secret.data(), CK_ULONG{1}, encrypted.data(), &size);
  key.destroy();
}

Abilities try_with_session_objects(const Session& any, CK_SLOT_ID slot) {
  Abilities found;
  Trials trials(any);
  Profile profile;
  const bool generates = trials.attempt(
      "KeyGeneration", "AES-256 keys are made in it, and kept secret", [&](const Session& session) {
        make_base_key(session).destroy();
        return "";
      });
  const bool derives = trials.attempt("Derivation", "derivation with CKM_AES_ECB_ENCRYPT_DATA",
                                      [&](const Session& session) {
                                        auto base = make_base_key(session);
                                        auto keys = try_derivation(session, base.handle(), profile);
                                        keys.wrapping.destroy();
                                        keys.unwrapping.destroy();
                                        base.destroy();
                                        return "";
                                      });
  if (derives) {
    trials.add("DerivedKeysStaySecret", "derived keys stay secret", profile.one_time_keys);
    trials.add({"PublicOneTimeKeys", "one-time keys may be CKA_PRIVATE=false",
                profile.public_temporaries});
  }
  const bool wraps = trials.attempt("KeyWrap", "RFC 5649 key wrap", [&](const Session& session) {
    auto key = make_wrapping_key(session);
    try_key_wrap(session, key.handle(), key.handle(), profile);
    key.destroy();
    return mechanism_name(profile.kwp);
  });
  if (wraps) {
    trials.add(
        {"KeyWrapMechanism", "number of that mechanism", static_cast<std::size_t>(profile.kwp)});
    trials.add("UnwrappedSecretsStaySecret", "unwrapped secrets stay secret", profile.payloads);
    trials.add({"UnwrapTakesExtractable", "unwrap takes EXTRACTABLE=true in the template",
                !profile.unwrap_template.brief});
    trials.add({"UnwrapNeedsLength", "unwrap needs CKA_VALUE_LEN in the template",
                profile.unwrap_template.length});
    trials.add({"ZeroPads", "zero-pads wrapped secrets", profile.zero_pads});
    trials.add({"TellsLength", "CKA_VALUE_LEN of unwrapped secrets is right", profile.value_len});
  }
  trials.attempt("EnforcedKeys", "keys can be enforced, as far as the user can try it",
                 [&](const Session& session) {
                   if (!wraps) throw Error(ErrorCode::UnsupportedOperation, "It wraps no keys.");
                   require_enforcement(session, profile);
                   return "";
                 });
  trials.attempt("CopyObject", "C_CopyObject of base keys", [&](const Session& session) {
    auto base = make_base_key(session);
    CK_RV rv = try_copies(session, base.handle(), profile);
    if (rv != CKR_OK) throw token_error("C_CopyObject", rv);
    base.destroy();
    return "";
  });
  trials.attempt("SecretGeneration", "data keys are made in it", [&](const Session& session) {
    generate_secret(session, 32).destroy();
    return "";
  });
  const bool agrees = trials.attempt("KeyAgreement", "transport to other tokens (ECDH on P-256)",
                                     [&](const Session& session) {
                                       const Session other = session.another();
                                       Transport(session, profile, other, profile).destroy();
                                       return "";
                                     });
  trials.attempt("OaepSha256", "RSA-OAEP with SHA-256", [&](const Session& session) {
    try_oaep_sha256(session);
    return "";
  });
  trials.add({"DeriveMechanisms", "derive mechanisms", derive_mechanisms(any.module(), slot)});
  found.re_encrypt = generates && derives && wraps && keeps_secrets(profile);
  found.to_other_tokens = found.re_encrypt && agrees;
  found.keeps_keys = generates;
  found.rows = std::move(trials).rows();
  return found;
}

}  // namespace

Abilities try_abilities(Token& token) {
  Abilities found = token.run(Retry::Always, [](Connection& connection, const Session& session) {
    return try_with_session_objects(session, connection.slot());
  });
  try {
    found.rows.push_back({"LongestSecret", "longest secret (bytes)", longest_secret(token)});
  } catch (const Error& error) {
    found.rows.push_back({"LongestSecret", "longest secret (bytes)", false, reason(error)});
  }
  try {
    const ChangeLock lock(token);
    lock.look();
    require_data_objects(lock, token);
    found.rows.push_back({"DataObjects", "data objects (CKO_DATA) are kept", true});
  } catch (const Error& error) {
    found.keeps_keys = false;
    found.may_pass = error.code() != ErrorCode::UnsupportedOperation ||
                     error.ck_rv() == CKR_TOKEN_WRITE_PROTECTED ||
                     error.ck_rv() == CKR_SESSION_READ_ONLY;
    found.rows.push_back({"DataObjects", "data objects (CKO_DATA) are kept", false, reason(error)});
  }
  return found;
}

}  // namespace trent::hsm
