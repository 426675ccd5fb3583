// Encrypt.
#include "base/encoding.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

namespace {

EncryptResponse encrypt_secret(Call& call, const EncryptRequest& request) {
  const SealingContext context(request.encryption_context);
  const Key key = call.use(request.key_id, "kms:Encrypt", request.encryption_algorithm);
  call.check_grant_tokens(request.grant_tokens);
  call.end_dry_run(request.dry_run);
  return {seal(key, context, blob::Kind::Encrypt, request.plaintext), key.arn(), kSymmetricDefault,
          to_hex(key.record->current)};
}

constexpr std::string_view kPermissions[] = {"kms:Encrypt"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};

}  // namespace

const model::Operation& operations::encrypt() {
  static const auto operation =
      model::operation<&encrypt_secret>({"Encrypt", kPermissions, kErrors, true});
  return operation;
}
const model::Operation& EncryptRequest::operation() {
  return operations::encrypt();
}

model::Fields EncryptRequest::fields() {
  using R = EncryptRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required),
      model::field<R, &R::plaintext>("Plaintext", model::kPlaintext, model::Need::Required),
      model::field<R, &R::encryption_context>("EncryptionContext", model::kEncryptionContext,
                                              model::Need::Optional, kNewContextHelp),
      model::field<R, &R::grant_tokens>("GrantTokens", model::kGrantTokenList),
      model::field<R, &R::encryption_algorithm>("EncryptionAlgorithm", model::kEncryptionAlgorithm),
      model::field<R, &R::dry_run>("DryRun", model::kNullableBoolean, model::Need::Optional,
                                   kDryRunHelp)};
  return fields;
}

// Unlike the other cryptographic operations, Encrypt does not send the key material id.
model::Fields EncryptResponse::fields() {
  using R = EncryptResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::ciphertext_blob>("CiphertextBlob", model::kCiphertext),
      model::field<R, &R::key_id>("KeyId", model::kKeyId),
      model::field<R, &R::encryption_algorithm>("EncryptionAlgorithm",
                                                model::kEncryptionAlgorithm)};
  return fields;
}

}  // namespace trent::kms
