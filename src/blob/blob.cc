// SPDX-License-Identifier: Apache-2.0
// Ciphertext blobs, written and parsed.
#include "blob/blob.h"

#include <openssl/asn1.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.h"

namespace trent::blob {

namespace {

// Bytes 0..57.
constexpr std::uint8_t kContainer = 0x01;
constexpr std::uint8_t kFormat = 0x02;
constexpr std::size_t kKindOffset = 2;
constexpr std::size_t kSuiteOffset = 3;
constexpr std::size_t kKeyMaterialOffset = 5;
constexpr std::size_t kPaddingOffset = 37;
constexpr std::size_t kSaltOffset = 38;
constexpr std::size_t kDerLengthOffset = 54;

constexpr std::uint16_t kSuiteEnvelope = 0x5411;
constexpr std::uint16_t kSuiteAwsKms = 0x0078;

constexpr std::uint8_t kZeroPadded = 0x80;
constexpr std::uint8_t kPaddingLength = 0x07;

std::uint16_t u16_at(ByteView b, std::size_t i) {
  return static_cast<std::uint16_t>(b[i] << 8 | b[i + 1]);
}

std::uint32_t u32_at(ByteView b, std::size_t i) {
  return std::uint32_t{u16_at(b, i)} << 16 | u16_at(b, i + 2);
}

constexpr std::size_t round_up_8(std::size_t n) {
  return (n + 7) / 8 * 8;
}

constexpr std::size_t kMinPayload = 16;
constexpr std::size_t kMaxPayload = round_up_8(kMaxPlaintext) + 8;

// The parts of the CMS structure that never change, as DER.
constexpr std::uint8_t kEncryptedDataOid[] = {  // id-encryptedData, 1.2.840.113549.1.7.6
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06};
constexpr std::uint8_t kVersion0[] = {0x02, 0x01, 0x00};
constexpr std::uint8_t kDataOid[] = {  // id-data, 1.2.840.113549.1.7.1
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
constexpr std::uint8_t kAlgorithm[] = {  // SEQUENCE { id-aes256-wrap-pad }, RFC 5649 section 5
    0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x30};

// What stands before the tag behind the ContentInfo: OCTET STRING.
constexpr std::uint8_t kTagHeader[] = {0x04, sizeof(Tag)};

// How much of the DER is not the ContentInfo.
constexpr std::size_t tag_der_size(Suite suite) {
  return suite == Suite::Enforced ? sizeof kTagHeader + sizeof(Tag) : 0;
}

// nullopt: it is none that is known.
std::optional<Suite> suite_of(ByteView header) {
  const auto suite = Suite{u16_at(header, kSuiteOffset)};
  if (suite != Suite::Direct && suite != Suite::Enforced) return std::nullopt;
  return suite;
}

// Everything of the ContentInfo (RFC 5652 sections 3 and 8) that stands before the payload. DER
// leaves no choice, so the payload's size decides every byte. Built from the payload outwards,
// because each length counts what follows it.
class Framing {
 public:
  explicit Framing(std::size_t payload_size) : payload_size_(payload_size) {
    put_header(V_ASN1_CONTEXT_SPECIFIC, 0, false);  // [0] IMPLICIT encryptedContent
    put(kAlgorithm);
    put(kDataOid);
    put_header(V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, true);  // EncryptedContentInfo
    put(kVersion0);
    put_header(V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, true);  // EncryptedData
    put_header(V_ASN1_CONTEXT_SPECIFIC, 0, true);         // [0] EXPLICIT content
    put(kEncryptedDataOid);
    put_header(V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, true);  // ContentInfo
  }

  std::size_t payload_size() const { return payload_size_; }
  ByteView bytes() const { return ByteView(buffer_).subspan(start_); }
  std::size_t der_size() const { return bytes().size() + payload_size_; }

  // Bounds of bytes().size(): each of the five lengths takes one to three bytes.
  static constexpr std::size_t kFixed =
      sizeof kEncryptedDataOid + sizeof kVersion0 + sizeof kDataOid + sizeof kAlgorithm;
  static constexpr std::size_t kMin = kFixed + 5 * 2;
  static constexpr std::size_t kMax = kFixed + 5 * 4;

 private:
  void put(ByteView der) {
    start_ -= der.size();
    std::copy(der.begin(), der.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
  }

  void put_header(int tag_class, int tag, bool constructed) {
    std::array<std::uint8_t, 4> header{};
    unsigned char* end = header.data();
    ASN1_put_object(&end, constructed ? 1 : 0, static_cast<int>(der_size()), tag, tag_class);
    put(ByteView(header.data(), end));
  }

  std::size_t payload_size_;
  std::array<std::uint8_t, kMax> buffer_{};
  std::size_t start_ = kMax;
};

// The framing whose DER is der_size bytes long. The size grows with the payload's, so there is at
// most one, and as the framing's own size varies by 10 bytes only, two candidates at most.
std::optional<Framing> framing_of_size(std::size_t der_size) {
  if (der_size < Framing::kMin + kMinPayload || der_size > Framing::kMax + kMaxPayload)
    return std::nullopt;
  std::size_t largest = (der_size - Framing::kMin) / 8 * 8;
  for (std::size_t payload : {largest, largest - 8}) {
    Framing framing(payload);
    if (framing.der_size() == der_size) return framing;
  }
  return std::nullopt;
}

// D(text) of the design: distinct purposes can never hash the same bytes.
template <std::size_t N>
consteval std::array<std::uint8_t, 64> domain(const char (&text)[N]) {
  static_assert(N - 1 <= 64);
  std::array<std::uint8_t, 64> out{};
  std::copy_n(text, N - 1, out.begin());
  return out;
}

// One error for whatever is wrong, and by KMS's rule without a message.
[[noreturn]] void throw_invalid() {
  throw Error(ErrorCode::InvalidCiphertext, {});
}

// Ciphertext of this format's neighbours, which people bring here.
void refuse_foreign(ByteView b) {
  if (b.size() < 5) return;
  if (b[0] == 0x01 && (b[1] == 0x01 || b[1] == 0x02) && u16_at(b, kSuiteOffset) == kSuiteAwsKms)
    throw Error(ErrorCode::InvalidCiphertext,
                "The ciphertext was made by AWS KMS, and its key is in AWS KMS.",
                "Decrypt it there (`aws kms decrypt`) and encrypt the result with Trent.");
  if (b[0] == kContainer && b[1] == kFormat && u16_at(b, kSuiteOffset) == kSuiteEnvelope)
    throw Error(ErrorCode::InvalidCiphertext,
                "The ciphertext is of suite 5411 (envelope), which is not supported by this "
                "version of Trent.",
                "Use a version of Trent that supports suite 5411.");

  // AWS Encryption SDK message format: version 1 and type 0x80, or version 2; then the algorithm.
  bool sdk1 = b[0] == 0x01 && b[1] == 0x80 && b[2] <= 0x03 &&
              (b[3] == 0x14 || b[3] == 0x46 || b[3] == 0x78);
  bool sdk2 = b[0] == 0x02 && (b[1] == 0x04 || b[1] == 0x05) && b[2] == 0x78;
  if (sdk1 || sdk2)
    throw Error(ErrorCode::InvalidCiphertext, {},
                "This is a message of the AWS Encryption SDK, not a ciphertext blob: decrypt it "
                "with the Encryption SDK. It holds its encrypted data keys in its header, and "
                "only those can be a KMS's ciphertext.");
}

}  // namespace

std::size_t Blob::content_length() const {
  return parameters.zero_padded ? round_up_8(parameters.plaintext_length)
                                : parameters.plaintext_length;
}

std::size_t payload_size(std::size_t plaintext_length) {
  return round_up_8(plaintext_length) + 8;
}

std::size_t blob_size(std::size_t plaintext_length, Suite suite) {
  return kHeaderSize + Framing(payload_size(plaintext_length)).der_size() + tag_der_size(suite);
}

Header make_header(const Parameters& p) {
  if (p.plaintext_length < 1 || p.plaintext_length > kMaxPlaintext)
    throw Error(ErrorCode::KMSInternal,
                "No blob can hold " + std::to_string(p.plaintext_length) + " bytes.",
                "A plaintext has 1 to 4096 bytes.");
  auto padding = static_cast<std::uint8_t>(round_up_8(p.plaintext_length) - p.plaintext_length);
  if (p.zero_padded) {
    if (padding == 0)
      throw Error(ErrorCode::KMSInternal, "A blob without padding was announced as zero-padded.",
                  "Please report this as a bug.");
    padding |= kZeroPadded;
  }
  const auto der_size =
      static_cast<std::uint32_t>(blob_size(p.plaintext_length, p.suite) - kHeaderSize);
  const auto suite = static_cast<std::uint16_t>(p.suite);

  Header h;
  h[0] = kContainer;
  h[1] = kFormat;
  h[kKindOffset] = static_cast<std::uint8_t>(p.kind);
  h[kSuiteOffset] = static_cast<std::uint8_t>(suite >> 8);
  h[kSuiteOffset + 1] = static_cast<std::uint8_t>(suite & 0xff);
  std::copy(p.key_material_id.begin(), p.key_material_id.end(), &h[kKeyMaterialOffset]);
  h[kPaddingOffset] = padding;
  std::copy(p.salt.begin(), p.salt.end(), &h[kSaltOffset]);
  for (std::size_t i = 0; i < 4; ++i)
    h[kDerLengthOffset + i] = static_cast<std::uint8_t>(der_size >> (24 - 8 * i));
  return h;
}

Bytes make_blob(const Header& header, ByteView payload, const Tag* tag) {
  const std::size_t tag_size = tag_der_size(tag == nullptr ? Suite::Direct : Suite::Enforced);
  const std::size_t der_size = u32_at(header, kDerLengthOffset);
  std::optional<Framing> framing = framing_of_size(der_size - std::min(tag_size, der_size));
  if (!framing || payload.size() != framing->payload_size())
    throw Error(ErrorCode::KMSInternal,
                "The token made a payload of " + std::to_string(payload.size()) +
                    " bytes, which is not the size that was announced.",
                "Run `trent check` to see whether the token does RFC 5649.");
  Bytes out;
  out.reserve(kHeaderSize + der_size);
  append(out, header);
  append(out, framing->bytes());
  append(out, payload);
  if (tag != nullptr) {
    append(out, kTagHeader);
    append(out, *tag);
  }
  return out;
}

Blob parse_blob(ByteView bytes) {
  refuse_foreign(bytes);
  if (bytes.size() <= kHeaderSize) throw_invalid();
  ByteView header = bytes.first<kHeaderSize>();
  ByteView der = bytes.subspan(kHeaderSize);

  std::uint8_t kind = header[kKindOffset];
  std::uint8_t padding = header[kPaddingOffset];
  std::uint8_t padding_length = padding & kPaddingLength;
  const std::optional<Suite> suite = suite_of(header);
  if (header[0] != kContainer || header[1] != kFormat || kind < 1 || kind > 3 || !suite ||
      (padding != padding_length && padding != (padding_length | kZeroPadded)) ||
      padding == kZeroPadded || u32_at(header, kDerLengthOffset) != der.size())
    throw_invalid();

  const std::size_t tag_size = tag_der_size(*suite);
  if (der.size() < tag_size) throw_invalid();
  const ByteView tag = der.last(tag_size);
  der = der.first(der.size() - tag_size);
  if (!tag.empty() && !std::ranges::equal(tag.first<sizeof kTagHeader>(), kTagHeader))
    throw_invalid();

  // DER is canonical: instead of parsing it, write it again and compare.
  std::optional<Framing> framing = framing_of_size(der.size());
  if (!framing || !std::ranges::equal(framing->bytes(), der.first(framing->bytes().size())))
    throw_invalid();
  ByteView payload = der.subspan(framing->bytes().size());

  Blob blob;
  blob.parameters.suite = *suite;
  blob.parameters.kind = static_cast<Kind>(kind);
  std::copy_n(&header[kKeyMaterialOffset], blob.parameters.key_material_id.size(),
              blob.parameters.key_material_id.begin());
  blob.parameters.plaintext_length = payload.size() - 8 - padding_length;
  blob.parameters.zero_padded = padding != padding_length;
  std::copy_n(&header[kSaltOffset], blob.parameters.salt.size(), blob.parameters.salt.begin());
  std::ranges::copy(header, blob.header.begin());
  blob.payload.assign(payload.begin(), payload.end());
  if (!tag.empty()) std::ranges::copy(tag.last<sizeof(Tag)>(), blob.tag.begin());
  return blob;
}

Sha256 wrapping_key_input(const Header& header, ByteView canonical_context) {
  static constexpr auto kDomain = domain("trent:v1:suite-5401:wrapping-key");
  return sha256({kDomain, header, canonical_context});
}

Bytes tag_input(const Header& header, ByteView canonical_context, ByteView payload) {
  static constexpr auto kDomain = domain("trent:v1:suite-5404:tag");
  Bytes input;
  input.reserve(kDomain.size() + header.size() + canonical_context.size() + payload.size());
  for (const ByteView part : {ByteView(kDomain), ByteView(header), canonical_context, payload})
    append(input, part);
  return input;
}

namespace {
constexpr auto kIdDomain = domain("trent:v1:key-material-id");
}

Sha256 key_material_id_input(std::string_view key_id) {
  return sha256({kIdDomain, as_bytes(key_id)});
}

KeyMaterialId key_material_id(std::string_view key_id, ByteView shown) {
  return sha256({kIdDomain, as_bytes(key_id), shown});
}

}  // namespace trent::blob
