// SPDX-License-Identifier: Apache-2.0
// Token objects of type CKK_GENERIC_SECRET, for CKM_SHA256_HMAC and nothing else.
#include "hsm/hmac_secret.h"

#include "hsm/base_key.h"
#include "hsm/change_lock.h"
#include "hsm/promise.h"
#include "hsm/sign_with.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

constexpr CK_MECHANISM_TYPE kMechanism = CKM_SHA256_HMAC;
constexpr std::size_t kSize = 32;

Attributes& add_identity(Attributes& attributes, const std::string& label) {
  return attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, label);
}

std::vector<CK_OBJECT_HANDLE> find_all(const Session& session, const std::string& label) {
  Attributes search;
  return session.find(add_identity(search, label));
}

SecretBytes sign(const Session& session, CK_OBJECT_HANDLE object, ByteView message) {
  auto out = sign_with<SecretBytes>(session, object, {kMechanism, nullptr, 0}, message);
  if (out.size() != kSize) throw token_error("C_Sign", CKR_GENERAL_ERROR);
  return out;
}

void create(const Session& session, const std::string& label, ByteView value, bool restricted) {
  Attributes attributes;
  add_identity(attributes, label)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .bytes(CKA_VALUE, value);
  add_usage(attributes, {.sign = true});
  CK_MECHANISM_TYPE allowed = kMechanism;
  if (restricted)
    attributes.bytes(CKA_ALLOWED_MECHANISMS,
                     {reinterpret_cast<const std::uint8_t*>(&allowed), sizeof allowed});
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_CreateObject>(attributes.data(), attributes.size(), &handle);
  TemporaryObject made(session, handle);
  const Promise promise = prove_secrecy(session, handle, Extractable::No);
  if (promise == Promise::Broken)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token would show the secret to everybody who has the PIN.",
                "Keep the secret in a file.");
  // That it can be used, and is the one that it should be.
  constexpr std::string_view kTrial = "trial";
  if (sign(session, handle, as_bytes(kTrial)) != hmac_sha256(value, as_bytes(kTrial)))
    throw not_kept(label);
  made.release();
}

void destroy(Token& token, const std::string& label) {
  token.run(Retry::Always, [&](Connection&, const Session& session) {
    for (CK_OBJECT_HANDLE object : find_all(session, label))
      session.call<&CK_FUNCTION_LIST::C_DestroyObject>(object);
    return true;
  });
}

}  // namespace

void create_hmac_secret(Token& token, const std::string& label, ByteView value) {
  const ChangeLock lock(token);
  lock.look();
  // CKA_ALLOWED_MECHANISMS, where the token takes it.
  for (bool restricted = true;; restricted = false) {
    try {
      token.run(Retry::IfNotPerformed, [&](Connection&, const Session& session) {
        create(session, label, value, restricted);
        return true;
      });
      return;
    } catch (const Error& error) {
      // A token that reports a failure may have made it all the same.
      try {
        destroy(token, label);
      } catch (const Error&) {  // the first failure is the one to report
      }
      if (!restricted || !is_refused(error.ck_rv())) throw;
    }
  }
}

bool has_hmac_secret(Token& token, const std::string& label) {
  return token.run(Retry::Always, [&](Connection&, const Session& session) {
    return !find_all(session, label).empty();
  });
}

std::optional<SecretBytes> sign_with_hmac_secret(Token& token, const std::string& label,
                                                 ByteView message) {
  const auto attempt = [&] {
    return token.run(Retry::Always, [&](Connection&, const Session& session) {
      const auto found = find_all(session, label);
      return found.empty() ? std::nullopt : std::optional(sign(session, found.front(), message));
    });
  };
  auto out = attempt();
  // A token that is gone without a word has no objects.
  if (!out && token.ensure_presence()) out = attempt();
  return out;
}

void destroy_hmac_secret(Token& token, const std::string& label) {
  const ChangeLock lock(token);
  destroy(token, label);
}

}  // namespace trent::hsm
