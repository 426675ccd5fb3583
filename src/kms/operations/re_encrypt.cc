// ReEncrypt.
#include "base/encoding.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

namespace {

// The order of the checks is KMS's own, as far as it can be observed: everything about the source
// comes before the destination is looked at.
ReEncryptResponse move_secret(Call& call, const ReEncryptRequest& request) {
  const SealingContext source_context(request.source_encryption_context);
  const SealingContext destination_context(request.destination_encryption_context);
  const auto [source, blob] =
      call.use_key_of(request.ciphertext_blob, request.source_key_id, "kms:ReEncryptFrom",
                      request.source_encryption_algorithm);
  const Key destination = call.use(request.destination_key_id, "kms:ReEncryptTo",
                                   request.destination_encryption_algorithm);
  call.check_grant_tokens(request.grant_tokens);
  ReEncryptResponse response;
  response.ciphertext_blob = move(source, source_context, blob, destination, destination_context);
  call.end_dry_run(request.dry_run);
  response.source_key_id = source.arn();
  response.key_id = destination.arn();
  response.source_encryption_algorithm = kSymmetricDefault;
  response.destination_encryption_algorithm = kSymmetricDefault;
  response.source_key_material_id = to_hex(blob.parameters.key_material_id);
  response.destination_key_material_id = to_hex(destination.record->current);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ReEncryptFrom", "kms:ReEncryptTo"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,        ErrorCode::Disabled,          ErrorCode::InvalidCiphertext,
    ErrorCode::KeyUnavailable,  ErrorCode::IncorrectKey,      ErrorCode::DependencyTimeout,
    ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
    ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};
constexpr model::Missing kMissing[] = {
    {"DryRunModifiers", "Leave it out: a dry run looks at the ciphertext, too."}};

}  // namespace

const model::Operation& operations::re_encrypt() {
  static const auto operation =
      model::operation<&move_secret>({"ReEncrypt", kPermissions, kErrors, true, kMissing});
  return operation;
}
const model::Operation& ReEncryptRequest::operation() {
  return operations::re_encrypt();
}

model::Fields ReEncryptRequest::fields() {
  using R = ReEncryptRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::ciphertext_blob>("CiphertextBlob", model::kCiphertext,
                                           model::Need::Required),
      model::field<R, &R::source_encryption_context>("SourceEncryptionContext",
                                                     model::kEncryptionContext,
                                                     model::Need::Optional, kOldContextHelp),
      model::field<R, &R::source_key_id>("SourceKeyId", model::kKeyId, model::Need::Optional,
                                         "Fail unless the ciphertext was made by this key"),
      model::field<R, &R::destination_key_id>("DestinationKeyId", model::kKeyId,
                                              model::Need::Required),
      model::field<R, &R::destination_encryption_context>(
          "DestinationEncryptionContext", model::kEncryptionContext, model::Need::Optional,
          "The pairs that the new ciphertext is bound to; none\nare taken over from the source"),
      model::field<R, &R::source_encryption_algorithm>("SourceEncryptionAlgorithm",
                                                       model::kEncryptionAlgorithm),
      model::field<R, &R::destination_encryption_algorithm>("DestinationEncryptionAlgorithm",
                                                            model::kEncryptionAlgorithm),
      model::field<R, &R::grant_tokens>("GrantTokens", model::kGrantTokenList),
      model::field<R, &R::dry_run>("DryRun", model::kNullableBoolean, model::Need::Optional,
                                   kDryRunHelp)};
  return fields;
}

model::Fields ReEncryptResponse::fields() {
  using R = ReEncryptResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::ciphertext_blob>("CiphertextBlob", model::kCiphertext),
      model::field<R, &R::source_key_id>("SourceKeyId", model::kKeyId),
      model::field<R, &R::key_id>("KeyId", model::kKeyId),
      model::field<R, &R::source_encryption_algorithm>("SourceEncryptionAlgorithm",
                                                       model::kEncryptionAlgorithm),
      model::field<R, &R::destination_encryption_algorithm>("DestinationEncryptionAlgorithm",
                                                            model::kEncryptionAlgorithm),
      model::field<R, &R::source_key_material_id>("SourceKeyMaterialId", model::kBackingKeyId),
      model::field<R, &R::destination_key_material_id>("DestinationKeyMaterialId",
                                                       model::kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
