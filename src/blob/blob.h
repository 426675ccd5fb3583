// SPDX-License-Identifier: Apache-2.0
// Ciphertext blobs: the layout that AWS KMS blobs show, with an RFC 5649 payload.
// docs/blob-format.md explains every byte.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/openssl.h"
#include "blob/context.h"

namespace trent::blob {

inline constexpr std::size_t kHeaderSize = 58;
inline constexpr std::size_t kMaxPlaintext = 4096;
inline constexpr std::size_t kMaxBlob = 6144;  // KMS's limit for a CiphertextBlob

using KeyMaterialId = std::array<std::uint8_t, 32>;
using Salt = std::array<std::uint8_t, 16>;
using Header = std::array<std::uint8_t, kHeaderSize>;
using Tag = std::array<std::uint8_t, 32>;

enum class Kind : std::uint8_t {
  DataKeyByLength = 1,  // GenerateDataKey with NumberOfBytes
  Encrypt = 2,          // Encrypt and ReEncrypt
  DataKeyBySpec = 3,    // GenerateDataKey with KeySpec; private key of a data key pair
};

enum class Suite : std::uint16_t {
  Direct = 0x5401,    // under a one-time key that is derived from the key material
  Enforced = 0x5404,  // under the key material itself; a tag binds header and context
};

// What the header says of the content.
struct Parameters {
  Suite suite = Suite::Direct;
  Kind kind = Kind::Encrypt;
  KeyMaterialId key_material_id{};
  std::size_t plaintext_length = 0;  // 1..kMaxPlaintext
  bool zero_padded = false;  // the token filled the content up to a multiple of 8 with zero bytes
  Salt salt{};
};

struct Blob {
  Parameters parameters;
  Header header;  // the bytes themselves: they are an input of the key derivation
  Bytes payload;  // RFC 5649, payload_size() bytes
  Tag tag{};      // of Suite::Enforced

  // Length of what the payload unwraps to: plaintext_length, rounded up to 8 if zero_padded.
  std::size_t content_length() const;
};

// |payload| = 8*ceil(plaintext_length/8) + 8.
std::size_t payload_size(std::size_t plaintext_length);

// Exact size of a blob for this plaintext length.
std::size_t blob_size(std::size_t plaintext_length, Suite suite = Suite::Direct);

// The 58 bytes. zero_padded must be false if plaintext_length is a multiple of 8.
Header make_header(const Parameters& parameters);

// Header followed by the CMS EncryptedData that carries `payload`, whose size must be
// payload_size() of the length that was announced in the header. In Suite::Enforced the tag
// follows, as a DER OCTET STRING; without a tag it is Suite::Direct.
Bytes make_blob(const Header& header, ByteView payload, const Tag* tag = nullptr);

// Strict: accepts exactly what make_blob() writes.
// Throws InvalidCiphertextException for everything else. Blobs of AWS KMS itself (suite 0078,
// formats v1 and v2) and AWS Encryption SDK messages are recognised, and the error says where
// their key is or which tool reads them.
Blob parse_blob(ByteView bytes);

// H: what is encrypted with the key material to give the one-time wrapping key of this header.
Sha256 wrapping_key_input(const Header& header, ByteView canonical_context);

// What the tag of a blob of Suite::Enforced is the HMAC of.
Bytes tag_input(const Header& header, ByteView canonical_context, ByteView payload);

// What is encrypted with a material to give its id: SHA-256(D("trent:v1:key-material-id") || kid).
Sha256 key_material_id_input(std::string_view key_id);

// The id of a material of another kind: SHA-256 of the same, and of what the material shows of
// itself: the DER SubjectPublicKeyInfo of a key pair, the HMAC of key_material_id_input() of an
// HMAC key, and of an enforced key what it wraps key_material_id_input() to, and then its HMAC.
KeyMaterialId key_material_id(std::string_view key_id, ByteView shown);

}  // namespace trent::blob
