// SPDX-License-Identifier: Apache-2.0
// Two tokens, two accounts: identifiers across accounts, and ReEncrypt from one token to the other.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "blob/blob.h"
#include "fault.h"
#include "key_pairs.h"
#include "kms/check.h"
#include "words.h"

namespace {

namespace fs = std::filesystem;
using namespace trent;
using namespace trent::test;

const std::string kOther = "444455556666";
const std::string kOtherLabel = "kms2";
const std::string kUnknown = "00000000-0000-4000-8000-000000000000";

Config config(bool at_other) {
  Config both = load_config();
  TokenConfig second = both.tokens.front();
  second.account = kOther;
  second.uri = "pkcs11:token=" + kOtherLabel;
  both.tokens.push_back(second);
  if (at_other) both.principal = "arn:aws:iam::" + kOther + ":root";
  return both;
}

// The caller is of the first account, or of the second.
Service& first() {
  static Service kms(config(false));
  return kms;
}
Service& second() {
  static Service kms(config(true));
  return kms;
}
const std::string& a() {
  static const std::string id = create_key(first());
  return id;
}
const std::string& b() {
  static const std::string id = create_key(second());
  return id;
}
std::string other_arn(const std::string& key) {
  return "arn:aws:kms:local:" + kOther + ":key/" + key;
}

// Number of objects in each token, session objects included.
std::pair<std::size_t, std::size_t> objects() {
  return {RawSession().count(), RawSession(kOtherLabel).count()};
}

// One in each token. Each is made while nobody else in this process uses its token, for the
// security officer has to be alone.
struct Enforced {
  std::string mine;
  std::string other;
};
Enforced& enforced() {
  static Enforced keys;
  return keys;
}
void make_enforced_keys() {
  kms::CreateKeyRequest request;
  request.so_pin = secret(kSoPin);
  enforced().mine = Service(config(false)).create_key(request).key_metadata.key_id;
  enforced().other = Service(config(true)).create_key(request).key_metadata.key_id;
}

// The transport key is not trusted.
void enforced_secrets_stay_in_their_token() {
  const Bytes blob = encrypt(first(), enforced().mine, "text");
  CHECK_WORDS(UnsupportedOperation, other_arn(enforced().other) + " is enforced in another token.",
              first().re_encrypt(move_to(other_arn(enforced().other), blob)));
  CHECK_WORDS(
      UnsupportedOperation, other_arn(enforced().other) + " is enforced in another token.",
      first().re_encrypt(move_to(other_arn(enforced().other), encrypt(first(), a(), "text"))));
  CHECK_ERROR(UnsupportedOperation, first().re_encrypt(move_to(other_arn(b()), blob)));
  first().re_encrypt(move_to(enforced().mine, blob));
}

void new_keys_belong_to_the_caller() {
  CHECK_EQ(first().describe_key({a(), {}}).key_metadata.aws_account_id, kAccount);
  CHECK_EQ(second().describe_key({b(), {}}).key_metadata.aws_account_id, kOther);
  CHECK_EQ(second().describe_key({b(), {}}).key_metadata.arn, other_arn(b()));
  std::string label = "trent/key/" + b();
  CHECK_EQ(RawSession().count({{CKA_LABEL, label.data(), label.size()}}), 0U);
  CHECK(RawSession(kOtherLabel).count({{CKA_LABEL, label.data(), label.size()}}) >= 2);
  for (const auto& entry : first().list_keys({1000, {}}).keys) CHECK(entry.key_id != b());
}

void bare_ids_are_of_the_callers_account() {
  CHECK_WORDS(NotFound, "Key '" + key_arn(b()) + "' does not exist",
              first().describe_key({b(), {}}));
  CHECK_WORDS(NotFound, "Key '" + other_arn(a()) + "' does not exist",
              second().describe_key({a(), {}}));
}

void arns_reach_the_other_account() {
  CHECK_EQ(first().describe_key({other_arn(b()), {}}).key_metadata.arn, other_arn(b()));
  kms::EncryptRequest request;
  request.key_id = other_arn(b());
  request.plaintext = secret("text");
  auto encrypted = first().encrypt(request);
  CHECK_EQ(encrypted.key_id, other_arn(b()));
  // The blob names its key, whatever the account.
  CHECK_EQ(decrypt(first(), encrypted.ciphertext_blob), "text");
  CHECK_EQ(decrypt(second(), encrypted.ciphertext_blob), "text");
  CHECK_WORDS(NotFound, "Key '" + other_arn(a()) + "' does not exist",
              first().describe_key({other_arn(a()), {}}));
  CHECK_WORDS(NotFound, "Invalid arn us-east-1",
              first().describe_key({"arn:aws:kms:us-east-1:" + kOther + ":key/" + b(), {}}));
}

void aliases_are_of_one_account() {
  first().create_alias({"alias/same", a()});
  second().create_alias({"alias/same", b()});
  CHECK_EQ(first().describe_key({"alias/same", {}}).key_metadata.key_id, a());
  CHECK_EQ(second().describe_key({"alias/same", {}}).key_metadata.key_id, b());
  std::string arn = "arn:aws:kms:local:" + kOther + ":alias/same";
  CHECK_EQ(first().describe_key({arn, {}}).key_metadata.key_id, b());
  CHECK_WORDS(NotFound, "Key '" + other_arn(b()) + "' does not exist",
              first().create_alias({"alias/across", other_arn(b())}));
  CHECK_WORDS(NotFound, "Key '" + other_arn(b()) + "' does not exist",
              first().update_alias({"alias/same", other_arn(b())}));
  CHECK_EQ(first().describe_key({"alias/same", {}}).key_metadata.key_id, a());
}

void every_length_crosses_over_and_back() {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 1; i <= 17; ++i) lengths.push_back(i);
  for (std::size_t i : {31, 32, 33, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1024, 4095, 4096})
    lengths.push_back(i);
  for (std::size_t length : lengths) {
    SecretBytes plaintext = secret_of(length);
    Bytes here = encrypt(first(), a(), plaintext, {{"on", "first"}});
    auto request = move_to(other_arn(b()), here);
    request.source_encryption_context = {{"on", "first"}};
    request.destination_encryption_context = {{"on", "second"}};
    auto response = first().re_encrypt(request);
    CHECK_EQ(response.source_key_id, key_arn(a()));
    CHECK_EQ(response.key_id, other_arn(b()));
    const Bytes& there = response.ciphertext_blob;
    CHECK_EQ(there.size(), blob::blob_size(length));
    CHECK_EQ(decrypt(second(), there, {{"on", "second"}}, b()), text_of(plaintext));
    request = move_to(a(), there);
    request.source_encryption_context = {{"on", "second"}};
    Bytes back = first().re_encrypt(request).ciphertext_blob;
    CHECK_EQ(decrypt(first(), back, {}, a()), text_of(plaintext));
  }
}

