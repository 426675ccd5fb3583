// SPDX-License-Identifier: Apache-2.0
// The condition keys of a request, by name.
#include "kms/authorization/request_context.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/arn.h"
#include "base/utc.h"
#include "kms/key_id.h"
#include "kms/tag.h"

namespace trent::kms {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_names(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

namespace {

using Values = policy::Context::Values;
using Texts = std::vector<std::string>;
using model::Field;
using model::member;
using model::Overloaded;

constexpr std::string_view kReEncryptFrom = "kms:ReEncryptFrom";
constexpr std::string_view kReEncryptTo = "kms:ReEncryptTo";

constexpr const char* kIso8601 = "%Y-%m-%dT%H:%M:%SZ";

std::string utc_text(Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), kIso8601);
}

Values absent() {
  return {};
}
Values unknown() {
  return {.known = false, .values = {}};
}
Values of(std::string value) {
  return {.known = true, .values = Texts{std::move(value)}};
}
Values of(std::string_view value) {
  return of(std::string(value));
}
Values of(bool value) {
  return of(std::string(value ? "true" : "false"));
}

// The field of that name which goes with the permission: ReEncrypt has most of them twice.
const Field* find_field(const Asked& asked, std::string_view name) {
  std::string wanted(name);
  if (asked.permission == kReEncryptFrom) wanted.insert(0, "Source");
  if (asked.permission == kReEncryptTo) wanted.insert(0, "Destination");
  return model::find_field(asked.operation.request, wanted);
}

Values value_of(const Asked& asked, const Field& field) {
  return std::visit(
      Overloaded{
          [](std::string* text) { return of(*text); },
          [](std::optional<std::string>* text) { return *text ? of(**text) : absent(); },
          [](std::int64_t* number) { return of(std::to_string(*number)); },
          [](std::optional<std::int64_t>* number) {
            return *number ? of(std::to_string(**number)) : absent();
          },
          [](bool* flag) { return of(*flag); },
          [](std::optional<Timestamp>* time) { return *time ? of(utc_text(**time)) : absent(); },
          [](std::vector<std::string>* list) {
            return list->empty() ? absent() : Values{.known = true, .values = *list};
          },
          // Of no other type is a member that a condition key tells of.
          [](const auto&) { return unknown(); }},
      member(field, asked.request));
}

// A condition key whose value is a member of the request, and what it is if that is left out.
struct OfRequest {
  std::string_view key;
  std::string_view field;
  std::string_view otherwise = {};
};
constexpr OfRequest kOfRequest[] = {
    {"kms:BypassPolicyLockoutSafetyCheck", "BypassPolicyLockoutSafetyCheck"},
    {"kms:DataKeyPairSpec", "KeyPairSpec"},
    {"kms:EncryptionAlgorithm", "EncryptionAlgorithm", kSymmetricDefault},
    {"kms:ExpirationModel", "ExpirationModel", kExpires},
    {"kms:GrantOperations", "Operations"},
    {"kms:GranteePrincipal", "GranteePrincipal"},
    {"kms:KeyAgreementAlgorithm", "KeyAgreementAlgorithm"},
    {"kms:MacAlgorithm", "MacAlgorithm"},
    {"kms:MessageType", "MessageType", "RAW"},
    {"kms:PrimaryRegion", "PrimaryRegion"},
    {"kms:ReplicaRegion", "ReplicaRegion"},
    {"kms:RetiringPrincipal", "RetiringPrincipal"},
    {"kms:RotationPeriodInDays", "RotationPeriodInDays"},
    {"kms:ScheduleKeyDeletionPendingWindowInDays", "PendingWindowInDays"},
    {"kms:SigningAlgorithm", "SigningAlgorithm"},
    {"kms:ValidTo", "ValidTo"},
    {"kms:WrappingAlgorithm", "WrappingAlgorithm"},
    {"kms:WrappingKeySpec", "WrappingKeySpec"}};

// Where the operation encrypts, although it has no member that says with which algorithm.
bool is_symmetric_only(const Asked& asked) {
  return encryption_context(asked) != nullptr;
}

Values of_request(const Asked& asked, const OfRequest& row) {
  const Field* field = find_field(asked, row.field);
  if (field == nullptr)
    return row.key == "kms:EncryptionAlgorithm" && is_symmetric_only(asked) ? of(row.otherwise)
                                                                            : absent();
  Values value = value_of(asked, *field);
  if (!value.values && !row.otherwise.empty()) return of(row.otherwise);
  return value;
}

bool makes_key(const Asked& asked) {
  return asked.key == nullptr &&
         (asked.permission == "kms:CreateKey" || asked.permission == "kms:TagResource");
}

// Of the key that is asked for; of the one that is to be made, what the request says, or the key
// of which it is a replica.
Values of_key(const Asked& asked, std::string_view (*property)(const catalog::KeyRecord& record),
              std::string_view field_name, std::string_view otherwise) {
  if (asked.key != nullptr) return of(property(*asked.key->record));
  if (!makes_key(asked)) return absent();
  if (asked.source != nullptr) return of(property(*asked.source->record));
  return of_request(asked, {{}, field_name, otherwise});
}

struct OfKey {
  std::string_view key;
  std::string_view (*property)(const catalog::KeyRecord& record);
  std::string_view field;
  std::string_view otherwise;
};
constexpr OfKey kOfKey[] = {
    {"kms:KeySpec", [](const catalog::KeyRecord& record) { return wire_name(record.spec); },
     "KeySpec", "SYMMETRIC_DEFAULT"},
    {"kms:KeyUsage", [](const catalog::KeyRecord& record) { return wire_name(record.usage); },
     "KeyUsage", "ENCRYPT_DECRYPT"},
    {"kms:KeyOrigin", [](const catalog::KeyRecord& record) { return wire_name(record.origin); },
     "Origin", "AWS_KMS"},
    {"kms:MultiRegion",
     [](const catalog::KeyRecord& record) -> std::string_view {
       return record.multi_region ? "true" : "false";
     },
     "MultiRegion", "false"}};

// Context names are told apart by their case, names of condition keys are not: where that leaves
// two values, nobody can say which is meant.
Values context_value(const Asked& asked, std::string_view name) {
  const EncryptionContext* context = encryption_context(asked);
  if (context == nullptr) return absent();
  Values found;
  for (const auto& [each, value] : *context) {
    if (!equal_names(each, name)) continue;
    if (found.values) return unknown();
    found = of(value);
  }
  return found;
}

Values context_names(const Asked& asked) {
  const EncryptionContext* context = encryption_context(asked);
  if (context == nullptr || context->empty()) return absent();
  Texts names;
  for (const auto& pair : *context) names.push_back(pair.first);
  return {.known = true, .values = std::move(names)};
}

// The alias by which the request names the key, without the ARN before it.
Values request_alias(const Asked& asked) {
  const Field* field = find_field(asked, "KeyId");
  if (field == nullptr) return absent();
  const Values value = value_of(asked, *field);
  if (!value.values) return absent();
  const std::string& text = value.values->front();
  const std::size_t alias = text.starts_with("arn:") ? text.find(":alias/") + 1 : 0;
  return text.substr(alias).starts_with("alias/") ? of(text.substr(alias)) : absent();
}

Values resource_aliases(const Asked& asked) {
  if (asked.key == nullptr) return absent();
  Texts names;
  const auto listing = asked.key->account->catalog.list();
  for (const auto& alias : listing->aliases)
    if (alias->target == asked.key->record->key_id) names.push_back(alias->name);
  return names.empty() ? absent() : Values{.known = true, .values = std::move(names)};
}

Values resource_tag(const Asked& asked, std::string_view name) {
  if (asked.key == nullptr) return absent();
  for (const auto& [tag, value] : asked.key->record->tags)
    if (equal_names(tag, name)) return of(value);
  return absent();
}

const std::vector<Tag>* tags_of(const Asked& asked) {
  const Field* field = model::find_field(asked.operation.request, "Tags");
  if (field == nullptr) return nullptr;
  const auto member_value = member(*field, asked.request);
  const auto* list = std::get_if<model::Structures>(&member_value);
  return list == nullptr ? nullptr : static_cast<const std::vector<Tag>*>(list->list);
}

Values request_tag(const Asked& asked, std::string_view name) {
  if (const auto* tags = tags_of(asked))
    for (const Tag& tag : *tags)
      if (equal_names(tag.tag_key, name)) return of(tag.tag_value);
  return absent();
}

Values tag_keys(const Asked& asked) {
  if (const Field* field = model::find_field(asked.operation.request, "TagKeys"))
    return value_of(asked, *field);
  const auto* tags = tags_of(asked);
  if (tags == nullptr || tags->empty()) return absent();
  Texts names;
  for (const Tag& tag : *tags) names.push_back(tag.tag_key);
  return {.known = true, .values = std::move(names)};
}

Values grant_constraint_type(const Asked& asked) {
  const Field* field = model::find_field(asked.operation.request, "Constraints");
  if (field == nullptr) return absent();
  const auto member_value = member(*field, asked.request);
  const auto* structure = std::get_if<model::Structure>(&member_value);
  if (structure == nullptr) return unknown();
  for (const Field& constraint : structure->fields) {
    const auto value = member(constraint, structure->object);
    const auto* context = std::get_if<EncryptionContext*>(&value);
    if (context != nullptr && !(*context)->empty()) return of(constraint.name);
  }
  return absent();
}

Values re_encrypt_on_same_key(const Asked& asked) {
  if (asked.permission == kReEncryptTo)
    return asked.source == nullptr || asked.key == nullptr
               ? unknown()
               : of(asked.source->arn() == asked.key->arn());
  if (asked.permission != kReEncryptFrom) return absent();
  // Before the destination is looked up, its name says whether it is the same: all but an alias.
  const Field* field = model::find_field(asked.operation.request, "DestinationKeyId");
  if (field == nullptr || asked.key == nullptr) return unknown();
  const Values named = value_of(asked, *field);
  if (!named.values) return unknown();
  const std::string& text = named.values->front();
  if (text == asked.key->record->key_id || text == asked.key->arn()) return of(true);
  if (text.find("alias/") == text.npos) return of(false);
  const std::size_t alias = text.find("alias/");
  const auto record = asked.key->account->catalog.alias(text.substr(alias));
  return of(record != nullptr && record->target == asked.key->record->key_id &&
            (alias == 0 || text == asked.key->account->arn(text.substr(alias))));
}

Values multi_region_key_type(const Asked& asked) {
  if (makes_key(asked)) {
    if (asked.source != nullptr) return of(std::string_view("REPLICA"));
    const Field* field = model::find_field(asked.operation.request, "MultiRegion");
    const Values wanted = field == nullptr ? absent() : value_of(asked, *field);
    return wanted.values == of(true).values ? of(std::string_view("PRIMARY")) : absent();
  }
  if (asked.key == nullptr || !asked.key->record->multi_region) return absent();
  const bool is_primary =
      asked.key->record->multi_region->primary_region == asked.key->account->region;
  return of(std::string_view(is_primary ? "PRIMARY" : "REPLICA"));
}

Values source_ip(const Asked& asked) {
  const std::string& address = asked.caller.source_address;
  return address.empty() || address == "unix" ? absent() : of(address);
}

Values user_name(const policy::Principal& principal) {
  const auto arn = parse_arn(principal.arn);
  if (!arn || !arn->resource.starts_with("user/")) return absent();
  return of(arn->resource.substr(arn->resource.rfind('/') + 1));
}

Values principal_type(const policy::Principal& principal) {
  const auto arn = parse_arn(principal.arn);
  if (!arn) return unknown();
  if (arn->resource == "root") return of(std::string_view("Account"));
  if (arn->resource.starts_with("user/")) return of(std::string_view("User"));
  if (arn->resource.starts_with("assumed-role/") || arn->resource.starts_with("role/"))
    return of(std::string_view("AssumedRole"));
  return unknown();
}

Values now(bool as_seconds) {
  const auto time = std::chrono::system_clock::now();
  if (!as_seconds) return of(utc_text(time));
  return of(std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()));
}

