// SPDX-License-Identifier: Apache-2.0
// ReEncrypt: fields, every plaintext length, contexts of the two sides, order of the checks.
#include "blob/blob.h"
#include "known_key.h"
#include "vectors.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

const std::string kUnknown = "00000000-0000-4000-8000-000000000000";
const char* const kIncorrectKey =
    "The key ID in the request does not identify a CMK that can perform this operation.";

Service& service() {
  static Service kms(load_config());
  return kms;
}
const std::string& source() {
  static const std::string id = create_key(service());
  return id;
}
const std::string& destination() {
  static const std::string id = create_key(service());
  return id;
}
std::string material(const std::string& key) {
  return service().describe_key({key, {}}).key_metadata.current_key_material_id;
}

kms::ReEncryptRequest request_for(const Bytes& blob) {
  return move_to(destination(), blob);
}
Bytes text_blob(kms::EncryptionContext context = {}) {
  return encrypt(service(), source(), secret("text"), std::move(context));
}

void fields_of_the_response() {
  auto response = service().re_encrypt(request_for(text_blob()));
  CHECK_EQ(response.source_key_id, key_arn(source()));
  CHECK_EQ(response.key_id, key_arn(destination()));
  CHECK_EQ(response.source_encryption_algorithm, "SYMMETRIC_DEFAULT");
  CHECK_EQ(response.destination_encryption_algorithm, "SYMMETRIC_DEFAULT");
  CHECK_EQ(response.source_key_material_id, material(source()));
  CHECK_EQ(response.destination_key_material_id, material(destination()));
  CHECK(decrypt(service(), response.ciphertext_blob, {}, destination()) == "text");
  CHECK_WORDS(IncorrectKey, kIncorrectKey,
              decrypt(service(), response.ciphertext_blob, {}, source()));
}

void same_key_makes_a_fresh_blob() {
  Bytes old = text_blob();
  auto response = service().re_encrypt(move_to(source(), old));
  CHECK_EQ(response.source_key_id, response.key_id);
  CHECK_EQ(response.source_key_material_id, response.destination_key_material_id);
  CHECK(response.ciphertext_blob != old);
  CHECK_EQ(response.ciphertext_blob.size(), old.size());
  CHECK(decrypt(service(), response.ciphertext_blob) == "text");
  CHECK(decrypt(service(), old) == "text");
}

void every_length_survives_two_moves() {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 1; i <= 64; ++i) lengths.push_back(i);
  for (std::size_t i : {255, 256, 257, 511, 512, 513, 1023, 4089, 4095, 4096}) lengths.push_back(i);
  for (std::size_t length : lengths) {
    SecretBytes plaintext = secret_of(length);
    Bytes first = encrypt(service(), source(), plaintext);
    Bytes second = service().re_encrypt(move_to(destination(), first)).ciphertext_blob;
    Bytes third = service().re_encrypt(move_to(source(), second)).ciphertext_blob;
    for (const Bytes* blob : {&first, &second, &third}) {
      CHECK_EQ(blob->size(), blob::blob_size(length));
      CHECK(decrypt(service(), *blob) == text_of(plaintext));
    }
  }
}

// Kind 02 comes out, whatever went in: a ReEncrypted data key looks like any other ciphertext.
void output_is_of_kind_encrypt() {
  kms::GenerateDataKeyRequest request;
  request.key_id = source();
  request.number_of_bytes = 21;
  auto data_key = service().generate_data_key(request);
  CHECK_EQ(data_key.ciphertext_blob[2], 1);
  Bytes moved = service().re_encrypt(request_for(data_key.ciphertext_blob)).ciphertext_blob;
  CHECK_EQ(moved[2], 2);
  CHECK(decrypt(service(), moved) == text_of(data_key.plaintext));
  request.number_of_bytes.reset();
  request.key_spec = "AES_128";
  data_key = service().generate_data_key(request);
  CHECK_EQ(data_key.ciphertext_blob[2], 3);
  moved = service().re_encrypt(request_for(data_key.ciphertext_blob)).ciphertext_blob;
  CHECK_EQ(moved[2], 2);
  CHECK(decrypt(service(), moved) == text_of(data_key.plaintext));
}

void contexts_of_the_sides_are_independent() {
  auto request = request_for(text_blob({{"tenant", "acme"}}));
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.source_encryption_context = {{"tenant", "Acme"}};
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.source_encryption_context = {{"tenant", "acme"}};
  // Not inherited.
  Bytes bare = service().re_encrypt(request).ciphertext_blob;
  CHECK(decrypt(service(), bare) == "text");
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), bare, {{"tenant", "acme"}}));
  request.destination_encryption_context = {{"tenant", "globex"}, {"k", "v"}};
  Bytes other = service().re_encrypt(request).ciphertext_blob;
  CHECK(decrypt(service(), other, {{"k", "v"}, {"tenant", "globex"}}) == "text");
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), other, {{"tenant", "acme"}}));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), other));
  request.destination_encryption_context = {{"k", std::string(8192, 'v')}};
  CHECK_ERROR(Validation, service().re_encrypt(request));
}

