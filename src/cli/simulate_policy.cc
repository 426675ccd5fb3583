// SPDX-License-Identifier: Apache-2.0
// trent simulate-policy
#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "blob/shorthand.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "kms/authorization/simulation.h"
#include "policy/evaluation.h"
#include "policy/wildcard.h"

namespace trent::cli {

namespace {

using policy::Outcome;

constexpr const char* kHelp = R"(
Says what policies decide, and which statement does it.

With --key-id: of a key in the token, with its policy, its grants and the policies of
the principal in the directory of the configuration. What the key says of itself, as
kms:KeySpec, is known; --context has the rest.

With --policy and --resource: before a key has that policy. No token is opened.
--identity-policy is a policy of the principal's own: they count where the key's policy
lets the account decide, and for principals of another account than the resource's.
Grants are left out.

--principal is an ARN, or the name of a service. Of a role's session, the role is
that of the same name, without a path.

--context has the request's condition keys: NAME=VALUE,NAME=VALUE, or a JSON object,
in which a value may be a list. A key that is left out is one that the request does
not have: aws:PrincipalArn is not known by itself.

Exit codes: 0 allowed, 1 denied.

Examples:
  trent simulate-policy --key-id alias/app --action kms:ReEncryptTo \
      --principal arn:aws:iam::111122223333:user/alice
  trent simulate-policy --policy file://policy.json \
      --principal arn:aws:iam::111122223333:user/alice --action kms:Decrypt \
      --resource "$ARN" \
      --context kms:EncryptionContext:tenant=acme
)";

struct Arguments {
  std::optional<std::string> key_id;
  std::optional<std::string> policy;
  std::vector<std::string> identity_policies;
  std::string principal;
  std::string action;
  std::optional<std::string> resource;
  std::optional<std::string> context;
};

class GivenContext : public policy::Context {
 public:
  void add(std::string_view key, std::vector<std::string> values) {
    if (!keys_.emplace(policy::to_lower(key), std::move(values)).second)
      throw UsageError("It has the condition key " + quote_for_message(key) +
                       " twice: letters' case makes no difference.");
  }
  Values find(std::string_view key) const override {
    const auto found = keys_.find(policy::to_lower(key));
    return found == keys_.end() ? Values() : Values{true, found->second};
  }

  const std::map<std::string, std::vector<std::string>>& keys() const { return keys_; }

