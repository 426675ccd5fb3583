// SPDX-License-Identifier: Apache-2.0
// Sealing, opening and moving: headers, key derivation and padding of suite 5401; the tags of suite
// 5404, which is that of keys that are enforced in the token.
#include "kms/sealing.h"

#include <openssl/asn1.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/openssl.h"
#include "hsm/enforced_wrapping.h"
#include "hsm/oaep.h"
#include "kms/material.h"

namespace trent::kms {

namespace {

// A fresh header for a secret of `length` bytes under the current material of `key`.
// `padded_already`: the content is known to have its zero bytes already.
blob::Header new_header(const Key& key, blob::Kind kind, std::size_t length,
                        bool padded_already = false) {
  blob::Parameters parameters;
  parameters.suite = key.record->enforced ? blob::Suite::Enforced : blob::Suite::Direct;
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
  if (blob.parameters.suite != blob::Suite::Direct) throw Error(ErrorCode::InvalidCiphertext, {});
  return {key, blob.parameters.key_material_id, blob.header, context};
}

// The current material of an enforced key.
hsm::EnforcedKeyRef enforced(const Key& key) {
  return enforced_key_ref(*key.record, key.record->current);
}

blob::Tag make_tag(const Key& key, const hsm::EnforcedKeyRef& material, const blob::Header& header,
                   const SealingContext& context, ByteView payload) {
  const Bytes mac = hsm::generate_tag(key.account->token, material,
                                      blob::tag_input(header, context.canonical(), payload));
  blob::Tag tag{};
  if (mac.size() != tag.size())
    throw Error(ErrorCode::KMSInternal, "The token made an HMAC of the wrong length.",
                "Run `trent check` to see what the token can do.");
  std::ranges::copy(mac, tag.begin());
  return tag;
}

Bytes make_enforced_blob(const Key& key, const blob::Header& header, const SealingContext& context,
                         ByteView payload) {
  const blob::Tag tag = make_tag(key, enforced(key), header, context, payload);
  return blob::make_blob(header, payload, &tag);
}

// The header and the context are those that the payload was wrapped for.
void require_tag(const Key& key, const hsm::EnforcedKeyRef& material, const blob::Blob& blob,
                 const SealingContext& context) {
  if (blob.parameters.suite == blob::Suite::Enforced) {
    const blob::Tag tag = make_tag(key, material, blob.header, context, blob.payload);
    if (CRYPTO_memcmp(tag.data(), blob.tag.data(), tag.size()) == 0) return;
  }
  throw Error(ErrorCode::InvalidCiphertext, {});
}

// `what` cannot be done with a key that is enforced in the token.
void refuse_enforced(const Key& key, const char* what) {
  if (!key.record->enforced) return;
  throw Error(ErrorCode::UnsupportedOperation,
              key.arn() + " is enforced in the token: " + what + ".",
              "Secrets under it can be moved to another such key (ReEncrypt), and nothing else.");
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

// Of a data key pair. A data key by its spec has 16 or 32 bytes.
bool is_private_key(const blob::Parameters& parameters) {
  constexpr std::size_t kLongestDataKey = 32;
  return parameters.kind == blob::Kind::DataKeyBySpec &&
         parameters.plaintext_length > kLongestDataKey;
}

// A token that zero-pads what it wraps does not tell how long a private key of its own is: up to
// seven zero bytes may be behind it, and the DER says how many.
void remove_zeros_behind(SecretBytes& content) {
  const unsigned char* at = content.data();
  long length = 0;
  int tag = 0;
  int tag_class = 0;
  const int kind =
      ASN1_get_object(&at, &length, &tag, &tag_class, static_cast<long>(content.size()));
  constexpr int kError = 0x80;
  if ((kind & kError) != 0 || tag != V_ASN1_SEQUENCE) return;
  const auto whole = static_cast<std::size_t>(at - content.data() + length);
  if (content.size() - whole < 8 &&
      std::all_of(content.begin() + static_cast<std::ptrdiff_t>(whole), content.end(),
                  [](std::uint8_t b) { return b == 0; }))
    content.resize(whole);
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
  if (key.record->enforced)
    return make_enforced_blob(key, header, context,
                              hsm::wrap(key.account->token, enforced(key), secret));
  const Wrapping wrapping = wrapping_with(key, header, context);
  return blob::make_blob(header, hsm::wrap(key.account->token, wrapping.key(), secret));
}

Bytes seal_new(const Key& key, const SealingContext& context, blob::Kind kind, std::size_t length) {
  const blob::Header header = new_header(key, kind, length);
  if (key.record->enforced)
    return make_enforced_blob(key, header, context,
                              hsm::wrap_new_secret(key.account->token, enforced(key), length));
  const Wrapping wrapping = wrapping_with(key, header, context);
  return blob::make_blob(header, hsm::wrap_new_secret(key.account->token, wrapping.key(), length));
}

SealedKeyPair seal_new_key_pair(const Key& key, const SealingContext& context,
                                const hsm::KeyPairKind& pair) {
  refuse_enforced(key, "it protects no private keys");
  // The token's profile is known before the key is made.
  hsm::profile_of(key.account->token);
  blob::Header header{};
  std::optional<Wrapping> wrapping;
  auto made = hsm::wrap_new_key_pair(key.account->token, pair, [&](std::size_t length) {
    header = new_header(key, blob::Kind::DataKeyBySpec, length);
    wrapping.emplace(wrapping_with(key, header, context));
    return wrapping->key();
  });
  return {std::move(made.public_key), blob::make_blob(header, made.private_key)};
}

Bytes seal_object(const Key& key, const SealingContext& context, hsm::ApplicationObject object,
                  std::optional<std::size_t> length) {
  refuse_enforced(key, "it wraps no objects of an application");
  constexpr std::size_t kAes256 = 32;
  const blob::Header header = new_header(key, blob::Kind::Encrypt, length.value_or(kAes256));
  const Wrapping wrapping = wrapping_with(key, header, context);
  const Bytes payload = hsm::wrap(key.account->token, wrapping.key(), object);
  if (!has_length(payload, length))
    throw Error(ErrorCode::Validation, "The object is not as long as it is said to be.");
  return blob::make_blob(header, payload);
}

SecretBytes open(const Key& key, const SealingContext& context, const blob::Blob& blob) {
  refuse_enforced(key, "what it protects cannot be decrypted");
  const Wrapping wrapping = unwrapping(key, blob, context);
  SecretBytes content =
      hsm::unwrap(key.account->token, wrapping.key(), {blob.payload, blob.content_length()});
  remove_padding(content, blob);
  if (is_private_key(blob.parameters)) remove_zeros_behind(content);
  return content;
}

hsm::ApplicationObject open_object(const Key& key, const SealingContext& context,
                                   const blob::Blob& blob,
                                   const hsm::ApplicationTemplate& destination) {
  refuse_enforced(key, "what it protects is given to no application");
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

namespace {

Error too_long(const Key& key, Hash hash) {
  return Error(ErrorCode::Validation,
               "Algorithm RSAES_OAEP_SHA_" + std::string(hash == Hash::Sha1 ? "1" : "256") +
                   " and key spec " + std::string(wire_name(key.record->spec)) +
                   " cannot encrypt data larger than " +
                   std::to_string(public_key_of(key).max_oaep(hash)) + " bytes.",
               "Encrypt a data key with it, and the data with the data key.");
}

hsm::OaepDestination oaep_destination(const Destination& destination) {
  return {public_key_of(destination.key), *destination.oaep};
}

// What is said of a private key has to stay with it.
blob::Kind kind_of_moved(const blob::Parameters& old) {
  return is_private_key(old) ? blob::Kind::DataKeyBySpec : blob::Kind::Encrypt;
}

// A token that hides the content's length shows it in that of its wrap, but for the remainder
// modulo 8: a blob that lies about it goes no further.
void require_length_of(const Bytes& payload, const blob::Blob& source) {
  if (payload.size() != source.payload.size()) throw Error(ErrorCode::InvalidCiphertext, {});
}

Bytes move_from_blob_to_blob(const Source& source, const Destination& destination) {
  const blob::Blob& blob = source.blob;
  const blob::Parameters& old = blob.parameters;
  hsm::Token& from = source.key.account->token;
  hsm::Token& to = destination.key.account->token;
  // On the way to another token the content is wrapped once more, and padded by a token that pads.
  const bool padded = old.zero_padded || (&from != &to && hsm::profile_of(from).zero_pads);
  const blob::Header header =
      new_header(destination.key, kind_of_moved(old), old.plaintext_length, padded);
  const Wrapping unwrapping_key = unwrapping(source.key, blob, source.context);
  const Wrapping wrapping_key = wrapping_with(destination.key, header, destination.context);
  const hsm::WrappedSecret secret{blob.payload, blob.content_length()};
  const Bytes payload =
      &from == &to ? hsm::rewrap(from, unwrapping_key.key(), secret, wrapping_key.key())
                   : hsm::rewrap_across(from, unwrapping_key.key(), secret, to, wrapping_key.key());
  require_length_of(payload, blob);
  return blob::make_blob(header, payload);
}

// From or to an enforced key, or both.
Bytes move_enforced(const Source& source, const Destination& destination) {
  if (!destination.key.record->enforced)
    refuse_enforced(source.key, "what it protects is moved to no key that is not");
  if (source.oaep)
    throw Error(ErrorCode::UnsupportedOperation,
                destination.key.arn() +
                    " is enforced in the token, which moves nothing to it from an RSA key.",
                "Re-encrypt it to a symmetric key first.");
  hsm::Token& token = source.key.account->token;
  if (&token != &destination.key.account->token)
    throw Error(ErrorCode::UnsupportedOperation,
                destination.key.arn() + " is enforced in another token.",
                "Use a key that is enforced in the same token.");
  const blob::Blob& blob = source.blob;
  const blob::Parameters& old = blob.parameters;
  const hsm::WrappedSecret secret{blob.payload, blob.content_length()};
  const blob::Header header =
      new_header(destination.key, kind_of_moved(old), old.plaintext_length, old.zero_padded);
  Bytes payload;
  if (source.key.record->enforced) {
    const hsm::EnforcedKeyRef key = enforced_key_ref(*source.key.record, old.key_material_id);
    require_tag(source.key, key, blob, source.context);
    payload = hsm::rewrap(token, key, secret, enforced(destination.key));
  } else {
    const Wrapping key = unwrapping(source.key, blob, source.context);
    payload = hsm::rewrap(token, key.key(), secret, enforced(destination.key));
  }
  require_length_of(payload, blob);
  return make_enforced_blob(destination.key, header, destination.context, payload);
}

Bytes move_from_blob_to_oaep(const Source& source, const Destination& destination) {
  const std::size_t length = source.blob.parameters.plaintext_length;
  if (length > public_key_of(destination.key).max_oaep(*destination.oaep))
    throw too_long(destination.key, *destination.oaep);
  if (source.blob.parameters.zero_padded)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token filled this plaintext of " + std::to_string(length) +
                    " bytes up with zero bytes, which it cannot take off inside.",
                "With host-reencrypt = \"allow\" in trent.toml it is done in this process.");
  const Wrapping unwrapping_key = unwrapping(source.key, source.blob, source.context);
  return hsm::rewrap_to_oaep(source.key.account->token, unwrapping_key.key(),
                             {source.blob.payload, length}, destination.key.account->token,
                             oaep_destination(destination));
}

Bytes move_from_oaep(const Source& source, const Destination& destination) {
  const hsm::PrivateKeyRef key = private_key_ref(*source.key.record);
  const hsm::OaepSource secret{key, *source.oaep, source.ciphertext};
  hsm::Token& from = source.key.account->token;
  hsm::Token& to = destination.key.account->token;
  if (destination.oaep) return hsm::rewrap_oaep(from, secret, to, oaep_destination(destination));
  const bool padded = &from != &to && hsm::profile_of(from).zero_pads;
  // The token's profile is known before the secret is in the token.
  hsm::profile_of(to);
  blob::Header header{};
  std::optional<Wrapping> wrapping;
  const Bytes payload = hsm::rewrap_from_oaep(from, secret, to, [&](std::size_t length) {
    header = new_header(destination.key, blob::Kind::Encrypt, length, padded);
    wrapping.emplace(wrapping_with(destination.key, header, destination.context));
    return wrapping->key();
  });
  return blob::make_blob(header, payload);
}

}  // namespace

void require_no_context(const EncryptionContext& context) {
  if (context.empty()) return;
  throw Error(ErrorCode::Validation,
              "An encryption context is valid only with a symmetric encryption key.",
              "Leave it out: nothing would be bound to it.");
}

Bytes seal_oaep(const Key& key, Hash hash, const SecretBytes& secret, bool in_token) {
  const PublicKey& public_key = public_key_of(key);
  if (secret.size() > public_key.max_oaep(hash)) throw too_long(key, hash);
  return in_token ? hsm::encrypt_oaep(key.account->token, {public_key, hash}, secret)
                  : public_key.encrypt_oaep(hash, secret);
}

SecretBytes open_oaep(const Key& key, Hash hash, ByteView ciphertext) {
  return hsm::decrypt_oaep(key.account->token, {private_key_ref(*key.record), hash, ciphertext});
}

Bytes move(const Source& source, const Destination& destination) {
  if (source.key.record->enforced || destination.key.record->enforced)
    return move_enforced(source, destination);
  if (source.oaep) return move_from_oaep(source, destination);
  return destination.oaep ? move_from_blob_to_oaep(source, destination)
                          : move_from_blob_to_blob(source, destination);
}

Bytes move_in_host(const Source& source, const Destination& destination) {
  const SecretBytes secret = source.oaep ? open_oaep(source.key, *source.oaep, source.ciphertext)
                                         : open(source.key, source.context, source.blob);
  return destination.oaep ? seal_oaep(destination.key, *destination.oaep, secret, false)
                          : seal(destination.key, destination.context, blob::Kind::Encrypt, secret);
}

}  // namespace trent::kms
