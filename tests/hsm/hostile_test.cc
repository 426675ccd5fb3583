// SPDX-License-Identifier: Apache-2.0
// Tokens that do not behave as SoftHSM does: what the self-test makes of each, and that no
// operation relies on what such a token does not keep.
#include "hostile.h"

#include <algorithm>

#include "fault.h"
#include "hsm/abilities.h"
#include "hsm/enforced_key_store.h"
#include "hsm/token.h"
#include "hsm/wrapping.h"
#include "kms/check.h"
#include "kms/object_requests.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

const kms::EncryptionContext kContext{{"tenant", "acme"}};
constexpr std::string_view kSecret = "a secret of 24 bytes ...";

// A token that behaves so, as long as this lives, and a service that meets it first then.
struct Playing {
  explicit Playing(std::string_view habits) : service(load_config()) {
    fault_module().arm({});
    fault_module().play(parse_hostile(habits));
  }
  ~Playing() {
    fault_module().play({});
    fault_module().disarm();
  }
  Playing(const Playing&) = delete;
  Playing& operator=(const Playing&) = delete;

  hsm::Token& token() { return service.home().token; }
  hsm::Profile profile() { return hsm::profile_of(token()); }

  Service service;
};

std::size_t called(const char* function) {
  const auto trace = fault_module().trace();
  return static_cast<std::size_t>(std::ranges::count(trace, function));
}

kms::GenerateDataKeyRequest data_key(const std::string& key) {
  kms::GenerateDataKeyRequest request;
  request.key_id = key;
  request.key_spec = "AES_256";
  return request;
}

// An application's C_UnwrapKey of a KMS key.
hsm::ApplicationObject unwrap_key(Playing& playing, const std::string& key, const Bytes& blob,
                                  const hsm::Session& session, bool sensitive, bool extractable) {
  hsm::Attributes wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, sensitive)
      .flag(CKA_EXTRACTABLE, extractable);
  kms::UnwrapKeyRequest request;
  request.key_id = key;
  request.ciphertext_blob = blob;
  const hsm::ApplicationTemplate destination{session, wanted.data(), wanted.size()};
  request.destination = &destination;
  return playing.service.call(request).object;
}

// Everything works, and the bytes are those that an ordinary token reads.
void all_works(Playing& playing, std::string_view secret = kSecret) {
  Service& service = playing.service;
  const std::string a = create_key(service);
  const std::string b = create_key(service);
  const Bytes blob = encrypt(service, a, secret, kContext);
  const Bytes moved = re_encrypt(service, blob, b, kContext);
  CHECK_EQ(decrypt(service, moved), secret);
  const Bytes key = service.generate_data_key_without_plaintext(data_key(a)).ciphertext_blob;
  CHECK_EQ(decrypt(service, key).size(), 32U);
  CHECK_ERROR(InvalidCiphertext, decrypt(service, blob));
  CHECK_ERROR(InvalidCiphertext, re_encrypt(service, blob, b));
  CHECK_EQ(decrypt(service, blob, kContext), secret);  // and the connection is as good as before
  const hsm::Abilities can = hsm::try_abilities(playing.token());
  CHECK(can.re_encrypt && can.to_other_tokens && can.keeps_keys);
  fault_module().play({});
  Service ordinary(load_config());
  CHECK_EQ(decrypt(ordinary, moved), secret);
}

// Encrypt, Decrypt and GenerateDataKey hand the plaintext out, and so rely on nothing; what is to
// stay in the token is refused before it is there.
void only_what_hands_it_out_works(std::string_view habits) {
  std::string a;
  Bytes wrapped;
  {
    Service ordinary(load_config());
    a = create_key(ordinary);
    wrapped = ordinary.generate_data_key_without_plaintext(data_key(a)).ciphertext_blob;
  }
  Playing playing(habits);
  Service& service = playing.service;
  const std::string b = create_key(service);
  const Bytes blob = encrypt(service, a, kSecret);
  CHECK_EQ(decrypt(service, blob), kSecret);
  CHECK_EQ(service.generate_data_key(data_key(a)).plaintext.size(), 32U);
  const hsm::Session session = playing.token().open_session();
  fault_module().arm({});
  CHECK_ERROR(UnsupportedOperation, re_encrypt(service, blob, b));
  CHECK_ERROR(UnsupportedOperation, service.generate_data_key_without_plaintext(data_key(a)));
  CHECK_ERROR(UnsupportedOperation, unwrap_key(playing, a, wrapped, session, true, false));
  CHECK_EQ(called("C_UnwrapKey"), 0U);
  CHECK_EQ(called("C_WrapKey"), 0U);
  const hsm::Abilities can = hsm::try_abilities(playing.token());
  CHECK(!can.re_encrypt && !can.to_other_tokens && can.keeps_keys);
}

