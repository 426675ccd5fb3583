// SPDX-License-Identifier: Apache-2.0
// GenerateDataKey, GenerateDataKeyWithoutPlaintext.
#include "base/encoding.h"
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

struct DataKey {
  SealingContext context;
  Key key;
  blob::Kind kind;
  std::size_t length;
};

// Everything up to the token's part, which is where the two operations differ.
DataKey prepare(Call& call, const GenerateDataKeyRequest& request, std::string_view permission) {
  if (request.key_spec.has_value() == request.number_of_bytes.has_value())
    throw Error(ErrorCode::Validation, "Please specify either number of bytes or key spec.");
  SealingContext context(request.encryption_context);
  Key key = call.use(request.key_id, permission);
  call.end_dry_run(request.dry_run);
  if (request.number_of_bytes)
    return {std::move(context), std::move(key), blob::Kind::DataKeyByLength,
            static_cast<std::size_t>(*request.number_of_bytes)};
  return {std::move(context), std::move(key), blob::Kind::DataKeyBySpec,
          request.key_spec == "AES_128" ? std::size_t{16} : std::size_t{32}};
}

GenerateDataKeyResponse generate(Call& call, const GenerateDataKeyRequest& request) {
  const DataKey made = prepare(call, request, "kms:GenerateDataKey");
  SecretBytes plaintext = hsm::generate_random(made.key.account->token, made.length);
  Bytes blob = seal(made.key, made.context, made.kind, plaintext);
  return {std::move(blob), std::move(plaintext), made.key.arn(), to_hex(made.key.record->current)};
}

GenerateDataKeyWithoutPlaintextResponse generate_without_plaintext(
    Call& call, const GenerateDataKeyWithoutPlaintextRequest& request) {
  const DataKey made = prepare(call, request, "kms:GenerateDataKeyWithoutPlaintext");
  return {seal_new(made.key, made.context, made.kind, made.length), made.key.arn(),
          to_hex(made.key.record->current)};
}

constexpr std::string_view kPermissions[] = {"kms:GenerateDataKey"};
constexpr std::string_view kWithoutPlaintextPermissions[] = {"kms:GenerateDataKeyWithoutPlaintext"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};
constexpr Missing kMissing[] = {{"Recipient", "Leave it out: there are no enclaves."}};

constexpr const char* kBytesHelp = "1 to 1024; either this or --key-spec";
constexpr const char* kSpecHelp = "AES_256 or AES_128";
constexpr const char* kContextHelp =
    "Public names and values the encrypted key is bound to:\nNAME=VALUE,NAME=VALUE or JSON";

}  // namespace

const Operation& operations::generate_data_key() {
  static const Operation stated = operation<&generate>(
      {"GenerateDataKey", kPermissions, kErrors, true, kMissing, kAcrossAccounts});
  return stated;
}
const Operation& GenerateDataKeyRequest::operation() {
  return operations::generate_data_key();
}

const Operation& operations::generate_data_key_without_plaintext() {
  static const Operation stated =
      operation<&generate_without_plaintext>({"GenerateDataKeyWithoutPlaintext",
                                              kWithoutPlaintextPermissions,
                                              kErrors,
                                              true,
                                              {},
                                              kAcrossAccounts});
  return stated;
}
const Operation& GenerateDataKeyWithoutPlaintextRequest::operation() {
  return operations::generate_data_key_without_plaintext();
}

Fields GenerateDataKeyRequest::fields() {
  using R = GenerateDataKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext, Need::Optional,
                                       kContextHelp),
      field<R, &R::number_of_bytes>("NumberOfBytes", kNumberOfBytes, Need::Optional, kBytesHelp),
      field<R, &R::key_spec>("KeySpec", kDataKeySpec, Need::Optional, kSpecHelp),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

// KMS's model has the two sizes in another order here.
Fields GenerateDataKeyWithoutPlaintextRequest::fields() {
  using R = GenerateDataKeyWithoutPlaintextRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext, Need::Optional,
                                       kContextHelp),
      field<R, &R::key_spec>("KeySpec", kDataKeySpec, Need::Optional, kSpecHelp),
      field<R, &R::number_of_bytes>("NumberOfBytes", kNumberOfBytes, Need::Optional, kBytesHelp),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields GenerateDataKeyResponse::fields() {
  using R = GenerateDataKeyResponse;
  static constexpr Field fields[] = {field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext),
                                     field<R, &R::plaintext>("Plaintext", kPlaintext),
                                     field<R, &R::key_id>("KeyId", kKeyId),
                                     field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId)};
  return fields;
}

Fields GenerateDataKeyWithoutPlaintextResponse::fields() {
  using R = GenerateDataKeyWithoutPlaintextResponse;
  static constexpr Field fields[] = {field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext),
                                     field<R, &R::key_id>("KeyId", kKeyId),
                                     field<R, &R::key_material_id>("KeyMaterialId", kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
