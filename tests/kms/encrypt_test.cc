// SPDX-License-Identifier: Apache-2.0
// Encrypt and Decrypt: fields, limits, encryption contexts, order of the checks, DryRun.
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

const std::string kUnknown = "00000000-0000-4000-8000-000000000000";
const char* const kNoSuchKey =
    "User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt on the "
    "resource "
    "associated with this ciphertext because the resource does not exist in this Region, no "
    "resource-based policies allow access, or a resource-based policy explicitly denies access";
const char* const kIncorrectKey =
    "The key ID in the request does not identify a CMK that can perform this operation.";
const char* const kDryRun = "The request would have succeeded, but the DryRun option is set.";

Service& service() {
  static Service kms(load_config());
  return kms;
}
const std::string& key() {
  static const std::string id = create_key(service());
  return id;
}

kms::EncryptRequest encrypt_request(const std::string& key_id = key()) {
  kms::EncryptRequest request;
  request.key_id = key_id;
  request.plaintext = secret("text");
  return request;
}
kms::DecryptRequest decrypt_request(const Bytes& blob) {
  kms::DecryptRequest request;
  request.ciphertext_blob = blob;
  return request;
}

void fields_of_the_responses() {
  auto metadata = service().describe_key({key(), {}}).key_metadata;
  auto encrypted = service().encrypt(encrypt_request());
  CHECK_EQ(encrypted.key_id, key_arn(key()));
  CHECK_EQ(encrypted.encryption_algorithm, "SYMMETRIC_DEFAULT");
  CHECK_EQ(encrypted.key_material_id, metadata.current_key_material_id);
  auto decrypted = service().decrypt(decrypt_request(encrypted.ciphertext_blob));
  CHECK(decrypted.plaintext == secret("text"));
  CHECK_EQ(decrypted.key_id, key_arn(key()));
  CHECK_EQ(decrypted.encryption_algorithm, "SYMMETRIC_DEFAULT");
  CHECK_EQ(decrypted.key_material_id, metadata.current_key_material_id);
}

void blob_has_the_layout_of_the_design() {
  auto encrypted = service().encrypt(encrypt_request());
  const Bytes& blob = encrypted.ciphertext_blob;
  CHECK_EQ(to_hex(ByteView(blob).first(5)), "0102025401");
  CHECK_EQ(to_hex(ByteView(blob).subspan(5, 32)), encrypted.key_material_id);
  CHECK_EQ(blob[37], 0x84);  // 4 bytes and 4 zero bytes, which SoftHSM adds
  CHECK_EQ(blob.size(), blob::blob_size(4));
}

void equal_plaintexts_look_different() {
  Bytes a = encrypt(service(), key(), secret("text"));
  Bytes b = encrypt(service(), key(), secret("text"));
  CHECK(!std::equal(a.begin() + 38, a.begin() + 54, b.begin() + 38));  // salt
  CHECK(!std::equal(a.end() - 16, a.end(), b.end() - 16));             // payload
}

void explicit_default_algorithm_is_taken() {
  auto request = encrypt_request();
  request.encryption_algorithm = "SYMMETRIC_DEFAULT";
  auto back = decrypt_request(service().encrypt(request).ciphertext_blob);
  back.encryption_algorithm = "SYMMETRIC_DEFAULT";
  CHECK(service().decrypt(back).plaintext == secret("text"));
}

