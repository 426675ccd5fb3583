#include "catalog/record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/encoding.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::string_view kKeyPrefix = "trent/key/";
constexpr std::string_view kAliasPrefix = "trent/alias/";

std::int64_t milliseconds(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// json::get() would take 1.5, true and -1 for a number of any type.
template <class Integer>
Integer integer(const json& value) {
  if (value.is_number_unsigned()) {
    auto number = value.get<std::uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    auto number = value.get<std::int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  throw std::runtime_error("a number is not a whole one, or out of range");
}

Timestamp timestamp(const json& value) {
  using std::chrono::milliseconds;
  constexpr auto kLimit = std::chrono::duration_cast<milliseconds>(Timestamp::duration::max());
  milliseconds since_epoch(integer<std::int64_t>(value));
  if (since_epoch > kLimit || since_epoch < -kLimit)
    throw std::runtime_error("a date is out of range");
  return Timestamp(since_epoch);
}

KeyMaterialId material_id(const json& value) {
  auto bytes = from_hex(value.get<std::string>());
  KeyMaterialId id{};
  if (!bytes || bytes->size() != id.size())
    throw std::runtime_error("a key material id is not 64 hexadecimal digits");
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
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

// Any fault of the JSON as one kind of exception, with the library's reason.
template <class Read>
auto parse(std::string_view text, Read read) {
  try {
    // The parser takes a NUL for the end and would not look at what follows.
    if (text.find('\0') != text.npos) throw std::runtime_error("it holds a NUL");
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace

bool KeyRecord::has_material(const KeyMaterialId& id) const {
  return std::any_of(materials.begin(), materials.end(),
                     [&](const KeyMaterial& material) { return material.id == id; });
}

Timestamp now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string to_text(const KeyRecord& record) {
  json out = revision_members(record.revision);
  out["key_id"] = record.key_id;
  out["created"] = milliseconds(record.created);
  out["description"] = record.description;
  out["usage"] = record.usage;
  out["spec"] = record.spec;
  out["origin"] = record.origin;
  out["state"] = record.state;
  if (record.deletion) out["deletion"] = milliseconds(*record.deletion);
  out["materials"] = json::array();
  for (const KeyMaterial& material : record.materials)
    out["materials"].push_back(
        {{"id", to_hex(material.id)}, {"created", milliseconds(material.created)}});
  out["current"] = to_hex(record.current);
  return out.dump();
}

std::string to_text(const AliasRecord& record) {
  json out = revision_members(record.revision);
  out["name"] = record.name;
  out["target"] = record.target;
  out["created"] = milliseconds(record.created);
  out["updated"] = milliseconds(record.updated);
  return out.dump();
}

KeyRecord parse_key_record(std::string_view text) {
  return parse(text, [](const json& in) {
    KeyRecord record;
    record.revision = revision_of(in);
    record.key_id = in.at("key_id").get<std::string>();
    record.created = timestamp(in.at("created"));
    record.description = in.at("description").get<std::string>();
    record.usage = in.at("usage").get<std::string>();
    record.spec = in.at("spec").get<std::string>();
    record.origin = in.at("origin").get<std::string>();
    record.state = in.at("state").get<std::string>();
    if (record.state != "Enabled" && record.state != "Disabled" &&
        record.state != "PendingDeletion")
      throw std::runtime_error("its state is unknown");
    if (in.contains("deletion")) record.deletion = timestamp(in.at("deletion"));
    if (record.deletion.has_value() != (record.state == "PendingDeletion"))
      throw std::runtime_error("its deletion date does not go with its state");
    if (!in.at("materials").is_array()) throw std::runtime_error("its materials are not a list");
    for (const json& material : in.at("materials"))
      record.materials.push_back(
          {material_id(material.at("id")), timestamp(material.at("created"))});
    record.current = material_id(in.at("current"));
    if (!record.has_material(record.current))
      throw std::runtime_error("its current key material is not among its materials");
    return record;
  });
}

AliasRecord parse_alias_record(std::string_view text) {
  return parse(text, [](const json& in) {
    AliasRecord record;
    record.revision = revision_of(in);
    record.name = in.at("name").get<std::string>();
    record.target = in.at("target").get<std::string>();
    record.created = timestamp(in.at("created"));
    record.updated = timestamp(in.at("updated"));
    return record;
  });
}

Revision parse_revision(std::string_view text) {
  return parse(text, revision_of);
}

std::string marker_text(const std::string& nonce, Timestamp made) {
  const json marker = {{"format", kFormat}, {"pending", nonce}, {"made", milliseconds(made)}};
  return marker.dump();
}

std::optional<Pending> parse_marker(std::string_view text) {
  // Most texts are records: they are not to be parsed twice.
  if (text.find("\"pending\"") == text.npos) return std::nullopt;
  try {
    return parse(text, [](const json& in) -> std::optional<Pending> {
      if (!in.is_object() || !in.contains("pending")) return std::nullopt;
      Pending pending{in.at("pending").get<std::string>(), {}};
      if (in.contains("made")) pending.made = timestamp(in.at("made"));
      return pending;
    });
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

std::string key_label(std::string_view key_id) {
  return std::string(kKeyPrefix).append(key_id);
}

std::string alias_label(std::string_view name) {
  if (name.starts_with("alias/")) name.remove_prefix(6);
  return std::string(kAliasPrefix).append(name);
}

std::optional<std::string> key_id_of_label(std::string_view label) {
  if (!label.starts_with(kKeyPrefix)) return std::nullopt;
  return std::string(label.substr(kKeyPrefix.size()));
}

bool is_alias_label(std::string_view label) {
  return label.starts_with(kAliasPrefix);
}

}  // namespace trent::catalog
