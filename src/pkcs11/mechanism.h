// SPDX-License-Identifier: Apache-2.0
// Mechanisms: Trent's own, and which of the backend's are passed on.
#pragma once

#include "kms/key_spec.h"
#include "kms/requests.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/failure.h"

namespace trent::pkcs11 {

// One that Trent adds to those of the backend.
struct TrentMechanism {
  CK_MECHANISM_TYPE type;
  CK_FLAGS functions;     // as in CK_MECHANISM_INFO
  kms::KeySpec key_spec;  // of the keys that it is for
};
inline constexpr TrentMechanism kTrentMechanisms[] = {
    {CKM_TRENT_SYMMETRIC_DEFAULT, CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP,
     kms::KeySpec::SymmetricDefault},
    {CKM_TRENT_REENCRYPT, CKF_ENCRYPT, kms::KeySpec::SymmetricDefault}};

// nullptr: it is none of Trent's.
const TrentMechanism* find_trents(CK_MECHANISM_TYPE type);
inline bool is_trents(CK_MECHANISM_TYPE type) {
  return find_trents(type) != nullptr;
}

// What KMS says of the keys of a key's spec, and what they are in the token.
inline const kms::KeySpecRow& spec_of(const kms::KeyMetadata& key) {
  return kms::key_spec(kms::from_wire_name<kms::KeySpec>(key.key_spec).value());
}

// Throws CKR_ARGUMENTS_BAD for NULL, and CKR_MECHANISM_PARAM_INVALID for a parameter that the
// backend might follow into nowhere.
const CK_MECHANISM& checked_mechanism(CK_MECHANISM_PTR mechanism);

// True if the parameter has, or may have, object handles in it. The application's handles mean
// nothing to the backend, and a number that does could be that of a key of Trent's: such mechanisms
// are not passed on.
bool carries_handles(const CK_MECHANISM& mechanism);
bool carries_handles(CK_MECHANISM_TYPE type);

// The encryption context of a CKM_TRENT_SYMMETRIC_DEFAULT; nullptr stands for one without
// parameter. Throws CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID.
kms::EncryptionContext encryption_context(const CK_MECHANISM* mechanism);

// KMS's RSAES_OAEP_SHA_... of a CKM_RSA_PKCS_OAEP. Throws CKR_MECHANISM_PARAM_INVALID.
std::string oaep_algorithm(const CK_MECHANISM& mechanism);

// Throws CKR_MECHANISM_PARAM_INVALID. All zero if there is no parameter.
CK_TRENT_REENCRYPT_PARAMS re_encrypt_params(const CK_MECHANISM& mechanism);

}  // namespace trent::pkcs11