void rsa_algorithm_on_a_symmetric_key_is_refused() {
  for (const char* algorithm : {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"}) {
    const std::string words =
        std::string("Algorithm ") + algorithm + " is incompatible with key spec SYMMETRIC_DEFAULT.";
    auto request = encrypt_request();
    request.encryption_algorithm = algorithm;
    CHECK_WORDS(InvalidKeyUsage, words, service().encrypt(request));
    auto back = decrypt_request(encrypt(service(), key(), secret("text")));
    back.encryption_algorithm = algorithm;
    CHECK_WORDS(InvalidKeyUsage, words, service().decrypt(back));
  }
  auto request = encrypt_request();
  request.encryption_algorithm = "AES";
  CHECK_WORDS(Validation,
              "1 validation error detected: Value 'AES' at 'encryptionAlgorithm' failed to satisfy "
              "constraint: Member must satisfy enum value set: [SYMMETRIC_DEFAULT, "
              "RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]",
              service().encrypt(request));
}

void plaintext_has_1_to_4096_bytes() {
  const std::string words =
      "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "
      "have length ";
  CHECK_WORDS(Validation, words + "greater than or equal to 1",
              encrypt(service(), key(), SecretBytes()));
  CHECK_WORDS(Validation, words + "less than or equal to 4096",
              encrypt(service(), key(), SecretBytes(4097)));
  // Before any key is looked for.
  CHECK_WORDS(Validation, words + "less than or equal to 4096",
              encrypt(service(), kUnknown, SecretBytes(4097)));
}

void ciphertext_has_1_to_6144_bytes() {
  const std::string words =
      "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member "
      "must have length ";
  CHECK_WORDS(Validation, words + "greater than or equal to 1", decrypt(service(), {}));
  CHECK_WORDS(Validation, words + "less than or equal to 6144", decrypt(service(), Bytes(6145)));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), Bytes(1)));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), Bytes(6144)));
}

// A script's variable that is not set must not switch the check of the key off.
void empty_is_not_left_out() {
  auto request = decrypt_request(encrypt(service(), key(), secret("text")));
  request.key_id = "";
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member "
              "must have length greater than or equal to 1",
              service().decrypt(request));
  request.key_id.reset();
  CHECK(service().decrypt(request).plaintext == secret("text"));
  const std::string words =
      "1 validation error detected: Value '' at 'encryptionAlgorithm' failed to satisfy "
      "constraint: Member must satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, "
      "RSAES_OAEP_SHA_256, SM2PKE]";
  request.encryption_algorithm = "";
  CHECK_WORDS(Validation, words, service().decrypt(request));
  auto out = encrypt_request();
  out.encryption_algorithm = "";
  CHECK_WORDS(Validation, words, service().encrypt(out));
}

void several_faults_are_told_at_once() {
  kms::EncryptRequest request;
  CHECK_WORDS(Validation,
              "2 validation errors detected: Value at 'keyId' failed to satisfy constraint: Member "
              "must have length greater than or equal to 1; Value at 'plaintext' failed to satisfy "
              "constraint: Member must have length greater than or equal to 1",
              service().encrypt(request));
}

void context_must_be_the_same() {
  const kms::EncryptionContext context = {{"tenant", "acme"}, {"purpose", "db"}};
  Bytes blob = encrypt(service(), key(), secret("text"), context);
  CHECK(decrypt(service(), blob, {{"purpose", "db"}, {"tenant", "acme"}}) == "text");
  for (const kms::EncryptionContext& other :
       std::vector<kms::EncryptionContext>{{},
                                           {{"tenant", "acme"}},
                                           {{"tenant", "acme"}, {"purpose", "db"}, {"more", ""}},
                                           {{"tenant", "acme"}, {"purpose", "DB"}},
                                           {{"Tenant", "acme"}, {"purpose", "db"}},
                                           {{"tenant", "db"}, {"purpose", "acme"}},
                                           {{"tenant", "acme "}, {"purpose", "db"}},
                                           {{"tenantacme", ""}, {"purpose", "db"}},
                                           {{"", ""}}})
    CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), blob, other));
}

void pairs_are_told_apart_by_length() {
  Bytes blob = encrypt(service(), key(), secret("text"), {{"ab", "c"}});
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), blob, {{"a", "bc"}}));
  CHECK(decrypt(service(), blob, {{"ab", "c"}}) == "text");
}

void empty_context_is_no_context() {
  Bytes blob = encrypt(service(), key(), secret("text"), {});
  CHECK(decrypt(service(), blob) == "text");
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), blob, {{"", ""}}));
  // But an empty name or value is one.
  Bytes empty_pair = encrypt(service(), key(), secret("text"), {{"", ""}});
  CHECK(decrypt(service(), empty_pair, {{"", ""}}) == "text");
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), empty_pair));
}

