// SPDX-License-Identifier: Apache-2.0
// What the records of a token were, kept outside of it: see remembered.h.
#include "kms/remembered.h"

#include <chrono>
#include <stdexcept>

#include "base/json.h"

namespace trent::kms {

namespace {

using nlohmann::json;

constexpr std::uint64_t kFormat = 1;

json to_json(const RememberedRecord& record) {
  json out{{"revision", record.revision.number},
           {"lineage", record.revision.lineage},
           {"nonce", record.revision.nonce}};
  if (record.deletion) out["deletion"] = to_milliseconds(*record.deletion);
  return out;
}

RememberedRecord record_of(const json& in) {
  RememberedRecord record;
  record.revision.number = whole_number<std::uint64_t>(in.at("revision"));
  record.revision.lineage = in.at("lineage").get<std::string>();
  record.revision.nonce = in.at("nonce").get<std::string>();
  if (in.contains("deletion")) record.deletion = from_milliseconds(in.at("deletion"));
  return record;
}

const json& object(const json& value) {
  if (!value.is_object()) throw std::runtime_error("it is not what `trent check` writes");
  return value;
}

// A revision knows some of those that came before it; of others nothing can be told.
bool may_follow(const catalog::Revision& revision, const catalog::Revision& old) {
  const std::uint64_t steps = revision.number - old.number;
  if (steps == 0) return revision.nonce == old.nonce;
  return steps > revision.based_on.size() || revision.based_on[steps - 1] == old.nonce;
}

}  // namespace

std::string to_text(const Memory& memory) {
  json tokens = json::object();
  for (const auto& [serial, records] : memory) {
    json& token = tokens[serial] = json::object();
    for (const auto& [label, record] : records) token[label] = to_json(record);
  }
  // A serial number is what the token's maker wrote there, in whatever encoding.
  return json{{"format", kFormat}, {"tokens", std::move(tokens)}}.dump(
             1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Memory parse_memory(std::string_view text) {
  return trent::read_json(text, [](const json& in) {
    if (whole_number<std::uint64_t>(object(in).at("format")) != kFormat)
      throw std::runtime_error("it was written by a later version of Trent");
    Memory memory;
    for (const auto& [serial, token] : object(in.at("tokens")).items()) {
      RememberedRecords& records = memory[serial];
      for (const auto& [label, record] : object(token).items())
        records.emplace(label, record_of(object(record)));
    }
    return memory;
  });
}

std::vector<std::string> what_went_back(const RememberedRecords& before,
                                        const RememberedRecords& now,
                                        const std::set<std::string>& unclear) {
  std::vector<std::string> sentences;
  for (const auto& [label, old] : before) {
    if (unclear.contains(label)) continue;
    auto found = now.find(label);
    if (found == now.end()) {
      if (old.deletion && *old.deletion <= std::chrono::system_clock::now()) continue;
      sentences.push_back("The record " + label + " is gone since it was remembered, in revision " +
                          std::to_string(old.revision.number) + ".");
      continue;
    }
    const catalog::Revision& revision = found->second.revision;
    if (revision.lineage != old.revision.lineage)
      sentences.push_back("The record " + label +
                          " is not the one that was remembered: that was deleted, and this was "
                          "made under its name.");
    else if (revision.number < old.revision.number)
      sentences.push_back("The record " + label + " went back from revision " +
                          std::to_string(old.revision.number) + " to revision " +
                          std::to_string(revision.number) + ": somebody put an old one back.");
    else if (!may_follow(revision, old.revision))
      sentences.push_back("The record " + label + ", in revision " +
                          std::to_string(revision.number) + ", does not come from the revision " +
                          std::to_string(old.revision.number) +
                          " that was remembered: somebody put an old one back, and it was changed "
                          "since.");
  }
  return sentences;
}

}  // namespace trent::kms
