// SPDX-License-Identifier: Apache-2.0
// Sealing, opening and moving: headers, key derivation and padding of suite 5401.
#include "kms/sealing.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/openssl.h"

namespace trent::kms {

namespace {

// A fresh header for a secret of `length` bytes under the current material of `key`.
// `padded_already`: the content is known to have its zero bytes already.
blob::Header new_header(const Key& key, blob::Kind kind, std::size_t length,
                        bool padded_already = false) {
  blob::Parameters parameters;
  parameters.kind = kind;
  parameters.key_material_id = key.record->current;
  parameters.plaintext_length = length;
  hsm::Token& token = key.account->token;
  parameters.zero_padded = length % 8 != 0 && (padded_already || hsm::profile_of(token).zero_pads);
  fill_random(parameters.salt);
  // Some tokens wrap secrets that they cannot unwrap again (NSS: above 256 bytes), or take none
  // (AWS CloudHSM: above 64).
  if (length > hsm::kEveryTokenTakes && hsm::longest_secret(token) < length)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token cannot unwrap secrets of " + std::to_string(length) + " bytes again.",
                "Encrypt a data key with it, and the data with the data key.");
  return blob::make_header(parameters);
}

// What the token wraps and unwraps with: a material of the key, and what the one-time key is
// derived from.
class Wrapping {
 public:
  Wrapping(const Key& key, const blob::KeyMaterialId& material, const blob::Header& header,
           const SealingContext& context)
      : base_key_(base_key_ref(*key.record, material)),
        derivation_data_(blob::wrapping_key_input(header, context.canonical())) {}
  hsm::WrappingKey key() const { return {base_key_, derivation_data_}; }

 private:
  hsm::BaseKeyRef base_key_;
  Sha256 derivation_data_;
};

Wrapping wrapping_with(const Key& key, const blob::Header& header, const SealingContext& context) {
  return {key, key.record->current, header, context};
}
Wrapping unwrapping(const Key& key, const blob::Blob& blob, const SealingContext& context) {
  return {key, blob.parameters.key_material_id, blob.header, context};
}

// The content must be exactly what the header announces: its length, and zero bytes behind it.
void remove_padding(SecretBytes& content, const blob::Blob& blob) {
  const std::size_t length = blob.parameters.plaintext_length;
  const bool good =
      content.size() == blob.content_length() &&
      std::all_of(content.begin() + static_cast<std::ptrdiff_t>(std::min(length, content.size())),
                  content.end(), [](std::uint8_t b) { return b == 0; });
  if (!good) throw Error(ErrorCode::InvalidCiphertext, {});
  content.resize(length);
}

// The header says of the length only what it is modulo 8: that is 0 for every AES key.
bool has_length(const Bytes& payload, std::optional<std::size_t> length) {
  if (length) return payload.size() == blob::payload_size(*length);
  return std::ranges::any_of(std::array{16, 24, 32}, [&](std::size_t aes) {
    return payload.size() == blob::payload_size(aes);
  });
}

}  // namespace

Bytes seal(const Key& key, const SealingContext& context, blob::Kind kind,
           const SecretBytes& secret) {
  const blob::Header header = new_header(key, kind, secret.size());
  const Wrapping wrapping = wrapping_with(key, header, context);
  return blob::make_blob(header, hsm::wrap(key.account->token, wrapping.key(), secret));
}

Bytes seal_new(const Key& key, const SealingContext& context, blob::Kind kind, std::size_t length) {
  const blob::Header header = new_header(key, kind, length);
  const Wrapping wrapping = wrapping_with(key, header, context);
  return blob::make_blob(header, hsm::wrap_new_secret(key.account->token, wrapping.key(), length));
}

Bytes seal_object(const Key& key, const SealingContext& context, hsm::ApplicationObject object,
                  std::optional<std::size_t> length) {
  constexpr std::size_t kAes256 = 32;
  const blob::Header header = new_header(key, blob::Kind::Encrypt, length.value_or(kAes256));
  const Wrapping wrapping = wrapping_with(key, header, context);
  const Bytes payload = hsm::wrap(key.account->token, wrapping.key(), object);
  if (!has_length(payload, length))
    throw Error(ErrorCode::Validation, "The object is not as long as it is said to be.");
  return blob::make_blob(header, payload);
}

SecretBytes open(const Key& key, const SealingContext& context, const blob::Blob& blob) {
  const Wrapping wrapping = unwrapping(key, blob, context);
  SecretBytes content =
      hsm::unwrap(key.account->token, wrapping.key(), {blob.payload, blob.content_length()});
  remove_padding(content, blob);
  return content;
}

hsm::ApplicationObject open_object(const Key& key, const SealingContext& context,
                                   const blob::Blob& blob,
                                   const hsm::ApplicationTemplate& destination) {
  const Wrapping wrapping = unwrapping(key, blob, context);
  return hsm::unwrap(key.account->token, wrapping.key(), {blob.payload, length_of_object(blob)},
                     destination);
}

std::size_t length_of_object(const blob::Blob& blob) {
  const blob::Parameters& parameters = blob.parameters;
  if (parameters.zero_padded)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token filled this secret of " + std::to_string(parameters.plaintext_length) +
                    " bytes up with zero bytes, and cannot make an object without them.",
                "Wrap keys whose length is a multiple of 8 bytes, or use Decrypt.");
  return parameters.plaintext_length;
}

Bytes move(const Key& source, const SealingContext& source_context, const blob::Blob& blob,
           const Key& destination, const SealingContext& destination_context) {
  const blob::Parameters& old = blob.parameters;
  hsm::Token& from = source.account->token;
  hsm::Token& to = destination.account->token;
  // On the way to another token the content is wrapped once more, and padded by a token that pads.
  const bool padded = old.zero_padded || (&from != &to && hsm::profile_of(from).zero_pads);
  const blob::Header header =
      new_header(destination, blob::Kind::Encrypt, old.plaintext_length, padded);
  const Wrapping unwrapping_key = unwrapping(source, blob, source_context);
  const Wrapping wrapping_key = wrapping_with(destination, header, destination_context);
  const hsm::WrappedSecret secret{blob.payload, blob.content_length()};
  const Bytes payload =
      &from == &to ? hsm::rewrap(from, unwrapping_key.key(), secret, wrapping_key.key())
                   : hsm::rewrap_across(from, unwrapping_key.key(), secret, to, wrapping_key.key());
  // A token that hides the content's length shows it in that of its wrap, but for the remainder
  // modulo 8: a blob that lies about it goes no further.
  if (payload.size() != blob.payload.size()) throw Error(ErrorCode::InvalidCiphertext, {});
  return blob::make_blob(header, payload);
}

}  // namespace trent::kms
