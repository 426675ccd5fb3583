// SPDX-License-Identifier: Apache-2.0
// ImportKeyMaterial.
#include "base/encoding.h"
#include "base/error.h"
#include "kms/call.h"
#include "kms/import.h"
#include "kms/import_parameters.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"
#include "kms/replication.h"

namespace trent::kms {

using namespace model;

namespace {

constexpr std::string_view kPermission = "kms:ImportKeyMaterial";

struct Request {
  std::string key_id;
  Bytes import_token;
  Bytes encrypted_key_material;
  std::optional<Timestamp> valid_to;
  std::optional<std::string> expiration_model;
  std::optional<std::string> import_type;
  std::optional<std::string> key_material_description;
  std::optional<std::string> key_material_id;

  static Fields fields() {
    using R = Request;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::import_token>("ImportToken", kCiphertext, Need::Required),
        field<R, &R::encrypted_key_material>("EncryptedKeyMaterial", kCiphertext, Need::Required),
        field<R, &R::valid_to>("ValidTo", kDate, Need::Optional,
                               "When the material expires: a date as 2027-01-31T12:00:00Z, or\n"
                               "seconds since 1970; within 365 days"),
        field<R, &R::expiration_model>("ExpirationModel", kExpirationModel),
        field<R, &R::import_type>("ImportType", kImportType),
        field<R, &R::key_material_description>("KeyMaterialDescription", kKeyMaterialDescription),
        field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId, Need::Optional,
                                      "Only if the material has this id")};
    return fields;
  }
};

struct Response {
  std::string key_id;
  std::string key_material_id;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::key_id>("KeyId", kKeyId),
        field<Response, &Response::key_material_id>("KeyMaterialId", kBackingKeyId)};
    return fields;
  }
};

// What the request says of the material, if it does not contradict itself.
ImportWish wish_of(const Request& request) {
  constexpr auto kLongest = std::chrono::hours(24) * 365;
  const auto refuse = [](const char* message, const char* advice) {
    throw Error(ErrorCode::Validation, message, advice);
  };
  const bool expires = request.expiration_model != kDoesNotExpire;
  const auto now = catalog::now();
  if (expires && !request.valid_to)
    refuse("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
           "Say ValidTo, or the model KEY_MATERIAL_DOES_NOT_EXPIRE.");
  if (!expires && request.valid_to)
    refuse("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
           "Leave ValidTo out, or the model.");
  if (request.valid_to && (*request.valid_to <= now || *request.valid_to > now + kLongest))
    refuse("The validTo date must be in the future, and not more than 365 days from now",
           "Import the material again before it expires.");
  ImportWish wish;
  if (request.import_type) wish.is_new = request.import_type == "NEW_KEY_MATERIAL";
  if (wish.is_new == true && request.key_material_id)
    refuse("KeyMaterialId cannot be set if the ImportType is NEW_KEY_MATERIAL",
           "Leave one of the two out.");
  wish.id = request.key_material_id;
  wish.valid_to = request.valid_to;
  wish.description = request.key_material_description;
  return wish;
}

// What the wrapping key of the token is for.
struct Found {
  hsm::ObjectName wrapping_key;
  ImportParameters parameters;
};

Found find_parameters(hsm::Token& token, ByteView import_token, const std::string& key_id) {
  constexpr const char* kAdvice =
      "Get new ones by GetParametersForImport, and wrap the key material with that public key.";
  const auto now = catalog::now();
  const Error invalid(ErrorCode::InvalidImportToken,
                      "The import token is none of this key's, or damaged.", kAdvice);
  const Error expired(ErrorCode::ExpiredImportToken,
                      "The import token has expired: it is good for 24 hours.", kAdvice);
  const auto given = ImportToken::parse(import_token);
  if (!given) throw Error(invalid);
  auto name = hsm::find_import_key(token, given->wrapping_key_id());
  // Those that have expired are removed.
  if (!name) throw Error(given->valid_to() <= now ? expired : invalid);
  auto parameters = ImportParameters::parse(name->label);
  if (!parameters || parameters->key_id != key_id) throw Error(invalid);
  if (parameters->valid_to <= now) throw Error(expired);
  return {*std::move(name), *std::move(parameters)};
}

Response bring(Call& call, const Request& request, const ImportWish& wish,
               const hsm::ChangeLock& lock, const Call::Named& named, const Key& key) {
  const std::string arn = key.arn();
  if (catalog::is_pending_deletion(key.record->state)) throw pending_deletion(arn);
  const Found found = find_parameters(named.account.token, request.import_token, named.key_id);
  const WrappingAlgorithm& algorithm = *found.parameters.algorithm;
  const hsm::ImportedId imported = import_material(
      lock, key,
      {found.wrapping_key, algorithm.hash, algorithm.aes_between, request.encrypted_key_material},
      wish, host_import(call.config()));
  if (imported.in_host) call.in_host();
  return {arn, to_hex(imported.id)};
}

// The primary key gets it first, and its replicas get to know of it: each takes the same then.
Response bring_new(Call& call, const Request& request, const ImportWish& wish,
                   const Call::Named& named) {
  const LockedRegions regions(call.accounts(), named.account);
  const hsm::ChangeLock& lock = regions.lock_of(named.account);
  const Key key = call.find(lock, named, kPermission);
  require_external(*key.record, key.arn());
  require_primary(regions.keys(named.account, named.key_id), key);
  Response response = bring(call, request, wish, lock, named, key);
  try {
    follow_all(regions, regions.keys(named.account, named.key_id));
  } catch (const Error&) {  // `trent rotate-due` lets them follow, or the rotation
  }
  return response;
}

Response import(Call& call, const Request& request) {
  const ImportWish wish = wish_of(request);
  const Call::Named named = call.locate(request.key_id);
  if (catalog::is_multi_region(named.key_id) && wish.is_new == true)
    return bring_new(call, request, wish, named);
  const hsm::ChangeLock lock(named.account.token);
  const Key key = call.find(lock, named, kPermission);
  require_external(*key.record, key.arn());
  return bring(call, request, wish, lock, named, key);
}

constexpr std::string_view kPermissions[] = {kPermission};
constexpr ErrorCode kErrors[] = {ErrorCode::InvalidArn,         ErrorCode::UnsupportedOperation,
                                 ErrorCode::DependencyTimeout,  ErrorCode::NotFound,
                                 ErrorCode::KMSInternal,        ErrorCode::KMSInvalidState,
                                 ErrorCode::InvalidCiphertext,  ErrorCode::IncorrectKeyMaterial,
                                 ErrorCode::ExpiredImportToken, ErrorCode::InvalidImportToken};

}  // namespace

const Operation& operations::import_key_material() {
  static const Operation stated = operation<&import>({"ImportKeyMaterial", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