 private:
  std::map<std::string, std::vector<std::string>> keys_;
};

// What `read` gives, with the name of the option before what it complains of.
template <class Read>
auto option(const char* flag, Read read) {
  const auto complain = [flag](const std::string& what) {
    return UsageError("Error parsing parameter '" + std::string(flag) + "': " + what);
  };
  try {
    return read();
  } catch (const UsageError& error) {
    throw complain(error.what());
  } catch (const policy::Malformed& error) {
    throw complain(error.what());
  } catch (const Error& error) {
    throw complain(error.text());
  }
}

GivenContext read_context(const std::string& text) {
  GivenContext context;
  if (!text.starts_with('{')) {
    for (const auto& [key, value] : blob::parse_shorthand(text)) context.add(key, {value});
    return context;
  }
  const std::string wanted = "It is no JSON object of strings and lists of strings";
  const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
  try {
    read_json(text, [&](const nlohmann::json& json) {
      for (const auto& [key, value] : json.items()) {
        if (value.is_array() ? !std::ranges::all_of(value, is_text) : !is_text(value))
          throw UsageError(wanted + ".");
        context.add(key, value.is_array() ? value.get<std::vector<std::string>>()
                                          : std::vector{value.get<std::string>()});
      }
      return 0;
    });
  } catch (const UsageError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw UsageError(wanted + ": " + error.what() + '.');
  }
  return context;
}

policy::Principal read_principal(const std::string& name) {
  const auto arn = parse_arn(name);
  if (arn && is_principal(name)) {
    kms::Caller caller{name, std::string(arn->account)};
    caller.authentication = kms::Caller::Authentication::Signature;
    return kms::principal_of(caller, caller.account);
  }
  if (arn || name.find('.') == name.npos)
    throw UsageError(
        "Give an ARN such as arn:aws:iam::111122223333:user/alice, or the name of a "
        "service.");
  return {.arn = {}, .account = {}, .role = {}, .service = name};
}

std::string read_action(const std::string& action) {
  if (action.find(':') == action.npos || action.find_first_of("*?") != action.npos)
    throw UsageError("Give one action, such as kms:Encrypt.");
  return action;
}

std::string read_resource(const std::string& resource) {
  if (resource != "*" && !parse_arn(resource))
    throw UsageError("Give the ARN of a key, or * for a request that concerns no resource.");
  return resource;
}

// A policy, and what it is called in the answer.
struct Named {
  std::string name;
  policy::Policy policy;
};

Named key_policy(const Arguments& arguments) {
  return {"the key policy", option("--policy", [&] {
            return policy::Policy::parse(*arguments.policy, policy::Kind::Resource);
          })};
}

std::vector<Named> identity_policies(const Arguments& arguments) {
  std::vector<Named> policies;
  for (const std::string& argument : arguments.identity_policies)
    option("--identity-policy", [&] {
      policies.push_back({"identity policy " + std::to_string(policies.size() + 1),
                          policy::Policy::parse(text_value(argument), policy::Kind::Identity)});
      return 0;
    });
  return policies;
}

std::string describe(const policy::Reason& reason, const std::string& name) {
  std::string text = "Statement[" + std::to_string(reason.statement) + "]";
  if (!reason.sid.empty()) text += " (" + quote_for_message(reason.sid) + ")";
  return text + " of " + name;
}

struct Verdict {
  bool allowed;
  std::string because;
};

Verdict judge(const Arguments& arguments, const policy::Query& query) {
  const Named of_key = key_policy(arguments);
  const std::vector<Named> of_principal = identity_policies(arguments);
  const policy::Decision key = of_key.policy.decide(query);
  std::string denied_by;
  std::string allowed_by;
  for (const Named& identity : of_principal) {
    const policy::Decision decision = identity.policy.decide(query);
    if (decision.deny && denied_by.empty()) denied_by = describe(*decision.deny, identity.name);
    if (decision.allow && allowed_by.empty()) allowed_by = describe(*decision.allow, identity.name);
  }
  const auto arn = parse_arn(query.resource);
  const bool is_foreign =
      query.principal.service.empty() && arn && arn->account != query.principal.account;
  const auto by_key = [&] {
    return describe(key.allow ? *key.allow : *key.allow_account, of_key.name);
  };
  switch (policy::evaluate(key, {!denied_by.empty(), !allowed_by.empty()}, !is_foreign)) {
    case Outcome::DeniedByResource:
      return {false, describe(*key.deny, of_key.name) + " denies it."};
    case Outcome::DeniedByIdentity:
      return {false, denied_by + " denies it."};
    case Outcome::NotByResource:
      return {false, "No statement of the key policy allows it."};
    case Outcome::NotByIdentity:
      return {false, by_key() +
                         (key.allow ? " allows it to a principal of another account, which"
                                    : " leaves it to the account, which") +
                         " needs an identity policy that allows it: none does."};
    case Outcome::AllowedByResource:
      return {true, by_key() + " allows it."};
    case Outcome::AllowedByIdentity:
      break;
  }
  return {true, allowed_by + " allows it, and " + by_key() + " lets it."};
}

// Of a key in the token.
Verdict judge(const Arguments& arguments, const std::string& principal, const std::string& action,
              const GivenContext& context, const std::string& config) {
  kms::Service service = open_service(config);
  const kms::SimulatePolicyRequest request{name_in_uri(*arguments.key_id), principal, action,
                                           context.keys()};
  const kms::Verdict verdict = service.call(request).verdict;
  using By = kms::Verdict::By;
  switch (verdict.by) {
    case By::KeyPolicy:
      return {verdict.allowed, describe(verdict.statement, "the key policy") +
                                   (verdict.allowed ? " allows it." : " denies it.")};
    case By::IdentityPolicy:
      return {verdict.allowed, describe(verdict.statement, "the policy " + verdict.file) +
                                   (verdict.allowed ? " allows it." : " denies it.")};
    case By::Grant:
      return {true, "The grant " + verdict.file + " allows it."};
    case By::Account:
      return {true, describe(verdict.statement, "the key policy") +
                        " leaves it to the account, which has no policies for its principals."};
    case By::Nobody:
      break;
  }
  return {false, "It is denied " + verdict.because + ". " + verdict.advice};
}

int run_simulation(const Arguments& arguments, const std::string& config) {
  const bool is_of_token = arguments.key_id.has_value();
  if (is_of_token ==
          (arguments.policy || arguments.resource || !arguments.identity_policies.empty()) ||
      (!is_of_token && !(arguments.policy && arguments.resource)))
    throw UsageError("Give --key-id, or --policy and --resource.");
  const policy::Principal principal =
      option("--principal", [&] { return read_principal(arguments.principal); });
  const std::string action = option("--action", [&] { return read_action(arguments.action); });
  const GivenContext context = option("--context", [&] {
    return arguments.context ? read_context(*arguments.context) : GivenContext();
  });
  const Verdict verdict = [&] {
    if (is_of_token) return judge(arguments, principal.arn, action, context, config);
    const std::string resource =
        option("--resource", [&] { return read_resource(*arguments.resource); });
    return judge(arguments, {principal, action, resource, context});
  }();
  write_output(line(printable((verdict.allowed ? "Allowed. " : "Denied. ") + verdict.because)));
  return verdict.allowed ? kSuccess : kDenied;
}

std::function<int(const std::string&)> define_simulate_policy(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.text(arguments->key_id, "--key-id", Need::Optional, "The key in the token");
  options.text(arguments->policy, "--policy", Need::Optional, "The policy of the key");
  options.list(arguments->identity_policies, "--identity-policy", Need::Optional,
               "A policy of the principal's own");
  options.text(arguments->principal, "--principal", Need::Required, "Who asks");
  options.text(arguments->action, "--action", Need::Required, "For which permission");
  options.text(arguments->resource, "--resource", Need::Optional, "On which key, or *");
  options.text(arguments->context, "--context", Need::Optional, "Condition keys of the request");
  return [arguments](const std::string& config) { return run_simulation(*arguments, config); };
}

}  // namespace

LocalVerb simulate_policy_verb() {
  return {"simulate-policy", "Find out what policies decide", kHelp, true, define_simulate_policy};
}

}  // namespace trent::cli