// IAM User Guide, "IAM and AWS STS quotas": the characters of names, and how many.
bool is_user_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  constexpr std::string_view kOthers = "+=,.@_-";
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kOthers.find(c) != kOthers.npos;
  });
}

// What has a way of its own to its value.
struct Special {
  std::string_view key;
  Values (*find)(const Asked& asked, const policy::Principal& principal);
};
constexpr Special kSpecial[] = {
    {"aws:CurrentTime", [](const Asked&, const policy::Principal&) { return now(false); }},
    {"aws:EpochTime", [](const Asked&, const policy::Principal&) { return now(true); }},
    {"aws:PrincipalAccount",
     [](const Asked&, const policy::Principal& principal) { return of(principal.account); }},
    // Of a session, its role, as in IAM.
    {"aws:PrincipalArn",
     [](const Asked&, const policy::Principal& principal) {
       return of(principal.role.empty() ? principal.arn : principal.role);
     }},
    {"aws:PrincipalIsAWSService", [](const Asked&, const policy::Principal&) { return of(false); }},
    {"aws:PrincipalType",
     [](const Asked&, const policy::Principal& principal) { return principal_type(principal); }},
    {"aws:RequestedRegion",
     [](const Asked& asked, const policy::Principal&) {
       return asked.key == nullptr ? unknown() : of(asked.key->account->region);
     }},
    {"aws:ResourceAccount",
     [](const Asked& asked, const policy::Principal&) {
       return asked.key == nullptr ? absent() : of(asked.key->account->id);
     }},
    {"aws:SecureTransport",
     [](const Asked& asked, const policy::Principal&) {
       return of(asked.caller.secure_transport);
     }},
    {"aws:SourceIp", [](const Asked& asked, const policy::Principal&) { return source_ip(asked); }},
    {"aws:TagKeys", [](const Asked& asked, const policy::Principal&) { return tag_keys(asked); }},
    {"aws:username",
     [](const Asked&, const policy::Principal& principal) { return user_name(principal); }},
    {"aws:ViaAWSService", [](const Asked&, const policy::Principal&) { return of(false); }},
    {"kms:CallerAccount",
     [](const Asked&, const policy::Principal& principal) { return of(principal.account); }},
    {"kms:EncryptionContextKeys",
     [](const Asked& asked, const policy::Principal&) { return context_names(asked); }},
    {"kms:GrantConstraintType",
     [](const Asked& asked, const policy::Principal&) { return grant_constraint_type(asked); }},
    {"kms:GrantIsForAWSResource", [](const Asked&, const policy::Principal&) { return of(false); }},
    {"kms:MultiRegionKeyType",
     [](const Asked& asked, const policy::Principal&) { return multi_region_key_type(asked); }},
    {"kms:ReEncryptOnSameKey",
     [](const Asked& asked, const policy::Principal&) { return re_encrypt_on_same_key(asked); }},
    {"kms:RequestAlias",
     [](const Asked& asked, const policy::Principal&) { return request_alias(asked); }},
    {"kms:ResourceAliases",
     [](const Asked& asked, const policy::Principal&) { return resource_aliases(asked); }}};

