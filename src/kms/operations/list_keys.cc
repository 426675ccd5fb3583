// ListKeys.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"

namespace trent::kms {

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

const model::Operation& operations::list_keys() {
  static const auto operation = model::operation<&list>({"ListKeys", kPermissions, kErrors, true});
  return operation;
}
const model::Operation& ListKeysRequest::operation() {
  return operations::list_keys();
}

model::Fields ListKeysRequest::fields() {
  using R = ListKeysRequest;
  static constexpr model::Field fields[] = {model::field<R, &R::limit>("Limit", model::kLimit),
                                            model::field<R, &R::marker>("Marker", model::kMarker)};
  return fields;
}

model::Fields ListKeysResponse::fields() {
  using R = ListKeysResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::keys>("Keys", model::kKeyList),
      model::field<R, &R::next_marker>("NextMarker", model::kMarker),
      model::field<R, &R::truncated>("Truncated", model::kBoolean)};
  return fields;
}

model::Fields KeyListEntry::fields() {
  using E = KeyListEntry;
  static constexpr model::Field fields[] = {model::field<E, &E::key_id>("KeyId", model::kKeyId),
                                            model::field<E, &E::key_arn>("KeyArn", model::kArn)};
  return fields;
}

}  // namespace trent::kms
