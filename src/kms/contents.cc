// What is in a token: see contents.h.
#include "kms/contents.h"

#include <algorithm>
#include <stdexcept>

#include "catalog/store.h"
#include "kms/implementation.h"

namespace trent::kms {

namespace {

using catalog::AliasRecord;
using catalog::KeyRecord;
using catalog::Revision;

void add_records(hsm::Token& token, Contents& contents) {
  std::map<std::string, std::pair<Revision, hsm::DataObject>> highest;
  for (hsm::DataObject& object : hsm::list_data(token, catalog::kApplication)) {
    Revision revision;
    try {
      revision = catalog::parse_revision(object.value);
    } catch (const std::runtime_error& error) {
      contents.damaged.push_back("The record " + object.label + " is damaged: " + error.what());
      contents.doubtful.insert(object.label);
      continue;
    }
    auto [known, is_new] = highest.try_emplace(object.label, revision, object);
    if (is_new) continue;
    if (known->second.first.number < revision.number) {
      contents.superseded.push_back(std::move(known->second.second));
      known->second = {revision, std::move(object)};
    } else if (known->second.first.number > revision.number) {
      contents.superseded.push_back(std::move(object));
    } else {
      contents.damaged.push_back("The record " + object.label + " has two revisions " +
                                 std::to_string(revision.number) +
                                 ": two changes were interrupted at once.");
      contents.doubtful.insert(object.label);
      // The one that every reader takes.
      if (revision.nonce < known->second.first.nonce) known->second = {revision, std::move(object)};
    }
  }
  for (auto& [label, version] : highest) {
    try {
      if (auto key_id = catalog::key_id_of_label(label)) {
        KeyRecord record = catalog::parse_key_record(version.second.value);
        if (record.key_id != *key_id)
          throw std::runtime_error("it says that it is key " + record.key_id);
        contents.newest = std::max(contents.newest, record.created);
        for (const catalog::KeyMaterial& material : record.materials)
          contents.newest = std::max(contents.newest, material.created);
        if (is_deleted(record))
          contents.expired.emplace(label,
                                   Contents::Expired{std::move(record), std::move(version.second)});
        else
          contents.keys.emplace(label, std::move(record));
      } else if (catalog::is_alias_label(label)) {
        AliasRecord record = catalog::parse_alias_record(version.second.value);
        if (catalog::alias_label(record.name) != label)
          throw std::runtime_error("it says that it is " + record.name);
        contents.newest = std::max({contents.newest, record.created, record.updated});
        contents.aliases.push_back(std::move(record));
      }
    } catch (const std::runtime_error& error) {
      contents.damaged.push_back("The record " + label + " is damaged: " + error.what());
      contents.doubtful.insert(label);
    }
  }
  std::erase_if(contents.superseded, [&](const hsm::DataObject& object) {
    return contents.doubtful.contains(object.label);
  });
}

void add_materials(hsm::Token& token, Contents& contents) {
  const auto fingerprint_input = [](const std::string& label) -> std::optional<Sha256> {
    auto key_id = catalog::key_id_of_label(label);
    if (!key_id) return std::nullopt;
    return blob::key_material_id_input(*key_id);
  };
  hsm::BaseKeySurvey survey = hsm::survey_base_keys(token, fingerprint_input);
  for (hsm::BaseKeyState& material : survey.keys) {
    std::string label = material.label;
    contents.materials.emplace(std::move(label), std::move(material));
  }
  for (const std::string& reason : survey.unreadable)
    contents.damaged.push_back("A secret key in the token cannot be read: " + reason);
}

}  // namespace

std::optional<blob::KeyMaterialId> material_id(const hsm::BaseKeyState& material) {
  blob::KeyMaterialId id{};
  if (material.id.size() != id.size()) return std::nullopt;
  std::copy(material.id.begin(), material.id.end(), id.begin());
  return id;
}

std::vector<const hsm::BaseKeyState*> Contents::recordless() const {
  std::vector<const hsm::BaseKeyState*> found;
  for (const auto& [label, material] : materials)
    if (!keys.contains(label) && !expired.contains(label) && !doubtful.contains(label))
      found.push_back(&material);
  return found;
}

std::vector<const hsm::BaseKeyState*> Contents::unnamed() const {
  std::vector<const hsm::BaseKeyState*> found;
  for (const auto& [label, material] : materials) {
    auto record = keys.find(label);
    if (record == keys.end() || doubtful.contains(label)) continue;
    auto id = material_id(material);
    if (!id || !record->second.has_material(*id)) found.push_back(&material);
  }
  return found;
}

Contents look_into(hsm::Token& token) {
  Contents contents;
  // Records first: of a key that is made meanwhile, there may then be a material too many, which
  // the next look finds to be none, but never one too few.
  add_records(token, contents);
  add_materials(token, contents);
  return contents;
}

}  // namespace trent::kms
