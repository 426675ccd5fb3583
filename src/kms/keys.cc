// CreateKey, DescribeKey, ListKeys.
#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/base_key_store.h"
#include "hsm/change_lock.h"
#include "hsm/data_trial.h"
#include "kms/implementation.h"
#include "kms/key_id.h"
#include "kms/key_name.h"
#include "kms/paging.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

void require_symmetric(const CreateKeyRequest& request) {
  Validation()
      .length("description", count_characters(request.description), 0, 8192)
      .one_of("keyUsage", request.key_usage,
              {"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"})
      .one_of(
          "keySpec", request.key_spec,
          {"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
           "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
           "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519"})
      .one_of("origin", request.origin,
              {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"})
      .check();
  if (!is_utf8(request.description))
    throw Error(ErrorCode::Validation, "The description is not UTF-8 text.");
  if (request.key_spec.value_or(kSymmetricDefault) != kSymmetricDefault) {
    if (!request.key_usage)
      throw Error(ErrorCode::Validation,
                  "You must specify a KeyUsage value for all KMS keys except for symmetric "
                  "encryption keys.");
    throw Error(ErrorCode::UnsupportedOperation,
                "Keys of spec " + *request.key_spec + " are not available yet.",
                "Create a SYMMETRIC_DEFAULT key.");
  }
  if (request.key_usage.value_or("ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT")
    throw Error(ErrorCode::Validation, "KeyUsage " + *request.key_usage +
                                           " is not compatible with KeySpec SYMMETRIC_DEFAULT");
  if (request.origin.value_or("AWS_KMS") != "AWS_KMS")
    throw Error(ErrorCode::UnsupportedOperation,
                "Keys of origin " + *request.origin + " are not available yet.",
                "Leave the origin out: the key material is then made in the token.");
}

// `alias` may be empty. The record is what makes the key, so it comes last.
KeyMetadata make_key(Account& account, const std::string& description, const std::string& alias) {
  auto record = std::make_shared<catalog::KeyRecord>();
  record->key_id = new_key_id();
  record->created = catalog::now();
  record->description = description;
  std::string label = catalog::key_label(record->key_id);
  const hsm::ChangeLock lock(account.token);
  lock.look();
  hsm::require_data_objects(lock, account.token);
  record->current =
      hsm::generate_base_key(account.token, label, blob::key_material_id_input(record->key_id));
  record->materials.push_back({record->current, record->created});
  bool named = false;
  try {
    if (!alias.empty()) {
      create_alias_record(lock, account, alias, record->key_id, record->created);
      named = true;
    }
    if (!account.catalog.create_key(lock, *record))
      throw Error(ErrorCode::KMSInternal, "There is a record " + label + " already.", "Try again.");
  } catch (const Error&) {
    // Without its record the material is invisible; still, leave nothing behind.
    try {
      hsm::destroy_base_key(account.token, label, record->current);
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
  return metadata({&account, std::move(record)});
}

}  // namespace

CreateKeyResponse Service::create_key(const CreateKeyRequest& request) {
  hsm::ForkGuard fork;
  require_symmetric(request);
  return {make_key(implementation_->home(), request.description, {})};
}

KeyMetadata create_key_with_alias(Service& service, const std::string& alias_name) {
  hsm::ForkGuard fork;
  check_new_alias_name(alias_name);
  Account& account = service.implementation().home();
  return make_key(account, {}, alias_name);
}

DescribeKeyResponse Service::describe_key(const DescribeKeyRequest& request) {
  hsm::ForkGuard fork;
  Validation().key_id("keyId", request.key_id).grant_tokens(request.grant_tokens).check();
  require_no_grant_tokens(request.grant_tokens);
  return {metadata(implementation_->resolve(request.key_id))};
}

ListKeysResponse Service::list_keys(const ListKeysRequest& request) {
  hsm::ForkGuard fork;
  Validation()
      .range("limit", request.limit, 1, 1000)
      .optional_length("marker", request.marker, 1, 1024)
      .check();
  Account& account = implementation_->home();
  auto listing = account.catalog.list(request.marker.has_value());
  ListKeysResponse response;
  auto page = take_page(listing->keys, &catalog::KeyRecord::key_id, request.marker,
                        static_cast<std::size_t>(request.limit.value_or(100)),
                        [](const catalog::KeyRecord& record) { return !is_deleted(record); });
  for (const auto& record : page.items)
    response.keys.push_back({record->key_id, account.key_arn(record->key_id)});
  response.truncated = page.truncated;
  response.next_marker = page.next_marker;
  return response;
}

}  // namespace trent::kms
