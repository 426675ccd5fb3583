// SPDX-License-Identifier: Apache-2.0
// KMS keys as objects: found, read, changed, made and destroyed.
#include "pkcs11/kms_key.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/uuid.h"
#include "kms/key_id.h"
#include "kms/object_requests.h"
#include "pkcs11/kms_attributes.h"

namespace trent::pkcs11 {

namespace {

bool is_common(CK_ATTRIBUTE_TYPE type) {
  return symmetric_attribute(type).has_value();
}

bool equals(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// DescribeKey; nullopt if there is no such key, or it is in another slot: an ARN may name the key
// of another account or region, whose token is not asked, for that may need a login.
std::optional<kms::KeyMetadata> look_up(Session& session, const std::string& key_id) {
  Slot& slot = session.slot();
  try {
    const kms::KeyIdentifier identifier = kms::parse_key_identifier(key_id);
    if (identifier.is_arn() &&
        (identifier.account != slot.config().account || identifier.region != slot.config().region))
      return std::nullopt;
    return slot.call(kms::DescribeKeyRequest{key_id, {}}).key_metadata;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound && error.code() != ErrorCode::Validation) throw;
    return std::nullopt;
  }
}

// As the application writes it: an alias with or without "alias/", or a key id.
std::optional<kms::KeyMetadata> look_up_label(Session& session, std::string_view label) {
  std::string name(label);
  if (auto key = look_up(session, name.starts_with("alias/") ? name : "alias/" + name)) return key;
  auto key = look_up(session, name);
  if (key && key->key_id != name) return std::nullopt;  // an ARN is no label
  return key;
}

// CKA_UNIQUE_ID of a public key is not that of the private one.
std::string arn_of_unique_id(std::string_view unique) {
  constexpr std::string_view kPublic = "/public";
  if (unique.ends_with(kPublic)) unique.remove_suffix(kPublic.size());
  return std::string(unique);
}

std::vector<kms::KeyMetadata> candidates(Session& session, Template search) {
  std::optional<kms::KeyMetadata> key;
  if (const CK_ATTRIBUTE* id = find_attribute(search, CKA_ID)) {
    const ByteView value = value_of(*id);
    Uuid uuid{};
    if (value.size() == uuid.size()) {
      std::copy(value.begin(), value.end(), uuid.begin());
      key = look_up(session, format_uuid(uuid));
      if (!key) key = look_up(session, std::string(catalog::kMultiRegionPrefix) + to_hex(value));
    }
  } else if (const CK_ATTRIBUTE* unique = find_attribute(search, kAttributeUniqueId)) {
    key = look_up(session, arn_of_unique_id(as_text(value_of(*unique))));
  } else if (const CK_ATTRIBUTE* arn = find_attribute(search, CKA_TRENT_KEY_ARN)) {
    key = look_up(session, std::string(as_text(value_of(*arn))));
  } else if (const CK_ATTRIBUTE* label = find_attribute(search, CKA_LABEL)) {
    key = look_up_label(session, as_text(value_of(*label)));
  } else {
    std::vector<kms::KeyMetadata> all;
    for (kms::KeyAndAliases& each : session.slot().call(kms::ListEverythingRequest{}).keys)
      all.push_back(std::move(each.metadata));
    return all;
  }
  if (!key) return {};
  return {std::move(*key)};
}

bool matches(Session& session, const kms::KeyMetadata& key, KeyPart part, Template search) {
  if (!key.enabled && find_attribute(search, CKA_TRENT_KEY_STATE) == nullptr) return false;
  return std::all_of(search.begin(), search.end(), [&](const CK_ATTRIBUTE& wanted) {
    if (wanted.type == CKA_LABEL) {
      auto named = look_up_label(session, as_text(value_of(wanted)));
      return named && named->key_id == key.key_id;
    }
    auto value = attribute_of(session.slot(), key, part, wanted.type);
    return value && equals(*value, value_of(wanted));
  });
}

std::string alias_of_label(ByteView label) {
  require(!label.empty(), CKR_ATTRIBUTE_VALUE_INVALID);
  std::string name(as_text(label));
  return name.starts_with("alias/") ? name : "alias/" + name;
}

// Runs an alias operation; its complaints are about the value of CKA_LABEL.
template <class Change>
void change_alias(Slot& slot, Change change) {
  slot.forget_labels();
  try {
    change();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Validation) throw Failure(CKR_ATTRIBUTE_VALUE_INVALID);
    throw;
  }
}

void require_write_access(Session& session) {
  require(session.is_read_write(), CKR_SESSION_READ_ONLY);
  require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
}

}  // namespace

bool only_kms_keys_match(Template search) {
  return std::any_of(search.begin(), search.end(), [](const CK_ATTRIBUTE& wanted) {
    return wanted.type == CKA_TRENT_KEY_ARN || wanted.type == CKA_TRENT_KEY_STATE ||
           wanted.type == CKA_TRENT_KEY_MATERIAL_ID || wanted.type == CKA_TRENT_ENFORCED ||
           (wanted.type == CKA_TRENT_KMS_KEY &&
            equals(*symmetric_attribute(CKA_TRENT_KMS_KEY), value_of(wanted))) ||
           (wanted.type == kAttributeUniqueId && as_text(value_of(wanted)).starts_with("arn:"));
  });
}

