// SPDX-License-Identifier: Apache-2.0
// Materials by the kind of the key.
#include "kms/material.h"

#include <algorithm>

#include "hsm/base_key_store.h"
#include "kms/key_spec.h"

namespace trent::kms {

namespace {

using catalog::KeyMaterial;
using catalog::KeyRecord;

hsm::PairUse pair_use(KeyUsage usage) {
  if (usage == KeyUsage::EncryptDecrypt) return hsm::PairUse::EncryptDecrypt;
  if (usage == KeyUsage::KeyAgreement) return hsm::PairUse::KeyAgreement;
  return hsm::PairUse::SignVerify;
}

hsm::PrivateKeyRef private_key_ref(const KeyRecord& record, const KeyMaterial& material) {
  return {record.label(), material.id,
          private_key_kind(*key_spec(record.spec).key_pair, pair_use(record.usage)),
          material.public_key};
}

std::optional<blob::KeyMaterialId> material_id(ByteView id) {
  blob::KeyMaterialId out{};
  if (id.size() != out.size()) return std::nullopt;
  std::ranges::copy(id, out.begin());
  return out;
}

}  // namespace

KeyMaterial make_material(hsm::Token& token, const KeyRecord& record) {
  const std::string label = record.label();
  const KeySpecRow& row = key_spec(record.spec);
  const auto id_of = [&](ByteView shown) { return blob::key_material_id(record.key_id, shown); };
  KeyMaterial material{{}, record.created};
  if (row.key_pair != nullptr) {
    Bytes der = hsm::generate_key_pair(token, label, *row.key_pair, pair_use(record.usage), id_of);
    material.id = id_of(der);
    material.public_key = std::make_shared<const PublicKey>(std::move(der));
  } else if (row.secret_key->usage.sign) {
    material.id = hsm::generate_mac_key(token, mac_key_ref(record, {}));
  } else {
    material.id = hsm::generate_base_key(token, label, blob::key_material_id_input(record.key_id));
  }
  return material;
}

hsm::BaseKeyRef base_key_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return {record.label(), id, blob::key_material_id_input(record.key_id)};
}

hsm::PrivateKeyRef private_key_ref(const KeyRecord& record) {
  return private_key_ref(record, *record.material(record.current));
}

hsm::MacKeyRef mac_key_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return {record.label(), id, *key_spec(record.spec).secret_key,
          blob::key_material_id_input(record.key_id), [key_id = record.key_id](ByteView shown) {
            return blob::key_material_id(key_id, shown);
          }};
}

hsm::Expectation expectation(const KeyRecord& record) {
  const KeySpecRow& row = key_spec(record.spec);
  const auto shared = std::make_shared<const KeyRecord>(record);
  // One that the record does not name is none of the key's, whatever it is.
  if (row.key_pair != nullptr)
    return {private_key_kind(*row.key_pair, pair_use(record.usage)),
            [shared](const hsm::Session& session, CK_OBJECT_HANDLE key, ByteView id) {
              const auto named = material_id(id);
              const KeyMaterial* material = named ? shared->material(*named) : nullptr;
              return material != nullptr && material->public_key &&
                     is_private_key_of(session, key, private_key_ref(*shared, *material));
            }};
  const bool is_mac = row.secret_key->usage.sign;
  return {*row.secret_key,
          [shared, is_mac](const hsm::Session& session, CK_OBJECT_HANDLE key, ByteView id) {
            const auto named = material_id(id);
            if (!named) return false;
            return is_mac ? is_mac_key_of(session, key, mac_key_ref(*shared, *named))
                          : is_key_of(session, key, base_key_ref(*shared, *named));
          }};
}

}  // namespace trent::kms