void source_may_be_named_in_four_ways() {
  service().create_alias({"alias/source", source()});
  auto request = request_for(text_blob());
  for (const std::string& name :
       {source(), key_arn(source()), std::string("alias/source"), alias_arn("alias/source")}) {
    request.source_key_id = name;
    CHECK_EQ(service().re_encrypt(request).source_key_id, key_arn(source()));
  }
}

// Seen before anything of either key, and before the destination is looked for.
void wrong_source_comes_first() {
  std::string wrong = create_key(service());
  service().disable_key({wrong});
  std::string dead = create_key(service());
  service().schedule_key_deletion({dead, {}});
  for (const std::string& to :
       {wrong, dead, kUnknown, std::string("alias/none"), std::string("fake"), destination()}) {
    auto request = move_to(to, text_blob());
    request.source_key_id = wrong;
    request.source_encryption_algorithm = "RSAES_OAEP_SHA_1";
    CHECK_WORDS(IncorrectKey, kIncorrectKey, service().re_encrypt(request));
  }
  // A key that has no such ciphertexts at all, as the destination, too.
  kms::CreateKeyRequest of_mac;
  of_mac.key_spec = "HMAC_256";
  of_mac.key_usage = "GENERATE_VERIFY_MAC";
  const std::string mac = service().create_key(of_mac).key_metadata.key_id;
  auto request = move_to(mac, text_blob());
  request.source_key_id = mac;
  CHECK_WORDS(IncorrectKey, kIncorrectKey, service().re_encrypt(request));
  CHECK_WORDS(IncorrectKey, kIncorrectKey, decrypt(service(), text_blob(), {}, mac));
}

void source_is_looked_for_before_its_blob() {
  auto request = request_for(Bytes(100, 7));
  request.source_key_id = kUnknown;
  CHECK_WORDS(NotFound, "Key '" + key_arn(kUnknown) + "' does not exist",
              service().re_encrypt(request));
  request.source_key_id = source();
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.source_key_id.reset();
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
}

void source_comes_before_the_destination() {
  // Garbage: the destination is not even looked for.
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(move_to(kUnknown, Bytes(100, 7))));
  // A blob of an unknown key.
  Bytes blob = text_blob();
  blob[5] ^= 1;
  CHECK_ERROR(AccessDenied, service().re_encrypt(move_to(kUnknown, blob)));
  // The source's algorithm, before the destination's existence.
  auto request = move_to(kUnknown, text_blob());
  request.source_encryption_algorithm = "RSAES_OAEP_SHA_256";
  CHECK_WORDS(InvalidKeyUsage,
              "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.",
              service().re_encrypt(request));
}

void destination_comes_before_the_decryption() {
  auto request = move_to(kUnknown, text_blob({{"a", "b"}}));  // the wrong context
  CHECK_WORDS(NotFound, "Key '" + key_arn(kUnknown) + "' does not exist",
              service().re_encrypt(request));
  request.destination_key_id = destination();
  request.destination_encryption_algorithm = "RSAES_OAEP_SHA_1";
  CHECK_WORDS(InvalidKeyUsage,
              "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.",
              service().re_encrypt(request));
  request.destination_encryption_algorithm = "SYMMETRIC_DEFAULT";
  request.source_encryption_algorithm = "SYMMETRIC_DEFAULT";
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.source_encryption_context = {{"a", "b"}};
  service().re_encrypt(request);
}

void request_is_validated_first() {
  kms::ReEncryptRequest request;
  CHECK_WORDS(Validation,
              "2 validation errors detected: Value at 'ciphertextBlob' failed to satisfy "
              "constraint: Member must have length greater than or equal to 1; Value at "
              "'destinationKeyId' failed to satisfy constraint: Member must have length greater "
              "than or equal to 1",
              service().re_encrypt(request));
  request = move_to(kUnknown, Bytes(6145));
  request.source_encryption_algorithm = "x";
  request.destination_encryption_algorithm = "y";
  request.grant_tokens = {""};
  Error error = ERROR_OF(service().re_encrypt(request));
  CHECK(error.message().starts_with("4 validation errors detected: "));
  for (const char* member : {"'ciphertextBlob'", "'sourceEncryptionAlgorithm'",
                             "'destinationEncryptionAlgorithm'", "'grantTokens.1.member'"})
    CHECK(error.message().find(member) != std::string::npos);
}

// A script's variable that is not set must not switch the check of the source off.
void empty_is_not_left_out() {
  auto request = request_for(text_blob());
  request.source_key_id = "";
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'sourceKeyId' failed to satisfy constraint: "
              "Member must have length greater than or equal to 1",
              service().re_encrypt(request));
  request.source_encryption_algorithm = request.destination_encryption_algorithm = "";
  Error error = ERROR_OF(service().re_encrypt(request));
  CHECK(error.message().starts_with("3 validation errors detected: "));
  request.source_key_id.reset();
  request.source_encryption_algorithm.reset();
  request.destination_encryption_algorithm.reset();
  service().re_encrypt(request);
}

void no_grant_token_is_good() {
  auto request = request_for(text_blob());
  request.grant_tokens = {"token"};
  CHECK_WORDS(InvalidGrantToken, "", service().re_encrypt(request));
}

