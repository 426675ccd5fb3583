// SPDX-License-Identifier: Apache-2.0
// Base keys: what is derived from them, and what the token says of them.
#include "hsm/base_key.h"

#include <algorithm>

#include "hsm/profile.h"

namespace trent::hsm {

namespace {

CK_OBJECT_HANDLE derive(const Session& session, CK_OBJECT_HANDLE base_key, const Sha256& data,
                        Attributes& attributes) {
  CK_KEY_DERIVATION_STRING_DATA parameter{const_cast<CK_BYTE_PTR>(data.data()), data.size()};
  CK_MECHANISM mechanism{kBaseKey.mechanisms.front(), &parameter, sizeof parameter};
  CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_DeriveKey>(&mechanism, base_key, attributes.data(),
                                               attributes.size(), &derived);
  return derived;
}

}  // namespace

BaseKey::~BaseKey() {
  if (copy_ != CK_INVALID_HANDLE && anchor_.current())
    anchor_.try_call<&CK_FUNCTION_LIST::C_DestroyObject>(copy_);
}

Fingerprint fingerprint(const Session& session, CK_OBJECT_HANDLE base_key, const Sha256& input) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
  TemporaryObject derived(session, derive(session, base_key, input, attributes));
  auto value = session.read<Bytes>(derived.handle(), CKA_VALUE, 64);
  derived.destroy();
  Fingerprint result{};
  if (value.size() != result.size())
    throw Error(ErrorCode::UnsupportedOperation,
                "The token derives " + std::to_string(value.size()) + " bytes instead of 32.",
                "Its CKM_AES_ECB_ENCRYPT_DATA cannot be used.");
  std::copy(value.begin(), value.end(), result.begin());
  return result;
}

TemporaryObject derive_one_time_key(const Session& session, const Profile& profile,
                                    CK_OBJECT_HANDLE base_key, const Sha256& derivation_data,
                                    Purpose purpose) {
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, !profile.public_temporaries)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false);
  add_usage(attributes, {.wrap = purpose == Purpose::Wrap, .unwrap = purpose == Purpose::Unwrap});
  TemporaryObject key(session, derive(session, base_key, derivation_data, attributes));
  keep_promise(profile.one_time_keys, session, key.handle(), Extractable::No);
  return key;
}

bool is_refused(CK_RV rv) {
  switch (rv) {
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
    // The key was made, and its restriction then forbade what it is for.
    case CKR_MECHANISM_INVALID:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
      return true;
    default:
      return false;
  }
}

bool is_key_of(const Session& session, CK_OBJECT_HANDLE object, const BaseKeyRef& ref) {
  try {
    return fingerprint(session, object, ref.fingerprint_input) == ref.id;
  } catch (const Error& error) {
    // A key of another type, or without the right to derive, is none of ours.
    if (error.ck_rv() == CKR_KEY_FUNCTION_NOT_PERMITTED ||
        error.ck_rv() == CKR_KEY_TYPE_INCONSISTENT || error.ck_rv() == CKR_KEY_SIZE_RANGE ||
        error.ck_rv() == CKR_MECHANISM_INVALID)
      return false;
    throw;
  }
}

}  // namespace trent::hsm
