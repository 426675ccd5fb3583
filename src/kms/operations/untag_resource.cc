// UntagResource.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/tag.h"

namespace trent::kms {

namespace {

struct Request {
  std::string key_id;
  std::vector<std::string> tag_keys;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Request, &Request::key_id>("KeyId", model::kKeyId, model::Need::Required,
                                                kManagedKeyHelp),
        model::field<Request, &Request::tag_keys>("TagKeys", model::kTagKeyList,
                                                  model::Need::Required, "Names of tags")};
    return fields;
  }
};

// A tag that the key does not have is no error.
model::Nothing untag(Call& call, const Request& request) {
  for (const std::string& tag_key : request.tag_keys) require_own_tag(tag_key);
  call.change_key(request.key_id, "kms:UntagResource",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    if (record.state == KeyState::PendingDeletion) throw pending_deletion(arn);
                    for (const std::string& tag_key : request.tag_keys) record.tags.erase(tag_key);
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:UntagResource"};
constexpr ErrorCode kErrors[] = {ErrorCode::KMSInternal, ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::KMSInvalidState, ErrorCode::Tag};

}  // namespace

const model::Operation& operations::untag_resource() {
  static const auto operation = model::operation<&untag>({"UntagResource", kPermissions, kErrors});
  return operation;
}

}  // namespace trent::kms
