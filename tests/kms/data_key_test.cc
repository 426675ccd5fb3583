// SPDX-License-Identifier: Apache-2.0
// GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom.
#include <functional>
#include <limits>
#include <set>

#include "blob/blob.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

Service& service() {
  static Service kms(load_config());
  return kms;
}
const std::string& key() {
  static const std::string id = create_key(service());
  return id;
}

kms::GenerateDataKeyRequest by_spec(const char* spec) {
  kms::GenerateDataKeyRequest request;
  request.key_id = key();
  request.key_spec = spec;
  return request;
}
kms::GenerateDataKeyRequest by_length(std::int64_t length) {
  kms::GenerateDataKeyRequest request;
  request.key_id = key();
  request.number_of_bytes = length;
  return request;
}

void with_each_operation(
    const std::function<void(const std::function<void(const kms::GenerateDataKeyRequest&)>&)>&
        check) {
  check([](const auto& request) { service().generate_data_key(request); });
  check([](const auto& request) { service().generate_data_key_without_plaintext(request); });
}

void fields_of_the_responses() {
  auto metadata = service().describe_key({key(), {}}).key_metadata;
  auto with = service().generate_data_key(by_spec("AES_256"));
  CHECK_EQ(with.key_id, key_arn(key()));
  CHECK_EQ(with.key_material_id, metadata.current_key_material_id);
  CHECK(decrypt(service(), with.ciphertext_blob) == text_of(with.plaintext));
  auto without = service().generate_data_key_without_plaintext(by_spec("AES_256"));
  CHECK_EQ(without.key_id, key_arn(key()));
  CHECK_EQ(without.key_material_id, metadata.current_key_material_id);
  CHECK_EQ(decrypt(service(), without.ciphertext_blob).size(), 32U);
}

void kind_says_how_the_key_was_asked_for() {
  for (auto [spec, size] : {std::pair("AES_128", 16U), std::pair("AES_256", 32U)}) {
    auto with = service().generate_data_key(by_spec(spec));
    CHECK_EQ(with.ciphertext_blob[2], 3);
    CHECK_EQ(with.plaintext.size(), size);
    auto without = service().generate_data_key_without_plaintext(by_spec(spec));
    CHECK_EQ(without.ciphertext_blob[2], 3);
    CHECK_EQ(decrypt(service(), without.ciphertext_blob).size(), size);
  }
  CHECK_EQ(service().generate_data_key(by_length(32)).ciphertext_blob[2], 1);
  CHECK_EQ(service().generate_data_key_without_plaintext(by_length(32)).ciphertext_blob[2], 1);
}

void any_length_up_to_1024() {
  for (std::int64_t length : {1,  2,  7,   8,   9,   15,  16,  17,  24,   33,   63,
                              64, 65, 255, 256, 257, 511, 512, 513, 1000, 1023, 1024}) {
    auto size = static_cast<std::size_t>(length);
    auto with = service().generate_data_key(by_length(length));
    CHECK_EQ(with.plaintext.size(), size);
    CHECK_EQ(with.ciphertext_blob.size(), blob::blob_size(size));
    CHECK(decrypt(service(), with.ciphertext_blob) == text_of(with.plaintext));
    auto without = service().generate_data_key_without_plaintext(by_length(length));
    CHECK_EQ(without.ciphertext_blob.size(), blob::blob_size(size));
    CHECK_EQ(decrypt(service(), without.ciphertext_blob).size(), size);
  }
}

void keys_are_never_the_same_twice() {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    auto with = service().generate_data_key(by_length(16));
    CHECK(seen.insert(to_hex(with.plaintext)).second);
    auto without = service().generate_data_key_without_plaintext(by_length(16));
    CHECK(seen.insert(to_hex(as_bytes(decrypt(service(), without.ciphertext_blob)))).second);
    CHECK(seen.insert(to_hex(service().generate_random({16}).plaintext)).second);
  }
}

void context_binds_the_key() {
  auto request = by_spec("AES_256");
  request.encryption_context = {{"tenant", "acme"}};
  auto with = service().generate_data_key(request);
  CHECK(decrypt(service(), with.ciphertext_blob, {{"tenant", "acme"}}) == text_of(with.plaintext));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), with.ciphertext_blob));
  auto without = service().generate_data_key_without_plaintext(request);
  decrypt(service(), without.ciphertext_blob, {{"tenant", "acme"}});
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), without.ciphertext_blob));
}

