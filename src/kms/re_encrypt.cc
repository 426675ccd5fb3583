#include "base/encoding.h"
#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

// The order of the checks is KMS's own: see docs/kms-behaviour.md.
ReEncryptResponse Service::re_encrypt(const ReEncryptRequest& request) {
  hsm::ForkGuard fork;
  Validation()
      .length("ciphertextBlob", request.ciphertext_blob.size(), 1, blob::kMaxBlob)
      .optional_key_id("sourceKeyId", request.source_key_id)
      .key_id("destinationKeyId", request.destination_key_id)
      .encryption_algorithm("sourceEncryptionAlgorithm", request.source_encryption_algorithm)
      .encryption_algorithm("destinationEncryptionAlgorithm",
                            request.destination_encryption_algorithm)
      .grant_tokens(request.grant_tokens)
      .check();
  Bytes source_context = blob::canonical_context(request.source_encryption_context);
  Bytes destination_context = blob::canonical_context(request.destination_encryption_context);

  Key source = implementation_->key_of_blob(request.source_key_id, request.ciphertext_blob);
  require_usable(source, "ReEncryptFrom", request.source_encryption_algorithm);
  Key destination = implementation_->resolve(request.destination_key_id);
  require_usable(destination, "ReEncryptTo", request.destination_encryption_algorithm);
  require_no_grant_tokens(request.grant_tokens);

  blob::Blob blob = blob::parse_blob(request.ciphertext_blob);
  const blob::Parameters& old = blob.parameters;
  Sha256 source_h = blob::wrapping_key_input(blob.header, source_context);
  hsm::Token& from = source.account->token;
  hsm::Token& to = destination.account->token;
  // On the way to another token the content is wrapped once more, and padded by a token that pads.
  bool padded = old.zero_padded || (&from != &to && hsm::profile_of(from).zero_pads);
  blob::Header header = new_header(destination, blob::Kind::Encrypt, old.plaintext_length, padded);
  Sha256 destination_h = blob::wrapping_key_input(header, destination_context);
  auto source_base_key = base_key_ref(*source.record, old.key_material_id);
  auto destination_base_key = base_key_ref(*destination.record, destination.record->current);
  hsm::WrappingKey source_key{source_base_key, source_h};
  hsm::WrappingKey destination_key{destination_base_key, destination_h};
  hsm::WrappedSecret secret{blob.payload, blob.content_length()};
  Bytes payload = &from == &to ? hsm::rewrap(from, source_key, secret, destination_key)
                               : hsm::rewrap_across(from, source_key, secret, to, destination_key);
  // A token that hides the content's length shows it in that of its wrap, but for the remainder
  // modulo 8: a blob that lies about it goes no further.
  if (payload.size() != blob.payload.size()) throw Error(ErrorCode::InvalidCiphertext, {});
  if (request.dry_run) throw_dry_run();

  ReEncryptResponse response;
  response.ciphertext_blob = blob::make_blob(header, payload);
  response.source_key_id = source.arn();
  response.key_id = destination.arn();
  response.source_encryption_algorithm = kSymmetricDefault;
  response.destination_encryption_algorithm = kSymmetricDefault;
  response.source_key_material_id = to_hex(old.key_material_id);
  response.destination_key_material_id = to_hex(destination.record->current);
  return response;
}

}  // namespace trent::kms
