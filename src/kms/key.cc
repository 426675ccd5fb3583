// SPDX-License-Identifier: Apache-2.0
// A key that was found, and what follows from its record.
#include "kms/key.h"

#include <algorithm>
#include <chrono>

#include "base/encoding.h"
#include "kms/key_spec.h"

namespace trent::kms {

Error no_such_key(const Account& account, const std::string& key_id, std::string_view advice) {
  return Error(ErrorCode::NotFound, "Key '" + account.key_arn(key_id) + "' does not exist", advice);
}

Error pending_deletion(const std::string& key_arn) {
  return Error(ErrorCode::KMSInvalidState, key_arn + " is pending deletion.",
               "`trent cancel-key-deletion` keeps the key.");
}

Error pending_import(const std::string& key_arn) {
  return Error(ErrorCode::KMSInvalidState, key_arn + " is pending import.",
               "Import its key material: `trent list-key-rotations --include-key-material "
               "ALL_KEY_MATERIAL` shows what is missing.");
}

KeyState state_of(const catalog::KeyRecord& record) {
  return record.state_at(catalog::now());
}

bool is_deleted(const catalog::KeyRecord& record) {
  return record.state == KeyState::PendingDeletion && record.deletion &&
         *record.deletion <= std::chrono::system_clock::now();
}

DeletedTargets::DeletedTargets(std::shared_ptr<const catalog::Listing> listing)
    : listing_(std::move(listing)) {
  for (const auto& record : listing_->keys)
    if (is_deleted(*record)) keys_.insert(record->key_id);
}

void require_enabled(const catalog::KeyRecord& record, const std::string& key_arn) {
  const KeyState state = state_of(record);
  if (catalog::is_pending_deletion(state)) throw pending_deletion(key_arn);
  if (state == KeyState::PendingImport) throw pending_import(key_arn);
  if (state == KeyState::Disabled)
    throw Error(ErrorCode::Disabled, key_arn + " is disabled.",
                "`trent enable-key` makes it usable again.");
}

void require_usable(const Key& key, std::string_view operation, KeyUsage usage,
                    std::string_view algorithm) {
  const catalog::KeyRecord& record = *key.record;
  require_enabled(key);
  if (record.usage != usage)
    throw Error(ErrorCode::InvalidKeyUsage,
                key.arn() + " key usage is " + std::string(wire_name(record.usage)) +
                    " which is not valid for " + std::string(operation) + ".");
  const Algorithms algorithms = key_spec(record.spec).algorithms(usage);
  if (std::ranges::find(algorithms, algorithm) != algorithms.end()) return;
  std::string list;
  for (const std::string_view each : algorithms)
    list.append(list.empty() ? "" : " or ").append(each);
  throw Error(ErrorCode::InvalidKeyUsage,
              "Algorithm " + std::string(algorithm) + " is incompatible with key spec " +
                  std::string(wire_name(record.spec)) + ".",
              list.empty() ? "" : "It takes " + list + ".");
}

namespace {

// KMS tells of all material together: whether some of it expires, and when that begins. What waits
// for a rotation does not count.
void add_expiration(const catalog::KeyRecord& record, KeyMetadata& out) {
  for (const catalog::KeyMaterial& material : record.materials) {
    if (!material.import || !material.is_kept() || material.id == record.staged) continue;
    const auto& valid_to = material.import->valid_to;
    if (valid_to && (!out.valid_to || *valid_to < *out.valid_to)) out.valid_to = valid_to;
    out.expiration_model = out.valid_to ? kExpires : kDoesNotExpire;
  }
}

}  // namespace

KeyMetadata metadata(const Key& key) {
  const catalog::KeyRecord& record = *key.record;
  const KeyState state = state_of(record);
  KeyMetadata out;
  out.aws_account_id = key.account->id;
  out.key_id = record.key_id;
  out.arn = key.arn();
  out.creation_date = record.created;
  out.enabled = state == KeyState::Enabled;
  out.description = record.description;
  out.key_usage = wire_name(record.usage);
  out.key_state = wire_name(state);
  out.deletion_date = record.deletion;
  out.origin = wire_name(record.origin);
  add_expiration(record, out);
  out.key_manager = "CUSTOMER";
  out.key_spec = wire_name(record.spec);
  const Algorithms algorithms = key_spec(record.spec).algorithms(record.usage);
  switch (record.usage) {
    case KeyUsage::EncryptDecrypt:
      out.encryption_algorithms.assign(algorithms.begin(), algorithms.end());
      break;
    case KeyUsage::SignVerify:
      out.signing_algorithms.assign(algorithms.begin(), algorithms.end());
      break;
    case KeyUsage::KeyAgreement:
      out.key_agreement_algorithms.assign(algorithms.begin(), algorithms.end());
      break;
    case KeyUsage::GenerateVerifyMac:
      out.mac_algorithms.assign(algorithms.begin(), algorithms.end());
  }
  const catalog::KeyMaterial* current = record.material(record.current);
  if (current != nullptr) out.public_key = current->public_key;
  out.multi_region = record.multi_region.has_value();
  out.pending_deletion_window_in_days = record.deletion_window;
  if (record.adopted) out.xks_key_configuration.id = record.adopted->xks_key_id;
  // KMS says it of symmetric encryption keys only, which are those that can be rotated.
  if (record.spec == KeySpec::SymmetricDefault && current != nullptr)
    out.current_key_material_id = to_hex(record.current);
  return out;
}

}  // namespace trent::kms
