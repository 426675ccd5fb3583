// SPDX-License-Identifier: Apache-2.0
// CreateKey, DescribeKey, ListKeys.
#include <algorithm>
#include <set>

#include "base/openssl.h"
#include "catalog/store.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

Service& service() {
  static Service kms(load_config());
  return kms;
}

kms::KeyMetadata describe(const std::string& id) {
  return service().describe_key({id, {}}).key_metadata;
}

using Optional = std::optional<std::string>;
kms::CreateKeyResponse create(const Optional& usage, const Optional& spec,
                              const Optional& origin = {}) {
  kms::CreateKeyRequest request;
  request.key_usage = usage;
  request.key_spec = spec;
  request.origin = origin;
  return service().create_key(request);
}

std::string create_described(const std::string& description) {
  kms::CreateKeyRequest request;
  request.description = description;
  return service().create_key(request).key_metadata.key_id;
}

// All keys, `limit` at a time.
std::vector<kms::KeyListEntry> list(std::optional<std::int64_t> limit) {
  std::vector<kms::KeyListEntry> keys;
  std::optional<std::string> marker;
  do {
    auto page = service().list_keys({limit, marker});
    CHECK_EQ(page.truncated, !page.next_marker.empty());
    CHECK(!page.truncated || static_cast<std::int64_t>(page.keys.size()) == limit.value_or(100));
    keys.insert(keys.end(), page.keys.begin(), page.keys.end());
    marker = page.next_marker;
  } while (!marker->empty());
  return keys;
}

void defaults_are_kms_own() {
  auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  auto made = service().create_key({}).key_metadata;
  CHECK_EQ(made.aws_account_id, kAccount);
  CHECK_EQ(made.arn, key_arn(made.key_id));
  CHECK(made.creation_date >= before && made.creation_date <= std::chrono::system_clock::now());
  CHECK(made.enabled);
  CHECK_EQ(made.description, "");
  CHECK_EQ(made.key_usage, "ENCRYPT_DECRYPT");
  CHECK_EQ(made.key_state, "Enabled");
  CHECK(!made.deletion_date);
  CHECK_EQ(made.origin, "AWS_KMS");
  CHECK_EQ(made.key_manager, "CUSTOMER");
  CHECK_EQ(made.key_spec, "SYMMETRIC_DEFAULT");
  CHECK(made.encryption_algorithms == std::vector<std::string>{"SYMMETRIC_DEFAULT"});
  CHECK(!made.multi_region);
  CHECK_EQ(made.current_key_material_id.size(), 64U);
}

void describe_gives_what_create_gave() {
  kms::CreateKeyRequest request;
  request.description = "of the payment service";
  auto made = service().create_key(request).key_metadata;
  auto seen = describe(made.key_id);
  CHECK_EQ(seen.arn, made.arn);
  CHECK_EQ(seen.description, request.description);
  CHECK(seen.creation_date == made.creation_date);
  CHECK_EQ(seen.current_key_material_id, made.current_key_material_id);
  CHECK_EQ(seen.key_state, made.key_state);
}

void explicit_defaults_are_taken() {
  CHECK_EQ(create("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "AWS_KMS").key_metadata.key_state,
           "Enabled");
}

// CurrentKeyMaterialId is AES-256-ECB(K, SHA-256(D || key id)) of the very key in the token.
void material_id_can_be_computed_again() {
  auto made = service().create_key({}).key_metadata;
  std::string label = "trent/key/" + made.key_id;
  std::string id(as_text(*from_hex(made.current_key_material_id)));
  RawSession raw;
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  auto found = raw.find({{CKA_CLASS, &secret_key, sizeof secret_key},
                         {CKA_LABEL, label.data(), label.size()},
                         {CKA_ID, id.data(), id.size()}});
  CHECK_EQ(found.size(), 1U);
  CHECK_EQ(raw.attribute(found[0], CKA_VALUE), "");  // it cannot be read: derive from it

  std::array<std::uint8_t, 64> domain{};
  std::string_view text = "trent:v1:key-material-id";
  std::copy(text.begin(), text.end(), domain.begin());
  Sha256 input = sha256({domain, as_bytes(made.key_id)});
  CK_KEY_DERIVATION_STRING_DATA data{input.data(), input.size()};
  CK_MECHANISM mechanism{CKM_AES_ECB_ENCRYPT_DATA, &data, sizeof data};
  CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
  CK_ULONG length = 32;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_ATTRIBUTE readable[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
                             {CKA_KEY_TYPE, &generic, sizeof generic},
                             {CKA_VALUE_LEN, &length, sizeof length},
                             {CKA_TOKEN, &no, sizeof no},
                             {CKA_SENSITIVE, &no, sizeof no},
                             {CKA_EXTRACTABLE, &yes, sizeof yes}};
  CK_OBJECT_HANDLE derived = 0;
  check_rv(softhsm()->C_DeriveKey(raw.handle(), &mechanism, found[0], readable, 6, &derived),
           "C_DeriveKey");
  CHECK_EQ(to_hex(as_bytes(raw.attribute(derived, CKA_VALUE))), made.current_key_material_id);
}

void key_in_the_token_derives_and_does_nothing_else() {
  std::string label = "trent/key/" + create_key(service());
  RawSession raw;
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  auto found = raw.find(
      {{CKA_CLASS, &secret_key, sizeof secret_key}, {CKA_LABEL, label.data(), label.size()}});
  CHECK_EQ(found.size(), 1U);
  auto is = [&](CK_ATTRIBUTE_TYPE type) { return raw.attribute(found[0], type) == "\x01"; };
  for (CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_DERIVE})
    CHECK(is(type));
  for (CK_ATTRIBUTE_TYPE type :
       {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP})
    CHECK(!is(type));
  CHECK(is(CKA_LOCAL) || is(CKA_ALWAYS_SENSITIVE));  // never was outside
  CHECK_EQ(raw.count_session_objects(), 0U);
}