void exactly_one_of_spec_and_length() {
  const char* words = "Please specify either number of bytes or key spec.";
  with_each_operation([&](const auto& generate) {
    auto both = by_spec("AES_256");
    both.number_of_bytes = 32;
    CHECK_WORDS(Validation, words, generate(both));
    both.key_spec.reset();
    both.number_of_bytes.reset();
    CHECK_WORDS(Validation, words, generate(both));
    auto empty = by_spec("");  // is a spec that was given, and not the lack of one
    empty.number_of_bytes = 32;
    CHECK_WORDS(Validation,
                "1 validation error detected: Value '' at 'keySpec' failed to satisfy constraint: "
                "Member must satisfy enum value set: [AES_256, AES_128]",
                generate(empty));
  });
}

void limits_are_validated() {
  const std::string prefix = "1 validation error detected: Value ";
  with_each_operation([&](const auto& generate) {
    CHECK_WORDS(Validation,
                prefix +
                    "'0' at 'numberOfBytes' failed to satisfy constraint: Member must have "
                    "value greater than or equal to 1",
                generate(by_length(0)));
    CHECK_WORDS(Validation,
                prefix +
                    "'1025' at 'numberOfBytes' failed to satisfy constraint: Member must have "
                    "value less than or equal to 1024",
                generate(by_length(1025)));
    CHECK_ERROR(Validation, generate(by_length(-1)));
    CHECK_ERROR(Validation, generate(by_length(std::numeric_limits<std::int64_t>::min())));
    CHECK_ERROR(Validation, generate(by_length(std::numeric_limits<std::int64_t>::max())));
    CHECK_WORDS(Validation,
                prefix +
                    "'AES_192' at 'keySpec' failed to satisfy constraint: Member must satisfy "
                    "enum value set: [AES_256, AES_128]",
                generate(by_spec("AES_192")));
    auto request = by_spec("AES_256");
    request.key_id.clear();
    CHECK_WORDS(Validation,
                prefix +
                    "at 'keyId' failed to satisfy constraint: Member must have length greater "
                    "than or equal to 1",
                generate(request));
    request = by_spec("AES_256");
    request.encryption_context = {{"k", std::string(8192, 'v')}};
    CHECK_ERROR(Validation, generate(request));
    request = by_spec("AES_256");
    request.grant_tokens = {"token"};
    CHECK_WORDS(InvalidGrantToken, "", generate(request));
  });
}

void dry_run_makes_no_key() {
  RawSession raw;
  service().generate_data_key(by_spec("AES_256"));
  std::size_t before = raw.count();
  with_each_operation([&](const auto& generate) {
    auto request = by_spec("AES_256");
    request.dry_run = true;
    CHECK_WORDS(DryRunOperation, "The request would have succeeded, but the DryRun option is set.",
                generate(request));
    request.key_id = "alias/none";
    CHECK_ERROR(NotFound, generate(request));
    request.key_spec.reset();
    CHECK_ERROR(Validation, generate(request));
  });
  CHECK_EQ(raw.count(), before);
}

void nothing_is_left_in_the_token() {
  service().generate_data_key(by_length(37));
  RawSession raw;
  std::size_t before = raw.count();
  service().generate_data_key(by_length(37));
  service().generate_data_key_without_plaintext(by_length(1000));
  service().generate_random({100});
  CHECK_EQ(raw.count(), before);
}

void random_bytes() {
  for (std::int64_t length : {1, 2, 32, 1023, 1024})
    CHECK_EQ(service().generate_random({length}).plaintext.size(),
             static_cast<std::size_t>(length));
  CHECK(service().generate_random({32}).plaintext != service().generate_random({32}).plaintext);
  CHECK_WORDS(Validation, "NumberOfBytes is required.", service().generate_random({}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy "
              "constraint: Member must have value less than or equal to 1024",
              service().generate_random({1025}));
  CHECK_ERROR(Validation, service().generate_random({0}));
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "data keys", TEST(fields_of_the_responses), TEST(kind_says_how_the_key_was_asked_for),
      TEST(any_length_up_to_1024), TEST(keys_are_never_the_same_twice), TEST(context_binds_the_key),
      TEST(exactly_one_of_spec_and_length), TEST(limits_are_validated), TEST(dry_run_makes_no_key),
      TEST(nothing_is_left_in_the_token), TEST(random_bytes));
}
