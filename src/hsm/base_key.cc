// SPDX-License-Identifier: Apache-2.0
// Base keys: what is derived from them, and what the token says of them.
#include "hsm/base_key.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "hsm/profile.h"

namespace trent::hsm {

namespace {

CK_OBJECT_HANDLE derive(const Session& session, CK_OBJECT_HANDLE base_key, const Sha256& data,
                        Attributes& attributes) {
  CK_KEY_DERIVATION_STRING_DATA parameter{const_cast<CK_BYTE_PTR>(data.data()), data.size()};
  CK_MECHANISM mechanism{kBaseKey.use_mechanism, &parameter, sizeof parameter};
  CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_DeriveKey>(&mechanism, base_key, attributes.data(),
                                               attributes.size(), &derived);
  return derived;
}

}  // namespace

BaseKey::~BaseKey() {
  if (copy_ != CK_INVALID_HANDLE && anchor_.current())
    anchor_.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(copy_);
}

Fingerprint fingerprint(const Session& session, CK_OBJECT_HANDLE base_key, const Sha256& input) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
  TemporaryObject derived(session, derive(session, base_key, input, attributes));
  auto value = session.read<Bytes>(derived.handle(), CKA_VALUE, 64);
  derived.destroy();
  Fingerprint result{};
  if (value.size() != result.size())
    throw Error(ErrorCode::UnsupportedOperation,
                "The token derives " + std::to_string(value.size()) + " bytes instead of 32.",
                "Its CKM_AES_ECB_ENCRYPT_DATA cannot be used.");
  std::copy(value.begin(), value.end(), result.begin());
  return result;
}

TemporaryObject derive_one_time_key(const Session& session, const Profile& profile,
                                    CK_OBJECT_HANDLE base_key, const Sha256& derivation_data,
                                    Purpose purpose) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, !profile.public_temporaries)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, {.wrap = purpose == Purpose::Wrap, .unwrap = purpose == Purpose::Unwrap});
  TemporaryObject key(session, derive(session, base_key, derivation_data, attributes));
  keep_promise(profile.one_time_keys, session, key.handle(), Extractable::No);
  return key;
}

bool is_refused(CK_RV rv) {
  switch (rv) {
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
    // The key was made, and its restriction then forbade what it is for.
    case CKR_MECHANISM_INVALID:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
      return true;
    default:
      return false;
  }
}

