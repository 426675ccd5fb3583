// SPDX-License-Identifier: Apache-2.0
// Reading and matching the principals of a statement.
#include "policy/principals.h"

#include <algorithm>
#include <string_view>

#include "base/arn.h"
#include "base/encoding.h"
#include "policy/strings.h"

namespace trent::policy {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_root(const Arn& arn) {
  return arn.service == "iam" && arn.resource == "root";
}

bool has_name_after(std::string_view resource, std::string_view type) {
  return resource.starts_with(type) && resource.size() > type.size();
}

bool can_be_named(const Arn& arn) {
  if (arn.resource.find_first_of("*?") != arn.resource.npos) return false;
  if (arn.service == "iam")
    return has_name_after(arn.resource, "user/") || has_name_after(arn.resource, "role/");
  return has_name_after(arn.resource, "assumed-role/") ||
         has_name_after(arn.resource, "federated-user/");
}

bool is_service(std::string_view name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  return name.find('.') != name.npos && name.find_first_not_of(kCharacters) == name.npos;
}

}  // namespace

Principals::Principals(const nlohmann::json& value) {
  if (value.is_string() && value == "*") {
    everybody_ = true;
    return;
  }
  if (!value.is_object() || value.empty())
    throw Malformed(R"(it names nobody. Write "*", or an object such as {"AWS": "ARN"}.)");
  for (const auto& [type, names] : value.items())
    for (const std::string& name : one_or_more_strings(names)) add(type, name);
}

void Principals::add(const std::string& type, const std::string& name) {
  if (type == "AWS") {
    const auto arn = parse_arn(name);
    if (name == "*")
      everybody_ = true;
    else if (is_account(name))
      accounts_.push_back(name);
    else if (arn && is_principal(name) && is_root(*arn))
      accounts_.emplace_back(arn->account);
    else if (arn && is_principal(name) && can_be_named(*arn))
      arns_.push_back(name);
    else
      throw Malformed(quote_for_message(name) +
                      " is no principal. Write \"*\", the 12 digits of an account, or the ARN of "
                      "an account's root, of a user, a role or a session, without wildcards.");
  } else if (type == "Service") {
    if (!is_service(name))
      throw Malformed(quote_for_message(name) +
                      " is no service. Write its name, such as \"logs.amazonaws.com\".");
    services_.push_back(name);
  } else if (type != "CanonicalUser" && type != "Federated") {  // who never come to a KMS
    throw Malformed(quote_for_message(type) +
                    " is no kind of principals: they are AWS, Service, Federated and "
                    "CanonicalUser.");
  }
}

bool Principals::names(const Principal& principal) const {
  if (everybody_) return true;
  if (!principal.service.empty()) return contains(services_, principal.service);
  return contains(arns_, principal.arn) || contains(arns_, principal.role);
}

bool Principals::names_account_of(const Principal& principal) const {
  return principal.service.empty() && contains(accounts_, principal.account);
}

bool Principals::names_in_full(const Principal& principal) const {
  if (!principal.service.empty()) return contains(services_, principal.service);
  return contains(accounts_, principal.account) &&
         (policy::is_root(principal) || contains(arns_, principal.arn)) &&
         (principal.role.empty() || contains(arns_, principal.role));
}

bool is_root(const Principal& principal) {
  const auto arn = parse_arn(principal.arn);
  return arn && is_root(*arn) && arn->account == principal.account;
}

}  // namespace trent::policy
