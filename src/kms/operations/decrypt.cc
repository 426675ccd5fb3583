// SPDX-License-Identifier: Apache-2.0
// Decrypt.
#include "base/encoding.h"
#include "kms/call.h"
#include "kms/dry_run.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

DecryptResponse decrypt_blob(Call& call, const DecryptRequest& request) {
  const bool ignored = ignores_ciphertext(request, request.key_id, "KeyId");
  const SealingContext context(request.encryption_context);
  DecryptResponse response;
  response.encryption_algorithm = request.encryption_algorithm.value_or(kSymmetricDefault);
  const auto found = call.use_key_of(request.ciphertext_blob, request.key_id, "kms:Decrypt",
                                     response.encryption_algorithm, ignored);
  if (found.oaep) require_no_context(request.encryption_context);
  call.end_dry_run(ignored);
  if (found.oaep) {
    response.plaintext = open_oaep(found.key, *found.oaep, request.ciphertext_blob);
  } else {
    response.plaintext = open(found.key, context, found.blob);
    response.key_material_id = to_hex(found.blob.parameters.key_material_id);
  }
  call.end_dry_run(request.dry_run);
  response.key_id = found.key.arn();
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:Decrypt"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,          ErrorCode::InvalidCiphertext,
    ErrorCode::KeyUnavailable,    ErrorCode::IncorrectKey,      ErrorCode::InvalidKeyUsage,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
    ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};
constexpr Missing kMissing[] = {{"Recipient", "Leave it out: there are no enclaves."}};

}  // namespace

const Operation& operations::decrypt() {
  static const Operation stated =
      operation<&decrypt_blob>({"Decrypt", kPermissions, kErrors, true, kMissing, kAcrossAccounts});
  return stated;
}
const Operation& DecryptRequest::operation() {
  return operations::decrypt();
}

Fields DecryptRequest::fields() {
  using R = DecryptRequest;
  static constexpr Field fields[] = {
      field_unless<R, &R::ciphertext_blob, &goes_without_ciphertext<R>>("CiphertextBlob",
                                                                        kCiphertext),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext, Need::Optional,
                                       kOldContextHelp),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::key_id>("KeyId", kKeyId),
      field<R, &R::encryption_algorithm>("EncryptionAlgorithm", kEncryptionAlgorithm),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp),
      field<R, &R::dry_run_modifiers>("DryRunModifiers", kDryRunModifierList)};
  return fields;
}

Fields DecryptResponse::fields() {
  using R = DecryptResponse;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId), field<R, &R::plaintext>("Plaintext", kPlaintext),
      field<R, &R::encryption_algorithm>("EncryptionAlgorithm", kEncryptionAlgorithm),
      field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
