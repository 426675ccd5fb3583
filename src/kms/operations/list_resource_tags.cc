// SPDX-License-Identifier: Apache-2.0
// ListResourceTags.
#include <algorithm>

#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"
#include "kms/tag.h"

namespace trent::kms {

using namespace model;

namespace {

struct Response {
  std::vector<Tag> tags;
  std::string next_marker;  // only if truncated
  bool truncated = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::tags>("Tags", kTagList),
        field<Response, &Response::next_marker>("NextMarker", kMarker),
        field<Response, &Response::truncated>("Truncated", kBoolean)};
    return fields;
  }
};

struct Request {
  std::string key_id;
  std::optional<std::int64_t> limit;
  std::optional<std::string> marker;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::limit>("Limit", kLimit),
        field<Request, &Request::marker>("Marker", kMarker)};
    return fields;
  }
};

Response list(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:ListResourceTags", Call::Accept::KeyIdOnly);
  std::vector<std::shared_ptr<const Tag>> tags;
  for (const auto& [name, value] : key.record->tags)
    tags.push_back(std::make_shared<const Tag>(Tag{name, value}));
  // The model allows 1000, the service gives 50 at the most.
  const auto limit =
      static_cast<std::size_t>(std::min<std::int64_t>(request.limit.value_or(50), 50));
  auto page =
      take_page(tags, &Tag::tag_key, request.marker, limit, [](const Tag&) { return true; });
  Response response;
  for (const auto& tag : page.items) response.tags.push_back(*tag);
  response.next_marker = page.next_marker;
  response.truncated = page.truncated;
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ListResourceTags"};
constexpr ErrorCode kErrors[] = {ErrorCode::KMSInternal, ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::InvalidMarker};

}  // namespace

const Operation& operations::list_resource_tags() {
  static const Operation stated =
      operation<&list>({"ListResourceTags", kPermissions, kErrors, true});
  return stated;
}

}  // namespace trent::kms
