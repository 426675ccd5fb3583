// SPDX-License-Identifier: Apache-2.0
// What is in a token: see contents.h.
#include "kms/contents.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

#include "catalog/store.h"
#include "kms/key.h"
#include "kms/material.h"

namespace trent::kms {

namespace {

using catalog::AliasRecord;
using catalog::GrantRecord;
using catalog::KeyRecord;

// What is left of interrupted changes, beside the record that holds.
void add_remains(const std::string& label, const catalog::Versions& versions, Contents& contents) {
  const auto add = [&](const catalog::Version& version) {
    contents.superseded.push_back(version.object);
  };
  const auto& committed = versions.committed;
  for (std::size_t i = 1; i < committed.size(); ++i) {
    if (committed[i].revision.number != committed[0].revision.number) {
      add(committed[i]);
      continue;
    }
    contents.damaged.push_back("The record " + label + " has two revisions " +
                               std::to_string(committed[i].revision.number) +
                               ": two changes were interrupted at once.");
    contents.doubtful.insert(label);
  }
  for (const auto* list : {&versions.survivors, &versions.pending, &versions.creations})
    for (const catalog::Version& version : *list)
      if (&version != versions.holds()) add(version);
  for (const catalog::Marker& marker : versions.markers)
    contents.superseded.push_back(marker.object);
}

void add_records(hsm::Token& token, Contents& contents) {
  for (const auto& [label, versions] : catalog::list_versions(token)) {
    for (const hsm::DataObject& object : versions.damaged) {
      contents.damaged.push_back(
          label.empty() ? "A data object in the token cannot be read: " + object.fault +
                              ". It may be a file of another token."
                        : "The record " + label + " is damaged: " + object.fault);
      contents.doubtful.insert(label);
    }
    add_remains(label, versions, contents);
    const catalog::Version* version = versions.holds();
    if (version == nullptr) continue;
    try {
      if (auto key_id = catalog::key_id_of_label(label)) {
        KeyRecord record = KeyRecord::parse(version->object.value);
        if (record.key_id != *key_id)
          throw std::runtime_error("it says that it is key " + record.key_id);
        contents.newest = std::max({contents.newest, record.created, record.revision.made});
        for (const catalog::KeyMaterial& material : record.materials)
          contents.newest = std::max(contents.newest, material.created);
        contents.revisions.emplace(label, RememberedRecord{record.revision, record.deletion});
        if (is_deleted(record))
          contents.expired.emplace(label, Contents::Expired{std::move(record), version->object});
        else
          contents.keys.emplace(label, std::move(record));
      } else if (AliasRecord::is_label(label)) {
        AliasRecord record = AliasRecord::parse(version->object.value);
        if (catalog::alias_label(record.name) != label)
          throw std::runtime_error("it says that it is " + record.name);
        contents.newest = std::max({contents.newest, record.updated, record.revision.made});
        contents.revisions.emplace(label, RememberedRecord{record.revision});
        contents.aliases.push_back(std::move(record));
      } else if (GrantRecord::is_label(label)) {
        GrantRecord record = GrantRecord::parse(version->object.value);
        if (record.label() != label)
          throw std::runtime_error("it says that it is grant " + record.grant_id);
        contents.newest = std::max({contents.newest, record.created, record.revision.made});
        contents.revisions.emplace(label, RememberedRecord{record.revision});
        contents.grants.push_back(std::move(record));
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

// What a key without a record can only be: the record says of which spec a key is, and what it is
// proven by.
hsm::Expectation expectation_without_record(const std::string& key_id, CK_OBJECT_CLASS object_class,
                                            CK_KEY_TYPE type) {
  KeyRecord record;
  record.key_id = key_id;
  hsm::Expectation unknown = expectation(record, type);
  if (object_class == CKO_SECRET_KEY && type != CKK_GENERIC_SECRET) return unknown;
  unknown.is_proven = [](const hsm::Session&, CK_OBJECT_HANDLE, ByteView) { return false; };
  return unknown;
}

// A search is what costs most in a large token: one for private keys is made in vain where no key
// can have one, but for what an interrupted CreateKey has left.
std::span<const CK_OBJECT_CLASS> classes_to_survey(const Contents& contents) {
  static constexpr std::array<CK_OBJECT_CLASS, 2> kBoth{CKO_SECRET_KEY, CKO_PRIVATE_KEY};
  constexpr std::size_t kMany = 1000;
  const auto is_pair = [](const KeyRecord& record) { return catalog::is_key_pair(record.spec); };
  const bool has_pairs =
      std::ranges::any_of(contents.keys,
                          [&](const auto& entry) { return is_pair(entry.second); }) ||
      std::ranges::any_of(contents.expired,
                          [&](const auto& entry) { return is_pair(entry.second.record); });
  if (has_pairs || contents.keys.size() < kMany) return kBoth;
  return std::span(kBoth).first<1>();
}

// The record that has adopted an object, by class, label and CKA_ID.
using Adopted = std::map<std::tuple<CK_OBJECT_CLASS, std::string, Bytes>, const KeyRecord*>;

Adopted adopted_objects(Contents& contents) {
  Adopted objects;
  for (const auto& [label, record] : contents.keys) {
    if (!record.adopted) continue;
    const auto [other, is_new] = objects.try_emplace(
        {key_kind(record).object_class, record.adopted->label, record.adopted->id}, &record);
    if (!is_new)
      contents.damaged.push_back("The keys " + other->second->key_id + " and " + record.key_id +
                                 " were adopted from the same object: delete one of them.");
  }
  return objects;
}

void add_materials(hsm::Token& token, Contents& contents) {
  const Adopted adopted = adopted_objects(contents);
  const auto find_adopted = [&](CK_OBJECT_CLASS object_class, const std::string& label,
                                const Bytes& id) -> const KeyRecord* {
    const auto found = adopted.find({object_class, label, id});
    return found == adopted.end() ? nullptr : found->second;
  };
  const auto find_record = [&](const std::string& label) -> const KeyRecord* {
    if (const auto key = contents.keys.find(label); key != contents.keys.end()) return &key->second;
    const auto expired = contents.expired.find(label);
    return expired == contents.expired.end() ? nullptr : &expired->second.record;
  };
  hsm::KeySurvey survey = hsm::survey_keys(
      token, classes_to_survey(contents),
      [&](CK_OBJECT_CLASS object_class,
          const hsm::KeyFacts& facts) -> std::optional<hsm::Expectation> {
        const auto key_id = catalog::key_id_of_material_label(facts.label);
        if (!key_id) {
          const KeyRecord* record = find_adopted(object_class, facts.label, facts.id);
          if (record == nullptr) return std::nullopt;
          return expectation(*record, facts.type);
        }
        if (const KeyRecord* record = find_record(catalog::key_label(*key_id)))
          return expectation(*record, facts.type);
        return expectation_without_record(*key_id, object_class, facts.type);
      });
  for (hsm::KeyState& material : survey.keys) {
    const KeyRecord* record = find_adopted(material.object_class, material.label, material.id);
    std::string label =
        record == nullptr
            ? catalog::key_label(catalog::key_id_of_material_label(material.label).value())
            : record->label();
    (record == nullptr ? contents.materials : contents.adopted)
        .emplace(std::move(label), std::move(material));
  }
  for (const std::string& reason : survey.unreadable)
    contents.damaged.push_back("A key in the token cannot be read: " + reason);
}

}  // namespace

namespace {

bool is_staged(const hsm::KeyState& material) {
  return catalog::is_staged_label(material.label) && material_id(material.id);
}

// What is staged is a copy where the key is a multi-Region key: see replication.h.
std::vector<const hsm::KeyState*> without_record(const Contents& contents, bool copies) {
  std::vector<const hsm::KeyState*> found;
  for (const auto& [label, material] : contents.materials) {
    if (contents.keys.contains(label) || contents.expired.contains(label) ||
        contents.doubtful.contains(label))
      continue;
    const bool is_copy =
        is_staged(material) && catalog::is_multi_region(catalog::key_id_of_label(label).value());
    if (is_copy == copies) found.push_back(&material);
  }
  return found;
}

}  // namespace

std::vector<const hsm::KeyState*> Contents::recordless() const {
  return without_record(*this, false);
}

namespace {

// What the record says of a material.
enum class OfRecord { Yes, No, Deleted };

OfRecord of_record(const KeyRecord& record, const hsm::KeyState& material) {
  const auto id = material_id(material.id);
  if (!id || !record.has_material(*id)) return OfRecord::No;
  return record.keeps_material(*id) ? OfRecord::Yes : OfRecord::Deleted;
}

// Of keys whose record is clear.
std::vector<const hsm::KeyState*> materials_of_keys(const Contents& contents, OfRecord wanted,
                                                    bool staged) {
  std::vector<const hsm::KeyState*> found;
  for (const auto& [label, material] : contents.materials) {
    auto record = contents.keys.find(label);
    if (record == contents.keys.end() || contents.doubtful.contains(label)) continue;
    if (of_record(record->second, material) == wanted && is_staged(material) == staged)
      found.push_back(&material);
  }
  return found;
}

}  // namespace

std::vector<const hsm::KeyState*> Contents::unnamed() const {
  return materials_of_keys(*this, OfRecord::No, false);
}

std::vector<const hsm::KeyState*> Contents::unfinished() const {
  auto found = materials_of_keys(*this, OfRecord::No, true);
  const auto again = materials_of_keys(*this, OfRecord::Deleted, true);
  found.insert(found.end(), again.begin(), again.end());
  const auto copies = without_record(*this, true);
  found.insert(found.end(), copies.begin(), copies.end());
  return found;
}

std::vector<const hsm::KeyState*> Contents::deleted() const {
  return materials_of_keys(*this, OfRecord::Deleted, false);
}

std::vector<const hsm::KeyState*> Contents::staged() const {
  return materials_of_keys(*this, OfRecord::Yes, true);
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
