// UpdateKeyDescription.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

namespace {

struct Request {
  std::string key_id;
  std::string description;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Request, &Request::key_id>("KeyId", model::kKeyId, model::Need::Required,
                                                kManagedKeyHelp),
        model::field<Request, &Request::description>("Description", model::kDescription,
                                                     model::Need::Required)};
    return fields;
  }
};

model::Nothing update(Call& call, const Request& request) {
  call.change_key(request.key_id, "kms:UpdateKeyDescription",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    if (record.state == KeyState::PendingDeletion) throw pending_deletion(arn);
                    record.description = request.description;
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:UpdateKeyDescription"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const model::Operation& operations::update_key_description() {
  static const auto operation =
      model::operation<&update>({"UpdateKeyDescription", kPermissions, kErrors});
  return operation;
}

}  // namespace trent::kms