void unicode_is_compared_byte_by_byte() {
  const std::string composed = "\u00e9";
  const std::string decomposed = "e\u0301";
  Bytes blob = encrypt(service(), key(), secret("text"), {{"caf" + composed, "\U0001f511"}});
  CHECK(decrypt(service(), blob, {{"caf" + composed, "\U0001f511"}}) == "text");
  CHECK_WORDS(InvalidCiphertext, "",
              decrypt(service(), blob, {{"caf" + decomposed, "\U0001f511"}}));
  Bytes with_nul = encrypt(service(), key(), secret("text"), {{std::string("a\0b", 3), "c"}});
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), with_nul, {{"a", "c"}}));
}

void context_has_8192_bytes_at_most() {
  const std::size_t room = 8192 - 4 - 8 - 1;
  const kms::EncryptionContext largest = {{"k", std::string(room, 'v')}};
  const kms::EncryptionContext too_large = {{"k", std::string(room + 1, 'v')}};
  Bytes blob = encrypt(service(), key(), secret("text"), largest);
  CHECK(decrypt(service(), blob, largest) == "text");
  CHECK_ERROR(Validation, encrypt(service(), key(), secret("text"), too_large));
  CHECK_ERROR(Validation, decrypt(service(), blob, too_large));
  CHECK_ERROR(Validation, encrypt(service(), key(), secret("text"), {{"k", "\xff"}}));
}

void key_id_on_decrypt_must_be_the_blobs_own() {
  Bytes blob = encrypt(service(), key(), secret("text"));
  std::string other = create_key(service());
  CHECK(decrypt(service(), blob, {}, key_arn(key())) == "text");
  CHECK_WORDS(IncorrectKey, kIncorrectKey, decrypt(service(), blob, {}, other));
  // Before the other key's state is looked at, and before the context.
  service().disable_key({other});
  CHECK_WORDS(IncorrectKey, kIncorrectKey, decrypt(service(), blob, {{"a", "b"}}, other));
}

void key_is_looked_for_before_the_blob() {
  CHECK_WORDS(NotFound, "Key '" + key_arn(kUnknown) + "' does not exist",
              decrypt(service(), Bytes(100), {}, kUnknown));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), Bytes(100), {}, key()));
}

void unknown_key_of_a_blob_is_hidden() {
  Bytes blob = encrypt(service(), key(), secret("text"));
  blob[5] ^= 1;  // a material that nobody has
  CHECK_WORDS(AccessDenied, kNoSuchKey, decrypt(service(), blob));
  CHECK_WORDS(IncorrectKey, kIncorrectKey, decrypt(service(), blob, {}, key()));
}

void state_is_looked_at_before_the_ciphertext() {
  std::string mine = create_key(service());
  Bytes blob = encrypt(service(), mine, secret("text"));
  service().disable_key({mine});
  CHECK_WORDS(Disabled, key_arn(mine) + " is disabled.",
              decrypt(service(), blob, {{"wrong", "context"}}));
  auto request = decrypt_request(blob);
  request.encryption_algorithm = "RSAES_OAEP_SHA_256";
  CHECK_WORDS(Disabled, key_arn(mine) + " is disabled.", service().decrypt(request));
}

void usage_of_the_key_is_looked_at() {
  std::string mine = create_key(service());
  Bytes blob = encrypt(service(), mine, secret("text"));
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), mine, [](catalog::KeyRecord& record) {
    record.usage = catalog::KeyUsage::SignVerify;
  });
  auto words = [&](const char* operation) {
    return key_arn(mine) + " key usage is SIGN_VERIFY which is not valid for " + operation + ".";
  };
  CHECK_WORDS(InvalidKeyUsage, words("Encrypt"), encrypt(service(), mine, secret("x")));
  CHECK_WORDS(InvalidKeyUsage, words("Decrypt"), decrypt(service(), blob));
  CHECK_WORDS(InvalidKeyUsage, words("ReEncryptFrom"), service().re_encrypt(move_to(key(), blob)));
  CHECK_WORDS(InvalidKeyUsage, words("ReEncryptTo"),
              service().re_encrypt(move_to(mine, encrypt(service(), key(), secret("x")))));
  kms::GenerateDataKeyRequest request;
  request.key_id = mine;
  request.key_spec = "AES_256";
  CHECK_WORDS(InvalidKeyUsage, words("GenerateDataKey"), service().generate_data_key(request));
  CHECK_WORDS(InvalidKeyUsage, words("GenerateDataKeyWithoutPlaintext"),
              service().generate_data_key_without_plaintext(request));
}

