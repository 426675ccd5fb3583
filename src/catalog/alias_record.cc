// SPDX-License-Identifier: Apache-2.0
// The record of an alias as JSON text.
#include "catalog/alias_record.h"

#include "catalog/record_json.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr std::string_view kAliasPrefix = "trent/alias/";

}  // namespace

bool AliasRecord::is_label(std::string_view label) {
  return label.starts_with(kAliasPrefix);
}

std::string AliasRecord::label() const {
  return alias_label(name);
}

AliasRecord AliasRecord::parse(std::string_view text) {
  return read_json(text, [](const json& in) {
    AliasRecord record;
    record.revision = revision_of(in);
    record.name = in.at("name").get<std::string>();
    record.target = in.at("target").get<std::string>();
    record.created = from_milliseconds(in.at("created"));
    record.updated = from_milliseconds(in.at("updated"));
    record.others = other_members(in, {"name", "target", "created", "updated"});
    return record;
  });
}

std::string to_text(const AliasRecord& record) {
  json out = revision_members(record.revision);
  out["name"] = record.name;
  out["target"] = record.target;
  out["created"] = to_milliseconds(record.created);
  out["updated"] = to_milliseconds(record.updated);
  add_other_members(out, record.others);
  return out.dump();
}

std::string alias_label(std::string_view name) {
  if (name.starts_with("alias/")) name.remove_prefix(6);
  return std::string(kAliasPrefix).append(name);
}

}  // namespace trent::catalog
