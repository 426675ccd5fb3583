// SPDX-License-Identifier: Apache-2.0
// Reading what a token tells of a key, and judging it.
#include "hsm/key_attributes.h"

#include <algorithm>

#include "hsm/mechanism_names.h"

namespace trent::hsm {

namespace {

// Something that a key may be used for; null: none of Trent's is.
struct UseFlag {
  CK_ATTRIBUTE_TYPE type;
  const char* name;
  const char* verb;
  bool Usage::*wanted;
};
constexpr std::array<UseFlag, kUsageFlags> kUsage{{
    {CKA_DERIVE, "CKA_DERIVE", "derive", &Usage::derive},
    {CKA_ENCRYPT, "CKA_ENCRYPT", "encrypt", nullptr},
    {CKA_DECRYPT, "CKA_DECRYPT", "decrypt", &Usage::decrypt},
    {CKA_SIGN, "CKA_SIGN", "sign", &Usage::sign},
    {CKA_VERIFY, "CKA_VERIFY", "verify", nullptr},
    {CKA_WRAP, "CKA_WRAP", "wrap", &Usage::wrap},
    {CKA_UNWRAP, "CKA_UNWRAP", "unwrap", &Usage::unwrap},
}};

bool is_wanted(const UseFlag& use, const KeyKind& kind) {
  return use.wanted != nullptr && kind.usage.*use.wanted;
}

std::string complaint(const UseFlag& use, bool wanted) {
  return std::string(wanted ? "cannot " : "can ") + use.verb + " (" + use.name + " is " +
         (wanted ? "false" : "true") + ")";
}

struct Flag {
  CK_ATTRIBUTE_TYPE type;
  bool wanted;
  const char* otherwise;
};
constexpr std::array<Flag, kSecrecyFlags> kSecrecy{{
    {CKA_SENSITIVE, true, "can be read (CKA_SENSITIVE is false)"},
    {CKA_EXTRACTABLE, false, "can be extracted (CKA_EXTRACTABLE is true)"},
}};

// One C_GetAttributeValue of many attributes, some of which the token may not show.
class AttributeReader {
 public:
  void add(CK_ATTRIBUTE_TYPE type, void* value, std::size_t room) {
    wanted_.push_back({type, value, static_cast<CK_ULONG>(room)});
    room_.push_back(static_cast<CK_ULONG>(room));
  }
  void read(const Session& session, CK_OBJECT_HANDLE object) {
    CK_RV rv = session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(
        object, wanted_.data(), static_cast<CK_ULONG>(wanted_.size()));
    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_ATTRIBUTE_SENSITIVE &&
        rv != CKR_BUFFER_TOO_SMALL)
      throw token_error("C_GetAttributeValue", rv);
  }
  // How long the value is; nullopt: not shown, or longer than its room.
  std::optional<std::size_t> length(CK_ATTRIBUTE_TYPE type) const {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].type == type && wanted_[i].ulValueLen <= room_[i])
        return wanted_[i].ulValueLen;
    return std::nullopt;
  }

 private:
  std::vector<CK_ATTRIBUTE> wanted_;
  std::vector<CK_ULONG> room_;
};

}  // namespace

KeyFacts read_key_facts(const Session& session, CK_OBJECT_HANDLE key) {
  constexpr std::size_t kUsualLength = 256;
  constexpr std::size_t kMaxLength = 8192;
  KeyFacts facts;
  facts.label.resize(kUsualLength);
  facts.id.resize(kUsualLength);
  CK_ULONG length = 0;
  CK_BBOOL local = CK_TRUE;
  std::array<CK_MECHANISM_TYPE, 16> allowed{};
  std::array<CK_BBOOL, kUsageFlags> usage{};
  std::array<CK_BBOOL, kSecrecyFlags> secrecy{};

  AttributeReader reader;
  reader.add(CKA_LABEL, facts.label.data(), facts.label.size());
  reader.add(CKA_ID, facts.id.data(), facts.id.size());
  reader.add(CKA_KEY_TYPE, &facts.type, sizeof facts.type);
  reader.add(CKA_VALUE_LEN, &length, sizeof length);
  reader.add(CKA_LOCAL, &local, sizeof local);
  reader.add(CKA_ALLOWED_MECHANISMS, allowed.data(), sizeof allowed);
  for (std::size_t i = 0; i < usage.size(); ++i) reader.add(kUsage[i].type, &usage[i], 1);
  for (std::size_t i = 0; i < secrecy.size(); ++i) reader.add(kSecrecy[i].type, &secrecy[i], 1);
  reader.read(session, key);

  if (auto size = reader.length(CKA_LABEL))
    facts.label.resize(*size);
  else
    facts.label = session.read<std::string>(key, CKA_LABEL, kMaxLength);
  if (auto size = reader.length(CKA_ID))
    facts.id.resize(*size);
  else
    facts.id = session.read<Bytes>(key, CKA_ID, kMaxLength);
  if (reader.length(CKA_VALUE_LEN)) facts.length = length;
  if (reader.length(CKA_LOCAL)) facts.local = local == CK_TRUE;
  for (std::size_t i = 0; i < usage.size(); ++i)
    if (reader.length(kUsage[i].type)) facts.usage[i] = usage[i] == CK_TRUE;
  for (std::size_t i = 0; i < secrecy.size(); ++i)
    if (reader.length(kSecrecy[i].type)) facts.secrecy[i] = secrecy[i] == CK_TRUE;
  // An empty list is how SoftHSM says that there is no restriction.
  const std::size_t count = reader.length(CKA_ALLOWED_MECHANISMS).value_or(0) / sizeof allowed[0];
  facts.allowed.assign(allowed.begin(), allowed.begin() + count);
  return facts;
}