void no_grant_token_is_good() {
  auto request = encrypt_request();
  request.grant_tokens = {"token"};
  CHECK_WORDS(InvalidGrantToken, "", service().encrypt(request));
  auto back = decrypt_request(encrypt(service(), key(), secret("text")));
  back.grant_tokens = {"token"};
  CHECK_WORDS(InvalidGrantToken, "", service().decrypt(back));
  back.grant_tokens.assign(11, "t");
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: "
              "Member must have length less than or equal to 10",
              service().decrypt(back));
  back.grant_tokens = {std::string(8193, 't')};
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'grantTokens.1.member' failed to satisfy "
              "constraint: Member must have length less than or equal to 8192",
              service().decrypt(back));
}

void dry_run_says_what_would_have_been() {
  auto request = encrypt_request();
  request.dry_run = true;
  CHECK_WORDS(DryRunOperation, kDryRun, service().encrypt(request));
  request.key_id = kUnknown;
  CHECK_ERROR(NotFound, service().encrypt(request));
  request = encrypt_request();
  request.dry_run = true;
  request.grant_tokens = {"token"};
  CHECK_ERROR(InvalidGrantToken, service().encrypt(request));
  request.grant_tokens.clear();
  request.plaintext.clear();
  CHECK_ERROR(Validation, service().encrypt(request));

  auto back = decrypt_request(encrypt(service(), key(), secret("text"), {{"a", "b"}}));
  back.dry_run = true;
  CHECK_WORDS(InvalidCiphertext, "", service().decrypt(back));
  back.encryption_context = {{"a", "b"}};
  CHECK_WORDS(DryRunOperation, kDryRun, service().decrypt(back));
  back.key_id = create_key(service());
  CHECK_WORDS(IncorrectKey, kIncorrectKey, service().decrypt(back));
}

// The header is an input of the key derivation: no byte of it can be exchanged.
void blob_of_one_key_does_not_open_with_another() {
  std::string other = create_key(service());
  Bytes blob = encrypt(service(), key(), secret("text"));
  Bytes foreign = encrypt(service(), other, secret("text"));
  std::copy(foreign.begin() + 5, foreign.begin() + 37, blob.begin() + 5);
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), blob));
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), blob, {}, other));
}

void nothing_is_left_in_the_token() {
  // One to load everything, then each outcome.
  Bytes blob = encrypt(service(), key(), secret("text"));
  decrypt(service(), blob);
  RawSession raw;
  std::size_t before = raw.count();
  encrypt(service(), key(), secret_of(37));
  decrypt(service(), blob);
  CHECK_ERROR(InvalidCiphertext, decrypt(service(), blob, {{"a", "b"}}));
  CHECK_ERROR(NotFound, encrypt(service(), kUnknown, secret("x")));
  auto request = decrypt_request(blob);
  request.dry_run = true;
  CHECK_ERROR(DryRunOperation, service().decrypt(request));
  CHECK_EQ(raw.count(), before);
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "Encrypt and Decrypt", TEST(fields_of_the_responses), TEST(blob_has_the_layout_of_the_design),
      TEST(equal_plaintexts_look_different), TEST(explicit_default_algorithm_is_taken),
      TEST(rsa_algorithm_on_a_symmetric_key_is_refused), TEST(plaintext_has_1_to_4096_bytes),
      TEST(ciphertext_has_1_to_6144_bytes), TEST(empty_is_not_left_out),
      TEST(several_faults_are_told_at_once), TEST(context_must_be_the_same),
      TEST(pairs_are_told_apart_by_length), TEST(empty_context_is_no_context),
      TEST(unicode_is_compared_byte_by_byte), TEST(context_has_8192_bytes_at_most),
      TEST(key_id_on_decrypt_must_be_the_blobs_own), TEST(key_is_looked_for_before_the_blob),
      TEST(unknown_key_of_a_blob_is_hidden), TEST(state_is_looked_at_before_the_ciphertext),
      TEST(usage_of_the_key_is_looked_at), TEST(no_grant_token_is_good),
      TEST(dry_run_says_what_would_have_been), TEST(blob_of_one_key_does_not_open_with_another),
      TEST(nothing_is_left_in_the_token));
}
