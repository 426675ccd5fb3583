// SPDX-License-Identifier: Apache-2.0
// The record of a grant as JSON text.
#include "catalog/grant_record.h"

#include <stdexcept>

#include "base/encoding.h"
#include "catalog/record_json.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr std::string_view kGrantPrefix = "trent/grant/";
constexpr std::size_t kSecretLength = 32;

// A constraint of a later version that is passed over would let too many in.
void require_known_constraints(const json& constraints) {
  for (const auto& [name, value] : constraints.items())
    if (name != "context_equals" && name != "context_subset" && name != "source_arn")
      throw std::runtime_error("it has an unknown constraint");
}

}  // namespace

bool GrantRecord::is_label(std::string_view label) {
  return label.starts_with(kGrantPrefix);
}

std::string GrantRecord::label() const {
  return grant_label(grant_id);
}

GrantRecord GrantRecord::parse(std::string_view text) {
  return read_json(text, [](const json& in) {
    GrantRecord record;
    record.revision = revision_of(in);
    record.grant_id = in.at("grant_id").get<std::string>();
    record.key_id = in.at("key_id").get<std::string>();
    record.created = from_milliseconds(in.at("created"));
    record.name = in.at("name").get<std::string>();
    record.grantee = in.at("grantee").get<std::string>();
    record.retiring = in.at("retiring").get<std::string>();
    record.issuer = in.at("issuer").get<std::string>();
    record.operations = in.at("operations").get<std::vector<std::string>>();
    const json& constraints = in.at("constraints");
    require_known_constraints(constraints);
    using Context = blob::EncryptionContext;
    if (constraints.contains("context_equals"))
      record.constraints.context_equals = constraints.at("context_equals").get<Context>();
    if (constraints.contains("context_subset"))
      record.constraints.context_subset = constraints.at("context_subset").get<Context>();
    if (constraints.contains("source_arn"))
      record.constraints.source_arn = constraints.at("source_arn").get<std::string>();
    auto secret = secret_from_base64(in.at("secret").get_ref<const std::string&>());
    if (!secret || secret->size() != kSecretLength)
      throw std::runtime_error("its secret is not one of 32 bytes");
    record.secret = *std::move(secret);
    record.others =
        other_members(in, {"grant_id", "key_id", "created", "name", "grantee", "retiring", "issuer",
                           "operations", "constraints", "secret"});
    return record;
  });
}

std::string to_text(const GrantRecord& record) {
  json out = revision_members(record.revision);
  out["grant_id"] = record.grant_id;
  out["key_id"] = record.key_id;
  out["created"] = to_milliseconds(record.created);
  out["name"] = record.name;
  out["grantee"] = record.grantee;
  out["retiring"] = record.retiring;
  out["issuer"] = record.issuer;
  out["operations"] = record.operations;
  json& constraints = out["constraints"] = json::object();
  if (!record.constraints.context_equals.empty())
    constraints["context_equals"] = record.constraints.context_equals;
  if (!record.constraints.context_subset.empty())
    constraints["context_subset"] = record.constraints.context_subset;
  if (!record.constraints.source_arn.empty())
    constraints["source_arn"] = record.constraints.source_arn;
  out["secret"] = to_base64(record.secret);
  add_other_members(out, record.others);
  return out.dump();
}

std::string grant_label(std::string_view grant_id) {
  return std::string(kGrantPrefix).append(grant_id);
}

}  // namespace trent::catalog
