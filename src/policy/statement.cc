// SPDX-License-Identifier: Apache-2.0
// Reading statements, and what they are about.
#include "policy/statement.h"

#include <algorithm>
#include <utility>

#include "base/arn.h"
#include "base/encoding.h"
#include "policy/strings.h"
#include "policy/wildcard.h"

namespace trent::policy {

namespace {

using nlohmann::json;

// What `read` makes of a member; what it refuses is said with the member's name.
template <class Read>
auto read_member(const char* name, const json& value, Read read) {
  try {
    return read(value);
  } catch (const Malformed& fault) {
    throw Malformed(std::string(name) + ": " + fault.what());
  }
}

// The name of the one of the two that is there.
const char* which(const json& statement, const char* name, const char* excepted, const char* hint) {
  const bool has = statement.contains(name);
  if (has && statement.contains(excepted))
    throw Malformed(std::string("it has both ") + name + " and " + excepted + ". Leave one out.");
  if (!has && !statement.contains(excepted))
    throw Malformed(std::string("it has no ") + name + ", so it would be without effect. " + hint);
  return has ? name : excepted;
}

std::string read_action(const std::string& action) {
  constexpr std::string_view kVendor = "abcdefghijklmnopqrstuvwxyz0123456789-";
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz0123456789-_*?";
  const std::string lower = to_lower(action);
  if (lower != "*") {
    const std::string_view text = lower;
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos || colon + 1 == text.size() ||
        text.find_first_not_of(kVendor) != colon ||
        text.find_first_not_of(kName, colon + 1) != text.npos)
      throw Malformed(quote_for_message(action) +
                      " is no action. Write one as \"kms:Encrypt\", \"kms:*\" or \"*\".");
  }
  return to_pattern(lower);
}

Text read_resource(const std::string& resource, const Syntax& syntax) {
  Text pattern(resource, Wildcards::Yes, syntax);
  // Variables may stand in the last part of the ARN only.
  if (resource != "*" && !parse_arn(pattern.beginning()))
    throw Malformed(quote_for_message(resource) +
                    " is no ARN. Write \"*\", or all six parts, such as "
                    "\"arn:aws:kms:*:111122223333:key/*\", with variables in the last one only.");
  return pattern;
}

bool read_effect(const json& value) {
  if (value != "Allow" && value != "Deny") throw Malformed("it is \"Allow\" or \"Deny\".");
  return value == "Deny";
}

std::string read_sid(const json& value) {
  if (!value.is_string()) throw Malformed("it is a string.");
  return value.get<std::string>();
}

void check_names(const json& statement) {
  constexpr const char* kNames[] = {"Sid",          "Effect",      "Principal",
                                    "NotPrincipal", "Action",      "NotAction",
                                    "Resource",     "NotResource", "Condition"};
  for (const auto& [name, value] : statement.items())
    if (std::ranges::find(kNames, name) == std::end(kNames))
      throw Malformed("it has a member " + quote_for_message(name) +
                      ", which statements do not have. Names are written as in IAM, with capital "
                      "letters.");
}

}  // namespace

Statement::Statement(const json& value, Kind kind, const Syntax& syntax) {
  if (!value.is_object()) throw Malformed("it is not an object.");
  check_names(value);
  if (value.contains("Sid")) sid_ = read_member("Sid", value["Sid"], read_sid);
  if (!value.contains("Effect"))
    throw Malformed("it has no Effect. Write \"Effect\": \"Allow\" or \"Deny\".");
  denies_ = read_member("Effect", value["Effect"], read_effect);

  if (kind == Kind::Resource) {
    const char* name = which(value, "Principal", "NotPrincipal",
                             R"(Say whom it is about, such as "Principal": {"AWS": "ARN"}.)");
    principals_ = {
        read_member(name, value[name], [](const json& member) { return Principals(member); }),
        name == std::string_view("NotPrincipal")};
    if (principals_->excepted && !denies_)
      throw Malformed(
          "NotPrincipal goes with \"Effect\": \"Deny\" only. Name in Principal whom it "
          "allows.");
    if (principals_->excepted && principals_->value.has_everybody())
      throw Malformed("NotPrincipal excepts everybody. Name those whom it does not deny.");
  } else if (value.contains("Principal") || value.contains("NotPrincipal")) {
    throw Malformed(
        "it has a Principal, which is for the policies of keys. Leave it out: an "
        "identity policy is about its own user or role.");
  }

  const char* action = which(value, "Action", "NotAction", R"(Write "Action": "kms:*" for all.)");
  actions_.excepted = action == std::string_view("NotAction");
  actions_.value = read_member(action, value[action], [](const json& member) {
    std::vector<std::string> actions = one_or_more_strings(member);
    std::ranges::transform(actions, actions.begin(), read_action);
    return actions;
  });
  const char* resource =
      which(value, "Resource", "NotResource", R"(Write "Resource": "*" for all.)");
  resources_.excepted = resource == std::string_view("NotResource");
  resources_.value = read_member(resource, value[resource], [&](const json& member) {
    std::vector<Text> resources;
    for (const std::string& text : one_or_more_strings(member))
      resources.push_back(read_resource(text, syntax));
    return resources;
  });
  if (value.contains("Condition"))
    conditions_ = read_member("Condition", value["Condition"],
                              [&](const json& member) { return read_conditions(member, syntax); });
}

Statement::Reach Statement::reach(const Query& query) const {
  const Principal& principal = query.principal;
  if (!principals_) return {true, false};
  if (principals_->excepted) return {!principals_->value.names_in_full(principal), false};
  Reach reach{principals_->value.names(principal), principals_->value.names_account_of(principal)};
  // Whom an account is denied, its principals are; and its root user is the account.
  if (reach.account && (denies_ || is_root(principal))) reach = {true, false};
  return reach;
}

bool Statement::concerns_action(std::string_view action) const {
  return actions_.excepted !=
         std::ranges::any_of(actions_.value, [action](const std::string& pattern) {
           return matches(pattern, action, Case::Ignored);
         });
}

Truth Statement::concerns_resource(Request& request) const {
  Truth any = Truth::False;
  for (const Text& resource : resources_.value) {
    std::string buffer;
    const auto pattern = resource.expand(request, buffer);
    any = any | (pattern ? truth(arn_matches(*pattern, request.resource)) : Truth::Unknown);
    if (any == Truth::True) break;
  }
  return resources_.excepted ? !any : any;
}

Truth Statement::concerns(Request& request) const {
  if (!concerns_action(request.query.action)) return Truth::False;
  Truth all = concerns_resource(request);
  for (const Condition& condition : conditions_) {
    if (all == Truth::False) break;
    all = all & condition.holds(request);
  }
  return all;
}

}  // namespace trent::policy
