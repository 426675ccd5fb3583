// SPDX-License-Identifier: Apache-2.0
// Materials by the kind of the key.
#include "kms/material.h"

#include <algorithm>

#include "hsm/base_key_store.h"
#include "hsm/enforced_key_store.h"
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

// The key's object has its kind, whoever made it.
hsm::KeyRef key_ref(const KeyRecord& record, const blob::KeyMaterialId& id, hsm::KeyKind kind) {
  if (!record.adopted) return hsm::own_key_ref(record.label(), id, kind);
  kind.adopted = true;
  return {{record.adopted->label, record.adopted->id}, id, kind};
}

hsm::PrivateKeyRef private_key_of(const KeyRecord& record, const KeyMaterial& material) {
  return {key_ref(record, material.id, key_kind(record)), material.public_key};
}

}  // namespace

KeyMaterial make_material(hsm::Token& token, const KeyRecord& record, const std::string& label) {
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
    material.id = hsm::generate_base_key(token, label, blob::key_material_id_input(record.key_id),
                                         key_kind(record));
  }
  return material;
}

KeyMaterial make_enforced_material(const hsm::ChangeLock& lock, hsm::Token& token,
                                   const KeyRecord& record, const SecretBytes& so_pin) {
  return {hsm::make_enforced_key(lock, token, so_pin, enforced_key_ref(record, {})),
          record.created};
}

hsm::ImportedKind imported_kind(const KeyRecord& record) {
  const hsm::KeyKind kind = key_kind(record);
  if (kind.object_class == CKO_PRIVATE_KEY)
    return {kind, {}, key_spec(record.spec).key_pair, [key_id = record.key_id](ByteView shown) {
              return blob::key_material_id(key_id, shown);
            }};
  if (kind.usage.sign)
    return {kind,
            [ref = mac_key_ref(record, {})](const hsm::Session& session, CK_OBJECT_HANDLE object) {
              return hsm::mac_key_id(session, object, ref);
            }};
  return {kind,
          [ref = base_key_ref(record, {})](const hsm::Session& session, CK_OBJECT_HANDLE object) {
            return hsm::fingerprint(session, object, ref.fingerprint_input);
          }};
}

bool has_material_object(hsm::Token& token, const KeyRecord& record,
                         const hsm::ImportedId& material) {
  const hsm::PrivateKeyRef ref{key_ref(record, material.id, key_kind(record)), material.public_key};
  return hsm::has_key(token, ref, [&](const hsm::Session& session, CK_OBJECT_HANDLE object) {
    if (ref.public_key) return is_private_key_of(session, object, ref);
    return imported_kind(record).id_of(session, object) == material.id;
  });
}

std::optional<blob::KeyMaterialId> material_id(ByteView id) {
  blob::KeyMaterialId out{};
  if (id.size() != out.size()) return std::nullopt;
  std::ranges::copy(id, out.begin());
  return out;
}

KeyMaterial adopt_material(hsm::Token& token, const KeyRecord& record,
                           std::shared_ptr<const PublicKey> public_key) {
  KeyMaterial material{{}, record.created, std::move(public_key)};
  if (material.public_key) {
    material.id = blob::key_material_id(record.key_id, material.public_key->der());
    hsm::prove_private_key(token, private_key_of(record, material));
  } else if (key_kind(record).usage.sign) {
    material.id = hsm::mac_key_id(token, mac_key_ref(record, {}));
  } else {
    material.id = hsm::base_key_id(token, base_key_ref(record, {}));
  }
  return material;
}

hsm::KeyKind key_kind(const KeyRecord& record) {
  if (record.enforced) return hsm::kEnforcedKey;
  const KeySpecRow& row = key_spec(record.spec);
  hsm::KeyKind kind = row.key_pair != nullptr
                          ? private_key_kind(*row.key_pair, pair_use(record.usage))
                          : *row.secret_key;
  // Imported material is brought to each region.
  kind.extractable =
      catalog::is_multi_region(record.key_id) && record.origin == catalog::KeyOrigin::AwsKms;
  return kind;
}

hsm::KeyRef material_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return key_ref(record, id, key_kind(record));
}

hsm::BaseKeyRef base_key_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return {key_ref(record, id, key_kind(record)), blob::key_material_id_input(record.key_id)};
}

hsm::EnforcedKeyRef enforced_key_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return {
      key_ref(record, id, hsm::kEnforcedKey), blob::key_material_id_input(record.key_id),
      [key_id = record.key_id](ByteView shown) { return blob::key_material_id(key_id, shown); }};
}

hsm::PrivateKeyRef private_key_ref(const KeyRecord& record) {
  return private_key_of(record, *record.material(record.current));
}

hsm::MacKeyRef mac_key_ref(const KeyRecord& record, const blob::KeyMaterialId& id) {
  return {
      key_ref(record, id, key_kind(record)), blob::key_material_id_input(record.key_id),
      [key_id = record.key_id](ByteView shown) { return blob::key_material_id(key_id, shown); }};
}

namespace {

// Of one of the two.
hsm::Expectation expectation_of_enforced(const KeyRecord& record, CK_KEY_TYPE type) {
  hsm::Expectation expected;
  expected.is_proven = [record](const hsm::Session& session, CK_OBJECT_HANDLE key, ByteView id) {
    const auto named = material_id(id);
    return named && hsm::is_enforced_key_of(session, key, enforced_key_ref(record, *named));
  };
  if (type == hsm::kEnforcedMacKey.type) {
    expected.kind = hsm::kEnforcedMacKey;
  } else {
    expected.kind = hsm::kEnforcedKey;
    expected.weaknesses = &hsm::weaknesses;
  }
  return expected;
}

}  // namespace

hsm::Expectation expectation(const KeyRecord& record, CK_KEY_TYPE type) {
  if (record.enforced) return expectation_of_enforced(record, type);
  // What an object is proven by: that which its CKA_ID says, or an adopted one's record.
  const auto id_of = [adopted = record.adopted.has_value(), current = record.current](ByteView id) {
    return adopted ? current : material_id(id);
  };
  const hsm::KeyKind kind = key_ref(record, record.current, key_kind(record)).kind;
  if (kind.object_class == CKO_PRIVATE_KEY) {
    std::vector<hsm::PrivateKeyRef> named;
    for (const KeyMaterial& material : record.materials)
      named.push_back(private_key_of(record, material));
    // One that the record does not name is none of the key's, whatever it is.
    return {kind,
            [id_of, named](const hsm::Session& session, CK_OBJECT_HANDLE key, ByteView id) {
              const auto wanted = id_of(id);
              return std::ranges::any_of(named, [&](const hsm::PrivateKeyRef& ref) {
                return ref.id == wanted && is_private_key_of(session, key, ref);
              });
            },
            {}};
  }
  const auto proven_by = [id_of](auto ref, auto is_proven) {
    return [id_of, ref, is_proven](const hsm::Session& session, CK_OBJECT_HANDLE key, ByteView id) {
      const auto named = id_of(id);
      if (!named) return false;
      auto wanted = ref;
      wanted.id = *named;
      return is_proven(session, key, wanted);
    };
  };
  if (kind.usage.sign) return {kind, proven_by(mac_key_ref(record, {}), &hsm::is_mac_key_of), {}};
  return {kind, proven_by(base_key_ref(record, {}), &hsm::is_key_of), {}};
}

}  // namespace trent::kms
