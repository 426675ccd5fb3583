// SPDX-License-Identifier: Apache-2.0
// ListKeys.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"

namespace trent::kms {

using namespace model;

namespace {

ListKeysResponse list(Call& call, const ListKeysRequest& request) {
  call.permit("kms:ListKeys");
  Account& account = call.home();
  const auto listing = account.catalog.list(request.marker.has_value());
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

constexpr std::string_view kPermissions[] = {"kms:ListKeys"};
constexpr ErrorCode kErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::InvalidMarker};

}  // namespace

const Operation& operations::list_keys() {
  static const Operation stated = operation<&list>({"ListKeys", kPermissions, kErrors, true});
  return stated;
}
const Operation& ListKeysRequest::operation() {
  return operations::list_keys();
}

Fields ListKeysRequest::fields() {
  using R = ListKeysRequest;
  static constexpr Field fields[] = {field<R, &R::limit>("Limit", kLimit),
                                     field<R, &R::marker>("Marker", kMarker)};
  return fields;
}

Fields ListKeysResponse::fields() {
  using R = ListKeysResponse;
  static constexpr Field fields[] = {field<R, &R::keys>("Keys", kKeyList),
                                     field<R, &R::next_marker>("NextMarker", kMarker),
                                     field<R, &R::truncated>("Truncated", kBoolean)};
  return fields;
}

Fields KeyListEntry::fields() {
  using E = KeyListEntry;
  static constexpr Field fields[] = {field<E, &E::key_id>("KeyId", kKeyId),
                                     field<E, &E::key_arn>("KeyArn", kArn)};
  return fields;
}

}  // namespace trent::kms