// Keys of RSA on either side. What the first token fills up with zero bytes on the way out cannot
// become a plaintext of RSA's; what is under a symmetric key says how long it is.
void rsa_keys_of_both_tokens() {
  const std::string oaep = "RSAES_OAEP_SHA_1";
  const std::string here = create(first(), "RSA_2048", "ENCRYPT_DECRYPT");
  const std::string there = create(second(), "RSA_3072", "ENCRYPT_DECRYPT");
  for (const std::size_t length : {1, 7, 8, 9, 31, 32, 37, 190, 214}) {
    const std::string plaintext = text_of(secret_of(length));
    const bool is_padded = length % 8 != 0;
    const Bytes under_rsa = encrypt_with(first(), here, plaintext, oaep);
    const Bytes blob = move(first(), {here, oaep}, under_rsa, {other_arn(b())});
    CHECK_EQ(decrypt(second(), blob, {}, b()), plaintext);
    const auto to_rsa = [&] {
      return move(first(), {a()}, encrypt(first(), a(), plaintext), {other_arn(there), oaep});
    };
    const auto between = [&] {
      return move(first(), {here, oaep}, under_rsa, {other_arn(there), oaep});
    };
    if (is_padded) {
      CHECK_ERROR(UnsupportedOperation, to_rsa());
      CHECK_ERROR(UnsupportedOperation, between());
      continue;
    }
    CHECK_EQ(decrypt_with(second(), there, to_rsa(), oaep), plaintext);
    CHECK_EQ(decrypt_with(second(), there, between(), oaep), plaintext);
  }
  Bytes bad = encrypt_with(first(), here, "text", oaep);
  const auto before = objects();
  bad[20] ^= 1;
  CHECK_WORDS(InvalidCiphertext, "", move(first(), {here, oaep}, bad, {other_arn(b())}));
  CHECK_WORDS(InvalidCiphertext, "", move(first(), {here, oaep}, bad, {other_arn(there), oaep}));
  CHECK(objects() == before);
}

