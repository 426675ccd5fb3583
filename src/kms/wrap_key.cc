#include "kms/wrap_key.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

void require_same_token(Service& service, const Key& key) {
  if (&key.account->token != &service.token())
    throw Error(ErrorCode::UnsupportedOperation, key.arn() + " is in another token.",
                "Wrap the key with a KMS key of its own token.");
}

// The header says of the length only what it is modulo 8: that is 0 for every AES key.
bool has_length(const Bytes& payload, std::optional<std::size_t> length) {
  if (length) return payload.size() == blob::payload_size(*length);
  return std::ranges::any_of(std::array{16, 24, 32}, [&](std::size_t aes) {
    return payload.size() == blob::payload_size(aes);
  });
}

}  // namespace

Bytes wrap_key(Service& service, const WrapKeyRequest& request) {
  hsm::ForkGuard fork;
  constexpr std::size_t kAes256 = 32;
  std::size_t length = request.length.value_or(kAes256);
  Validation()
      .key_id("keyId", request.key_id)
      .range("length", static_cast<std::int64_t>(length), 1, blob::kMaxPlaintext)
      .check();
  Bytes context = blob::canonical_context(request.encryption_context);
  Key key = service.implementation().resolve(request.key_id);
  require_usable(key, "Encrypt", {});
  require_same_token(service, key);

  blob::Header header = new_header(key, blob::Kind::Encrypt, length);
  Sha256 h = blob::wrapping_key_input(header, context);
  auto base_key = base_key_ref(*key.record, key.record->current);
  Bytes payload = hsm::wrap(service.token(), {base_key, h}, request.object);
  if (!has_length(payload, request.length))
    throw Error(ErrorCode::Validation, "The object is not as long as it is said to be.");
  return blob::make_blob(header, payload);
}

std::size_t unwrapped_length(ByteView ciphertext_blob) {
  blob::Parameters parameters = blob::parse_blob(ciphertext_blob).parameters;
  if (parameters.zero_padded)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token filled this secret of " + std::to_string(parameters.plaintext_length) +
                    " bytes up with zero bytes, and cannot make an object without them.",
                "Wrap keys whose length is a multiple of 8 bytes, or use Decrypt.");
  return parameters.plaintext_length;
}

hsm::ApplicationObject unwrap_key(Service& service, const UnwrapKeyRequest& request,
                                  const hsm::ApplicationTemplate& destination) {
  hsm::ForkGuard fork;
  Validation()
      .length("ciphertextBlob", request.ciphertext_blob.size(), 1, blob::kMaxBlob)
      .key_id("keyId", request.key_id)
      .check();
  Bytes context = blob::canonical_context(request.encryption_context);
  Key key = service.implementation().key_of_blob(request.key_id, request.ciphertext_blob);
  require_usable(key, "Decrypt", {});
  require_same_token(service, key);

  blob::Blob blob = blob::parse_blob(request.ciphertext_blob);
  Sha256 h = blob::wrapping_key_input(blob.header, context);
  auto base_key = base_key_ref(*key.record, blob.parameters.key_material_id);
  return hsm::unwrap(service.token(), {base_key, h},
                     {blob.payload, unwrapped_length(request.ciphertext_blob)}, destination);
}

}  // namespace trent::kms
