// SPDX-License-Identifier: Apache-2.0
// C_DeriveKey with KMS keys: see agreement.h.
#include "pkcs11/agreement.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/public_key.h"
#include "hsm/public_key_object.h"
#include "pkcs11/kms_attributes.h"
#include "pkcs11/mechanism.h"

namespace trent::pkcs11 {

namespace {

// The point is uncompressed, with or without the OCTET STRING around it that CKA_EC_POINT has
// (PKCS#11 v3.0 section 2.3.16 allows both).
ByteView point_in(ByteView data, std::size_t size) {
  constexpr std::uint8_t kUncompressed = 4;
  require(data.size() >= size, CKR_MECHANISM_PARAM_INVALID);
  const ByteView point = data.last(size);
  require(point.front() == kUncompressed &&
              (data.size() == size || std::ranges::equal(data, hsm::octet_string(point))),
          CKR_MECHANISM_PARAM_INVALID);
  return point;
}

// The peer's, as KMS takes it.
Bytes public_key_in(const CK_MECHANISM& mechanism, const hsm::KeyPairKind& kind) {
  CK_ECDH1_DERIVE_PARAMS params{};
  require(mechanism.ulParameterLen == sizeof params, CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&params, mechanism.pParameter, sizeof params);
  // KMS hands out the x coordinate itself.
  require(params.kdf == CKD_NULL && params.ulSharedDataLen == 0, CKR_MECHANISM_PARAM_INVALID);
  const ByteView point = point_in({params.pPublicData, params.ulPublicDataLen}, kind.point_size);
  try {
    return ec_public_key(as_bytes(kind.curve), point);
  } catch (const Error&) {  // not on the curve
    throw Failure(CKR_MECHANISM_PARAM_INVALID);
  }
}

// How much of a shared secret of `available` bytes becomes the key.
std::size_t length_of_key(Template attributes, std::size_t available) {
  require(number_in(attributes, CKA_CLASS).value_or(CKO_SECRET_KEY) == CKO_SECRET_KEY &&
              find_attribute(attributes, CKA_VALUE) == nullptr,
          CKR_TEMPLATE_INCONSISTENT);
  const CK_ULONG type = number_in(attributes, CKA_KEY_TYPE).value_or(CKK_GENERIC_SECRET);
  const auto length = number_in(attributes, CKA_VALUE_LEN);
  require(type == CKK_GENERIC_SECRET || type == CKK_AES, CKR_TEMPLATE_INCONSISTENT);
  if (type == CKK_AES) {
    require(length.has_value(), CKR_TEMPLATE_INCOMPLETE);
    const CK_ULONG bytes = *length;
    require(bytes == 16 || bytes == 24 || bytes == 32, CKR_KEY_SIZE_RANGE);
  }
  require(!length || (*length > 0 && *length <= available), CKR_KEY_SIZE_RANGE);
  return length.value_or(available);
}

CK_OBJECT_HANDLE create_secret(Session& session, Template attributes, ByteView value) {
  CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
  CK_KEY_TYPE type = number_in(attributes, CKA_KEY_TYPE).value_or(CKK_GENERIC_SECRET);
  std::vector<CK_ATTRIBUTE> passed{{CKA_CLASS, &object_class, sizeof object_class},
                                   {CKA_KEY_TYPE, &type, sizeof type}};
  for (const CK_ATTRIBUTE& each : attributes)
    if (each.type != CKA_CLASS && each.type != CKA_KEY_TYPE && each.type != CKA_VALUE_LEN &&
        each.type != CKA_MODIFIABLE)
      passed.push_back(each);
  // Behind them: SoftHSM keeps what it could not finish, and that is to be no secret.
  passed.push_back({CKA_VALUE, const_cast<CK_BYTE_PTR>(value.data()), value.size()});
  // SoftHSM takes no more once this is false.
  if (const CK_ATTRIBUTE* modifiable = find_attribute(attributes, CKA_MODIFIABLE))
    passed.push_back(*modifiable);
  const bool on_token = flag_in(attributes, CKA_TOKEN).value_or(false);
  const ObjectChange change(session, on_token);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = session.call<&CK_FUNCTION_LIST::C_CreateObject>(
      passed.data(), CK_ULONG{passed.size()}, &handle);
  require(rv == CKR_OK, rv);
  return session.add_object(handle, on_token);
}

}  // namespace

CK_OBJECT_HANDLE derive_with_kms_key(Session& session, const CK_MECHANISM& mechanism,
                                     const KmsKey& key, Template attributes) {
  require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
  const kms::KeyMetadata metadata =
      session.slot().call(kms::DescribeKeyRequest{key.key_id, {}}).key_metadata;
  require(metadata.enabled && key.part == KeyPart::Private &&
              !metadata.key_agreement_algorithms.empty(),
          CKR_KEY_FUNCTION_NOT_PERMITTED);
  require(
      std::ranges::find(kAgreementMechanisms, mechanism.mechanism) != kAgreementMechanisms.end(),
      CKR_MECHANISM_INVALID);
  const hsm::KeyPairKind& kind = *spec_of(metadata).key_pair;
  kms::DeriveSharedSecretRequest request;
  request.key_id = key.key_id;
  request.key_agreement_algorithm = metadata.key_agreement_algorithms.front();
  request.public_key = public_key_in(mechanism, kind);
  const std::size_t length = length_of_key(attributes, kind.point_size / 2);
  const SecretBytes secret = session.slot().call(request).shared_secret;
  // "The truncation removes bytes from the leading end" (PKCS#11 v3.0 section 2.3.19).
  return create_secret(session, attributes, ByteView(secret).last(length));
}

}  // namespace trent::pkcs11
