// Revisions and markers as JSON text.
#include "catalog/record.h"

#include <stdexcept>

#include "catalog/record_json.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;

}  // namespace

std::int64_t milliseconds(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Timestamp timestamp(const json& value) {
  using std::chrono::milliseconds;
  constexpr auto kLimit = std::chrono::duration_cast<milliseconds>(Timestamp::duration::max());
  milliseconds since_epoch(integer<std::int64_t>(value));
  if (since_epoch > kLimit || since_epoch < -kLimit)
    throw std::runtime_error("a date is out of range");
  return Timestamp(since_epoch);
}

json revision_members(const Revision& revision) {
  json members = {{"format", kFormat},
                  {"revision", revision.number},
                  {"lineage", revision.lineage},
                  {"nonce", revision.nonce}};
  if (!revision.based_on.empty()) members["based_on"] = revision.based_on;
  if (revision.made != Timestamp{}) members["made"] = milliseconds(revision.made);
  return members;
}

Revision revision_of(const json& record) {
  if (integer<int>(record.at("format")) != kFormat)
    throw std::runtime_error("it was written by a later version of Trent");
  Revision revision;
  revision.number = integer<std::uint64_t>(record.at("revision"));
  if (revision.number > kLastRevision)
    throw std::runtime_error("its revision number is out of range");
  revision.lineage = record.at("lineage").get<std::string>();
  revision.nonce = record.at("nonce").get<std::string>();
  if (record.contains("based_on"))
    revision.based_on = record.at("based_on").get<std::vector<std::string>>();
  if (record.contains("made")) revision.made = timestamp(record.at("made"));
  return revision;
}

Timestamp now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Revision parse_revision(std::string_view text) {
  return read_json(text, revision_of);
}

std::string marker_text(const std::string& nonce, Timestamp made) {
  const json marker = {{"format", kFormat}, {"pending", nonce}, {"made", milliseconds(made)}};
  return marker.dump();
}

std::optional<Pending> parse_marker(std::string_view text) {
  // Most texts are records: they are not to be parsed twice.
  if (text.find("\"pending\"") == text.npos) return std::nullopt;
  try {
    return read_json(text, [](const json& in) -> std::optional<Pending> {
      if (!in.is_object() || !in.contains("pending")) return std::nullopt;
      Pending pending{in.at("pending").get<std::string>(), {}};
      if (in.contains("made")) pending.made = timestamp(in.at("made"));
      return pending;
    });
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

}  // namespace trent::catalog