// What no request to Trent has: nobody calls through a service of AWS, or with a second factor.
constexpr std::string_view kAbsent[] = {
    "aws:CalledVia",   "aws:CalledViaFirst",     "aws:CalledViaLast",
    "aws:Referer",     "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent",
    "aws:SourceArn",   "aws:SourceAccount",      "aws:SourceIdentity",
    "aws:SourceVpc",   "aws:SourceVpce",         "aws:TokenIssueTime",
    "aws:VpcSourceIp", "kms:ViaService"};

// Keys that end with a name of the request's own.
struct Named {
  std::string_view prefix;
  Values (*find)(const Asked& asked, std::string_view name);
};
constexpr Named kNamed[] = {{"kms:EncryptionContext:", context_value},
                            {"aws:ResourceTag/", resource_tag},
                            {"aws:RequestTag/", request_tag}};

}  // namespace

policy::Context::Values RequestContext::find(std::string_view key) const {
  for (const Named& named : kNamed)
    if (key.size() > named.prefix.size() &&
        equal_names(key.substr(0, named.prefix.size()), named.prefix))
      return named.find(asked_, key.substr(named.prefix.size()));
  for (const OfRequest& row : kOfRequest)
    if (equal_names(key, row.key)) return of_request(asked_, row);
  for (const OfKey& row : kOfKey)
    if (equal_names(key, row.key)) return of_key(asked_, row.property, row.field, row.otherwise);
  for (const Special& row : kSpecial)
    if (equal_names(key, row.key)) return row.find(asked_, principal_);
  for (const std::string_view name : kAbsent)
    if (equal_names(key, name)) return absent();
  return unknown();
}