void material_ids_are_those_of_each_side() {
  auto response = first().re_encrypt(move_to(other_arn(b()), encrypt(first(), a(), "text")));
  CHECK_EQ(response.source_key_material_id,
           first().describe_key({a(), {}}).key_metadata.current_key_material_id);
  CHECK_EQ(response.destination_key_material_id,
           second().describe_key({b(), {}}).key_metadata.current_key_material_id);
}

void errors_name_the_right_side() {
  Bytes blob = encrypt(first(), a(), "text", {{"k", "v"}});
  CHECK_WORDS(InvalidCiphertext, "", first().re_encrypt(move_to(other_arn(b()), blob)));
  CHECK_WORDS(NotFound, "Key '" + other_arn(kUnknown) + "' does not exist",
              first().re_encrypt(move_to(other_arn(kUnknown), blob)));
  std::string dead = create_key(second());
  second().disable_key({dead});
  CHECK_WORDS(Disabled, other_arn(dead) + " is disabled.",
              first().re_encrypt(move_to(other_arn(dead), blob)));
  Bytes dead_blob = [&] {
    second().enable_key({dead});
    Bytes made = encrypt(second(), dead, "text");
    second().disable_key({dead});
    return made;
  }();
  CHECK_WORDS(Disabled, other_arn(dead) + " is disabled.",
              first().re_encrypt(move_to(a(), dead_blob)));
  auto request = move_to(other_arn(b()), blob);
  request.source_key_id = other_arn(b());
  CHECK_ERROR(IncorrectKey, first().re_encrypt(request));
  // Material that is gone is named by the key that misses it.
  std::string lost = create_key(second());
  std::string label = "trent/key/" + lost;
  {
    RawSession raw(kOtherLabel);
    CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    for (auto handle : raw.find({{CKA_CLASS, &secret_key, sizeof secret_key},
                                 {CKA_LABEL, label.data(), label.size()}}))
      check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
  }
  request = move_to(other_arn(lost), blob);
  request.source_encryption_context = {{"k", "v"}};
  Error error = ERROR_OF(first().re_encrypt(request));
  CHECK_EQ(error.name(), std::string("KeyUnavailableException"));
  CHECK(error.message().find(lost) != std::string::npos);
}

// A tampered payload is the ciphertext's fault on the way across too.
void tampered_payload_is_refused() {
  Bytes blob = encrypt(first(), a(), "text");
  blob.back() ^= 1;
  CHECK_WORDS(InvalidCiphertext, "", first().re_encrypt(move_to(other_arn(b()), blob)));
}

void nothing_is_left_in_either_token() {
  Bytes blob = encrypt(first(), a(), secret_of(37));
  auto request = move_to(other_arn(b()), blob);
  first().re_encrypt(request);  // loads the copies of the base keys
  auto before = objects();
  first().re_encrypt(request);
  CHECK(objects() == before);
  request.dry_run = true;
  CHECK_ERROR(DryRunOperation, first().re_encrypt(request));
  CHECK(objects() == before);
  request.source_encryption_context = {{"k", "v"}};
  CHECK_ERROR(InvalidCiphertext, first().re_encrypt(request));
  CHECK(objects() == before);
}

// What fails behind the first unwrap is the token's failure, and nothing is left of it.
void failures_on_the_way_are_not_the_ciphertexts() {
  Bytes blob = encrypt(first(), a(), secret_of(37));
  auto request = move_to(other_arn(b()), blob);
  first().re_encrypt(request);
  auto before = objects();
  fault_module().arm({});
  first().re_encrypt(request);
  auto calls = fault_module().trace();
  std::size_t unwraps = 0;
  for (const auto& call : calls) unwraps += call == "C_UnwrapKey";
  CHECK_EQ(unwraps, 2U);
  for (CK_RV rv : {CKR_WRAPPED_KEY_INVALID, CKR_ENCRYPTED_DATA_INVALID, CKR_WRAPPED_KEY_LEN_RANGE,
                   CKR_GENERAL_ERROR}) {
    fault_module().arm({.nth = 2, .rv = rv, .function = "C_UnwrapKey"});
    CHECK_ERROR(KMSInternal, first().re_encrypt(request));
    fault_module().disarm();
    CHECK(objects() == before);
  }
  // Every call of it, once: an error or the right blob, and nothing left.
  for (std::size_t nth = 1; nth <= calls.size(); ++nth) {
    fault_module().arm({.nth = nth, .rv = CKR_DEVICE_ERROR});
    try {
      Bytes moved = first().re_encrypt(request).ciphertext_blob;
      fault_module().disarm();
      CHECK_EQ(decrypt(first(), moved), text_of(secret_of(37)));
    } catch (const Error& error) {
      fault_module().disarm();
      CHECK_EQ(error.name(), std::string("KMSInternalException"));
    }
    CHECK(objects() == before);
  }
}

