// SPDX-License-Identifier: Apache-2.0
// WrapKey and UnwrapKey: Encrypt and Decrypt for keys that stay in the token.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"
#include "kms/sealing.h"

namespace trent::kms {

using namespace model;

namespace {

void require_same_token(const Call& call, const Key& key) {
  if (&key.account->token != &call.home().token)
    throw Error(ErrorCode::UnsupportedOperation, key.arn() + " is in another token.",
                "Wrap the key with a KMS key of its own token.");
}

WrapKeyResponse wrap(Call& call, const WrapKeyRequest& request) {
  const SealingContext context(request.encryption_context);
  const Key key = call.use(request.key_id, "kms:Encrypt");
  require_same_token(call, key);
  std::optional<std::size_t> length;
  if (request.length) length = static_cast<std::size_t>(*request.length);
  return {seal_object(key, context, request.object, length)};
}

UnwrapKeyResponse unwrap(Call& call, const UnwrapKeyRequest& request) {
  const SealingContext context(request.encryption_context);
  const auto found = call.use_key_of(request.ciphertext_blob, request.key_id, "kms:Decrypt");
  require_same_token(call, found.key);
  return {open_object(found.key, context, found.blob, *request.destination)};
}

constexpr std::string_view kWrapPermissions[] = {"kms:Encrypt"};
constexpr std::string_view kUnwrapPermissions[] = {"kms:Decrypt"};
constexpr Shape kLength{"PlaintextType", Type::Integer, 1, blob::kMaxPlaintext};

}  // namespace

const Operation& WrapKeyRequest::operation() {
  static const Operation stated = model::operation<&wrap>(
      {"WrapKey", kWrapPermissions, operations::encrypt().errors, true, {}, kAcrossAccounts});
  return stated;
}

const Operation& UnwrapKeyRequest::operation() {
  static const Operation stated = model::operation<&unwrap>(
      {"UnwrapKey", kUnwrapPermissions, operations::decrypt().errors, true, {}, kAcrossAccounts});
  return stated;
}

Fields WrapKeyRequest::fields() {
  using R = WrapKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::length>("Length", kLength),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext)};
  return fields;
}

Fields WrapKeyResponse::fields() {
  using R = WrapKeyResponse;
  static constexpr Field fields[] = {field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext)};
  return fields;
}

Fields UnwrapKeyRequest::fields() {
  using R = UnwrapKeyRequest;
  static constexpr Field fields[] = {
      field<R, &R::ciphertext_blob>("CiphertextBlob", kCiphertext, Need::Required),
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::encryption_context>("EncryptionContext", kEncryptionContext)};
  return fields;
}

}  // namespace trent::kms
