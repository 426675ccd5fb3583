// SPDX-License-Identifier: Apache-2.0
// What policies and grants would decide: see simulation.h.
#include "kms/authorization/simulation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/arn.h"
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

constexpr std::string_view kContextKey = "kms:EncryptionContext:";

// Of the operations that ask for the permission, the first. CreateKey asks for TagResource, too,
// but not of a key.
const Operation& operation_of(const std::string& action) {
  for (const Operation* each : operations::all())
    if (each->name != "CreateKey" &&
        std::ranges::find(each->permissions, action) != each->permissions.end())
      return *each;
  throw Error(ErrorCode::Validation, action + " is no permission that Trent asks for of a key.",
              "Name one, such as kms:Decrypt. ReEncrypt asks for kms:ReEncryptFrom and "
              "kms:ReEncryptTo.");
}

// What is given, and else what the request, the key and the caller say.
class Simulated : public policy::Context {
 public:
  Simulated(const SimulatePolicyRequest& simulation, const RequestContext& request)
      : simulation_(simulation), request_(request) {}
  Values find(std::string_view key) const override {
    for (const auto& [name, values] : simulation_.context)
      if (equal_names(name, key)) return {.known = true, .values = values};
    return request_.find(key);
  }

 private:
  const SimulatePolicyRequest& simulation_;
  const RequestContext& request_;
};

// The encryption context that the condition keys are of: grants look at the request itself.
EncryptionContext given_context(const SimulatePolicyRequest& simulation) {
  EncryptionContext context;
  for (const auto& [key, values] : simulation.context)
    if (key.size() > kContextKey.size() && !values.empty() &&
        equal_names(key.substr(0, kContextKey.size()), kContextKey))
      context.emplace(key.substr(kContextKey.size()), values.front());
  return context;
}

SimulatePolicyResponse simulate(Call& call, const SimulatePolicyRequest& simulation) {
  const auto arn = parse_arn(simulation.principal);
  if (!arn || !is_principal(simulation.principal))
    throw Error(ErrorCode::Validation, "The principal is not the ARN of a principal.",
                "Write it like arn:aws:iam::111122223333:user/alice.");
  const Operation& operation = operation_of(simulation.action);
  const Key key = call.look_at(simulation.key_id, "kms:GetKeyPolicy");
  Caller caller{simulation.principal, std::string(arn->account)};
  caller.authentication = Caller::Authentication::Signature;
  const std::shared_ptr<void> request = operation.new_request();
  const Asked asked{.caller = caller,
                    .operation = operation,
                    .request = request.get(),
                    .permission = simulation.action,
                    .key = &key,
                    .resource = key.arn(),
                    .account = key.account->id};
  if (const EncryptionContext* context = encryption_context(asked))
    *const_cast<EncryptionContext*>(context) = given_context(simulation);
  const policy::Principal principal = principal_of(caller, key.account->id);
  const RequestContext of_request(asked, principal);
  return {key.arn(),
          call.authorization().decide(asked, principal, Simulated(simulation, of_request))};
}

constexpr std::string_view kPermissions[] = {"kms:GetKeyPolicy"};

}  // namespace

const Operation& SimulatePolicyRequest::operation() {
  static const Operation stated = model::operation<&simulate>(
      {"SimulatePolicy", kPermissions, operations::get_key_policy().errors, true});
  return stated;
}

Fields SimulatePolicyRequest::fields() {
  using R = SimulatePolicyRequest;
  static constexpr Field fields[] = {field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
                                     field<R, &R::principal>("Principal", kArn, Need::Required),
                                     field<R, &R::action>("Action", kKeyId, Need::Required)};
  return fields;
}

}  // namespace trent::kms
