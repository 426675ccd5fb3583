// Decrypt.
#include "base/encoding.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

namespace {

DecryptResponse decrypt_blob(Call& call, const DecryptRequest& request) {
  const SealingContext context(request.encryption_context);
  const auto [key, blob] = call.use_key_of(request.ciphertext_blob, request.key_id, "kms:Decrypt",
                                           request.encryption_algorithm);
  call.check_grant_tokens(request.grant_tokens);
  DecryptResponse response;
  response.plaintext = open(key, context, blob);
  call.end_dry_run(request.dry_run);
  response.key_id = key.arn();
  response.encryption_algorithm = kSymmetricDefault;
  response.key_material_id = to_hex(blob.parameters.key_material_id);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:Decrypt"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,          ErrorCode::InvalidCiphertext,
    ErrorCode::KeyUnavailable,    ErrorCode::IncorrectKey,      ErrorCode::InvalidKeyUsage,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
    ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};
constexpr model::Missing kMissing[] = {
    {"Recipient", "Leave it out: there are no enclaves."},
    {"DryRunModifiers", "Leave it out: a dry run looks at the ciphertext, too."}};

}  // namespace

const model::Operation& operations::decrypt() {
  static const auto operation =
      model::operation<&decrypt_blob>({"Decrypt", kPermissions, kErrors, true, kMissing});
  return operation;
}
const model::Operation& DecryptRequest::operation() {
  return operations::decrypt();
}

model::Fields DecryptRequest::fields() {
  using R = DecryptRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::ciphertext_blob>("CiphertextBlob", model::kCiphertext,
                                           model::Need::Required),
      model::field<R, &R::encryption_context>("EncryptionContext", model::kEncryptionContext,
                                              model::Need::Optional, kOldContextHelp),
      model::field<R, &R::grant_tokens>("GrantTokens", model::kGrantTokenList),
      model::field<R, &R::key_id>("KeyId", model::kKeyId),
      model::field<R, &R::encryption_algorithm>("EncryptionAlgorithm", model::kEncryptionAlgorithm),
      model::field<R, &R::dry_run>("DryRun", model::kNullableBoolean, model::Need::Optional,
                                   kDryRunHelp)};
  return fields;
}

model::Fields DecryptResponse::fields() {
  using R = DecryptResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId),
      model::field<R, &R::plaintext>("Plaintext", model::kPlaintext),
      model::field<R, &R::encryption_algorithm>("EncryptionAlgorithm", model::kEncryptionAlgorithm),
      model::field<R, &R::key_material_id>("KeyMaterialId", model::kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
