// SPDX-License-Identifier: Apache-2.0
// Who may do what with which key.
#include "kms/authorization/authorization.h"

#include <utility>

#include "base/arn.h"
#include "kms/grant.h"
#include "policy/evaluation.h"

namespace trent::kms {

namespace {

using By = Verdict::By;
using policy::Outcome;

constexpr const char* kDefaultSid = "Enable IAM User Permissions";
constexpr const char* kPoliciesAdvice =
    "`trent simulate-policy` shows which statements decide, `trent get-key-policy` the policy of a "
    "key.";

Verdict allowed(By by, std::string file = {}, policy::Reason statement = {}) {
  return {true, by, std::move(file), std::move(statement)};
}

Verdict denied(By by, std::string because, std::string advice = kPoliciesAdvice,
               std::string file = {}, policy::Reason statement = {}) {
  return {false, by, std::move(file), std::move(statement), std::move(because), std::move(advice)};
}

// What a policy that cannot be read decides: another version of Trent may know what it denies.
policy::Decision deny_all() {
  return {.deny = policy::Reason{}, .allow = {}, .allow_account = {}};
}

// A grant that applies, as the token has it now or had it a moment ago. Nobody lists the grants of
// a token for a request that one of those allows which are known already.
GrantPointer find_grant(const Asked& asked, const policy::Principal& principal) {
  // What no grant can be for may be asked by who holds the token's lock: no look-up then.
  if (asked.key == nullptr || !is_grant_operation(asked.permission)) return nullptr;
  if (asked.named_grants != nullptr)
    for (const NamedGrant& named : *asked.named_grants)
      // Related multi-Region keys have one id, and each its own grants.
      if (named.account == asked.key->account && applies(*named.grant, asked, principal))
        return named.grant;
  catalog::Catalog& catalog = asked.key->account->catalog;
  const auto find_in = [&](const catalog::Listing& listing) -> GrantPointer {
    for (const std::string* grantee : {&principal.arn, &principal.role}) {
      if (grantee->empty()) continue;
      const auto grants = listing.grants_to.find({asked.key->record->key_id, *grantee});
      if (grants == listing.grants_to.end()) continue;
      for (const GrantPointer& known : grants->second) {
        if (!applies(*known, asked, principal)) continue;
        // It may have been revoked.
        if (auto present = catalog.grant(known->grant_id)) return present;
      }
    }
    return nullptr;
  };
  if (const auto known = catalog.last_listing())
    if (auto grant = find_in(*known)) return grant;
  return find_in(*catalog.list());
}

}  // namespace

std::string default_key_policy(std::string_view account) {
  return R"({"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":")" +
         std::string(kDefaultSid) + R"(","Effect":"Allow","Principal":{"AWS":")" +
         root_arn(account) + R"("},"Action":"kms:*","Resource":"*"}]})";
}

std::shared_ptr<const policy::Policy> Authorization::key_policy(const Key& key) {
  const auto& text = key.record->policy;
  {
    SharedLock lock(mutex_);
    const auto found = parsed_.find(key.arn());
    if (found != parsed_.end() && (found->second.text == text || *found->second.text == *text))
      return found->second.policy;
  }
  std::shared_ptr<const policy::Policy> policy;
  try {
    policy = std::make_shared<policy::Policy>(policy::Policy::parse(*text, policy::Kind::Resource));
  } catch (const policy::Malformed&) {  // denies
  }
  Lock lock(mutex_);
  parsed_.insert_or_assign(key.arn(), Parsed{text, policy});
  return policy;
}

Verdict Authorization::combine(const policy::Query& query, const Asked& asked,
                               const policy::Decision& of_resource) {
  const IdentityDecision identity = identity_policies_.decide(query);
  const bool own_account = query.principal.account == asked.account;
  const auto outcome = policy::evaluate(
      of_resource, {identity.deny.has_value(), identity.allow.has_value()}, own_account);
  if (outcome == Outcome::DeniedByResource)
    return denied(By::KeyPolicy, "with an explicit deny in a resource-based policy",
                  kPoliciesAdvice, {}, *of_resource.deny);
  if (outcome == Outcome::DeniedByIdentity)
    return denied(By::IdentityPolicy, "with an explicit deny in an identity-based policy",
                  kPoliciesAdvice, identity.deny->file, identity.deny->reason);
  // One that cannot be read may deny.
  if (!identity.fault.empty())
    return denied(By::Nobody, "because its identity-based policies cannot be read", identity.fault);
  if (!own_account && !asked.operation.across_accounts)
    return denied(By::Nobody, "because the principal is of another account",
                  "Principals of the account itself may do that.");
  if (outcome == Outcome::AllowedByResource) return allowed(By::KeyPolicy, {}, *of_resource.allow);
  if (outcome == Outcome::AllowedByIdentity) {
    if (!identity.allow->file.empty())
      return allowed(By::IdentityPolicy, identity.allow->file, identity.allow->reason);
    return of_resource.allow ? allowed(By::KeyPolicy, {}, *of_resource.allow)
                             : allowed(By::Account, {}, *of_resource.allow_account);
  }
  if (own_account || identity.allow) {
    if (asked.granted) return allowed(By::Grant);
    if (auto grant = find_grant(asked, query.principal)) {
      Verdict verdict = allowed(By::Grant, grant->grant_id);
      verdict.grant = std::move(grant);
      return verdict;
    }
  }
  const std::string kind = outcome == Outcome::NotByResource ? "resource" : "identity";
  return denied(By::Nobody, "because no " + kind + "-based policy allows the " +
                                std::string(asked.permission) + " action");
}

Verdict Authorization::decide(const Asked& asked, const policy::Policy& key_policy) {
  const policy::Principal principal = principal_of(asked.caller, asked.account);
  const RequestContext context(asked, principal);
  const policy::Query query{principal, asked.permission, asked.resource, context};
  return combine(query, asked, key_policy.decide(query));
}

Verdict Authorization::decide(const Asked& asked) {
  const policy::Principal principal = principal_of(asked.caller, asked.account);
  return decide(asked, principal, RequestContext(asked, principal));
}

Verdict Authorization::decide(const Asked& asked, const policy::Principal& principal,
                              const policy::Context& context) {
  const policy::Query query{principal, asked.permission, asked.resource, context};
  policy::Decision of_resource;
  if (asked.key != nullptr && asked.key->record->policy) {
    const auto policy = key_policy(*asked.key);
    of_resource = policy == nullptr ? deny_all() : policy->decide(query);
  } else if (principal.account == asked.account) {
    // The default policy; and what is no key has no policy that could say otherwise.
    const policy::Reason first{0, kDefaultSid};
    (is_root(principal) ? of_resource.allow : of_resource.allow_account) = first;
  }
  return combine(query, asked, of_resource);
}

}  // namespace trent::kms