void sensitive_is_ignored_at_unwrap() {
  only_what_hands_it_out_works("unwrap-shows setting=refused");
  only_what_hands_it_out_works("unwrap-shows setting=pretended");
}

void sensitive_is_ignored_at_derivation() {
  only_what_hands_it_out_works("derive-shows setting=refused");
  only_what_hands_it_out_works("derive-shows setting=pretended");
}

void sensitive_can_be_set_afterwards() {
  for (const char* habits : {"unwrap-shows", "derive-shows", "unwrap-shows derive-shows"}) {
    Playing playing(habits);
    const std::string name = habits;
    CHECK((playing.profile().payloads == hsm::Promise::SetLater) ==
          (name.find("unwrap") != name.npos));
    CHECK((playing.profile().one_time_keys == hsm::Promise::SetLater) ==
          (name.find("derive") != name.npos));
    all_works(playing);
  }
}

// A key is enforced only by a token that was seen to do it, and what was begun is not left behind.
void keys_are_not_enforced_by_a_token_that_does_not_do_it() {
  const std::pair<const char*, const char*> cases[] = {
      {"forgets-trust", "a key that is not trusted wraps what only trusted ones may"},
      {"forgets-templates", "it unwraps what it is asked for, whatever the key says"},
      {"no-trust", "its security officer makes no trusted key"},
      {"no-copies", "it makes no private copy of a trusted key"},
      {"unwrap-shows setting=refused", "The token does not keep secret what it is told to"},
  };
  for (const auto& [habits, words] : cases) {
    Playing playing(habits);
    kms::CreateKeyRequest request;
    request.so_pin = secret(kSoPin);
    const std::size_t before = playing.service.list_keys({}).keys.size();
    const Error error = ERROR_OF(playing.service.create_key(request));
    CHECK_EQ(error.code(), ErrorCode::UnsupportedOperation);
    if (error.message().find(words) == std::string::npos) throw Failure(error.message());
    CHECK_EQ(hsm::count_left_enforced_keys(playing.token()), 0U);
    CHECK_EQ(hsm::count_other_trusted_keys(playing.token()), 0U);
    CHECK_EQ(playing.service.list_keys({}).keys.size(), before);
    const std::string_view name = habits;
    const auto rows = hsm::try_abilities(playing.token()).rows;
    const auto row = std::ranges::find(rows, "EnforcedKeys", &hsm::Ability::name);
    CHECK(row != rows.end());
    // The rest is not the user's to try.
    CHECK_EQ(std::get<bool>(row->value), name == "no-trust" || name == "no-copies");
  }
  Playing playing("");
  kms::CreateKeyRequest request;
  request.so_pin = secret(kSoPin);
  const std::string key = playing.service.create_key(request).key_metadata.key_id;
  re_encrypt(playing.service, encrypt(playing.service, key, kSecret), key);
}

// The secret is made SENSITIVE at once, before anything else is done.
void payload_is_made_sensitive_at_once() {
  Playing playing("unwrap-shows");
  const std::string a = create_key(playing.service);
  const Bytes blob = encrypt(playing.service, a, kSecret);
  re_encrypt(playing.service, blob, a);
  fault_module().arm({});
  re_encrypt(playing.service, blob, a);
  auto trace = fault_module().trace();
  const auto unwrap = std::ranges::find(trace, "C_UnwrapKey");
  CHECK(unwrap != trace.end());
  CHECK_EQ(*std::next(unwrap), "C_SetAttributeValue");
}

void what_an_application_unwraps_is_as_secret_as_it_says() {
  Playing playing("unwrap-shows");
  const std::string a = create_key(playing.service);
  const Bytes blob =
      playing.service.generate_data_key_without_plaintext(data_key(a)).ciphertext_blob;
  const hsm::Session session = playing.token().open_session();
  const RawSession raw;
  const std::string on(1, '\1');
  const std::string off(1, '\0');
  const auto secret = unwrap_key(playing, a, blob, session, true, false);
  CHECK_EQ(raw.attribute(secret.handle, CKA_SENSITIVE), on);
  CHECK_EQ(raw.attribute(secret.handle, CKA_EXTRACTABLE), off);
  const auto open = unwrap_key(playing, a, blob, session, false, true);
  CHECK_EQ(raw.attribute(open.handle, CKA_SENSITIVE), off);
}

void key_material_that_shows_is_not_made() {
  Playing playing("generate-shows");
  const RawSession raw;
  const auto before = raw.count();
  CHECK_ERROR(UnsupportedOperation, create_key(playing.service));
  CHECK_EQ(raw.count(), before);
}

