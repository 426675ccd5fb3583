// SPDX-License-Identifier: Apache-2.0
// ListKeyRotations.
#include <algorithm>

#include "base/encoding.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"
#include "kms/rotation.h"

namespace trent::kms {

using namespace model;

namespace {

struct Entry {
  std::string key_id;
  std::string key_material_id;
  std::optional<std::string> key_material_description;  // this and the next: of imported material
  std::optional<std::string> import_state;
  std::string key_material_state;
  std::optional<std::string> expiration_model;
  std::optional<Timestamp> valid_to;
  std::optional<Timestamp> rotation_date;
  std::optional<std::string> rotation_type;
  std::string place;  // in the order of the materials; not on the wire

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Entry, &Entry::key_id>("KeyId", kKeyId),
        field<Entry, &Entry::key_material_id>("KeyMaterialId", kBackingKeyId),
        field<Entry, &Entry::key_material_description>("KeyMaterialDescription",
                                                       kKeyMaterialDescription),
        field<Entry, &Entry::import_state>("ImportState", kImportState),
        field<Entry, &Entry::key_material_state>("KeyMaterialState", kKeyMaterialState),
        field<Entry, &Entry::expiration_model>("ExpirationModel", kExpirationModel),
        field<Entry, &Entry::valid_to>("ValidTo", kDate),
        field<Entry, &Entry::rotation_date>("RotationDate", kDate),
        field<Entry, &Entry::rotation_type>("RotationType", kRotationType)};
    return fields;
  }
};

struct Response {
  std::vector<Entry> rotations;
  std::string next_marker;  // only if truncated
  bool truncated = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::rotations>("Rotations", kRotationsList),
        field<Response, &Response::next_marker>("NextMarker", kMarker),
        field<Response, &Response::truncated>("Truncated", kBoolean)};
    return fields;
  }
};

struct Request {
  std::string key_id;
  std::optional<std::string> include_key_material;
  std::optional<std::int64_t> limit;
  std::optional<std::string> marker;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::include_key_material>("IncludeKeyMaterial", kIncludeKeyMaterial),
        field<Request, &Request::limit>("Limit", kLimit),
        field<Request, &Request::marker>("Marker", kMarker)};
    return fields;
  }
};

// Numbers as text sort as numbers.
std::string place(std::size_t index) {
  std::string digits = std::to_string(index);
  return std::string(10 - digits.size(), '0') + digits;
}

void add_import(const catalog::KeyMaterial& material, bool usable, Entry& entry) {
  const catalog::Import& import = *material.import;
  if (!import.description.empty()) entry.key_material_description = import.description;
  entry.import_state = usable ? "IMPORTED" : "PENDING_IMPORT";
  if (!usable) return;
  entry.expiration_model = import.valid_to ? kExpires : kDoesNotExpire;
  entry.valid_to = import.valid_to;
}

// Of what waits for a rotation: a multi-Region key takes it from all regions.
const char* state_of_staged(const Accounts& accounts, const Key& key) {
  if (!is_multi_region(key)) return "PENDING_ROTATION";
  const RelatedKeys related = related_keys(accounts, key);
  const bool complete = std::ranges::all_of(related.keys(), [&](const Key& each) {
    const catalog::KeyMaterial* there = each.record->material(*key.record->staged);
    return there != nullptr && there->is_usable(catalog::now());
  });
  return complete ? "PENDING_ROTATION" : "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
}

std::vector<std::shared_ptr<const Entry>> entries(const Accounts& accounts, const Key& key) {
  const catalog::KeyRecord& record = *key.record;
  std::vector<std::shared_ptr<const Entry>> all;
  const auto now = catalog::now();
  for (const catalog::KeyMaterial& material : record.materials) {
    const bool is_staged = material.id == record.staged;
    const bool usable = material.is_usable(now);
    // What waits for a rotation belongs to the key no more once it is gone; a replica lacks it
    // still.
    const bool is_replica =
        record.multi_region && record.multi_region->primary_region != key.account->region;
    if (is_staged && !usable && !is_replica) continue;
    Entry entry;
    entry.key_id = record.key_id;
    entry.key_material_id = to_hex(material.id);
    entry.key_material_state = is_staged                       ? state_of_staged(accounts, key)
                               : material.id == record.current ? "CURRENT"
                                                               : "NON_CURRENT";
    if (material.import) add_import(material, usable, entry);
    if (material.rotation) {
      entry.rotation_date = material.rotation->date;
      entry.rotation_type = wire_name(material.rotation->type);
    }
    entry.place = place(all.size());
    all.push_back(std::make_shared<const Entry>(std::move(entry)));
  }
  return all;
}

Response list(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:ListKeyRotations", Call::Accept::KeyIdOnly);
  require_rotatable(*key.record, key.arn());
  const bool all = request.include_key_material == "ALL_KEY_MATERIAL";
  auto page = take_page(entries(call.accounts(), key), &Entry::place, request.marker,
                        static_cast<std::size_t>(request.limit.value_or(100)),
                        [&](const Entry& entry) { return all || entry.rotation_date; });
  Response response;
  for (const auto& entry : page.items) response.rotations.push_back(*entry);
  response.next_marker = page.next_marker;
  response.truncated = page.truncated;
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ListKeyRotations"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound,        ErrorCode::InvalidArn,
                                 ErrorCode::InvalidMarker,   ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState, ErrorCode::UnsupportedOperation};

}  // namespace

const Operation& operations::list_key_rotations() {
  static const Operation stated =
      operation<&list>({"ListKeyRotations", kPermissions, kErrors, true});
  return stated;
}

}  // namespace trent::kms
