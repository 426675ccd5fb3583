// SPDX-License-Identifier: Apache-2.0
// Encrypted files: see encrypted_file.h.
#include "cli/encrypted_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace trent::cli {

namespace {

// "TRNF", the version of the format, and the length of a segment as a power of two.
constexpr std::array<std::uint8_t, 6> kBeginning = {'T', 'R', 'N', 'F', 1, 16};
static_assert(std::size_t{1} << kBeginning[5] == kSegmentBytes);
constexpr std::size_t kMaxEncryptedKey = 6144;
constexpr std::uint64_t kMaxSegments = std::uint64_t{1} << 32;

// HKDF-Expand (RFC 5869, section 2.3) of one block; the data key is random, and needs no
// extraction.
SecretBytes expand(ByteView data_key, std::string_view purpose) {
  Bytes info(kBeginning.begin(), kBeginning.end());
  append(info, as_bytes(purpose));
  info.push_back(1);
  return hmac_sha256(data_key, info);
}

// One direction of AES-256-GCM, with the key of the segments.
class Cipher {
 public:
  enum class Direction { Open = 0, Seal = 1 };

  Cipher(ByteView data_key, Direction direction) : direction_(direction) {
    const OpensslGuard guard;
    context_.reset(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
        EVP_CIPHER_fetch(private_libctx(), "AES-256-GCM", nullptr), EVP_CIPHER_free);
    const SecretBytes key = expand(data_key, "segments");
    require(context_ && cipher &&
            EVP_CipherInit_ex2(context_.get(), cipher.get(), key.data(), nullptr,
                               static_cast<int>(direction), nullptr) == 1);
  }

  // Each number is used once.
  void seal(std::uint64_t number, bool last, ByteView plaintext, std::span<std::uint8_t> sealed) {
    const OpensslGuard guard;
    begin(number, last);
    run(plaintext, sealed.data());
    int size = 0;
    require(EVP_CipherFinal_ex(context_.get(), sealed.data() + plaintext.size(), &size) == 1 &&
            EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                sealed.data() + plaintext.size()) == 1);
  }
  // False if it is not what was sealed under this number.
  bool open(std::uint64_t number, bool last, ByteView sealed, std::span<std::uint8_t> plaintext) {
    const OpensslGuard guard;
    begin(number, last);
    const ByteView ciphertext = sealed.first(sealed.size() - kTagBytes);
    run(ciphertext, plaintext.data());
    std::array<std::uint8_t, kTagBytes> tag;
    std::ranges::copy(sealed.last(kTagBytes), tag.begin());
    require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
    int size = 0;
    return EVP_CipherFinal_ex(context_.get(), plaintext.data() + ciphertext.size(), &size) == 1;
  }

 private:
  static void require(bool done) {
    if (!done) throw std::runtime_error("OpenSSL's AES-256-GCM failed.");
  }
  void begin(std::uint64_t number, bool last) {
    std::array<std::uint8_t, 12> nonce{};
    for (std::size_t i = 0; i < 8; ++i)
      nonce[10 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    nonce[11] = last ? 1 : 0;
    require(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, nonce.data(),
                               static_cast<int>(direction_), nullptr) == 1);
  }
  void run(ByteView in, std::uint8_t* out) {
    int size = 0;
    require(EVP_CipherUpdate(context_.get(), out, &size, in.data(), static_cast<int>(in.size())) ==
            1);
  }

  Direction direction_;
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_{nullptr,
                                                                           EVP_CIPHER_CTX_free};
};

// Calls take(number, last, block) for each block of up to `size` bytes: all are full but for the
// last, and only that of an empty input is empty.
template <class Take>
void in_blocks(std::size_t size, const ReadBytes& read, Take take) {
  SecretBytes block(size);
  SecretBytes next(size);
  std::size_t filled = read(block);
  for (std::uint64_t number = 0;; ++number) {
    if (number == kMaxSegments) throw BadFile("It is too long: 256 TiB are the most.");
    const std::size_t more = filled == size ? read(next) : 0;
    take(number, more == 0, std::span(block).first(filled));
    if (more == 0) return;
    std::swap(block, next);
    filled = more;
  }
}

}  // namespace

Bytes FileHeader::encoded() const {
  Bytes bytes(kBeginning.begin(), kBeginning.end());
  bytes.push_back(static_cast<std::uint8_t>(encrypted_data_key.size() >> 8));
  bytes.push_back(static_cast<std::uint8_t>(encrypted_data_key.size()));
  append(bytes, encrypted_data_key);
  append(bytes, commitment);
  return bytes;
}

FileHeader FileHeader::read(const ReadBytes& read) {
  std::array<std::uint8_t, kBeginning.size() + 2> beginning{};
  const std::size_t got = read(beginning);
  if (got == 0) throw BadFile("It is empty: it was not written by `trent encrypt-file`.");
  if (!std::equal(kBeginning.begin(), kBeginning.begin() + 4, beginning.begin()))
    throw BadFile("It was not written by `trent encrypt-file`: it begins in another way.");
  if (got == beginning.size() &&
      !std::equal(kBeginning.begin() + 4, kBeginning.end(), beginning.begin() + 4))
    throw BadFile("It has a version of the format that this one does not know: use a newer trent.");
  FileHeader header;
  header.encrypted_data_key.resize(beginning[6] * 256U + beginning[7]);
  if (got == beginning.size() &&
      (header.encrypted_data_key.empty() || header.encrypted_data_key.size() > kMaxEncryptedKey))
    throw BadFile("It is damaged: the length of its encrypted data key cannot be right.");
  if (got < beginning.size() ||
      read(header.encrypted_data_key) < header.encrypted_data_key.size() ||
      read(header.commitment) < header.commitment.size())
    throw BadFile("It is cut off: it ends within its header.");
  return header;
}

Sha256 commit_to(ByteView data_key) {
  const SecretBytes bytes = expand(data_key, "commitment");
  Sha256 commitment;
  std::ranges::copy(bytes, commitment.begin());
  return commitment;
}

void seal_segments(ByteView data_key, const ReadBytes& read, const WriteBytes& write) {
  Cipher cipher(data_key, Cipher::Direction::Seal);
  Bytes sealed(kSegmentBytes + kTagBytes);
  in_blocks(kSegmentBytes, read, [&](std::uint64_t number, bool last, ByteView plaintext) {
    cipher.seal(number, last, plaintext, sealed);
    write(ByteView(sealed).first(plaintext.size() + kTagBytes));
  });
}

void open_segments(ByteView data_key, const ReadBytes& read, const WriteBytes& write) {
  Cipher cipher(data_key, Cipher::Direction::Open);
  SecretBytes plaintext(kSegmentBytes);
  in_blocks(kSegmentBytes + kTagBytes, read, [&](std::uint64_t number, bool last, ByteView sealed) {
    const std::string where = "segment " + std::to_string(number + 1);
    // Exactly at the end of a segment, what is cut off shows only in the tag.
    if (sealed.size() < kTagBytes || (sealed.size() == kTagBytes && number > 0))
      throw BadFile("It is cut off: it ends within " + where + ".");
    if (!cipher.open(number, last, sealed, plaintext))
      throw BadFile(last && cipher.open(number, false, sealed, plaintext)
                        ? "It is cut off: " + where + " is not its last."
                        : "It is damaged: " + where +
                              " is not what was written there, or is not whole.");
    write(ByteView(plaintext).first(sealed.size() - kTagBytes));
  });
}

}  // namespace trent::cli
