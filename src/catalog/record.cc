// SPDX-License-Identifier: Apache-2.0
// Revisions and markers as JSON text.
#include "catalog/record.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "catalog/record_json.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;

}  // namespace

json revision_members(const Revision& revision) {
  json members = {{"format", kFormat},
                  {"revision", revision.number},
                  {"lineage", revision.lineage},
                  {"nonce", revision.nonce}};
  if (!revision.based_on.empty()) members["based_on"] = revision.based_on;
  if (revision.made != Timestamp{}) members["made"] = to_milliseconds(revision.made);
  return members;
}

Revision revision_of(const json& record) {
  const int format = whole_number<int>(record.at("format"));
  if (format != kFormat && format != kSecondFormat)
    throw std::runtime_error("it was written by a later version of Trent");
  Revision revision;
  revision.number = whole_number<std::uint64_t>(record.at("revision"));
  if (revision.number > kLastRevision)
    throw std::runtime_error("its revision number is out of range");
  revision.lineage = record.at("lineage").get<std::string>();
  revision.nonce = record.at("nonce").get<std::string>();
  if (record.contains("based_on"))
    revision.based_on = record.at("based_on").get<std::vector<std::string>>();
  if (record.contains("made")) revision.made = from_milliseconds(record.at("made"));
  return revision;
}

OtherMembers other_members(const json& record, std::initializer_list<std::string_view> known) {
  constexpr std::string_view kOfRevision[] = {"format", "revision", "lineage",
                                              "nonce",  "based_on", "made"};
  OtherMembers others;
  for (const auto& [name, value] : record.items())
    if (std::ranges::find(known, name) == known.end() &&
        std::ranges::find(kOfRevision, name) == std::end(kOfRevision))
      others.emplace(name, value.dump());
  return others;
}

void add_other_members(json& record, const OtherMembers& others) {
  for (const auto& [name, text] : others) record[name] = json::parse(text);
}

Timestamp now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Revision parse_revision(std::string_view text) {
  return read_json(text, revision_of);
}

std::string marker_text(const std::string& nonce, Timestamp made) {
  const json marker = {{"format", kFormat}, {"pending", nonce}, {"made", to_milliseconds(made)}};
  return marker.dump();
}

std::optional<Pending> parse_marker(std::string_view text) {
  // Most texts are records: they are not to be parsed twice.
  if (text.find("\"pending\"") == text.npos) return std::nullopt;
  try {
    return read_json(text, [](const json& in) -> std::optional<Pending> {
      if (!in.is_object() || !in.contains("pending")) return std::nullopt;
      Pending pending{in.at("pending").get<std::string>(), {}};
      if (in.contains("made")) pending.made = from_milliseconds(in.at("made"));
      return pending;
    });
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

}  // namespace trent::catalog