namespace {

// Something that a key may be used for, and whether a base key is to be.
struct UseFlag {
  CK_ATTRIBUTE_TYPE type;
  const char* name;
  const char* verb;
  bool wanted;
};
constexpr UseFlag kUsage[] = {
    {CKA_DERIVE, "CKA_DERIVE", "derive", kBaseKey.usage.derive},
    {CKA_ENCRYPT, "CKA_ENCRYPT", "encrypt", false},
    {CKA_DECRYPT, "CKA_DECRYPT", "decrypt", false},
    {CKA_SIGN, "CKA_SIGN", "sign", false},
    {CKA_VERIFY, "CKA_VERIFY", "verify", false},
    {CKA_WRAP, "CKA_WRAP", "wrap", kBaseKey.usage.wrap},
    {CKA_UNWRAP, "CKA_UNWRAP", "unwrap", kBaseKey.usage.unwrap},
};

std::string complaint(const UseFlag& use) {
  return std::string(use.wanted ? "cannot " : "can ") + use.verb + " (" + use.name + " is " +
         (use.wanted ? "false" : "true") + ")";
}

struct Flag {
  CK_ATTRIBUTE_TYPE type;
  CK_BBOOL wanted;
  const char* otherwise;
};
constexpr Flag kSecrecy[] = {
    {CKA_SENSITIVE, CK_TRUE, "can be read (CKA_SENSITIVE is false)"},
    {CKA_EXTRACTABLE, CK_FALSE, "can be extracted (CKA_EXTRACTABLE is true)"},
};

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

KeyAttributes read_key_attributes(const Session& session, CK_OBJECT_HANDLE key) {
  constexpr std::size_t kUsualLength = 256;
  constexpr std::size_t kMaxLength = 8192;
  KeyAttributes found;
  found.label.resize(kUsualLength);
  found.id.resize(kUsualLength);
  CK_KEY_TYPE type = CKK_VENDOR_DEFINED;
  CK_ULONG length = 0;
  CK_BBOOL local = CK_TRUE;
  std::array<CK_MECHANISM_TYPE, 16> allowed{};
  std::array<CK_BBOOL, std::size(kUsage)> usage{};
  std::array<CK_BBOOL, std::size(kSecrecy)> secrecy{};

  AttributeReader reader;
  reader.add(CKA_LABEL, found.label.data(), found.label.size());
  reader.add(CKA_ID, found.id.data(), found.id.size());
  reader.add(CKA_KEY_TYPE, &type, sizeof type);
  reader.add(CKA_VALUE_LEN, &length, sizeof length);
  reader.add(CKA_LOCAL, &local, sizeof local);
  reader.add(CKA_ALLOWED_MECHANISMS, allowed.data(), sizeof allowed);
  for (std::size_t i = 0; i < usage.size(); ++i) reader.add(kUsage[i].type, &usage[i], 1);
  for (std::size_t i = 0; i < secrecy.size(); ++i) reader.add(kSecrecy[i].type, &secrecy[i], 1);
  reader.read(session, key);

  if (auto size = reader.length(CKA_LABEL))
    found.label.resize(*size);
  else
    found.label = session.read<std::string>(key, CKA_LABEL, kMaxLength);
  if (auto size = reader.length(CKA_ID))
    found.id.resize(*size);
  else
    found.id = session.read<Bytes>(key, CKA_ID, kMaxLength);
  const std::string type_name(kBaseKey.type_name);
  if (type != kBaseKey.type) found.unfit.push_back("is no " + type_name + " key (CKA_KEY_TYPE)");
  // A token that does not tell the length of a secret key gives no reason to doubt it.
  if (type == kBaseKey.type && reader.length(CKA_VALUE_LEN) && length != kBaseKey.length)
    found.unfit.push_back("is an " + type_name + " key of " + std::to_string(length) +
                          " bytes instead of " + std::to_string(kBaseKey.length) +
                          " (CKA_VALUE_LEN)");
  for (std::size_t i = 0; i < usage.size(); ++i)
    if (reader.length(kUsage[i].type) && usage[i] != (kUsage[i].wanted ? CK_TRUE : CK_FALSE))
      found.unfit.push_back(complaint(kUsage[i]));
  for (std::size_t i = 0; i < secrecy.size(); ++i)
    if (reader.length(kSecrecy[i].type) && secrecy[i] != kSecrecy[i].wanted)
      found.exposed.emplace_back(kSecrecy[i].otherwise);
  found.local = !reader.length(CKA_LOCAL) || local == CK_TRUE;
  // An empty list is how SoftHSM says that there is no restriction.
  found.restricted = reader.length(CKA_ALLOWED_MECHANISMS).value_or(0) == sizeof allowed[0] &&
                     allowed[0] == kBaseKey.use_mechanism;
  return found;
}

bool is_key_of(const Session& session, CK_OBJECT_HANDLE object, const BaseKeyRef& ref) {
  try {
    return fingerprint(session, object, ref.fingerprint_input) == ref.id;
  } catch (const Error& error) {
    // A key of another type, or without the right to derive, is none of ours.
    if (error.ck_rv() == CKR_KEY_FUNCTION_NOT_PERMITTED ||
        error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT || error.ck_rv() == CKR_KEY_SIZE_RANGE ||
        error.ck_rv() == CKR_MECHANISM_INVALID)
      return false;
    throw;
  }
}

}  // namespace trent::hsm