void two_keys_differ() {
  auto a = service().create_key({}).key_metadata;
  auto b = service().create_key({}).key_metadata;
  CHECK(a.key_id != b.key_id);
  CHECK(a.current_key_material_id != b.current_key_material_id);
}

void unsupported_kinds_are_refused() {
  std::size_t before = list(1000).size();
  CHECK_WORDS(Validation,
              "You must specify a KeyUsage value for all KMS keys except for symmetric encryption "
              "keys.",
              create({}, "RSA_2048"));
  CHECK_ERROR(UnsupportedOperation, create("ENCRYPT_DECRYPT", "SM2"));
  CHECK_ERROR(UnsupportedOperation, create("SIGN_VERIFY", "ML_DSA_44"));
  CHECK_ERROR(UnsupportedOperation, create("SIGN_VERIFY", "ECC_NIST_EDWARDS25519", "EXTERNAL"));
  CHECK_ERROR(UnsupportedOperation, create({}, {}, "AWS_CLOUDHSM"));
  CHECK_WORDS(Validation, "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
              create("SIGN_VERIFY", {}));
  CHECK_WORDS(Validation, "KeyUsage KEY_AGREEMENT is not compatible with KeySpec SYMMETRIC_DEFAULT",
              create("KEY_AGREEMENT", "SYMMETRIC_DEFAULT"));
  CHECK_EQ(list(1000).size(), before);
}

void unknown_enumerators_are_repeated() {
  CHECK_WORDS(Validation,
              "1 validation error detected: Value 'encrypt_decrypt' at 'keyUsage' failed to "
              "satisfy constraint: Member must satisfy enum value set: [SIGN_VERIFY, "
              "ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT]",
              create("encrypt_decrypt", {}));
  Error three = ERROR_OF(create("x", "y", "z"));
  CHECK_EQ(three.name(), std::string("ValidationException"));
  CHECK(three.message().starts_with("3 validation errors detected: Value 'x' at 'keyUsage' "));
  CHECK(three.message().find("; Value 'y' at 'keySpec' ") != std::string::npos);
  CHECK(three.message().find("; Value 'z' at 'origin' ") != std::string::npos);
  // A long one is not repeated.
  Error error = ERROR_OF(create(std::string(65, 'q'), {}));
  CHECK(error.message().find('q') > error.message().find("ENCRYPT"));
}

// A script's variable that is not set must not pass for a member that was left out.
void empty_is_not_left_out() {
  std::size_t before = list(1000).size();
  Error three = ERROR_OF(create("", "", ""));
  CHECK(
      three.message().starts_with("3 validation errors detected: Value '' at 'keyUsage' failed "));
  CHECK(three.message().find("; Value '' at 'keySpec' failed ") != std::string::npos);
  CHECK(three.message().find("; Value '' at 'origin' failed ") != std::string::npos);
  CHECK_EQ(list(1000).size(), before);
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'marker' failed to satisfy constraint: Member "
              "must have length greater than or equal to 1",
              service().list_keys({{}, ""}));
  CHECK_EQ(describe(create_described("")).description, "");  // which is what KMS has for none
}