void dry_run_says_what_would_have_been() {
  auto request = request_for(text_blob({{"a", "b"}}));
  request.dry_run = true;
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.source_encryption_context = {{"a", "b"}};
  CHECK_WORDS(DryRunOperation, "The request would have succeeded, but the DryRun option is set.",
              service().re_encrypt(request));
  request.destination_key_id = kUnknown;
  CHECK_ERROR(NotFound, service().re_encrypt(request));
  request.source_key_id = destination();
  CHECK_ERROR(IncorrectKey, service().re_encrypt(request));
}

// What the request may do is all that it is about.
void dry_run_may_go_without_a_ciphertext() {
  const char* const kWouldDo = "The request would have succeeded, but the DryRun option is set.";
  auto request = request_for({});
  request.dry_run = true;
  CHECK_ERROR(Validation, service().re_encrypt(request));
  request.dry_run_modifiers = {"IGNORE_CIPHERTEXT"};
  CHECK_WORDS(Validation, "SourceKeyId is required where there is no ciphertext.",
              service().re_encrypt(request));
  request.source_key_id = source();
  CHECK_WORDS(DryRunOperation, kWouldDo, service().re_encrypt(request));
  // Whatever it is; its key is the one that is named.
  request.ciphertext_blob = Bytes(100, 7);
  CHECK_WORDS(DryRunOperation, kWouldDo, service().re_encrypt(request));
  request.source_key_id.reset();
  CHECK_WORDS(InvalidCiphertext, "", service().re_encrypt(request));
  request.ciphertext_blob = text_blob({{"tenant", "acme"}});
  CHECK_WORDS(DryRunOperation, kWouldDo, service().re_encrypt(request));
  request.dry_run = false;
  CHECK_WORDS(Validation, "DryRunModifiers is valid only with DryRun.",
              service().re_encrypt(request));

  kms::DecryptRequest of_decrypt;
  of_decrypt.dry_run = true;
  of_decrypt.dry_run_modifiers = {"IGNORE_CIPHERTEXT"};
  of_decrypt.key_id = source();
  CHECK_WORDS(DryRunOperation, kWouldDo, service().decrypt(of_decrypt));
}

void nothing_is_left_in_the_token() {
  auto request = request_for(text_blob());
  service().re_encrypt(request);  // loads the copies of both base keys
  RawSession raw;
  std::size_t before = raw.count();
  service().re_encrypt(request);
  request.dry_run = true;
  CHECK_ERROR(DryRunOperation, service().re_encrypt(request));
  request.source_encryption_context = {{"a", "b"}};
  CHECK_ERROR(InvalidCiphertext, service().re_encrypt(request));
  CHECK_ERROR(NotFound, service().re_encrypt(move_to(kUnknown, request.ciphertext_blob)));
  CHECK_EQ(raw.count(), before);
}

// A blob that a token made that wraps the exact length: this token, which zero-pads, must say so
// in the header of what it makes of it.
void blob_of_an_exact_token_is_moved_right() {
  bool seen = false;
  for (const auto& vector : vectors()) {
    Bytes blob = hex(vector.at("blob"));
    Bytes plaintext = hex(vector.at("plaintext"));
    import_known_key(hex(vector.at("key")), vector.at("key_id"));
    seen = seen || blob[37] == 0x03;
    auto request = request_for(blob);
    request.source_encryption_context =
        vector.at("encryption_context").get<kms::EncryptionContext>();
    request.source_key_id = vector.at("key_id");
    Bytes moved = service().re_encrypt(request).ciphertext_blob;
    auto padding = static_cast<std::uint8_t>((8 - plaintext.size() % 8) % 8);
    CHECK_EQ(moved[37], padding == 0 ? 0 : 0x80 | padding);
    CHECK_EQ(to_hex(as_bytes(decrypt(service(), moved))), to_hex(plaintext));
    // And once more, out of the padded form, to the vector's own key.
    Bytes home = service().re_encrypt(move_to(vector.at("key_id"), moved)).ciphertext_blob;
    CHECK_EQ(to_hex(as_bytes(decrypt(service(), home))), to_hex(plaintext));
    CHECK_EQ(to_hex(as_bytes(decrypt(service(), blob, request.source_encryption_context))),
             to_hex(plaintext));
  }
  CHECK(seen);  // the vector of the exact token
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "ReEncrypt", TEST(fields_of_the_response), TEST(same_key_makes_a_fresh_blob),
      TEST(every_length_survives_two_moves), TEST(output_is_of_kind_encrypt),
      TEST(contexts_of_the_sides_are_independent), TEST(source_may_be_named_in_four_ways),
      TEST(wrong_source_comes_first), TEST(source_is_looked_for_before_its_blob),
      TEST(source_comes_before_the_destination), TEST(destination_comes_before_the_decryption),
      TEST(request_is_validated_first), TEST(empty_is_not_left_out), TEST(no_grant_token_is_good),
      TEST(dry_run_says_what_would_have_been), TEST(dry_run_may_go_without_a_ciphertext),
      TEST(nothing_is_left_in_the_token), TEST(blob_of_an_exact_token_is_moved_right));
}
