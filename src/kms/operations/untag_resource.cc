// SPDX-License-Identifier: Apache-2.0
// UntagResource.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/tag.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::vector<std::string> tag_keys;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::tag_keys>("TagKeys", kTagKeyList, Need::Required,
                                           "Names of tags")};
    return fields;
  }
};

// A tag that the key does not have is no error.
Nothing untag(Call& call, const Request& request) {
  for (const std::string& tag_key : request.tag_keys) require_own_tag(tag_key);
  call.change_key(request.key_id, "kms:UntagResource",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    if (catalog::is_pending_deletion(record.state)) throw pending_deletion(arn);
                    for (const std::string& tag_key : request.tag_keys) record.tags.erase(tag_key);
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:UntagResource"};
constexpr ErrorCode kErrors[] = {ErrorCode::KMSInternal, ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::KMSInvalidState, ErrorCode::Tag};

}  // namespace

const Operation& operations::untag_resource() {
  static const Operation stated = operation<&untag>({"UntagResource", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
