#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

// The content must be exactly what the header announces: its length, and zero bytes behind it.
void remove_padding(SecretBytes& content, const blob::Blob& blob) {
  std::size_t length = blob.parameters.plaintext_length;
  bool good =
      content.size() == blob.content_length() &&
      std::all_of(content.begin() + static_cast<std::ptrdiff_t>(std::min(length, content.size())),
                  content.end(), [](std::uint8_t b) { return b == 0; });
  if (!good) throw Error(ErrorCode::InvalidCiphertext, {});
  content.resize(length);
}

}  // namespace

DecryptResponse Service::decrypt(const DecryptRequest& request) {
  hsm::ForkGuard fork;
  Validation()
      .length("ciphertextBlob", request.ciphertext_blob.size(), 1, blob::kMaxBlob)
      .optional_key_id("keyId", request.key_id)
      .encryption_algorithm("encryptionAlgorithm", request.encryption_algorithm)
      .grant_tokens(request.grant_tokens)
      .check();
  Bytes context = blob::canonical_context(request.encryption_context);
  Key key = implementation_->key_of_blob(request.key_id, request.ciphertext_blob);
  require_usable(key, "Decrypt", request.encryption_algorithm);
  require_no_grant_tokens(request.grant_tokens);

  blob::Blob blob = blob::parse_blob(request.ciphertext_blob);
  const blob::KeyMaterialId& material = blob.parameters.key_material_id;
  Sha256 h = blob::wrapping_key_input(blob.header, context);
  auto base_key = base_key_ref(*key.record, material);
  DecryptResponse response;
  response.plaintext =
      hsm::unwrap(key.account->token, {base_key, h}, {blob.payload, blob.content_length()});
  remove_padding(response.plaintext, blob);
  if (request.dry_run) throw_dry_run();
  response.key_id = key.arn();
  response.encryption_algorithm = kSymmetricDefault;
  response.key_material_id = to_hex(material);
  return response;
}

}  // namespace trent::kms