std::vector<CK_OBJECT_HANDLE> find_kms_keys(Session& session, Template search) {
  if (!std::ranges::all_of(search, may_match)) return {};
  if (!session.logged_in()) return {};  // CKA_PRIVATE
  std::vector<CK_OBJECT_HANDLE> found;
  for (const kms::KeyMetadata& key : candidates(session, search))
    for (const KeyPart part : parts_of(key))
      if (matches(session, key, part, search))
        found.push_back(
            session.library().objects().add(session.slot().id(), KmsKey{key.key_id, part}));
  return found;
}

CK_RV get_attributes(Session& session, const KmsKey& key, Template attributes) {
  require(session.logged_in(), CKR_OBJECT_HANDLE_INVALID);
  kms::KeyMetadata metadata =
      session.slot().call(kms::DescribeKeyRequest{key.key_id, {}}).key_metadata;
  CK_RV result = CKR_OK;
  for (CK_ATTRIBUTE& wanted : attributes) {
    auto value = attribute_of(session.slot(), metadata, key.part, wanted.type);
    CK_RV rv = CKR_OK;
    if (key.part != KeyPart::Public && is_secret_attribute(wanted.type))
      rv = answer_unavailable(wanted, CKR_ATTRIBUTE_SENSITIVE);
    else if (!value)
      rv = answer_unavailable(wanted, CKR_ATTRIBUTE_TYPE_INVALID);
    else
      rv = answer(wanted, *value);
    if (rv != CKR_OK) result = rv;
  }
  return result;
}

void set_attributes(Session& session, const KmsKey& key, Template attributes) {
  require_write_access(session);
  Slot& slot = session.slot();
  slot.call(kms::DescribeKeyRequest{key.key_id, {}});  // or the handle is bad
  for (const CK_ATTRIBUTE& wanted : attributes)
    require(wanted.type == CKA_LABEL, CKR_ATTRIBUTE_READ_ONLY);
  const CK_ATTRIBUTE* label = find_attribute(attributes, CKA_LABEL);
  if (label == nullptr) return;
  std::string name = alias_of_label(value_of(*label));
  slot.forget_labels();
  std::string old_label = slot.label(key.key_id);
  std::string old_name = old_label == key.key_id ? "" : "alias/" + old_label;
  change_alias(slot, [&] { slot.call(kms::RenameKeyRequest{key.key_id, old_name, name}); });
  slot.forget_labels();
}

// It may get more protection than the application asks for, but no use that KMS keys do not have.
CK_RV fault_of_new_key(Template attributes) {
  for (const CK_ATTRIBUTE& wanted : attributes) {
    switch (wanted.type) {
      case CKA_CLASS:
      case CKA_KEY_TYPE:
      case CKA_ALLOWED_MECHANISMS:
        if (!equals(*symmetric_attribute(wanted.type), value_of(wanted)))
          return CKR_TEMPLATE_INCONSISTENT;
        break;
      case CKA_VALUE_LEN:
        if (number_in(attributes, CKA_VALUE_LEN) != kms_key_kind().length)
          return CKR_KEY_SIZE_RANGE;
        break;
      case CKA_ID:  // it is the key id, which is random
        if (wanted.ulValueLen != 0) return CKR_ATTRIBUTE_READ_ONLY;
        break;
      case CKA_EXTRACTABLE:
      case CKA_DERIVE:
      case CKA_SIGN:
      case CKA_VERIFY:
        if (flag_in(attributes, wanted.type) == true) return CKR_TEMPLATE_INCONSISTENT;
        break;
      case CKA_LABEL:
        break;
      default:
        if (!is_common(wanted.type)) return CKR_ATTRIBUTE_TYPE_INVALID;
    }
  }
  return CKR_OK;
}

namespace {

// By CreateKey, or with a label by CreateNamedKey.
std::string create(Session& session, const std::optional<std::string>& spec,
                   const std::optional<std::string>& usage, ByteView label) {
  Slot& slot = session.slot();
  if (label.empty()) {
    kms::CreateKeyRequest request;
    request.key_spec = spec;
    request.key_usage = usage;
    return slot.call(request).key_metadata.key_id;
  }
  std::string key_id;
  change_alias(slot, [&] {
    const kms::CreateNamedKeyRequest request{alias_of_label(label), spec, usage};
    key_id = slot.call(request).key_metadata.key_id;
  });
  slot.forget_labels();
  return key_id;
}

}  // namespace

KmsKey create_kms_key(Session& session, Template attributes) {
  require_write_access(session);
  CK_RV fault = fault_of_new_key(attributes);
  require(fault == CKR_OK, fault);
  const CK_ATTRIBUTE* label = find_attribute(attributes, CKA_LABEL);
  return {create(session, {}, {}, label == nullptr ? ByteView() : value_of(*label))};
}

KmsKey create_kms_key_pair(Session& session, const NewKeyPair& pair) {
  require_write_access(session);
  return {create(session, pair.spec, pair.usage, pair.label), KeyPart::Private};
}

void destroy_kms_key(Session& session, const KmsKey& key) {
  require_write_access(session);
  if (key.part == KeyPart::Public) {
    // CKA_DESTROYABLE is false: it is there as long as the private key is, and gone with that.
    const auto state =
        session.slot().call(kms::DescribeKeyRequest{key.key_id, {}}).key_metadata.key_state;
    const auto pending = kms::from_wire_name<kms::KeyState>(state);
    require(pending && catalog::is_pending_deletion(*pending), CKR_ACTION_PROHIBITED);
    return;
  }
  session.slot().call(kms::ScheduleKeyDeletionRequest{key.key_id, std::nullopt});
}

}  // namespace trent::pkcs11
