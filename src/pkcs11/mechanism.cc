// SPDX-License-Identifier: Apache-2.0
// Mechanisms: Trent's own, and which of the backend's are passed on.
#include "pkcs11/mechanism.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/bytes.h"

namespace trent::pkcs11 {

namespace {

constexpr CK_ULONG kMaxParameter = 1UL << 20;

bool points_somewhere(const void* pointer, CK_ULONG length) {
  return length <= kMaxParameter && (pointer != nullptr || length == 0);
}

// The parameter as a structure; its address need not be aligned. Wrong sizes are the backend's to
// refuse.
template <class Parameter, class Check>
void check_parameter(const CK_MECHANISM& mechanism, Check check) {
  if (mechanism.ulParameterLen != sizeof(Parameter)) return;
  Parameter parameter{};
  std::memcpy(&parameter, mechanism.pParameter, sizeof parameter);
  require(check(parameter), CKR_MECHANISM_PARAM_INVALID);
}

void check_known_parameter(const CK_MECHANISM& mechanism) {
  switch (mechanism.mechanism) {
    // SoftHSM calls the mechanism invalid, if it is the initialisation vector.
    case CKM_DES_CBC:
    case CKM_DES_CBC_PAD:
    case CKM_DES3_CBC:
    case CKM_DES3_CBC_PAD:
      require(mechanism.ulParameterLen == 8, CKR_MECHANISM_PARAM_INVALID);
      break;
    case CKM_AES_CBC:
    case CKM_AES_CBC_PAD:
      require(mechanism.ulParameterLen == 16, CKR_MECHANISM_PARAM_INVALID);
      break;
    case CKM_AES_GCM:
      check_parameter<CK_GCM_PARAMS>(mechanism, [](const CK_GCM_PARAMS& p) {
        return points_somewhere(p.pIv, p.ulIvLen) && points_somewhere(p.pAAD, p.ulAADLen);
      });
      break;
    case CKM_RSA_PKCS_OAEP:
      check_parameter<CK_RSA_PKCS_OAEP_PARAMS>(mechanism, [](const CK_RSA_PKCS_OAEP_PARAMS& p) {
        return points_somewhere(p.pSourceData, p.ulSourceDataLen);
      });
      break;
    case CKM_ECDH1_DERIVE:
    case CKM_ECDH1_COFACTOR_DERIVE:
      check_parameter<CK_ECDH1_DERIVE_PARAMS>(mechanism, [](const CK_ECDH1_DERIVE_PARAMS& p) {
        return points_somewhere(p.pSharedData, p.ulSharedDataLen) &&
               points_somewhere(p.pPublicData, p.ulPublicDataLen);
      });
      break;
    case CKM_DES_ECB_ENCRYPT_DATA:
    case CKM_DES3_ECB_ENCRYPT_DATA:
    case CKM_AES_ECB_ENCRYPT_DATA:
    case CKM_CONCATENATE_BASE_AND_DATA:
    case CKM_CONCATENATE_DATA_AND_BASE:
    case CKM_XOR_BASE_AND_DATA:
      check_parameter<CK_KEY_DERIVATION_STRING_DATA>(mechanism,
                                                     [](const CK_KEY_DERIVATION_STRING_DATA& p) {
                                                       return points_somewhere(p.pData, p.ulLen);
                                                     });
      break;
    case CKM_AES_CBC_ENCRYPT_DATA:
      check_parameter<CK_AES_CBC_ENCRYPT_DATA_PARAMS>(mechanism,
                                                      [](const CK_AES_CBC_ENCRYPT_DATA_PARAMS& p) {
                                                        return points_somewhere(p.pData, p.length);
                                                      });
      break;
    case CKM_DES_CBC_ENCRYPT_DATA:
    case CKM_DES3_CBC_ENCRYPT_DATA:
      check_parameter<CK_DES_CBC_ENCRYPT_DATA_PARAMS>(mechanism,
                                                      [](const CK_DES_CBC_ENCRYPT_DATA_PARAMS& p) {
                                                        return points_somewhere(p.pData, p.length);
                                                      });
      break;
    default:
      break;
  }
}

}  // namespace

const TrentMechanism* find_trents(CK_MECHANISM_TYPE type) {
  const auto* found = std::ranges::find(kTrentMechanisms, type, &TrentMechanism::type);
  return found != std::end(kTrentMechanisms) ? found : nullptr;
}

const CK_MECHANISM& checked_mechanism(CK_MECHANISM_PTR mechanism) {
  require(mechanism != nullptr, CKR_ARGUMENTS_BAD);
  require(points_somewhere(mechanism->pParameter, mechanism->ulParameterLen),
          CKR_MECHANISM_PARAM_INVALID);
  check_known_parameter(*mechanism);
  return *mechanism;
}

bool carries_handles(CK_MECHANISM_TYPE type) {
  switch (type) {
    case 0x013:  // CKM_X9_42_MQV_DERIVE and the like: a second private key
    case 0x032:  // CKM_X9_42_DH_HYBRID_DERIVE
    case CKM_CONCATENATE_BASE_AND_KEY:
    case 0x372:   // CKM_SSL3_KEY_AND_MAC_DERIVE and the like hand out handles
    case 0x376:   // CKM_TLS_KEY_AND_MAC_DERIVE
    case 0x3E1:   // CKM_TLS12_KEY_AND_MAC_DERIVE
    case 0x3E3:   // CKM_TLS12_KEY_SAFE_DERIVE
    case 0x3D4:   // CKM_WTLS_SERVER_KEY_AND_MAC_DERIVE
    case 0x3D5:   // CKM_WTLS_CLIENT_KEY_AND_MAC_DERIVE
    case 0x3AC:   // CKM_SP800_108_COUNTER_KDF: additional derived keys
    case 0x3AD:   // CKM_SP800_108_FEEDBACK_KDF
    case 0x3AE:   // CKM_SP800_108_DOUBLE_PIPELINE_KDF
    case 0x500:   // CKM_CMS_SIG: a certificate
    case 0x510:   // CKM_KIP_DERIVE
    case 0x511:   // CKM_KIP_WRAP
    case 0x512:   // CKM_KIP_MAC
    case 0x1052:  // CKM_ECMQV_DERIVE
    case 0x1053:  // CKM_ECDH_AES_KEY_WRAP
    case 0x402A:  // CKM_HKDF_DERIVE: a salt key
    case 0x402B:  // CKM_HKDF_DATA
      return true;
    default:
      return false;
  }
}

bool carries_handles(const CK_MECHANISM& mechanism) {
  if (mechanism.ulParameterLen == 0) return false;
  return carries_handles(mechanism.mechanism) || (mechanism.mechanism & CKM_VENDOR_DEFINED) != 0;
}

kms::EncryptionContext encryption_context(const CK_MECHANISM* mechanism) {
  if (mechanism == nullptr) return {};
  require(mechanism->mechanism == CKM_TRENT_SYMMETRIC_DEFAULT, CKR_MECHANISM_INVALID);
  if (mechanism->pParameter == nullptr && mechanism->ulParameterLen == 0) return {};
  CK_TRENT_SYMMETRIC_PARAMS params{};
  require(mechanism->pParameter != nullptr && mechanism->ulParameterLen == sizeof params,
          CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&params, mechanism->pParameter, sizeof params);
  require(points_somewhere(params.pEncryptionContext, params.ulEncryptionContextLen),
          CKR_MECHANISM_PARAM_INVALID);
  if (params.pEncryptionContext == nullptr) return {};
  try {
    return blob::parse_encryption_context(
        as_text({params.pEncryptionContext, params.ulEncryptionContextLen}));
  } catch (const Error&) {
    throw Failure(CKR_MECHANISM_PARAM_INVALID);
  }
}

std::string oaep_algorithm(const CK_MECHANISM& mechanism) {
  CK_RSA_PKCS_OAEP_PARAMS params{};
  require(mechanism.pParameter != nullptr && mechanism.ulParameterLen == sizeof params,
          CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&params, mechanism.pParameter, sizeof params);
  // An empty label, as KMS has it; some programs say so by no source at all.
  require(params.ulSourceDataLen == 0, CKR_MECHANISM_PARAM_INVALID);
  if (params.hashAlg == CKM_SHA_1 && params.mgf == CKG_MGF1_SHA1) return "RSAES_OAEP_SHA_1";
  if (params.hashAlg == CKM_SHA256 && params.mgf == CKG_MGF1_SHA256) return "RSAES_OAEP_SHA_256";
  throw Failure(CKR_MECHANISM_PARAM_INVALID);
}

CK_TRENT_REENCRYPT_PARAMS re_encrypt_params(const CK_MECHANISM& mechanism) {
  CK_TRENT_REENCRYPT_PARAMS params{};
  if (mechanism.pParameter == nullptr && mechanism.ulParameterLen == 0) return params;
  require(mechanism.pParameter != nullptr && mechanism.ulParameterLen == sizeof params,
          CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&params, mechanism.pParameter, sizeof params);
  for (const CK_MECHANISM* side : {params.pSourceMechanism, params.pDestinationMechanism})
    require(side == nullptr || side->mechanism == CKM_TRENT_SYMMETRIC_DEFAULT,
            CKR_MECHANISM_PARAM_INVALID);
  return params;
}

}  // namespace trent::pkcs11
