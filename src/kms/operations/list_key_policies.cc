// ListKeyPolicies: every key has one policy, of the name "default".
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

namespace {

struct Response {
  std::vector<std::string> policy_names;
  std::string next_marker;
  bool truncated = false;

  static model::Fields fields() {
    static constexpr model::Field fields[] = {
        model::field<Response, &Response::policy_names>("PolicyNames", model::kPolicyNameList),
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

const model::Operation& operations::list_key_policies() {
  static const auto operation =
      model::operation<&list>({"ListKeyPolicies", kPermissions, kErrors, true});
  return operation;
}

}  // namespace trent::kms
