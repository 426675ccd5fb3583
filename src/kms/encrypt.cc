#include "base/encoding.h"
#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

EncryptResponse Service::encrypt(const EncryptRequest& request) {
  hsm::ForkGuard fork;
  Validation()
      .key_id("keyId", request.key_id)
      .length("plaintext", request.plaintext.size(), 1, blob::kMaxPlaintext)
      .encryption_algorithm("encryptionAlgorithm", request.encryption_algorithm)
      .grant_tokens(request.grant_tokens)
      .check();
  Bytes context = blob::canonical_context(request.encryption_context);
  Key key = implementation_->resolve(request.key_id);
  require_usable(key, "Encrypt", request.encryption_algorithm);
  require_no_grant_tokens(request.grant_tokens);
  if (request.dry_run) throw_dry_run();

  blob::Header header = new_header(key, blob::Kind::Encrypt, request.plaintext.size());
  Sha256 h = blob::wrapping_key_input(header, context);
  auto base_key = base_key_ref(*key.record, key.record->current);
  Bytes payload = hsm::wrap(key.account->token, {base_key, h}, request.plaintext);
  return {blob::make_blob(header, payload), key.arn(), kSymmetricDefault,
          to_hex(key.record->current)};
}

}  // namespace trent::kms
