// SPDX-License-Identifier: Apache-2.0
// The record of a key as JSON text.
#include "catalog/key_record.h"

#include <algorithm>
#include <stdexcept>

#include "base/encoding.h"
#include "catalog/record_json.h"

namespace trent::catalog {

namespace {

using nlohmann::json;

constexpr std::string_view kKeyPrefix = "trent/key/";
constexpr std::string_view kStagedPrefix = "trent/new/";

KeyMaterialId material_id(const json& value) {
  auto bytes = from_hex(value.get<std::string>());
  KeyMaterialId id{};
  if (!bytes || bytes->size() != id.size())
    throw std::runtime_error("a key material id is not 64 hexadecimal digits");
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

// A later version may have keys that this one does not know how to use.
template <class Enum>
Enum property(const json& record, const char* name) {
  const auto value = from_wire_name<Enum>(record.at(name).get<std::string>());
  if (!value)
    throw std::runtime_error("its " + std::string(name) +
                             " is unknown: it was written by a later version of Trent");
  return *value;
}

std::shared_ptr<const PublicKey> public_key(const json& material, const std::string& key_id) {
  if (!material.contains("public_key")) return nullptr;
  auto der = from_base64(material.at("public_key").get<std::string>());
  if (!der || blob::key_material_id(key_id, *der) != material_id(material.at("id")))
    throw std::runtime_error("a public key is not the one that its id names");
  return std::make_shared<const PublicKey>(*std::move(der));
}

AdoptedObject adopted_object(const json& object) {
  AdoptedObject adopted{object.at("xks_key_id").get<std::string>(), {}, {}};
  const auto label = from_base64(object.at("label").get<std::string>());
  auto id = from_hex(object.at("id").get<std::string>());
  if (!label || !id || (label->empty() && id->empty()))
    throw std::runtime_error("its object has no name");
  adopted.label.assign(label->begin(), label->end());
  adopted.id = *std::move(id);
  return adopted;
}

std::optional<Import> import_of(const json& material) {
  if (!material.contains("import")) return std::nullopt;
  const json& in = material.at("import");
  Import import{in.value("deleted", false), {}, in.value("description", std::string())};
  if (in.contains("valid_to")) import.valid_to = from_milliseconds(in.at("valid_to"));
  return import;
}

json json_of(const Import& import) {
  json out = json::object();
  if (import.deleted) out["deleted"] = true;
  if (import.valid_to) out["valid_to"] = to_milliseconds(*import.valid_to);
  if (!import.description.empty()) out["description"] = import.description;
  return out;
}

// Throws unless which of its materials is current, and which comes next, is clear.
void read_places(const json& in, KeyRecord& record) {
  const bool imported = record.origin == KeyOrigin::External;
  for (const KeyMaterial& material : record.materials)
    if (material.import.has_value() != imported)
      throw std::runtime_error("its materials do not go with its origin");
  if (!record.materials.empty() || !imported) record.current = material_id(in.at("current"));
  if (in.contains("staged")) record.staged = material_id(in.at("staged"));
  if (!record.has_material(record.current) && !(imported && record.materials.empty()))
    throw std::runtime_error("its current key material is not among its materials");
  if (record.staged &&
      (!imported || !record.has_material(*record.staged) || record.staged == record.current))
    throw std::runtime_error("its next key material is not among its materials");
}

// Throws unless the id, the origin and the state go with it.
void read_multi_region(const json& in, KeyRecord& record) {
  if (in.contains("multi_region")) {
    const json& members = in.at("multi_region");
    record.multi_region = {members.at("primary").get<std::string>(),
                           whole_number<std::uint64_t>(members.at("changes"))};
  }
  if (record.multi_region.has_value() != is_multi_region(record.key_id) ||
      (record.multi_region && (record.adopted || record.enforced)))
    throw std::runtime_error("it is a multi-Region key, which does not go with its id or origin");
  if (in.contains("deletion_window"))
    record.deletion_window = whole_number<std::int64_t>(in.at("deletion_window"));
  constexpr std::int64_t kLongest = 365;
  const bool is_pending = record.state == KeyState::PendingReplicaDeletion;
  if (record.deletion_window.has_value() != is_pending || (is_pending && !record.multi_region) ||
      (is_pending && (*record.deletion_window < 1 || *record.deletion_window > kLongest)))
    throw std::runtime_error("its waiting period does not go with its state");
}

RotationSchedule rotation_schedule(const json& rotation) {
  constexpr std::int64_t kLongest = 10000;
  const RotationSchedule schedule{whole_number<std::int64_t>(rotation.at("period")),
                                  from_milliseconds(rotation.at("next"))};
  if (schedule.period_days < 1 || schedule.period_days > kLongest)
    throw std::runtime_error("its rotation period is out of range");
  return schedule;
}

// They stand beside the materials, where a version of Trent that does not rotate keeps them.
void read_rotations(const json& rotations, std::vector<KeyMaterial>& materials) {
  for (const auto& [id, rotation] : rotations.items()) {
    const auto material = std::ranges::find(materials, material_id(id), &KeyMaterial::id);
    if (material == materials.end())
      throw std::runtime_error("a rotation is of none of its materials");
    material->rotation = {from_milliseconds(rotation.at("date")),
                          property<RotationType>(rotation, "type")};
  }
}

json rotations_of(const std::vector<KeyMaterial>& materials) {
  json rotations = json::object();
  for (const KeyMaterial& material : materials)
    if (material.rotation)
      rotations[to_hex(material.id)] = {{"date", to_milliseconds(material.rotation->date)},
                                        {"type", wire_name(material.rotation->type)}};
  return rotations;
}

}  // namespace

const KeyMaterial* KeyRecord::material(const KeyMaterialId& id) const {
  const auto found = std::ranges::find(materials, id, &KeyMaterial::id);
  return found == materials.end() ? nullptr : &*found;
}

KeyState KeyRecord::state_at(Timestamp now) const {
  if (is_pending_deletion(state) || origin != KeyOrigin::External) return state;
  const bool complete = std::ranges::all_of(materials, [&](const KeyMaterial& material) {
    return material.id == staged || material.is_usable(now);
  });
  return complete && !materials.empty() ? state : KeyState::PendingImport;
}

bool KeyRecord::is_label(std::string_view label) {
  return label.starts_with(kKeyPrefix);
}

std::string KeyRecord::label() const {
  return key_label(key_id);
}

KeyRecord KeyRecord::parse(std::string_view text) {
  return read_json(text, [](const json& in) {
    KeyRecord record;
    record.revision = revision_of(in);
    record.key_id = in.at("key_id").get<std::string>();
    record.created = from_milliseconds(in.at("created"));
    record.description = in.at("description").get<std::string>();
    record.usage = property<KeyUsage>(in, "usage");
    record.spec = property<KeySpec>(in, "spec");
    record.origin = property<KeyOrigin>(in, "origin");
    const auto state = from_wire_name<KeyState>(in.at("state").get<std::string>());
    if (!state || *state == KeyState::PendingImport)
      throw std::runtime_error("its state is unknown");
    record.state = *state;
    if (in.contains("deletion")) record.deletion = from_milliseconds(in.at("deletion"));
    if (record.deletion.has_value() != (record.state == KeyState::PendingDeletion))
      throw std::runtime_error("its deletion date does not go with its state");
    if (!in.at("materials").is_array()) throw std::runtime_error("its materials are not a list");
    for (const json& material : in.at("materials"))
      record.materials.push_back({material_id(material.at("id")),
                                  from_milliseconds(material.at("created")),
                                  public_key(material, record.key_id),
                                  {},
                                  import_of(material)});
    for (const KeyMaterial& material : record.materials)
      if ((material.public_key != nullptr) != is_key_pair(record.spec))
        throw std::runtime_error("its public key does not go with its spec");
    read_places(in, record);
    if (in.contains("rotation")) record.rotation = rotation_schedule(in.at("rotation"));
    if (in.contains("rotations")) read_rotations(in.at("rotations"), record.materials);
    if (in.contains("adopted")) record.adopted = adopted_object(in.at("adopted"));
    if (record.adopted.has_value() != (record.origin == KeyOrigin::ExternalKeyStore))
      throw std::runtime_error("its object does not go with its origin");
    if (in.contains("tags")) record.tags = in.at("tags").get<std::map<std::string, std::string>>();
    if (in.contains("policy"))
      record.policy = std::make_shared<const std::string>(in.at("policy").get<std::string>());
    if (in.contains("enforced")) record.enforced = in.at("enforced").get<bool>();
    if (record.enforced &&
        (record.spec != KeySpec::SymmetricDefault || record.origin != KeyOrigin::AwsKms))
      throw std::runtime_error("it is enforced, which does not go with its spec or its origin");
    read_multi_region(in, record);
    record.others = other_members(
        in, {"key_id", "created", "description", "usage", "spec", "origin", "state", "deletion",
             "materials", "current", "staged", "rotation", "rotations", "adopted", "tags", "policy",
             "enforced", "multi_region", "deletion_window"});
    return record;
  });
}

std::string to_text(const KeyRecord& record) {
  json out = revision_members(record.revision);
  out["key_id"] = record.key_id;
  out["created"] = to_milliseconds(record.created);
  out["description"] = record.description;
  out["usage"] = wire_name(record.usage);
  out["spec"] = wire_name(record.spec);
  out["origin"] = wire_name(record.origin);
  out["state"] = wire_name(record.state);
  if (record.deletion) out["deletion"] = to_milliseconds(*record.deletion);
  out["materials"] = json::array();
  for (const KeyMaterial& material : record.materials) {
    json& members = out["materials"].emplace_back(json::object());
    members["id"] = to_hex(material.id);
    members["created"] = to_milliseconds(material.created);
    if (material.public_key) members["public_key"] = to_base64(material.public_key->der());
    if (material.import) members["import"] = json_of(*material.import);
  }
  if (!record.materials.empty()) out["current"] = to_hex(record.current);
  if (record.staged) out["staged"] = to_hex(*record.staged);
  if (record.rotation)
    out["rotation"] = {{"period", record.rotation->period_days},
                       {"next", to_milliseconds(record.rotation->next)}};
  if (json rotations = rotations_of(record.materials); !rotations.empty())
    out["rotations"] = std::move(rotations);
  if (record.adopted)
    out["adopted"] = {{"xks_key_id", record.adopted->xks_key_id},
                      {"label", to_base64(as_bytes(record.adopted->label))},
                      {"id", to_hex(record.adopted->id)}};
  if (!record.tags.empty()) out["tags"] = record.tags;
  if (record.deletion_window) out["deletion_window"] = *record.deletion_window;
  if (record.multi_region)
    out["multi_region"] = {{"primary", record.multi_region->primary_region},
                           {"changes", record.multi_region->changes}};
  if (record.policy || record.enforced || record.multi_region ||
      record.origin == KeyOrigin::External)
    out["format"] = kSecondFormat;
  if (record.policy) out["policy"] = *record.policy;
  if (record.enforced) out["enforced"] = true;
  add_other_members(out, record.others);
  return out.dump();
}

std::string key_label(std::string_view key_id) {
  return std::string(kKeyPrefix).append(key_id);
}

std::optional<std::string> key_id_of_label(std::string_view label) {
  if (!KeyRecord::is_label(label)) return std::nullopt;
  return std::string(label.substr(kKeyPrefix.size()));
}

std::string staged_label(std::string_view key_id) {
  return std::string(kStagedPrefix).append(key_id);
}

bool is_staged_label(std::string_view label) {
  return label.starts_with(kStagedPrefix);
}

std::optional<std::string> key_id_of_material_label(std::string_view label) {
  if (is_staged_label(label)) return std::string(label.substr(kStagedPrefix.size()));
  return key_id_of_label(label);
}

}  // namespace trent::catalog
