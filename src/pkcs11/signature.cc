// SPDX-License-Identifier: Apache-2.0
// From PKCS#11's mechanisms to KMS's algorithms.
#include "pkcs11/signature.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/public_key.h"
#include "hsm/key_kind.h"
#include "kms/key_spec.h"
#include "pkcs11/mechanism.h"

namespace trent::pkcs11 {

namespace {

using Form = KmsSignature::Form;

// PKCS#11 3.0, which p11-kit's header does not have.
constexpr CK_MECHANISM_TYPE kEcdsaSha256 = 0x1044;
constexpr CK_MECHANISM_TYPE kEcdsaSha384 = 0x1045;
constexpr CK_MECHANISM_TYPE kEcdsaSha512 = 0x1046;

struct Row {
  CK_MECHANISM_TYPE type;
  const char* algorithm;  // of KMS; what the hash of another row would make of it is left out
  std::optional<Hash> hash;
  Form form;
};

// What a mechanism is with a key whose algorithms are of the same kind. CKM_RSA_PKCS and
// CKM_RSA_PKCS_PSS get their hash from the data or the parameter.
constexpr std::array<Row, 19> kRows{{
    {CKM_RSA_PKCS, "RSASSA_PKCS1_V1_5", {}, Form::DigestInfo},
    {CKM_SHA256_RSA_PKCS, "RSASSA_PKCS1_V1_5_SHA_256", Hash::Sha256, Form::Message},
    {CKM_SHA384_RSA_PKCS, "RSASSA_PKCS1_V1_5_SHA_384", Hash::Sha384, Form::Message},
    {CKM_SHA512_RSA_PKCS, "RSASSA_PKCS1_V1_5_SHA_512", Hash::Sha512, Form::Message},
    {CKM_RSA_PKCS_PSS, "RSASSA_PSS", {}, Form::Digest},
    {CKM_SHA256_RSA_PKCS_PSS, "RSASSA_PSS_SHA_256", Hash::Sha256, Form::Message},
    {CKM_SHA384_RSA_PKCS_PSS, "RSASSA_PSS_SHA_384", Hash::Sha384, Form::Message},
    {CKM_SHA512_RSA_PKCS_PSS, "RSASSA_PSS_SHA_512", Hash::Sha512, Form::Message},
    {CKM_ECDSA, "ECDSA_SHA_256", Hash::Sha256, Form::Digest},
    {CKM_ECDSA, "ECDSA_SHA_384", Hash::Sha384, Form::Digest},
    {CKM_ECDSA, "ECDSA_SHA_512", Hash::Sha512, Form::Digest},
    {kEcdsaSha256, "ECDSA_SHA_256", Hash::Sha256, Form::Message},
    {kEcdsaSha384, "ECDSA_SHA_384", Hash::Sha384, Form::Message},
    {kEcdsaSha512, "ECDSA_SHA_512", Hash::Sha512, Form::Message},
    {hsm::kEddsa, "ED25519_SHA_512", {}, Form::Whole},
    {CKM_SHA224_HMAC, "HMAC_SHA_224", {}, Form::Whole},
    {CKM_SHA256_HMAC, "HMAC_SHA_256", {}, Form::Whole},
    {CKM_SHA384_HMAC, "HMAC_SHA_384", {}, Form::Whole},
    {CKM_SHA512_HMAC, "HMAC_SHA_512", {}, Form::Whole},
}};

std::span<const std::string> algorithms_of(const kms::KeyMetadata& key) {
  return key.mac_algorithms.empty() ? std::span(key.signing_algorithms)
                                    : std::span(key.mac_algorithms);
}

// "RSASSA_PSS" is for every key that has one which begins so.
bool is_for(const Row& row, const kms::KeyMetadata& key) {
  const bool is_whole_name = row.hash || row.form == Form::Whole;
  return std::ranges::any_of(algorithms_of(key), [&](const std::string& algorithm) {
    return is_whole_name ? algorithm == row.algorithm : algorithm.starts_with(row.algorithm);
  });
}

std::string name_of(Hash hash) {
  return hash == Hash::Sha256 ? "_SHA_256" : hash == Hash::Sha384 ? "_SHA_384" : "_SHA_512";
}

// PSS with the hash that the parameter says, MGF1 of the same and a salt of its length.
Hash pss_hash(const CK_MECHANISM& mechanism) {
  CK_RSA_PKCS_PSS_PARAMS params{};
  require(mechanism.pParameter != nullptr && mechanism.ulParameterLen == sizeof params,
          CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&params, mechanism.pParameter, sizeof params);
  struct Known {
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
    Hash is;
  };
  for (const Known& known : {Known{CKM_SHA256, CKG_MGF1_SHA256, Hash::Sha256},
                             Known{CKM_SHA384, CKG_MGF1_SHA384, Hash::Sha384},
                             Known{CKM_SHA512, CKG_MGF1_SHA512, Hash::Sha512}})
    if (params.hashAlg == known.hash && params.mgf == known.mgf &&
        params.sLen == hash_size(known.is))
      return known.is;
  throw Failure(CKR_MECHANISM_PARAM_INVALID);
}

// The digest in a DigestInfo, which says its hash.
Bytes digest_in(KmsSignature& signature) {
  const auto info = parse_digest_info(signature.input);
  require(info.has_value(), CKR_DATA_INVALID);
  signature.algorithm = "RSASSA_PKCS1_V1_5" + name_of(info->hash);
  return {info->digest.begin(), info->digest.end()};
}

kms::SignRequest signature_request(KmsSignature& signature) {
  kms::SignRequest request;
  request.key_id = signature.key_id;
  if (signature.form == Form::Whole) {
    require(!signature.input.empty(), CKR_DATA_LEN_RANGE);
    request.message = signature.input;
    request.signing_algorithm = signature.algorithm;
    return request;
  }
  Bytes digest;
  if (signature.form == Form::Message)
    digest = signature.hasher->finish();
  else if (signature.form == Form::DigestInfo)
    digest = digest_in(signature);
  else
    digest.assign(signature.input.begin(), signature.input.end());
  if (signature.form == Form::Digest && signature.is_ecdsa) {
    require(std::ranges::any_of(std::array{Hash::Sha256, Hash::Sha384, Hash::Sha512},
                                [&](Hash each) { return digest.size() == hash_size(each); }),
            CKR_DATA_LEN_RANGE);
    digest = fit_to_curve(digest, *signature.hash);
  }
  require(signature.form != Form::Digest || digest.size() == hash_size(*signature.hash),
          CKR_DATA_LEN_RANGE);
  request.message.assign(digest.begin(), digest.end());
  request.message_type = "DIGEST";
  request.signing_algorithm = signature.algorithm;
  return request;
}

kms::GenerateMacRequest mac_request(const KmsSignature& signature) {
  require(!signature.input.empty(), CKR_DATA_LEN_RANGE);
  kms::GenerateMacRequest request;
  request.key_id = signature.key_id;
  request.message = signature.input;
  request.mac_algorithm = signature.algorithm;
  return request;
}

}  // namespace

std::vector<CK_MECHANISM_TYPE> signing_mechanisms(const kms::KeyMetadata& key) {
  std::vector<CK_MECHANISM_TYPE> types;
  for (const Row& row : kRows)
    if (is_for(row, key)) types.push_back(row.type);
  return types;
}

KmsSignature start_signature(Session& session, Kind kind, const CK_MECHANISM& mechanism,
                             const KmsKey& key) {
  require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
  const kms::KeyMetadata metadata =
      session.slot().call(kms::DescribeKeyRequest{key.key_id, {}}).key_metadata;
  const bool has_part = key.part == KeyPart::Secret ||
                        key.part == (kind == Kind::Sign ? KeyPart::Private : KeyPart::Public);
  require(metadata.enabled && has_part && !algorithms_of(metadata).empty(),
          CKR_KEY_FUNCTION_NOT_PERMITTED);
  const auto* row = std::ranges::find_if(kRows, [&](const Row& each) {
    return each.type == mechanism.mechanism && is_for(each, metadata);
  });
  require(row != kRows.end(), CKR_MECHANISM_INVALID);
  KmsSignature signature;
  signature.key_id = key.key_id;
  signature.logouts = session.slot().logouts;
  signature.algorithm = row->algorithm;
  signature.form = row->form;
  signature.hash = row->hash;
  signature.is_mac = !metadata.mac_algorithms.empty();
  const bool is_pss = signature.algorithm.starts_with("RSASSA_PSS");
  if (is_pss) {
    const Hash hash = pss_hash(mechanism);
    require(!row->hash || row->hash == hash, CKR_MECHANISM_PARAM_INVALID);
    signature.hash = hash;
    signature.algorithm = "RSASSA_PSS" + name_of(hash);
  } else {
    require(mechanism.ulParameterLen == 0, CKR_MECHANISM_PARAM_INVALID);
  }
  if (signature.form == Form::Message) signature.hasher.emplace(*signature.hash);
  const kms::KeySpecRow& spec = spec_of(metadata);
  constexpr std::size_t kBits = 8;
  if (signature.is_mac)
    signature.size = spec.secret_key->length;
  else if (spec.key_pair->type == CKK_RSA)
    signature.size = spec.key_pair->modulus_bits / kBits;
  else if (spec.key_pair->type == CKK_EC)
    signature.size = spec.key_pair->point_size - 1;  // r and s are as long as x and y
  else
    signature.size = 2 * spec.key_pair->point_size;
  signature.is_ecdsa = !signature.is_mac && spec.key_pair->type == CKK_EC;
  return signature;
}

void add_signed(KmsSignature& signature, ByteView part) {
  if (signature.form == Form::Message) {
    signature.hasher->add(part);
    return;
  }
  constexpr std::size_t kMax = 4096;
  require(part.size() <= kMax - signature.input.size(), CKR_DATA_LEN_RANGE);
  signature.input.insert(signature.input.end(), part.begin(), part.end());
}

Bytes make_signature(Session& session, KmsSignature& signature) {
  if (signature.is_mac) return session.slot().call(mac_request(signature)).mac;
  const Bytes made = session.slot().call(signature_request(signature)).signature;
  return signature.is_ecdsa ? ecdsa_from_der(made, signature.size / 2) : made;
}

void check_signature(Session& session, KmsSignature& signature, ByteView value) {
  require(value.size() == signature.size, CKR_SIGNATURE_LEN_RANGE);
  if (signature.is_mac) {
    kms::VerifyMacRequest request;
    static_cast<kms::GenerateMacRequest&>(request) = mac_request(signature);
    request.mac.assign(value.begin(), value.end());
    session.slot().call(request);
    return;
  }
  kms::VerifyRequest request;
  static_cast<kms::SignRequest&>(request) = signature_request(signature);
  request.signature = signature.is_ecdsa ? ecdsa_to_der(value) : Bytes(value.begin(), value.end());
  session.slot().call(request);
}

}  // namespace trent::pkcs11
