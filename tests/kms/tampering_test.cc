// SPDX-License-Identifier: Apache-2.0
// What must be refused: changed blobs, other contexts, other keys, lengths out of range.
#include "check.h"
#include "kms.h"

namespace {

using namespace trent;
using namespace trent::test;

const kms::EncryptionContext kContext{{"tenant", "acme"}};

Service& service() {
  static Service instance(load_config());
  return instance;
}
const std::string& key() {
  static const std::string id = create_key(service());
  return id;
}
const std::string& other_key() {
  static const std::string id = create_key(service());
  return id;
}

// The KMS error that a call ends with; "" if it goes through.
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
    return "";
  } catch (const Error& error) {
    return error.name();
  }
}

// Everything about a blob is bound, so each of its bits is. A flip in the key material id names a
// key that nobody has, which KMS does not tell from a key that the caller may not use.
void every_flipped_bit_is_refused() {
  for (const std::size_t length : {1UL, 13UL, 32UL}) {
    const Bytes blob = encrypt(service(), key(), std::string(length, 'x'), kContext);
    CHECK_EQ(decrypt(service(), blob, kContext), std::string(length, 'x'));
    for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
      Bytes changed = blob;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      const bool names_other_key = bit / 8 >= 5 && bit / 8 < 37;
      const std::string expected =
          names_other_key ? "AccessDeniedException" : "InvalidCiphertextException";
      const auto check = [&](const char* operation, const std::string& error) {
        if (error != expected)
          throw Failure(std::string(operation) + " of " + std::to_string(length) + " bytes, bit " +
                        std::to_string(bit) + " flipped: \"" + error + "\"");
      };
      check("Decrypt", error_of([&] { decrypt(service(), changed, kContext); }));
      check("ReEncrypt",
            error_of([&] { re_encrypt(service(), changed, other_key(), kContext, {}); }));
    }
  }
}

void truncated_and_extended_blobs_are_refused() {
  const Bytes blob = encrypt(service(), key(), "thirteen byte", kContext);
  for (std::size_t size = 1; size < blob.size(); ++size) {
    const Bytes cut(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_ERROR(InvalidCiphertext, decrypt(service(), cut, kContext));
    CHECK_ERROR(InvalidCiphertext, re_encrypt(service(), cut, other_key(), kContext));
  }
  for (const std::uint8_t byte : {0x00, 0x01, 0xff}) {
    Bytes longer = blob;
    longer.push_back(byte);
    CHECK_ERROR(InvalidCiphertext, decrypt(service(), longer, kContext));
    CHECK_ERROR(InvalidCiphertext, re_encrypt(service(), longer, other_key(), kContext));
  }
  CHECK_ERROR(Validation, decrypt(service(), Bytes{}, kContext));
  CHECK_ERROR(Validation, decrypt(service(), Bytes(6145), kContext));
}

// Parts of one good blob in another one.
void mixed_blobs_are_refused() {
  const Bytes one = encrypt(service(), key(), std::string(32, '1'), kContext);
  const Bytes two = encrypt(service(), key(), std::string(32, '2'), kContext);
  CHECK_EQ(one.size(), two.size());
  Bytes mixed = one;
  std::copy(two.begin() + 58, two.end(), mixed.begin() + 58);
  CHECK_ERROR(InvalidCiphertext, decrypt(service(), mixed, kContext));
}

void other_contexts_are_refused() {
  const kms::EncryptionContext context{{"ab", "c"}};
  const Bytes blob = encrypt(service(), key(), "secret", context);
  const kms::EncryptionContext others[] = {{},
                                           {{"a", "bc"}},
                                           {{"abc", ""}},
                                           {{"ab", "C"}},
                                           {{"AB", "c"}},
                                           {{"ab", "c"}, {"", ""}},
                                           {{"c", "ab"}},
                                           {{"ab", "c "}}};
  for (const auto& other : others) {
    CHECK_ERROR(InvalidCiphertext, decrypt(service(), blob, other));
    CHECK_ERROR(InvalidCiphertext, re_encrypt(service(), blob, other_key(), other, context));
  }
  CHECK_EQ(decrypt(service(), blob, context), "secret");
}

void destination_context_is_not_inherited() {
  const Bytes old_blob = encrypt(service(), key(), "secret", kContext);
  const Bytes moved = re_encrypt(service(), old_blob, other_key(), kContext);
  CHECK_EQ(decrypt(service(), moved), "secret");
  CHECK_ERROR(InvalidCiphertext, decrypt(service(), moved, kContext));
}

void another_key_is_an_incorrect_key() {
  const Bytes blob = encrypt(service(), key(), "secret", kContext);
  CHECK_ERROR(IncorrectKey, decrypt(service(), blob, kContext, other_key()));
  CHECK_ERROR(IncorrectKey, re_encrypt(service(), blob, key(), kContext, {}, other_key()));
  CHECK_EQ(decrypt(service(), blob, kContext, key()), "secret");
  CHECK_EQ(decrypt(service(), re_encrypt(service(), blob, other_key(), kContext, {}, key())),
           "secret");
}

void plaintext_has_1_to_4096_bytes() {
  CHECK_ERROR(Validation, encrypt(service(), key(), ""));
  CHECK_ERROR(Validation, encrypt(service(), key(), std::string(4097, 'x')));
  for (const std::size_t length :
       {1UL, 7UL, 8UL, 9UL, 255UL, 256UL, 257UL, 4089UL, 4095UL, 4096UL}) {
    std::string plaintext(length, '\0');  // zero bytes at the end are the hard ones to keep
    plaintext.front() = 'x';
    const Bytes blob = encrypt(service(), key(), plaintext);
    CHECK_EQ(decrypt(service(), blob), plaintext);
    const Bytes moved = re_encrypt(service(), blob, other_key());
    CHECK_EQ(decrypt(service(), moved), plaintext);
    CHECK_EQ(decrypt(service(), re_encrypt(service(), moved, key())), plaintext);
  }
}

void equal_plaintexts_look_different() {
  CHECK(encrypt(service(), key(), "secret") != encrypt(service(), key(), "secret"));
}

void nothing_is_left_in_the_token() {
  const RawSession token;
  const auto objects = token.count();
  const Bytes blob = encrypt(service(), key(), "secret", kContext);
  CHECK_ERROR(InvalidCiphertext, decrypt(service(), blob));
  CHECK_ERROR(InvalidCiphertext, re_encrypt(service(), blob, other_key()));
  re_encrypt(service(), blob, other_key(), kContext);
  decrypt(service(), blob, kContext);
  CHECK_EQ(token.count(), objects);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("tampering", TEST(every_flipped_bit_is_refused),
                   TEST(truncated_and_extended_blobs_are_refused), TEST(mixed_blobs_are_refused),
                   TEST(other_contexts_are_refused), TEST(destination_context_is_not_inherited),
                   TEST(another_key_is_an_incorrect_key), TEST(plaintext_has_1_to_4096_bytes),
                   TEST(equal_plaintexts_look_different), TEST(nothing_is_left_in_the_token));
}