void unwrap_template_is_the_one_that_works() {
  {
    Playing playing("no-extractable");
    CHECK(playing.profile().unwrap_template.brief);
    CHECK(!playing.profile().unwrap_template.length);
    all_works(playing);
  }
  {
    Playing playing("wants-length");
    CHECK(!playing.profile().unwrap_template.brief);
    CHECK(playing.profile().unwrap_template.length);
    all_works(playing);
  }
  Playing playing("no-extractable wants-length");
  CHECK(playing.profile().unwrap_template.brief);
  CHECK(playing.profile().unwrap_template.length);
  const std::string a = create_key(playing.service);
  const Bytes blob =
      playing.service.generate_data_key_without_plaintext(data_key(a)).ciphertext_blob;
  const hsm::Session session = playing.token().open_session();
  unwrap_key(playing, a, blob, session, false, true);
  unwrap_key(playing, a, blob, session, true, true);
  all_works(playing);
}

void key_wrap_has_another_number() {
  for (const char* number : {"0x210B", "0x80000171", "0x8000216F"}) {
    Playing playing(std::string("kwp=") + number);
    CHECK_EQ(playing.profile().kwp, std::stoul(number, nullptr, 0));
    all_works(playing, "13 bytes here");
  }
  Playing playing("kwp=0");
  CHECK_ERROR(UnsupportedOperation, playing.profile());
  CHECK_ERROR(UnsupportedOperation, create_key(playing.service));
}

void a_bad_payload_is_a_device_error() {
  Playing playing("device-error");
  all_works(playing);
}

// A fault of the token is none of the ciphertext's, whatever it is called.
void a_passing_fault_is_not_the_ciphertexts() {
  Playing playing("device-error");
  const std::string a = create_key(playing.service);
  const Bytes blob = encrypt(playing.service, a, kSecret);
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED,
                         CKR_DATA_LEN_RANGE, CKR_DATA_INVALID, CKR_KEY_SIZE_RANGE}) {
    fault_module().arm({.nth = 1, .rv = rv, .function = "C_UnwrapKey"});
    CHECK_ERROR(KMSInternal, decrypt(playing.service, blob));
    CHECK(fault_module().fired());
    fault_module().disarm();
    // As long as it lasts, every payload is answered so, and the round trip tells.
    fault_module().arm({.nth = 1, .rv = rv, .function = "C_UnwrapKey", .and_later = true});
    CHECK_ERROR(KMSInternal, decrypt(playing.service, blob));
    fault_module().disarm();
  }
  for (const CK_RV rv : {CKR_MECHANISM_INVALID, CKR_TEMPLATE_INCONSISTENT, CKR_DEVICE_MEMORY}) {
    fault_module().arm({.nth = 1, .rv = rv, .function = "C_UnwrapKey"});
    CHECK_EQ(ERROR_OF(decrypt(playing.service, blob)).ck_rv(), rv);
    CHECK_EQ(called("C_UnwrapKey"), 1U);  // said clearly: no second try
    fault_module().disarm();
  }
}

void there_is_no_copy_object() {
  Playing playing("no-copies");
  CHECK(!playing.profile().session_copies);
  all_works(playing);
}

void there_are_no_data_objects() {
  Playing playing("no-data");
  const RawSession raw;
  const auto before = raw.count();
  const Error error = ERROR_OF(create_key(playing.service));
  CHECK(error.code() == ErrorCode::UnsupportedOperation);
  CHECK(error.message().find("CKO_DATA") != std::string::npos);
  CHECK(error.message().find("CKR_ATTRIBUTE_VALUE_INVALID") != std::string::npos);
  CHECK_EQ(called("C_GenerateKey"), 0U);
  CHECK_EQ(raw.count(), before);
  const auto report = kms::check(playing.service, {}).front();
  CHECK(report.abilities.re_encrypt && !report.abilities.keeps_keys);
  CHECK_EQ(report.problems.size(), 1U);
}

// Whoever only reads pays nothing for the trial, and whoever makes keys pays once.
void the_trial_of_data_objects_is_made_once() {
  Playing playing("");
  const std::string a = create_key(playing.service);
  const auto first = called("C_CreateObject");
  fault_module().arm({});
  create_key(playing.service);
  const auto second = called("C_CreateObject");
  Playing reader("");
  const Bytes blob = encrypt(reader.service, a, kSecret);
  const auto without = called("C_CreateObject");
  // What the reader's self-test and Encrypt make, and a key's record; the one more is the trial's.
  CHECK_EQ(first, without - 1 + second + 1);
}

void sessions_are_read_write() {
  Playing playing("no-read-only");
  all_works(playing);
}

