// SPDX-License-Identifier: Apache-2.0
// Encrypt.
#include "base/encoding.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

EncryptResponse encrypt_secret(Call& call, const EncryptRequest& request) {
  const SealingContext context(request.encryption_context);
  const std::string algorithm = request.encryption_algorithm.value_or(kSymmetricDefault);
  const std::optional<Hash> oaep = oaep_hash(algorithm);
  const Key key =
      call.use(request.key_id, "kms:Encrypt", catalog::KeyUsage::EncryptDecrypt, algorithm);
  if (oaep) require_no_context(request.encryption_context);
  call.end_dry_run(request.dry_run);
  return {oaep ? seal_oaep(key, *oaep, request.plaintext, call.config().public_keys_in_token)
               : seal(key, context, blob::Kind::Encrypt, request.plaintext),
          key.arn(), algorithm, to_hex(key.record->current)};
}

constexpr std::string_view kPermissions[] = {"kms:Encrypt"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};

}  // namespace

const Operation& operations::encrypt() {
  static const Operation stated =
      operation<&encrypt_secret>({"Encrypt", kPermissions, kErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& EncryptRequest::operation() {
  return operations::encrypt();
}

Fields EncryptRequest::fields() {
  using R = EncryptRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::plaintext>("Plaintext", kPlaintext, Need::Required),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext, Need::Optional,
                                       kNewContextHelp),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::encryption_algorithm>("EncryptionAlgorithm", kEncryptionAlgorithm),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

// Unlike the other cryptographic operations, Encrypt does not send the key material id.
Fields EncryptResponse::fields() {
  using R = EncryptResponse;
  static constexpr Field fields[] = {
      field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext),
      field<R, &R::key_id>("KeyId", kKeyId),
      field<R, &R::encryption_algorithm>("EncryptionAlgorithm", kEncryptionAlgorithm)};
  return fields;
}

}  // namespace trent::kms
