// SPDX-License-Identifier: Apache-2.0
// A policy as a whole: its document, and what its statements decide together.
#include "policy/policy.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "base/json.h"
#include "policy/request.h"
#include "policy/statement.h"

namespace trent::policy {

namespace {

using nlohmann::json;

json parse_document(std::string_view text) {
  json document;
  try {
    document = parse_json(text);
  } catch (const std::runtime_error& error) {
    throw Malformed(std::string("The policy cannot be read: ") + error.what());
  }
  if (!document.is_object())
    throw Malformed(
        "The policy is not a JSON object. Write {\"Version\": \"2012-10-17\", "
        "\"Statement\": [...]}.");
  for (const auto& [name, value] : document.items())
    if (name != "Version" && name != "Id" && name != "Statement")
      throw Malformed("The policy has a member " + quote_for_message(name) +
                      ", which policies do not have: they have Version, Id and Statement.");
  return document;
}

bool has_variables(const json& document) {
  const auto version = document.find("Version");
  if (version == document.end() || *version == "2008-10-17") return false;  // as IAM has it
  if (*version != "2012-10-17")
    throw Malformed(
        "The policy's Version is the one of the language, \"2012-10-17\", and no other "
        "date.");
  return true;
}

std::string name_of(std::size_t number, const json& statement) {
  std::string name = "Statement[" + std::to_string(number) + "]";
  if (statement.is_object())
    if (const auto sid = statement.find("Sid"); sid != statement.end() && sid->is_string())
      name += " (" + quote_for_message(sid->get<std::string>()) + ")";
  return name;
}

}  // namespace

struct Policy::Document {
  Keys keys;
  std::vector<Statement> statements;
};

Policy::Policy(std::unique_ptr<const Document> document) : document_(std::move(document)) {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

Policy Policy::parse(std::string_view text, Kind kind) {
  const json document = parse_document(text);
  auto parsed = std::make_unique<Document>();
  const Syntax syntax{has_variables(document), parsed->keys};
  if (const auto id = document.find("Id"); id != document.end() && !id->is_string())
    throw Malformed("The policy's Id is not a string.");
  const auto member = document.find("Statement");
  // A user's may be empty, and then allows nothing. A key's would be a key that nobody can use.
  const bool may_be_empty = kind == Kind::Identity;
  if (member == document.end() || (member->is_array() && member->empty() && !may_be_empty))
    throw Malformed("The policy has no statement. Write one at least.");

  std::set<std::string> sids;
  const std::size_t size = member->is_array() ? member->size() : 1;
  for (std::size_t i = 0; i < size; ++i) {
    const json& value = member->is_array() ? (*member)[i] : *member;
    try {
      const Statement& statement = parsed->statements.emplace_back(value, kind, syntax);
      if (!statement.sid().empty() && !sids.insert(statement.sid()).second)
        throw Malformed("another statement has the same Sid. Give each its own.");
    } catch (const Malformed& fault) {
      throw Malformed(name_of(i, value) + ": " + fault.what());
    }
  }
  return Policy(std::move(parsed));
}

Decision Policy::decide(const Query& query) const {
  Request request(query, document_->keys);
  Decision decision;
  for (std::size_t i = 0; i < document_->statements.size(); ++i) {
    const Statement& statement = document_->statements[i];
    const Statement::Reach reach = statement.reach(query);
    std::optional<Reason>& of_principal = statement.denies() ? decision.deny : decision.allow;
    const bool decides_principal = reach.principal && !of_principal;
    const bool decides_account = reach.account && !decision.allow_account;
    if (!decides_principal && !decides_account) continue;
    // What cannot be found out is denied.
    const Truth concerns = statement.concerns(request);
    if (concerns == Truth::False || (concerns == Truth::Unknown && !statement.denies())) continue;
    if (decides_principal) of_principal = Reason{i, statement.sid()};
    if (decides_account) decision.allow_account = Reason{i, statement.sid()};
  }
  return decision;
}

}  // namespace trent::policy
