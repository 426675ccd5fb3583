// SPDX-License-Identifier: Apache-2.0
// CreateKey; and CreateNamedKey, which is CreateAlias besides.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/base_key_store.h"
#include "hsm/data_trial.h"
#include "kms/adoption.h"
#include "kms/alias.h"
#include "kms/call.h"
#include "kms/import.h"
#include "kms/key_id.h"
#include "kms/key_policy.h"
#include "kms/key_spec.h"
#include "kms/material.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"
#include "kms/tag.h"

namespace trent::kms {

using namespace model;

namespace {

// What spec and usage the request says. Throws KMS's errors, and what is not available yet.
void add_kind(const CreateKeyRequest& request, catalog::KeyRecord& record) {
  const std::optional<KeySpec> spec =
      request.key_spec ? from_wire_name<KeySpec>(*request.key_spec) : record.spec;
  if (!request.key_usage && !(spec && key_spec(*spec).default_usage))
    throw Error(ErrorCode::Validation,
                "You must specify a KeyUsage value for all KMS keys except for symmetric "
                "encryption keys.");
  if (!spec)
    throw Error(ErrorCode::UnsupportedOperation,
                "Keys of spec " + *request.key_spec + " are not available yet.",
                "Tokens of today have no such keys.");
  record.spec = *spec;
  const KeySpecRow& row = key_spec(*spec);
  const std::optional<KeyUsage> usage =
      request.key_usage ? from_wire_name<KeyUsage>(*request.key_usage) : row.default_usage;
  if (!usage || std::ranges::find(row.usages, *usage) == row.usages.end())
    throw Error(ErrorCode::Validation, "KeyUsage " + *request.key_usage +
                                           " is not compatible with KeySpec " +
                                           std::string(wire_name(*spec)));
  record.usage = *usage;
}

// Whether keys like this one can be in several regions. `adopted`: what it is, its object says.
void require_movable(const catalog::KeyRecord& record, bool adopted) {
  if (adopted || record.enforced)
    throw Error(ErrorCode::UnsupportedOperation,
                "Only keys whose material can be in other tokens as well can be multi-Region keys.",
                "Leave out MultiRegion, or the origin and --enforce-in-token.");
  if (catalog::is_key_pair(record.spec) && record.origin == KeyOrigin::AwsKms)
    throw Error(ErrorCode::UnsupportedOperation,
                "Multi-Region keys of spec " + std::string(wire_name(record.spec)) +
                    " are not available yet.",
                "Symmetric encryption keys and HMAC keys can be multi-Region keys, and key pairs "
                "whose material is imported (Origin EXTERNAL).");
}

catalog::KeyRecord requested_key(const CreateKeyRequest& request) {
  catalog::KeyRecord record;
  record.description = request.description;
  // What is adopted says itself what it is.
  const bool adopted = is_adoption(request);
  if (!adopted) add_kind(request, record);
  if (!adopted && request.origin) {
    const auto origin = from_wire_name<KeyOrigin>(*request.origin);
    if (!origin)
      throw Error(ErrorCode::UnsupportedOperation,
                  "Keys of origin " + *request.origin + " are not available yet.",
                  "Leave the origin out: the key material is then made in the token.");
    record.origin = *origin;
    if (record.origin == KeyOrigin::External) require_importable(record.spec);
  }
  record.enforced = request.so_pin.has_value();
  if (record.enforced &&
      (adopted || record.origin != KeyOrigin::AwsKms || record.spec != KeySpec::SymmetricDefault))
    throw Error(ErrorCode::UnsupportedOperation,
                "Only symmetric encryption keys that the token makes are enforced in it.",
                "Leave out --enforce-in-token, or the key spec, the usage and the origin.");
  if (request.multi_region) require_movable(record, adopted);
  check_tags(request.tags);
  add_tags(record.tags, request.tags);
  return record;
}

// Another host may have adopted the same at the same moment: then neither has it.
void require_still_unused(const hsm::ChangeLock& lock, Account& account,
                          const catalog::KeyRecord& record) {
  try {
    require_unused(account, record);
  } catch (const Error&) {
    try {
      account.catalog.delete_key(lock, record.key_id,
                                 [](const catalog::KeyRecord*) { return true; });
    } catch (const Error&) {  // the first failure is the one to report
    }
    throw;
  }
}

// `alias` may be empty. The record is what makes the key, so it comes last.
CreateKeyResponse make_key(Call& call, const CreateKeyRequest& request,
                           catalog::KeyRecord requested, const std::string& alias) {
  Account& account = call.home();
  auto record = std::make_shared<catalog::KeyRecord>(std::move(requested));
  record->key_id = new_key_id(request.multi_region);
  if (request.multi_region) record->multi_region = {account.region, 0};
  record->created = catalog::now();
  if (request.policy)
    set_policy(call, account, *record, *request.policy, request.bypass_policy_lockout_safety_check);
  const std::string label = catalog::key_label(record->key_id);
  const hsm::ChangeLock lock(account.token);
  lock.look();
  hsm::require_data_objects(lock, account.token);
  if (request.xks_key_id) {
    adopt(account, request, *record);
  } else if (record->origin == KeyOrigin::AwsKms) {
    record->materials.push_back(
        request.so_pin ? make_enforced_material(lock, account.token, *record, *request.so_pin)
                       : make_material(account.token, *record, label));
    record->current = record->materials.front().id;
  }
  bool named = false;
  try {
    if (!alias.empty()) {
      create_alias_record(lock, account, alias, record->key_id, record->created);
      named = true;
    }
    if (!account.catalog.create_key(lock, *record))
      throw Error(ErrorCode::KMSInternal, "There is a record " + label + " already.", "Try again.");
    if (record->adopted) require_still_unused(lock, account, *record);
  } catch (const Error&) {
    // Without its record the material is invisible; still, leave nothing behind. What was adopted
    // is somebody else's.
    try {
      if (record->origin == KeyOrigin::AwsKms)
        hsm::destroy_key(account.token, label, record->current);
    } catch (const Error&) {  // the first failure is the one to report
    }
    try {
      if (named)
        account.catalog.delete_alias(lock, alias, [&](const catalog::AliasRecord* made) {
          return made != nullptr && made->target == record->key_id;
        });
    } catch (const Error&) {  // likewise
    }
    throw;
  }
  const Key key{&account, std::move(record)};
  call.made(key.arn());
  CreateKeyResponse response{metadata(key)};
  if (request.multi_region) add_regions(RelatedKeys({key}), key, response.key_metadata);
  return response;
}

CreateKeyResponse create(Call& call, const CreateKeyRequest& request) {
  catalog::KeyRecord requested = requested_key(request);
  call.permit("kms:CreateKey");
  if (!request.tags.empty()) call.permit("kms:TagResource");
  return make_key(call, request, std::move(requested), {});
}

CreateKeyResponse create_named(Call& call, const CreateNamedKeyRequest& request) {
  check_new_alias_name(request.alias_name);
  call.permit("kms:CreateKey");
  call.permit_alias("kms:CreateAlias", call.home(), request.alias_name);
  CreateKeyRequest of_key;
  of_key.key_spec = request.key_spec;
  of_key.key_usage = request.key_usage;
  of_key.description = request.description;
  return make_key(call, of_key, requested_key(of_key), request.alias_name);
}

constexpr std::string_view kPermissions[] = {"kms:CreateKey", "kms:TagResource"};
constexpr std::string_view kNamedPermissions[] = {"kms:CreateKey", "kms:CreateAlias"};
constexpr ErrorCode kErrors[] = {ErrorCode::MalformedPolicyDocument,
                                 ErrorCode::DependencyTimeout,
                                 ErrorCode::InvalidArn,
                                 ErrorCode::UnsupportedOperation,
                                 ErrorCode::KMSInternal,
                                 ErrorCode::LimitExceeded,
                                 ErrorCode::Tag,
                                 ErrorCode::XksKeyInvalidConfiguration,
                                 ErrorCode::XksKeyAlreadyInUse,
                                 ErrorCode::XksKeyNotFound};
constexpr Missing kMissing[] = {
    {"CustomerMasterKeySpec", "Give its new name, KeySpec."},
    {"CustomKeyStoreId", "Leave it out: keys are made in the token of the account."}};

}  // namespace

const Operation& operations::create_key() {
  static const Operation stated =
      operation<&create>({"CreateKey", kPermissions, kErrors, false, kMissing});
  return stated;
}
const Operation& CreateKeyRequest::operation() {
  return operations::create_key();
}

const Operation& CreateNamedKeyRequest::operation() {
  static const Operation stated =
      model::operation<&create_named>({"CreateNamedKey", kNamedPermissions, kErrors});
  return stated;
}

Fields CreateKeyRequest::fields() {
  using R = CreateKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::policy>("Policy", kPolicy, Need::Optional,
                           "Default: the account decides, by the policies of its principals"),
      field<R, &R::description>("Description", kDescription),
      field<R, &R::key_usage>("KeyUsage", kKeyUsage, Need::Optional, "Default: ENCRYPT_DECRYPT"),
      field<R, &R::key_spec>("KeySpec", kKeySpec, Need::Optional, "Default: SYMMETRIC_DEFAULT"),
      field<R, &R::origin>(
          "Origin", kOrigin, Need::Optional,
          "Default: AWS_KMS. EXTERNAL: its material is imported later.\nEXTERNAL_KEY_STORE: a key "
          "that is in the token already"),
      field<R, &R::bypass_policy_lockout_safety_check>("BypassPolicyLockoutSafetyCheck", kBoolean,
                                                       Need::Optional, kBypassLockoutHelp),
      field<R, &R::tags>("Tags", kTagList),
      field<R, &R::multi_region>("MultiRegion", kNullableBoolean, Need::Optional,
                                 "A key that can be in other regions, too: see replicate-key"),
      field<R, &R::xks_key_id>("XksKeyId", kXksKeyId)};
  return fields;
}

Fields CreateKeyResponse::fields() {
  using R = CreateKeyResponse;
  static constexpr Field fields[] = {field<R, &R::key_metadata>("KeyMetadata", kKeyMetadata)};
  return fields;
}

Fields CreateNamedKeyRequest::fields() {
  using R = CreateNamedKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::alias_name>("AliasName", kAliasName, Need::Required),
      field<R, &R::key_spec>("KeySpec", kKeySpec), field<R, &R::key_usage>("KeyUsage", kKeyUsage),
      field<R, &R::description>("Description", kDescription)};
  return fields;
}

}  // namespace trent::kms
