// SPDX-License-Identifier: Apache-2.0
// TagResource.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/tag.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::vector<Tag> tags;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::tags>("Tags", kTagList, Need::Required)};
    return fields;
  }
};

Nothing tag(Call& call, const Request& request) {
  check_tags(request.tags);
  call.change_key(request.key_id, "kms:TagResource",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    if (catalog::is_pending_deletion(record.state)) throw pending_deletion(arn);
                    add_tags(record.tags, request.tags);
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:TagResource"};
constexpr ErrorCode kErrors[] = {ErrorCode::KMSInternal,   ErrorCode::NotFound,
                                 ErrorCode::InvalidArn,    ErrorCode::KMSInvalidState,
                                 ErrorCode::LimitExceeded, ErrorCode::Tag};

}  // namespace

const Operation& operations::tag_resource() {
  static const Operation stated = operation<&tag>({"TagResource", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