// The first token is not there: what the second can do, it does.
void one_absent_token_does_not_hide_the_other() {
  Bytes blob = encrypt(second(), b(), secret_of(5));
  Bytes foreign = encrypt(first(), a(), secret_of(5));
  Config broken = config(true);
  broken.tokens.front().uri = "pkcs11:token=away";
  Service kms(broken);
  CHECK_EQ(decrypt(kms, blob), text_of(secret_of(5)));
  CHECK_ERROR(KeyUnavailable, decrypt(kms, foreign));
  auto reports = kms::check(kms, {});
  CHECK_EQ(reports.size(), 2U);
  CHECK_EQ(reports[0].problems.size(), 1U);
  CHECK(reports[0].problems[0].find("away") != std::string::npos);
  CHECK(reports[1].keys > 0);
}

// A ciphertext of nobody's is looked for in every token, and one of them is not there: the module
// must not be finalised for that under those who use the other.
void absent_token_leaves_the_other_alone() {
  Config with_absent = config(false);
  with_absent.tokens.back().uri = "pkcs11:token=absent";
  Service kms(with_absent);
  const Bytes blob = encrypt(first(), a(), "text");
  const Bytes foreign = encrypt(second(), b(), "text");
  CHECK_EQ(decrypt(kms, blob), "text");
  fault_module().arm({});
  CHECK_ERROR(KeyUnavailable, decrypt(kms, foreign));
  const auto calls = fault_module().trace();
  fault_module().disarm();
  CHECK(std::ranges::find(calls, "C_Finalize") == calls.end());
  CHECK_EQ(decrypt(kms, blob), "text");
}

// By label, and by label and model: the first connection is refused, whichever it is.
void two_entries_that_are_one_token_are_refused() {
  Config twice = config(false);
  twice.tokens.back().uri = "pkcs11:token=" + std::string(kTokenLabel) + ";model=SoftHSM%20v2";
  kms::DescribeKeyRequest of_other;
  of_other.key_id = "arn:aws:kms:" + std::string(kRegion) + ":" + kOther + ":key/" + kUnknown;
  const auto check_refusal = [](const Error& error) {
    CHECK_EQ(std::string(error.name()), "ValidationException");
    for (const std::string& part : {std::string(kAccount), kOther, std::string("one token")})
      CHECK(error.text().find(part) != std::string::npos);
  };
  Service one(twice);
  check_refusal(ERROR_OF(create_key(one)));
  Service other(twice);
  check_refusal(ERROR_OF(other.describe_key(of_other)));
  // By two paths of one module, whoever comes second.
  const fs::path link = fs::temp_directory_path() / ("trent-module-" + std::to_string(getpid()));
  fs::create_symlink(fault_module_path(), link);
  twice.tokens.back().module = link;
  Service by_link(twice);
  create_key(by_link);
  check_refusal(ERROR_OF(by_link.describe_key(of_other)));
  create_key(by_link);  // the first goes on
  fs::remove(link);
  // One that names both tokens is wrong by itself, and in nobody's way.
  twice = config(false);
  twice.tokens.back().uri = "pkcs11:model=SoftHSM%20v2";
  Service several(twice);
  create_key(several);
  CHECK_ERROR(Validation, several.describe_key(of_other));
  // And in the configuration that names them right, neither is in the other's way.
  Service right(config(false));
  create_key(right);
  CHECK_ERROR(NotFound, right.describe_key(of_other));
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  make_token(kOtherLabel);
  make_enforced_keys();
  return RUN_TESTS(
      "two tokens", TEST(new_keys_belong_to_the_caller), TEST(bare_ids_are_of_the_callers_account),
      TEST(arns_reach_the_other_account), TEST(aliases_are_of_one_account),
      TEST(every_length_crosses_over_and_back), TEST(rsa_keys_of_both_tokens),
      TEST(material_ids_are_those_of_each_side), TEST(enforced_secrets_stay_in_their_token),
      TEST(errors_name_the_right_side), TEST(tampered_payload_is_refused),
      TEST(nothing_is_left_in_either_token), TEST(failures_on_the_way_are_not_the_ciphertexts),
      TEST(one_absent_token_does_not_hide_the_other), TEST(absent_token_leaves_the_other_alone),
      TEST(two_entries_that_are_one_token_are_refused));
}
