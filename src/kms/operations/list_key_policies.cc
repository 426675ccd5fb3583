// SPDX-License-Identifier: Apache-2.0
// ListKeyPolicies: every key has one policy, of the name "default".
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Response {
  std::vector<std::string> policy_names;
  std::string next_marker;
  bool truncated = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::policy_names>("PolicyNames", kPolicyNameList),
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
  call.look_at(request.key_id, "kms:ListKeyPolicies", Call::Accept::KeyIdOnly);
  if (request.marker)
    throw Error(ErrorCode::InvalidMarker, "The marker is not valid.",
                "There is one page only: leave the marker out.");
  return {{"default"}, {}, false};
}

constexpr std::string_view kPermissions[] = {"kms:ListKeyPolicies"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::list_key_policies() {
  static const Operation stated =
      operation<&list>({"ListKeyPolicies", kPermissions, kErrors, true});
  return stated;
}

}  // namespace trent::kms