const EncryptionContext* encryption_context(const Asked& asked) {
  const Field* field = find_field(asked, "EncryptionContext");
  if (field == nullptr) return nullptr;
  const auto value = member(*field, asked.request);
  const auto* context = std::get_if<EncryptionContext*>(&value);
  return context == nullptr ? nullptr : *context;
}

bool is_root(const policy::Principal& principal) {
  const auto arn = parse_arn(principal.arn);
  return arn && arn->resource == "root";
}

policy::Principal principal_of(const Caller& caller, const std::string& account) {
  policy::Principal principal{.arn = caller.principal, .account = caller.account};
  const auto arn = parse_arn(caller.principal);
  if (caller.authentication == Caller::Authentication::Configuration && is_root(principal))
    return {.arn = root_arn(account), .account = account};
  if (!arn) {
    // What PKCS#11 calls a user name.
    if (is_user_name(caller.principal))
      principal.arn = "arn:aws:iam::" + caller.account + ":user/" + caller.principal;
    return principal;
  }
  principal.account = arn->account;
  constexpr std::string_view kSession = "assumed-role/";
  if (arn->service != "sts" || !arn->resource.starts_with(kSession)) return principal;
  const std::string_view role_and_session = arn->resource.substr(kSession.size());
  principal.role = "arn:" + std::string(arn->partition) + ":iam::" + std::string(arn->account) +
                   ":role/" + std::string(role_and_session.substr(0, role_and_session.find('/')));
  return principal;
}

}  // namespace trent::kms
