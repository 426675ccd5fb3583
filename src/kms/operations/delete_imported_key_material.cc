// SPDX-License-Identifier: Apache-2.0
// DeleteImportedKeyMaterial.
#include "base/encoding.h"
#include "base/error.h"
#include "kms/call.h"
#include "kms/import.h"
#include "kms/material.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::optional<std::string> key_material_id;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::key_material_id>("KeyMaterialId", kBackingKeyId, Need::Optional,
                                                  "Default: the current one")};
    return fields;
  }
};

struct Response {
  std::string key_id;
  std::optional<std::string> key_material_id;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::key_id>("KeyId", kKeyId),
        field<Response, &Response::key_material_id>("KeyMaterialId", kBackingKeyIdResponse)};
    return fields;
  }
};

// The one that the request means; nullopt: the key has none yet.
std::optional<blob::KeyMaterialId> material_of(const Request& request, const Key& key) {
  const catalog::KeyRecord& record = *key.record;
  if (!request.key_material_id)
    return record.materials.empty() ? std::nullopt : std::optional(record.current);
  if (const auto bytes = from_hex(*request.key_material_id))
    if (const auto id = material_id(*bytes); id && record.has_material(*id)) return id;
  throw Error(ErrorCode::NotFound,
              "Key '" + key.arn() + "' has no key material " + *request.key_material_id,
              "`trent list-key-rotations --include-key-material ALL_KEY_MATERIAL` shows those that "
              "it has.");
}

// What waited for a rotation of the primary key, its replicas give up, too.
void remove_from_replicas(Call& call, const Call::Named& named, const blob::KeyMaterialId& id) {
  const LockedRegions regions(call.accounts(), named.account);
  const RelatedKeys related = regions.keys(named.account, named.key_id);
  if (related.primary_region() != named.account.region) return;
  for (const Key& replica : related.replicas())
    if (replica.record->staged == id)
      delete_material(regions.lock_of(*replica.account), *replica.account, named.key_id, id,
                      [](const catalog::KeyMaterial&) { return true; });
}

// `staged`: what waited for a rotation, if that was it.
Response remove_here(Call& call, const Request& request, const Call::Named& named,
                     std::optional<blob::KeyMaterialId>& staged) {
  Account& account = named.account;
  const hsm::ChangeLock lock(account.token);
  const Key key = call.find(lock, named, "kms:DeleteImportedKeyMaterial");
  require_external(*key.record, key.arn());
  Response response{key.arn(), {}};
  const auto id = material_of(request, key);
  if (!id) return response;
  response.key_material_id = to_hex(*id);
  if (key.record->staged == id) staged = id;
  // Deleted again, for an earlier time may have been interrupted.
  delete_material(lock, account, named.key_id, *id,
                  [](const catalog::KeyMaterial&) { return true; });
  return response;
}

Response remove(Call& call, const Request& request) {
  const Call::Named named = call.locate(request.key_id);
  std::optional<blob::KeyMaterialId> staged;
  Response response = remove_here(call, request, named, staged);
  if (staged && catalog::is_multi_region(named.key_id)) remove_from_replicas(call, named, *staged);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:DeleteImportedKeyMaterial"};
constexpr ErrorCode kErrors[] = {ErrorCode::InvalidArn,        ErrorCode::UnsupportedOperation,
                                 ErrorCode::DependencyTimeout, ErrorCode::NotFound,
                                 ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::delete_imported_key_material() {
  static const Operation stated =
      operation<&remove>({"DeleteImportedKeyMaterial", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
