// SPDX-License-Identifier: Apache-2.0
// ReEncrypt.
#include <cstdio>
#include <mutex>

#include "base/encoding.h"
#include "kms/call.h"
#include "kms/dry_run.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

// What the token cannot do inside is done in this process where the configuration allows that.
Bytes move_where_allowed(Call& call, const Source& source, const Destination& destination) {
  try {
    return move(source, destination);
  } catch (const Error& error) {
    // What an enforced key protects is in no process.
    if (error.code() != ErrorCode::UnsupportedOperation || !call.config().host_reencrypt ||
        source.key.record->enforced)
      throw;
    static std::once_flag told;
    std::call_once(told, [&] {
      const std::string line =
          "trent: host-reencrypt: plaintext is re-encrypted in the memory of "
          "this process, because: " +
          error.text() + "\n";
      std::fputs(line.c_str(), stderr);
    });
  }
  call.in_host();
  return move_in_host(source, destination);
}

// The order of the checks is KMS's own, as far as it can be observed: everything about the source
// comes before the destination is looked at.
ReEncryptResponse move_secret(Call& call, const ReEncryptRequest& request) {
  const bool ignored = ignores_ciphertext(request, request.source_key_id, "SourceKeyId");
  const SealingContext source_context(request.source_encryption_context);
  const SealingContext destination_context(request.destination_encryption_context);
  ReEncryptResponse response;
  response.source_encryption_algorithm =
      request.source_encryption_algorithm.value_or(kSymmetricDefault);
  response.destination_encryption_algorithm =
      request.destination_encryption_algorithm.value_or(kSymmetricDefault);
  const auto found =
      call.use_key_of(request.ciphertext_blob, request.source_key_id, "kms:ReEncryptFrom",
                      response.source_encryption_algorithm, ignored);
  if (found.oaep) require_no_context(request.source_encryption_context);
  const Key key =
      call.use(request.destination_key_id, "kms:ReEncryptTo", catalog::KeyUsage::EncryptDecrypt,
               response.destination_encryption_algorithm);
  const Source source{found.key, found.oaep, source_context, request.ciphertext_blob, found.blob};
  const Destination destination{key, oaep_hash(response.destination_encryption_algorithm),
                                destination_context};
  if (destination.oaep) require_no_context(request.destination_encryption_context);
  call.end_dry_run(ignored);
  response.ciphertext_blob = move_where_allowed(call, source, destination);
  call.end_dry_run(request.dry_run);
  response.source_key_id = found.key.arn();
  response.key_id = key.arn();
  if (!source.oaep) response.source_key_material_id = to_hex(found.blob.parameters.key_material_id);
  if (!destination.oaep) response.destination_key_material_id = to_hex(key.record->current);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ReEncryptFrom", "kms:ReEncryptTo"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,        ErrorCode::Disabled,          ErrorCode::InvalidCiphertext,
    ErrorCode::KeyUnavailable,  ErrorCode::IncorrectKey,      ErrorCode::DependencyTimeout,
    ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
    ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};

}  // namespace

const Operation& operations::re_encrypt() {
  static const Operation stated =
      operation<&move_secret>({"ReEncrypt", kPermissions, kErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& ReEncryptRequest::operation() {
  return operations::re_encrypt();
}

Fields ReEncryptRequest::fields() {
  using R = ReEncryptRequest;
  static constexpr Field fields[] = {
      field_unless<R, &R::ciphertext_blob, &goes_without_ciphertext<R>>("CiphertextBlob",
                                                                        kCiphertext),
      field<R, &R::source_encryption_context>("SourceEncryptionContext", kEncryptionContext,
                                              Need::Optional, kOldContextHelp),
      field<R, &R::source_key_id>("SourceKeyId", kKeyId, Need::Optional,
                                  "Fail unless the ciphertext was made by this key"),
      field<R, &R::destination_key_id>("DestinationKeyId", kKeyId, Need::Required),
      field<R, &R::destination_encryption_context>(
          "DestinationEncryptionContext", kEncryptionContext, Need::Optional,
          "The pairs that the new ciphertext is bound to; none\nare taken over from the source"),
      field<R, &R::source_encryption_algorithm>("SourceEncryptionAlgorithm", kEncryptionAlgorithm),
      field<R, &R::destination_encryption_algorithm>("DestinationEncryptionAlgorithm",
                                                     kEncryptionAlgorithm),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp),
      field<R, &R::dry_run_modifiers>("DryRunModifiers", kDryRunModifierList)};
  return fields;
}

Fields ReEncryptResponse::fields() {
  using R = ReEncryptResponse;
  static constexpr Field fields[] = {
      field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext),
      field<R, &R::source_key_id>("SourceKeyId", kKeyId),
      field<R, &R::key_id>("KeyId", kKeyId),
      field<R, &R::source_encryption_algorithm>("SourceEncryptionAlgorithm", kEncryptionAlgorithm),
      field<R, &R::destination_encryption_algorithm>("DestinationEncryptionAlgorithm",
                                                     kEncryptionAlgorithm),
      field<R, &R::source_key_material_id>("SourceKeyMaterialId", kBackingKeyId),
      field<R, &R::destination_key_material_id>("DestinationKeyMaterialId", kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
