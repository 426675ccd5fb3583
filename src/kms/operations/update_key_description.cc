// SPDX-License-Identifier: Apache-2.0
// UpdateKeyDescription.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::string description;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::description>("Description", kDescription, Need::Required)};
    return fields;
  }
};

Nothing update(Call& call, const Request& request) {
  call.change_key(request.key_id, "kms:UpdateKeyDescription",
                  [&](catalog::KeyRecord& record, const std::string& arn) {
                    if (catalog::is_pending_deletion(record.state)) throw pending_deletion(arn);
                    record.description = request.description;
                  });
  return {};
}

constexpr std::string_view kPermissions[] = {"kms:UpdateKeyDescription"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::update_key_description() {
  static const Operation stated =
      operation<&update>({"UpdateKeyDescription", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
