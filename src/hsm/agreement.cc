// SPDX-License-Identifier: Apache-2.0
// ECDH with a private key in the token.
#include "hsm/agreement.h"

#include <algorithm>

namespace trent::hsm {

TemporaryObject derive_shared(const Session& session, CK_OBJECT_HANDLE private_key, ByteView point,
                              Attributes& attributes) {
  CK_ECDH1_DERIVE_PARAMS parameters{};
  parameters.kdf = CKD_NULL;
  parameters.ulPublicDataLen = static_cast<CK_ULONG>(point.size());
  parameters.pPublicData = const_cast<CK_BYTE_PTR>(point.data());
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  session.call<&CK_FUNCTION_LIST::C_DeriveKey>(&mechanism, private_key, attributes.data(),
                                               attributes.size(), &handle);
  return {session, handle};
}

SecretBytes agree(const Session& session, CK_OBJECT_HANDLE private_key, ByteView point) {
  const std::size_t length = point.size() / 2;  // a byte, x and y
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .number(CKA_VALUE_LEN, length)
      .flag(CKA_TOKEN, false)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  add_usage(attributes, {});
  auto secret = derive_shared(session, private_key, point, attributes);
  auto value = session.read<SecretBytes>(secret.handle(), CKA_VALUE, length);
  secret.destroy();
  // Some tokens drop the zero bytes in front.
  value.insert(value.begin(), length - std::min(length, value.size()), 0);
  return value;
}

bool agrees_with(const Session& session, CK_OBJECT_HANDLE private_key,
                 const PublicKey& public_key) {
  const EphemeralKey trial(public_key);
  return agree(session, private_key, trial.point()) == trial.agree_with(public_key);
}

}  // namespace trent::hsm
