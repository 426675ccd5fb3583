// SPDX-License-Identifier: Apache-2.0
// Mechanisms that give a base key away: see giveaway.h.
#include "hsm/giveaway.h"

#include <array>
#include <optional>

#include "hsm/token.h"

namespace trent::hsm {

namespace {

std::optional<TemporaryObject> generate(const Session& session, bool restricted) {
  Attributes attributes;
  add_key_attributes(attributes, kBaseKey, false);
  if (restricted) add_allowed_mechanisms(attributes, kBaseKey);
  CK_MECHANISM mechanism{kBaseKey.generation, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_GenerateKey>(&mechanism, attributes.data(),
                                                                attributes.size(), &handle);
  if (is_lost(rv)) throw token_error("C_GenerateKey", rv);
  if (rv != CKR_OK) return std::nullopt;
  return TemporaryObject(session, handle);
}

// One way to derive a readable key from another.
struct Trial {
  CK_MECHANISM_TYPE type;
  std::size_t length;  // of the result, where it is the caller's to say; or 0
};

constexpr Trial kTrials[] = {
    {CKM_EXTRACT_KEY_FROM_KEY, 16},     {CKM_XOR_BASE_AND_DATA, 0},
    {CKM_CONCATENATE_BASE_AND_DATA, 0}, {CKM_CONCATENATE_DATA_AND_BASE, 0},
    {CKM_CONCATENATE_BASE_AND_KEY, 0},
};

CK_RV derive(const Session& session, const Trial& trial, CK_OBJECT_HANDLE base) {
  std::array<CK_BYTE, 32> data{};
  CK_KEY_DERIVATION_STRING_DATA string{data.data(), data.size()};
  CK_ULONG first_bit = 0;
  CK_OBJECT_HANDLE other = base;
  CK_MECHANISM mechanism{trial.type, &string, sizeof string};
  if (trial.type == CKM_EXTRACT_KEY_FROM_KEY)
    mechanism = {trial.type, &first_bit, sizeof first_bit};
  if (trial.type == CKM_CONCATENATE_BASE_AND_KEY) mechanism = {trial.type, &other, sizeof other};
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false);
  if (trial.length != 0) attributes.number(CKA_VALUE_LEN, trial.length);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_DeriveKey>(&mechanism, base, attributes.data(),
                                                              attributes.size(), &handle);
  if (is_lost(rv)) throw token_error("C_DeriveKey", rv);
  if (rv == CKR_OK) TemporaryObject(session, handle).destroy();
  return rv;
}

// The token does not have it, or does not let a base key do it. Any other failure may be for the
// way in which it was tried.
bool is_safe(CK_RV rv) {
  return rv == CKR_MECHANISM_INVALID || rv == CKR_FUNCTION_NOT_SUPPORTED ||
         rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT ||
         rv == CKR_ACTION_PROHIBITED;
}

}  // namespace

Giveaways try_giveaways(Token& token) {
  return token.run(Retry::Always, [](Connection&, const Session& session) {
    Giveaways found;
    auto plain = generate(session, false);
    if (!plain) return found;  // it makes no base keys at all
    auto restricted = generate(session, true);
    for (const Trial& trial : kTrials) {
      if (is_safe(derive(session, trial, plain->handle()))) continue;
      const std::string name = mechanism_name(trial.type);
      found.unrestricted.push_back(name);
      if (!restricted || !is_safe(derive(session, trial, restricted->handle())))
        found.restricted.push_back(name);
    }
    plain->destroy();
    if (restricted) restricted->destroy();
    return found;
  });
}

}  // namespace trent::hsm
