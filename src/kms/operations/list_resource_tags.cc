// ListResourceTags.
#include <algorithm>

#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/paging.h"
#include "kms/tag.h"

namespace trent::kms {

namespace {

struct Response {
  std::vector<Tag> tags;
  std::string next_marker;  // only if truncated
  bool truncated = false;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Response, &Response::tags>("Tags", model::kTagList),
        model::field<Response, &Response::next_marker>("NextMarker", model::kMarker),
        model::field<Response, &Response::truncated>("Truncated", model::kBoolean)};
    return fields;
  }
};

struct Request {
  std::string key_id;
  std::optional<std::int64_t> limit;
  std::optional<std::string> marker;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Request, &Request::key_id>("KeyId", model::kKeyId, model::Need::Required,
                                                kManagedKeyHelp),
        model::field<Request, &Request::limit>("Limit", model::kLimit),
        model::field<Request, &Request::marker>("Marker", model::kMarker)};
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

const model::Operation& operations::list_resource_tags() {
  static const auto operation =
      model::operation<&list>({"ListResourceTags", kPermissions, kErrors, true});
  return operation;
}

}  // namespace trent::kms
