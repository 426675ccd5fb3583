// SPDX-License-Identifier: Apache-2.0
// CreateGrant.
#include <algorithm>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/openssl.h"
#include "hsm/data_trial.h"
#include "kms/call.h"
#include "kms/context_pairs.h"
#include "kms/grant.h"
#include "kms/grant_shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

// KMS Developer Guide, "Quotas": grants per KMS key.
constexpr std::size_t kMaxGrants = 50000;

struct Response {
  std::string grant_token;
  std::string grant_id;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::grant_token>("GrantToken", kGrantToken),
        field<Response, &Response::grant_id>("GrantId", kGrantId)};
    return fields;
  }
};

struct Request {
  std::string key_id;
  std::optional<std::string> grantee_principal;
  std::optional<std::string> retiring_principal;
  std::vector<std::string> operations;
  GrantConstraints constraints;
  std::vector<std::string> grant_tokens;
  std::optional<std::string> name;
  bool dry_run = false;

  static Fields fields() {
    using R = Request;
    static constexpr Field fields[] = {
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<R, &R::grantee_principal>("GranteePrincipal", kPrincipalId, Need::Optional,
                                        "ARN of the user or role that may use the key"),
        field<R, &R::retiring_principal>("RetiringPrincipal", kPrincipalId, Need::Optional,
                                         "ARN of who may retire the grant"),
        field<R, &R::operations>("Operations", kGrantOperationList, Need::Required,
                                 "What it may do, such as Decrypt ReEncryptTo"),
        field<R, &R::constraints>(
            "Constraints", kGrantConstraints, Need::Optional,
            "EncryptionContextSubset={NAME=VALUE,...},\nEncryptionContextEquals={...} or JSON"),
        field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
        field<R, &R::name>("Name", kGrantName, Need::Optional,
                           "The same request with the same name is the same grant"),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

void require_principal(const char* member, const std::optional<std::string>& arn) {
  if (arn && !is_principal(*arn))
    throw Error(ErrorCode::InvalidArn, std::string(member) + " is not the ARN of a principal.",
                "Write it like arn:aws:iam::111122223333:user/alice.");
}

// Grants of operations that a key of that kind cannot have would never be used.
void require_operations_of_key(const Key& key, const std::vector<std::string>& operations) {
  const auto usage = key.record->usage;
  const auto is_of_key = [&](const std::string& operation) {
    if (operation == "DescribeKey" || operation == "CreateGrant" || operation == "RetireGrant")
      return true;
    if (operation == "GetPublicKey") return catalog::is_key_pair(key.record->spec);
    if (operation == "Sign" || operation == "Verify") return usage == catalog::KeyUsage::SignVerify;
    if (operation == "GenerateMac" || operation == "VerifyMac")
      return usage == catalog::KeyUsage::GenerateVerifyMac;
    if (operation == "DeriveSharedSecret") return usage == catalog::KeyUsage::KeyAgreement;
    if (operation.starts_with("GenerateDataKey"))
      return key.record->spec == catalog::KeySpec::SymmetricDefault;
    return usage == catalog::KeyUsage::EncryptDecrypt;
  };
  for (const std::string& operation : operations)
    if (!is_of_key(operation))
      throw Error(ErrorCode::Validation, "The operation " + operation +
                                             " is not one of keys of spec " +
                                             std::string(wire_name(key.record->spec)) +
                                             " and usage " + std::string(wire_name(usage)) + ".");
}

catalog::GrantConstraints checked(const GrantConstraints& constraints, const Key& key) {
  catalog::GrantConstraints checked{constraints.encryption_context_equals,
                                    constraints.encryption_context_subset,
                                    constraints.source_arn.value_or("")};
  const bool has_context = !checked.context_equals.empty() || !checked.context_subset.empty();
  if (!checked.context_equals.empty() && !checked.context_subset.empty())
    throw Error(ErrorCode::Validation,
                "A grant has EncryptionContextEquals or EncryptionContextSubset, not both.");
  if (has_context && key.record->spec != catalog::KeySpec::SymmetricDefault)
    throw Error(ErrorCode::Validation,
                "Constraints on the encryption context are for symmetric encryption keys only.");
  constexpr std::size_t kMaxPairs = 8;
  constexpr std::size_t kMaxValue = 384;
  for (const auto* context : {&checked.context_equals, &checked.context_subset}) {
    if (context->size() > kMaxPairs)
      throw Error(ErrorCode::Validation, "A grant constraint has at most 8 pairs.");
    for (const auto& pair : *context)
      if (pair.second.size() > kMaxValue)
        throw Error(ErrorCode::Validation,
                    "A value in a grant constraint has at most 384 characters.");
  }
  return checked;
}

// Whoever makes a grant by virtue of a grant gives away what that gives, or less.
void require_no_more_than(const catalog::GrantRecord& parent, const catalog::GrantRecord& grant) {
  const auto& limits = parent.constraints;
  const auto& own = grant.constraints;
  const EncryptionContext& pairs =
      own.context_equals.empty() ? own.context_subset : own.context_equals;
  const bool is_as_strict =
      (limits.context_equals.empty() || own.context_equals == limits.context_equals) &&
      has_pairs(pairs, limits.context_subset) &&
      (limits.source_arn.empty() || own.source_arn == limits.source_arn);
  const bool has_operations = std::ranges::all_of(grant.operations, [&](const auto& operation) {
    return std::ranges::find(parent.operations, operation) != parent.operations.end();
  });
  if (is_as_strict && has_operations) return;
  throw Error(ErrorCode::AccessDenied,
              "The grant by which you may make grants does not let you give away more operations "
              "than it has, nor under weaker constraints.");
}

// One with a name has the id that all of it yields, so that the same request is the same grant,
// whoever makes it first.
std::string grant_id(const catalog::GrantRecord& grant) {
  Sha256 id{};
  if (grant.name.empty()) {
    fill_random(id);
    return to_hex(id);
  }
  Bytes all;
  const auto add = [&](std::string_view text) {
    const Sha256 hash = sha256({as_bytes(text)});
    all.insert(all.end(), hash.begin(), hash.end());
  };
  for (const std::string* text : {&grant.name, &grant.key_id, &grant.grantee, &grant.retiring,
                                  &grant.issuer, &grant.constraints.source_arn})
    add(*text);
  for (const auto* context : {&grant.constraints.context_equals, &grant.constraints.context_subset})
    add(as_text(blob::canonical_context(*context)));
  for (const std::string& operation : grant.operations) add(operation);
  return to_hex(sha256({all}));
}

catalog::GrantRecord requested_grant(const Call& call, const Request& request, const Key& key) {
  catalog::GrantRecord grant;
  grant.key_id = key.record->key_id;
  grant.created = catalog::now();
  grant.name = request.name.value_or("");
  grant.grantee = *request.grantee_principal;
  grant.retiring = request.retiring_principal.value_or("");
  grant.issuer = root_arn(principal_of(call.caller(), key.account->id).account);
  grant.operations = request.operations;
  std::ranges::sort(grant.operations);
  grant.operations.erase(std::unique(grant.operations.begin(), grant.operations.end()),
                         grant.operations.end());
  grant.constraints = checked(request.constraints, key);
  grant.grant_id = grant_id(grant);
  constexpr std::size_t kSecretLength = 32;
  grant.secret.resize(kSecretLength);
  fill_random(grant.secret);
  return grant;
}

Response create(Call& call, const Request& request) {
  if (!request.grantee_principal)
    throw Error(ErrorCode::Validation, "GranteePrincipal is required.",
                "It is the ARN of the user or role that may use the key.");
  require_principal("GranteePrincipal", request.grantee_principal);
  require_principal("RetiringPrincipal", request.retiring_principal);
  const Key key = call.look_at(request.key_id, "kms:CreateGrant", Call::Accept::KeyIdOnly);
  require_enabled(key);
  require_operations_of_key(key, request.operations);
  catalog::GrantRecord grant = requested_grant(call, request, key);
  if (const auto& parent = call.by_grant()) require_no_more_than(*parent, grant);
  call.end_dry_run(request.dry_run);

  Account& account = *key.account;
  const hsm::ChangeLock lock(account.token);
  hsm::require_data_objects(lock, account.token);
  const auto listing = account.catalog.list();
  const auto grants = listing->grants.find(grant.key_id);
  if (grants != listing->grants.end() && grants->second.size() >= kMaxGrants)
    throw Error(ErrorCode::LimitExceeded,
                "The key has " + std::to_string(kMaxGrants) + " grants, which is the most.",
                "Retire or revoke those that are not needed any more.");
  Response response{{}, grant.grant_id};
  if (account.catalog.create_grant(lock, grant)) {
    response.grant_token = new_grant_token(account, grant);
    return response;
  }
  const auto present = account.catalog.grant(lock, grant.grant_id);
  if (!present)
    throw Error(ErrorCode::KMSInternal, "The grant was revoked at the same moment.", "Try again.");
  response.grant_token = new_grant_token(account, *present);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:CreateGrant"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,      ErrorCode::Disabled,        ErrorCode::DependencyTimeout,
    ErrorCode::InvalidArn,    ErrorCode::KMSInternal,     ErrorCode::InvalidGrantToken,
    ErrorCode::LimitExceeded, ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};
constexpr Missing kMissing[] = {
    {"GranteeServicePrincipal", "Services of AWS do not call here: name a user or a role."},
    {"RetiringServicePrincipal", "Services of AWS do not call here: name a user or a role."}};

}  // namespace

const Operation& operations::create_grant() {
  static const Operation stated =
      operation<&create>({"CreateGrant", kPermissions, kErrors, false, kMissing, kAcrossAccounts});
  return stated;
}

}  // namespace trent::kms