void description_has_8192_characters_not_bytes() {
  const std::string words =
      "1 validation error detected: Value at 'description' failed to satisfy constraint: Member "
      "must have length less than or equal to 8192";
  for (const char* character : {"a", "\u00e9", "\u5024", "\U0001f511", "\n", "\""}) {
    std::string description;
    for (int i = 0; i < 8192; ++i) description += character;
    CHECK(describe(create_described(description)).description == description);
    CHECK_WORDS(Validation, words, create_described(description + character));
  }
}

void description_that_is_not_utf8_is_refused() {
  for (const char* bad : {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    Error error = ERROR_OF(create_described(bad));
    CHECK_EQ(error.name(), std::string("ValidationException"));
    CHECK(is_utf8(error.message()));
  }
  CHECK_EQ(describe(create_described(std::string("a\0b", 3))).description, std::string("a\0b", 3));
}

void list_has_every_key_once_and_in_order() {
  std::set<std::string> made;
  for (int i = 0; i < 25; ++i) made.insert(create_key(service()));
  auto all = list(1000);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.key_id < b.key_id; }));
  std::set<std::string> seen;
  for (const auto& entry : all) {
    CHECK(seen.insert(entry.key_id).second);
    CHECK_EQ(entry.key_arn, key_arn(entry.key_id));
  }
  CHECK(std::includes(seen.begin(), seen.end(), made.begin(), made.end()));
  for (std::int64_t limit : {std::int64_t{1}, std::int64_t{7}, std::int64_t(all.size()) - 1,
                             std::int64_t(all.size()), std::int64_t(all.size()) + 1}) {
    auto paged = list(limit);
    CHECK_EQ(paged.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) CHECK_EQ(paged[i].key_id, all[i].key_id);
  }
}

// A page is right even if keys came or went since the last one.
void marker_survives_a_key_that_goes() {
  auto first = service().list_keys({5, {}});
  CHECK(first.truncated);
  auto all = list(1000);
  // The catalog alone knows a date of the past.
  std::string last = first.keys.back().key_id;
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), last, [](catalog::KeyRecord& record) {
    record.state = catalog::KeyState::PendingDeletion;
    record.deletion = std::chrono::system_clock::now() - std::chrono::hours(1);
  });
  auto second = service().list_keys({1, first.next_marker});
  CHECK_EQ(second.keys.at(0).key_id, all.at(5).key_id);
  CHECK_EQ(list(1000).size(), all.size() - 1);
}

void list_limits_are_validated() {
  CHECK_WORDS(Validation,
              "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
              "Member must have value greater than or equal to 1",
              service().list_keys({0, {}}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: "
              "Member must have value less than or equal to 1000",
              service().list_keys({1001, {}}));
  CHECK_ERROR(Validation, service().list_keys({-1, {}}));
  CHECK_ERROR(Validation, service().list_keys({{}, std::string(1025, 'A')}));
}

void bad_markers_are_refused() {
  for (const char* marker : {"x", "!!!!", "QUJ", "QUI=x", "QQ==\n", " QQ==", "QUJD"})
    CHECK_ERROR(InvalidMarker, service().list_keys({{}, marker}));
}

void no_grant_token_is_good() {
  CHECK_ERROR(InvalidGrantToken, service().describe_key({create_key(service()), {"token"}}));
  CHECK_ERROR(Validation,
              service().describe_key({create_key(service()), std::vector<std::string>(11, "t")}));
  CHECK_WORDS(Validation,
              "1 validation error detected: Value at 'grantTokens.2.member' failed to satisfy "
              "constraint: Member must have length greater than or equal to 1",
              service().describe_key({create_key(service()), {"t", ""}}));
}

void default_page_has_100_keys() {
  for (std::size_t i = list(1000).size(); i < 101; ++i) create_key(service());
  auto page = service().list_keys({});
  CHECK_EQ(page.keys.size(), 100U);
  CHECK(page.truncated);
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "keys", TEST(defaults_are_kms_own), TEST(describe_gives_what_create_gave),
      TEST(explicit_defaults_are_taken), TEST(material_id_can_be_computed_again),
      TEST(key_in_the_token_derives_and_does_nothing_else), TEST(two_keys_differ),
      TEST(unsupported_kinds_are_refused), TEST(unknown_enumerators_are_repeated),
      TEST(empty_is_not_left_out), TEST(description_has_8192_characters_not_bytes),
      TEST(description_that_is_not_utf8_is_refused), TEST(list_has_every_key_once_and_in_order),
      TEST(marker_survives_a_key_that_goes), TEST(list_limits_are_validated),
      TEST(bad_markers_are_refused), TEST(no_grant_token_is_good), TEST(default_page_has_100_keys));
}