void secrets_have_at_most_64_bytes() {
  Bytes longer;
  std::string a;
  {
    Service ordinary(load_config());
    a = create_key(ordinary);
    longer = encrypt(ordinary, a, std::string(128, 'x'));
  }
  Playing playing("longest=64");
  CHECK_EQ(hsm::longest_secret(playing.token()), 64U);
  CHECK_EQ(decrypt(playing.service, encrypt(playing.service, a, std::string(64, 'x'))),
           std::string(64, 'x'));
  CHECK_ERROR(UnsupportedOperation, encrypt(playing.service, a, std::string(65, 'x')));
  // Not the ciphertext's fault.
  CHECK_ERROR(UnsupportedOperation, decrypt(playing.service, longer));
  CHECK_ERROR(UnsupportedOperation, re_encrypt(playing.service, longer, a));
  all_works(playing);
}

void every_ability_is_tried_by_itself() {
  const auto row = [](const hsm::Abilities& can, std::string_view name) {
    const auto found = std::ranges::find(can.rows, name, &hsm::Ability::name);
    if (found == can.rows.end()) throw Failure("no row " + std::string(name));
    return *found;
  };
  Playing playing("no-derive no-data");
  const hsm::Abilities can = hsm::try_abilities(playing.token());
  CHECK(!can.re_encrypt && !can.to_other_tokens && !can.keeps_keys);
  CHECK(!std::get<bool>(row(can, "Derivation").value));
  CHECK_EQ(row(can, "Derivation").remark,
           "C_DeriveKey returned CKR_MECHANISM_INVALID: it does not have the mechanism");
  CHECK(!std::get<bool>(row(can, "DataObjects").value));
  CHECK(std::get<bool>(row(can, "KeyWrap").value));
  CHECK_EQ(row(can, "KeyWrap").remark, "CKM_AES_KEY_WRAP_PAD");
  CHECK(std::get<bool>(row(can, "KeyGeneration").value));
  CHECK(std::get<bool>(row(can, "CopyObject").value));
  fault_module().play(parse_hostile("no-agreement kwp=0"));
  const hsm::Abilities other = hsm::try_abilities(playing.token());
  CHECK(std::get<bool>(row(other, "Derivation").value));
  CHECK(!std::get<bool>(row(other, "KeyWrap").value));
  CHECK(!std::get<bool>(row(other, "KeyAgreement").value));
  CHECK(other.keeps_keys);
}

// Neither handles nor text are read past what there was room for.
void what_it_has_given_is_not_believed() {
  Playing playing("");
  const std::string key = create_key(playing.service);
  fault_module().play(parse_hostile("overstates"));
  Service other(load_config());
  CHECK_EQ(ERROR_OF(other.describe_key({key, {}})).ck_rv(), CK_RV{CKR_GENERAL_ERROR});
  CHECK_ERROR(KMSInternal, other.list_keys({}));
  CHECK_ERROR(KMSInternal, encrypt(playing.service, key, kSecret));
  fault_module().play({});
  CHECK_EQ(decrypt(other, encrypt(other, key, kSecret)), kSecret);
}

void a_token_that_tells_the_length_is_asked() {
  Playing playing("tells-length");
  CHECK(playing.profile().value_len);
  all_works(playing, "13 bytes here");
}

void nothing_is_left_of_the_trials() {
  for (const char* habits : {"", "no-derive", "kwp=0", "unwrap-shows setting=refused",
                             "no-extractable wants-length", "longest=64", "no-agreement"}) {
    const RawSession raw;
    const auto before = raw.count();
    Playing playing(habits);
    hsm::try_abilities(playing.token());
    CHECK_EQ(raw.count(), before);
  }
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS(
      "hostile tokens", TEST(sensitive_is_ignored_at_unwrap),
      TEST(sensitive_is_ignored_at_derivation), TEST(sensitive_can_be_set_afterwards),
      TEST(payload_is_made_sensitive_at_once),
      TEST(keys_are_not_enforced_by_a_token_that_does_not_do_it),
      TEST(what_an_application_unwraps_is_as_secret_as_it_says),
      TEST(key_material_that_shows_is_not_made), TEST(unwrap_template_is_the_one_that_works),
      TEST(key_wrap_has_another_number), TEST(a_bad_payload_is_a_device_error),
      TEST(a_passing_fault_is_not_the_ciphertexts), TEST(there_is_no_copy_object),
      TEST(there_are_no_data_objects), TEST(the_trial_of_data_objects_is_made_once),
      TEST(sessions_are_read_write), TEST(secrets_have_at_most_64_bytes),
      TEST(every_ability_is_tried_by_itself), TEST(what_it_has_given_is_not_believed),
      TEST(a_token_that_tells_the_length_is_asked), TEST(nothing_is_left_of_the_trials));
}