namespace {

// One of Trent's own does what its kind says, and nothing else.
void judge_own(const KeyFacts& facts, const KeyKind& kind, KeyAttributes& found) {
  const std::string type_name(kind.type_name);
  if (facts.type != kind.type) found.unfit.push_back("is no " + type_name + " key (CKA_KEY_TYPE)");
  // A token that does not tell the length of a secret key gives no reason to doubt it. SoftHSM says
  // 0 of one that it has unwrapped.
  if (facts.type == kind.type && kind.length != 0 && facts.length.value_or(0) != 0 &&
      facts.length != kind.length)
    found.unfit.push_back("is " + (kind.type == CKK_AES ? "an AES key" : "a " + type_name) +
                          " of " + std::to_string(*facts.length) + " bytes instead of " +
                          std::to_string(kind.length) + " (CKA_VALUE_LEN)");
  for (std::size_t i = 0; i < kUsage.size(); ++i) {
    const bool wanted = is_wanted(kUsage[i], kind);
    if (facts.usage[i].value_or(wanted) != wanted)
      found.unfit.push_back(complaint(kUsage[i], wanted));
  }
}

// Somebody else's does some of what its kind does, and may do more; its value proves its type.
void judge_adopted(const KeyFacts& facts, const KeyKind& kind, KeyAttributes& found) {
  std::string missing;
  bool able = false;
  for (std::size_t i = 0; i < kUsage.size(); ++i) {
    if (!is_wanted(kUsage[i], kind)) continue;
    able = able || facts.usage[i].value_or(true);
    missing += (missing.empty() ? "" : ", and ") + complaint(kUsage[i], true);
  }
  if (!able) found.unfit.push_back(std::move(missing));
  const auto is_allowed = [&](CK_MECHANISM_TYPE mechanism) {
    return std::ranges::find(facts.allowed, mechanism) != facts.allowed.end();
  };
  if (!facts.allowed.empty() && std::ranges::none_of(kind.mechanisms, is_allowed))
    found.unfit.push_back("does not allow " + mechanism_name(kind.mechanisms.front()) +
                          " (CKA_ALLOWED_MECHANISMS)");
  // What is derived from an AES key is what it encrypts.
  const auto encrypt = std::ranges::find(kUsage, CK_ATTRIBUTE_TYPE{CKA_ENCRYPT}, &UseFlag::type);
  if (kind.type == CKK_AES && facts.usage[encrypt - kUsage.begin()].value_or(false))
    found.exposed.emplace_back(
        "can encrypt (CKA_ENCRYPT is true), which is enough to open the ciphertexts of the key");
}

}  // namespace

std::optional<bool> read_flag(const Session& session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE attribute{type, &value, sizeof value};
  const CK_RV rv =
      session.try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
  if (is_lost(rv)) throw token_error("C_GetAttributeValue", rv);
  if (rv != CKR_OK) return std::nullopt;
  return value == CK_TRUE;
}

void require_use(const Session& session, CK_OBJECT_HANDLE object, const KeyRef& ref,
                 CK_ATTRIBUTE_TYPE type, const char* advice) {
  if (!ref.kind.adopted || read_flag(session, object, type).value_or(true)) return;
  const auto use = std::ranges::find(kUsage, type, &UseFlag::type);
  throw Error(ErrorCode::UnsupportedOperation,
              "The object " + ref.name.text() + " in the token " + complaint(*use, true) + ".",
              advice);
}

KeyAttributes judge(KeyFacts facts, const KeyKind& kind) {
  KeyAttributes found;
  (kind.adopted ? judge_adopted : judge_own)(facts, kind, found);
  found.label = std::move(facts.label);
  found.id = std::move(facts.id);
  found.type = facts.type;
  for (std::size_t i = 0; i < kSecrecy.size(); ++i) {
    if (kSecrecy[i].type == CKA_EXTRACTABLE) found.extractable = facts.secrecy[i].value_or(false);
    if (facts.secrecy[i].value_or(kSecrecy[i].wanted) != kSecrecy[i].wanted &&
        !(kind.extractable && kSecrecy[i].type == CKA_EXTRACTABLE))
      found.exposed.emplace_back(kSecrecy[i].otherwise);
  }
  found.local = facts.local.value_or(true);
  // Each token holds them in an order of its own.
  found.restricted = std::ranges::is_permutation(facts.allowed, kind.mechanisms);
  return found;
}

}  // namespace trent::hsm
