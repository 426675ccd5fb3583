// SPDX-License-Identifier: Apache-2.0
// GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext.
#include "base/encoding.h"
#include "base/error.h"
#include "base/public_key.h"
#include "kms/call.h"
#include "kms/key_spec.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

struct GenerateRequest {
  EncryptionContext encryption_context;
  std::string key_id;
  std::string key_pair_spec;
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  static Fields fields() {
    using R = GenerateRequest;
    static constexpr Field fields[] = {
        field<R, &R::encryption_context>(
            "EncryptionContext", kEncryptionContext, Need::Optional,
            "Public names and values the private key is bound to:\nNAME=VALUE,NAME=VALUE or JSON"),
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
        field<R, &R::key_pair_spec>("KeyPairSpec", kDataKeyPairSpec, Need::Required),
        field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};
struct WithoutPlaintextRequest : GenerateRequest {};

struct GenerateResponse {
  Bytes private_key_ciphertext_blob;
  SecretBytes private_key_plaintext;  // PKCS#8 DER
  Bytes public_key;                   // DER SubjectPublicKeyInfo
  std::string key_id;
  std::string key_pair_spec;
  std::string key_material_id;

  static Fields fields() {
    using R = GenerateResponse;
    static constexpr Field fields[] = {
        field<R, &R::private_key_ciphertext_blob>("PrivateKeyCiphertextBlob", kCiphertext),
        field<R, &R::private_key_plaintext>("PrivateKeyPlaintext", kPlaintext),
        field<R, &R::public_key>("PublicKey", kPublicKey),
        field<R, &R::key_id>("KeyId", kKeyId),
        field<R, &R::key_pair_spec>("KeyPairSpec", kDataKeyPairSpec),
        field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId)};
    return fields;
  }
};

struct WithoutPlaintextResponse {
  Bytes private_key_ciphertext_blob;
  Bytes public_key;
  std::string key_id;
  std::string key_pair_spec;
  std::string key_material_id;

  static Fields fields() {
    using R = WithoutPlaintextResponse;
    static constexpr Field fields[] = {
        field<R, &R::private_key_ciphertext_blob>("PrivateKeyCiphertextBlob", kCiphertext),
        field<R, &R::public_key>("PublicKey", kPublicKey), field<R, &R::key_id>("KeyId", kKeyId),
        field<R, &R::key_pair_spec>("KeyPairSpec", kDataKeyPairSpec),
        field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId)};
    return fields;
  }
};

const hsm::KeyPairKind& kind_of(const std::string& spec) {
  const auto known = from_wire_name<KeySpec>(spec);
  if (!known)
    throw Error(ErrorCode::UnsupportedOperation,
                "Data key pairs of spec " + spec + " are not available.",
                "Take another KeyPairSpec.");
  return *key_spec(*known).key_pair;
}

const char* curve_of(KeySpec spec) {
  switch (spec) {
    case KeySpec::EccNistP256:
      return "P-256";
    case KeySpec::EccNistP384:
      return "P-384";
    case KeySpec::EccNistP521:
      return "P-521";
    case KeySpec::EccSecgP256k1:
      return "secp256k1";
    default:
      return "ED25519";
  }
}

NewKeyPair generate_in_host(const std::string& spec) {
  const hsm::KeyPairKind& kind = kind_of(spec);
  if (kind.modulus_bits != 0)
    return generate_rsa_key_pair(static_cast<unsigned>(kind.modulus_bits));
  return generate_curve_key_pair(curve_of(*from_wire_name<KeySpec>(spec)));
}

// Everything up to the token's part, which is where the two operations differ.
Key prepare(Call& call, const GenerateRequest& request, std::string_view permission) {
  Key key = call.use(request.key_id, permission);
  kind_of(request.key_pair_spec);
  call.end_dry_run(request.dry_run);
  return key;
}

// The caller gets the private key, so it is made where the caller is.
GenerateResponse generate(Call& call, const GenerateRequest& request) {
  const SealingContext context(request.encryption_context);
  const Key key = prepare(call, request, "kms:GenerateDataKeyPair");
  NewKeyPair made = generate_in_host(request.key_pair_spec);
  Bytes blob = seal(key, context, blob::Kind::DataKeyBySpec, made.private_key);
  return {std::move(blob), std::move(made.private_key), std::move(made.public_key),
          key.arn(),       request.key_pair_spec,       to_hex(key.record->current)};
}

WithoutPlaintextResponse generate_without_plaintext(Call& call,
                                                    const WithoutPlaintextRequest& request) {
  const SealingContext context(request.encryption_context);
  const Key key = prepare(call, request, "kms:GenerateDataKeyPairWithoutPlaintext");
  SealedKeyPair made = seal_new_key_pair(key, context, kind_of(request.key_pair_spec));
  return {std::move(made.blob), std::move(made.public_key), key.arn(), request.key_pair_spec,
          to_hex(key.record->current)};
}

constexpr std::string_view kPermissions[] = {"kms:GenerateDataKeyPair"};
constexpr std::string_view kWithoutPlaintextPermissions[] = {
    "kms:GenerateDataKeyPairWithoutPlaintext"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::UnsupportedOperation,
    ErrorCode::DryRunOperation};
constexpr Missing kMissing[] = {{"Recipient", "Leave it out: there are no enclaves."}};

}  // namespace

const Operation& operations::generate_data_key_pair() {
  static const Operation stated = operation<&generate>(
      {"GenerateDataKeyPair", kPermissions, kErrors, true, kMissing, kAcrossAccounts});
  return stated;
}

const Operation& operations::generate_data_key_pair_without_plaintext() {
  static const Operation stated =
      operation<&generate_without_plaintext>({"GenerateDataKeyPairWithoutPlaintext",
                                              kWithoutPlaintextPermissions,
                                              kErrors,
                                              true,
                                              {},
                                              kAcrossAccounts});
  return stated;
}

}  // namespace trent::kms
