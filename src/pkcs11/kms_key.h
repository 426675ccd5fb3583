// SPDX-License-Identifier: Apache-2.0
// KMS keys as CKO_SECRET_KEY objects.
#pragma once

#include <vector>

#include "kms/key_spec.h"
#include "pkcs11/new_key_pair.h"
#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace trent::pkcs11 {

// What all KMS keys look like, as there is one key spec.
inline const hsm::KeyKind& kms_key_kind() {
  return *kms::key_spec(kms::KeySpec::SymmetricDefault).secret_key;
}

// The keys that match a search: those that are Enabled, unless the search names
// CKA_TRENT_KEY_STATE. By CKA_ID, CKA_UNIQUE_ID, CKA_TRENT_KEY_ARN and CKA_LABEL keys are looked
// up, without a listing; and by CKA_LABEL under each of their aliases.
std::vector<CK_OBJECT_HANDLE> find_kms_keys(Session& session, Template search);

// True if nothing in the token but KMS keys can match.
bool only_kms_keys_match(Template search);

CK_RV get_attributes(Session& session, const KmsKey& key, Template attributes);

// CKA_LABEL: the alias that is the label now gives way to the new one, which no other key may have.
// Nothing else can change.
void set_attributes(Session& session, const KmsKey& key, Template attributes);

// Why there can be no KMS key with these attributes; CKR_OK if there can. (Of a label it says
// nothing: one that cannot be an alias is a mistake.)
CK_RV fault_of_new_key(Template attributes);

// CreateKey, and CreateAlias if there is a CKA_LABEL; neither if it cannot be had.
KmsKey create_kms_key(Session& session, Template attributes);

// The same for a key pair; its part is the private key.
KmsKey create_kms_key_pair(Session& session, const NewKeyPair& pair);

// ScheduleKeyDeletion with the longest window.
void destroy_kms_key(Session& session, const KmsKey& key);

}  // namespace trent::pkcs11
