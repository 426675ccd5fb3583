// What the records of a token were, kept outside of it: see remembered.h.
#include "kms/remembered.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace trent::kms {

namespace {

using catalog::Timestamp;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::uint64_t kFormat = 1;

std::uint64_t number(const json& value) {
  if (!value.is_number_unsigned()) throw std::runtime_error("a number is not a whole one");
  return value.get<std::uint64_t>();
}

Timestamp timestamp(const json& value) {
  constexpr auto kLimit = std::chrono::duration_cast<milliseconds>(Timestamp::duration::max());
  const std::uint64_t since_epoch = number(value);
  if (since_epoch > static_cast<std::uint64_t>(kLimit.count()))
    throw std::runtime_error("a date is out of range");
  return Timestamp(milliseconds(since_epoch));
}

json to_json(const RememberedRecord& record) {
  json out{{"revision", record.revision.number},
           {"lineage", record.revision.lineage},
           {"nonce", record.revision.nonce}};
  if (record.deletion)
    out["deletion"] =
        std::chrono::duration_cast<milliseconds>(record.deletion->time_since_epoch()).count();
  return out;
}

RememberedRecord record_of(const json& in) {
  RememberedRecord record;
  record.revision.number = number(in.at("revision"));
  record.revision.lineage = in.at("lineage").get<std::string>();
  record.revision.nonce = in.at("nonce").get<std::string>();
  if (in.contains("deletion")) record.deletion = timestamp(in.at("deletion"));
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
  try {
    // The parser takes a NUL for the end and would not look at what follows.
    if (text.find('\0') != text.npos) throw std::runtime_error("it holds a NUL");
    const json in = json::parse(text);
    if (number(object(in).at("format")) != kFormat)
      throw std::runtime_error("it was written by a later version of Trent");
    Memory memory;
    for (const auto& [serial, token] : object(in.at("tokens")).items()) {
      RememberedRecords& records = memory[serial];
      for (const auto& [label, record] : object(token).items())
        records.emplace(label, record_of(object(record)));
    }
    return memory;
  } catch (const json::exception& error) {
    throw std::runtime_error(error.what());
  }
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
