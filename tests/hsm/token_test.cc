// SPDX-License-Identifier: Apache-2.0
// What the self-test finds out, tokens that can less, and the copies of base keys in a session.
#include "hsm/token.h"

#include "fault.h"
#include "hsm/wrapping.h"
#include "kms/key.h"
#include "kms/material.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;

Config config(std::chrono::milliseconds refresh) {
  Config made = load_config();
  made.refresh = refresh;
  return made;
}

// C_CopyObject fails as long as this lives.
class WithoutCopies {
 public:
  WithoutCopies() {
    fault_module().arm({.nth = 1,
                        .rv = CKR_FUNCTION_NOT_SUPPORTED,
                        .function = "C_CopyObject",
                        .and_later = true});
  }
  ~WithoutCopies() { fault_module().disarm(); }
};

std::size_t called(const char* function) {
  std::size_t count = 0;
  for (const auto& call : fault_module().trace()) count += call == function;
  return count;
}

// Copies of base keys, in whatever session.
std::size_t copies(const std::string& key) {
  RawSession raw;
  CK_BBOOL no = CK_FALSE;
  std::string label = "trent/key/" + key;
  return raw.count({{CKA_TOKEN, &no, sizeof no}, {CKA_LABEL, label.data(), label.size()}});
}

void softhsm_is_what_the_notes_say() {
  Service kms(load_config());
  hsm::Profile profile = hsm::profile_of(kms.home().token);
  CHECK_EQ(profile.kwp, 0x210AUL);
  CHECK(profile.zero_pads);
  CHECK(!profile.value_len);
  CHECK(profile.public_temporaries);
  CHECK(profile.session_copies);
  CHECK_EQ(hsm::longest_secret(kms.home().token), 4096U);
  CHECK(!profile.unwrap_template.brief);
  CHECK(!profile.unwrap_template.length);
  CHECK(profile.one_time_keys == hsm::Promise::Kept);
  CHECK(profile.payloads == hsm::Promise::Kept);
}

void self_test_leaves_nothing_behind() {
  RawSession raw;
  std::size_t before = raw.count();
  Service kms(load_config());
  hsm::profile_of(kms.home().token);
  hsm::longest_secret(kms.home().token);
  CHECK_EQ(raw.count(), before);
}

void token_without_copies_makes_keys_and_moves_secrets() {
  WithoutCopies faults;
  Service kms(load_config());
  CHECK(!hsm::profile_of(kms.home().token).session_copies);
  std::string a = create_key(kms);
  std::string b = create_key(kms);
  CHECK(called("C_SetAttributeValue") >= 2);
  CHECK_EQ(copies(a), 0U);
  for (std::size_t length : {1U, 16U, 37U, 4096U}) {
    SecretBytes plaintext = secret_of(length);
    Bytes blob = encrypt(kms, a, plaintext, {{"k", "v"}});
    auto request = move_to(b, blob);
    request.source_encryption_context = {{"k", "v"}};
    CHECK_EQ(decrypt(kms, kms.re_encrypt(request).ciphertext_blob, {}, b), text_of(plaintext));
  }
  kms::GenerateDataKeyRequest request;
  request.key_id = a;
  request.key_spec = "AES_256";
  CHECK_EQ(decrypt(kms, kms.generate_data_key_without_plaintext(request).ciphertext_blob).size(),
           32U);
  RawSession raw;
  CHECK_EQ(raw.count_session_objects(), 0U);
}

// The key that was made there is as good as any: another process, with copies, uses it.
void keys_made_without_copies_are_whole() {
  std::string key;
  Bytes blob;
  {
    WithoutCopies faults;
    Service kms(load_config());
    key = create_key(kms);
    blob = encrypt(kms, key, "text");
  }
  Service kms(load_config());
  CHECK_EQ(decrypt(kms, blob), "text");
  CHECK_EQ(copies(key), 1U);
}

void failed_key_without_copies_leaves_nothing() {
  WithoutCopies faults;
  Service kms(load_config());
  create_key(kms);
  RawSession raw;
  std::size_t before = raw.count();
  for (const char* function : {"C_SetAttributeValue", "C_DeriveKey", "C_CreateObject"}) {
    // Only one function can be made to fail: the profile is known by now.
    fault_module().arm({.nth = 1, .rv = CKR_DEVICE_ERROR, .function = function});
    CHECK_ERROR(KMSInternal, create_key(kms));
    CHECK(fault_module().fired());
    fault_module().disarm();
    CHECK_EQ(raw.count(), before);
  }
}

void base_key_is_copied_once() {
  Service kms(load_config());
  std::string key = create_key(kms);
  CHECK_EQ(copies(key), 0U);
  Bytes blob = encrypt(kms, key, "text");
  CHECK_EQ(copies(key), 1U);
  fault_module().arm({});
  decrypt(kms, blob);
  kms.re_encrypt(move_to(key, blob));
  CHECK_EQ(called("C_CopyObject"), 0U);
  CHECK_EQ(called("C_FindObjectsInit"), 0U);
  fault_module().disarm();
  CHECK_EQ(copies(key), 1U);
}

// SoftHSM copies no key that nobody can change.
void key_that_cannot_be_copied_is_used_where_it_is() {
  Service kms(load_config());
  std::string key = create_key(kms);
  RawSession raw;
  std::string label = "trent/key/" + key;
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  auto found = raw.find(
      {{CKA_CLASS, &secret_key, sizeof secret_key}, {CKA_LABEL, label.data(), label.size()}});
  CK_BBOOL no = CK_FALSE;
  CK_ATTRIBUTE fixed{CKA_MODIFIABLE, &no, sizeof no};
  CK_OBJECT_HANDLE copy = 0;
  CHECK_EQ(softhsm()->C_CopyObject(raw.handle(), found.at(0), &fixed, 1, &copy), CK_RV{CKR_OK});
  CHECK_EQ(softhsm()->C_DestroyObject(raw.handle(), found.at(0)), CK_RV{CKR_OK});
  fault_module().arm({});
  Bytes blob = encrypt(kms, key, "text");
  CHECK_EQ(copies(key), 0U);
  kms.re_encrypt(move_to(key, blob));
  Service other(load_config());
  CHECK_EQ(decrypt(other, blob), "text");
  // One try of each service, and one in the self-test of the second.
  CHECK_EQ(called("C_CopyObject"), 3U);
  fault_module().disarm();
}

// CKA_ALLOWED_MECHANISMS is left out where the token refuses it.
void token_that_refuses_the_restriction_gets_keys_without() {
  struct Case {
    const char* function;
    CK_RV rv;
  };
  for (auto [function, rv] : {Case{"C_CopyObject", CKR_ATTRIBUTE_READ_ONLY},
                              Case{"C_CopyObject", CKR_TEMPLATE_INCONSISTENT},
                              Case{"C_GenerateKey", CKR_ATTRIBUTE_TYPE_INVALID},
                              Case{"C_DeriveKey", CKR_MECHANISM_INVALID}}) {
    Service kms(load_config());
    create_key(kms);  // the self-test is done
    fault_module().arm({.nth = 1, .rv = rv, .function = function});
    std::string key = create_key(kms);
    CHECK(fault_module().fired());
    fault_module().disarm();
    RawSession raw;
    std::string label = "trent/key/" + key;
    CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    auto found = raw.find(
        {{CKA_CLASS, &secret_key, sizeof secret_key}, {CKA_LABEL, label.data(), label.size()}});
    CHECK_EQ(found.size(), 1U);
    CHECK_EQ(raw.attribute(found[0], CKA_ALLOWED_MECHANISMS), std::string());
    CHECK_EQ(decrypt(kms, encrypt(kms, key, "text")), "text");
  }
  // A token that does not know what it is to do does not get a key in another way.
  Service kms(load_config());
  create_key(kms);
  RawSession raw;
  std::size_t before = raw.count();
  fault_module().arm(
      {.nth = 1, .rv = CKR_ATTRIBUTE_TYPE_INVALID, .function = "C_GenerateKey", .and_later = true});
  CHECK_ERROR(KMSInternal, create_key(kms));
  CHECK_EQ(called("C_GenerateKey"), 2U);
  fault_module().arm({.nth = 1, .rv = CKR_DEVICE_ERROR, .function = "C_GenerateKey"});
  CHECK_ERROR(KMSInternal, create_key(kms));
  CHECK_EQ(called("C_GenerateKey"), 1U);
  fault_module().disarm();
  CHECK_EQ(raw.count(), before);
}

void copies_go_with_the_service() {
  std::string key;
  {
    Service kms(load_config());
    key = create_key(kms);
    encrypt(kms, key, "text");
    CHECK_EQ(copies(key), 1U);
  }
  CHECK_EQ(copies(key), 0U);
}

void copy_goes_when_its_key_is_disabled_here() {
  Service kms(config(1h));
  std::string key = create_key(kms);
  encrypt(kms, key, "text");
  kms.disable_key({key});
  CHECK_EQ(copies(key), 0U);
  kms.enable_key({key});
  encrypt(kms, key, "text");
  CHECK_EQ(copies(key), 1U);
  kms.schedule_key_deletion({key, {}});
  CHECK_EQ(copies(key), 0U);
}

void copy_goes_when_its_record_is_changed_elsewhere() {
  Service here(config(0ms));
  Service elsewhere(config(0ms));
  std::string key = create_key(here);
  Bytes blob = encrypt(here, key, "text");
  CHECK_EQ(copies(key), 1U);
  elsewhere.disable_key({key});
  CHECK_EQ(copies(key), 1U);  // here nobody has looked yet
  CHECK_ERROR(Disabled, decrypt(here, blob));
  CHECK_EQ(copies(key), 0U);
}

void copy_goes_when_its_record_is_gone() {
  Service kms(config(0ms));
  std::string key = create_key(kms);
  Bytes blob = encrypt(kms, key, "text");
  {
    RawSession raw;
    CK_OBJECT_CLASS data = CKO_DATA;
    std::string label = "trent/key/" + key;
    for (auto handle :
         raw.find({{CKA_CLASS, &data, sizeof data}, {CKA_LABEL, label.data(), label.size()}}))
      check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
  }
  CHECK_ERROR(AccessDenied, decrypt(kms, blob));
  CHECK_EQ(copies(key), 0U);
}

// A use that had its record before the key was disabled, and comes to the token after.
void copy_of_a_belated_use_goes_at_the_next_look() {
  Service kms(config(0ms));
  std::string key = create_key(kms);
  auto& account = kms.home();
  auto record = account.catalog.key(key);
  kms.disable_key({key});
  auto base_key = kms::base_key_ref(*record, record->current);
  hsm::wrap(account.token, {base_key, Sha256{}}, secret("text"));
  CHECK_EQ(copies(key), 1U);
  CHECK_ERROR(Disabled, encrypt(kms, key, "text"));
  CHECK_EQ(copies(key), 0U);
}

// The copy carries the label and id of the key: it must not pass for it.
void copy_does_not_stand_in_for_a_lost_key() {
  Service kms(load_config());
  std::string key = create_key(kms);
  encrypt(kms, key, "text");
  {
    RawSession raw;
    CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    std::string label = "trent/key/" + key;
    for (auto handle : raw.find({{CKA_CLASS, &secret_key, sizeof secret_key},
                                 {CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_LABEL, label.data(), label.size()}}))
      check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
  }
  CHECK_EQ(copies(key), 1U);
  Service fresh(load_config());
  CHECK_ERROR(KeyUnavailable, encrypt(fresh, key, "text"));
}

// How often an operation is tried that the token fails each time with `rv`.
int tries(hsm::Retry retry, CK_RV rv) {
  hsm::Token token(load_config().tokens.front(), {});
  int count = 0;
  CHECK_ERROR(KeyUnavailable, token.run(retry, [&](hsm::Connection&, const hsm::Session&) -> int {
    if (++count == 10) return 0;  // for ever
    throw Error(ErrorCode::KeyUnavailable, "failed", {}, rv);
  }));
  return count;
}

void lost_connection_is_tried_once_more() {
  for (const hsm::Retry retry : {hsm::Retry::Always, hsm::Retry::IfNotPerformed})
    CHECK_EQ(tries(retry, CKR_SESSION_HANDLE_INVALID), 2);
  CHECK_EQ(tries(hsm::Retry::Always, CKR_DEVICE_REMOVED), 2);
  CHECK_EQ(tries(hsm::Retry::Always, CKR_KEY_HANDLE_INVALID), 2);
  CHECK_EQ(tries(hsm::Retry::Always, CKR_GENERAL_ERROR), 1);
}

// The token may have acted before it went away.
void change_is_not_done_twice() {
  CHECK_EQ(tries(hsm::Retry::IfNotPerformed, CKR_DEVICE_REMOVED), 1);
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS(
      "token", TEST(softhsm_is_what_the_notes_say), TEST(self_test_leaves_nothing_behind),
      TEST(token_without_copies_makes_keys_and_moves_secrets),
      TEST(keys_made_without_copies_are_whole), TEST(failed_key_without_copies_leaves_nothing),
      TEST(base_key_is_copied_once), TEST(key_that_cannot_be_copied_is_used_where_it_is),
      TEST(token_that_refuses_the_restriction_gets_keys_without), TEST(copies_go_with_the_service),
      TEST(copy_goes_when_its_key_is_disabled_here),
      TEST(copy_goes_when_its_record_is_changed_elsewhere), TEST(copy_goes_when_its_record_is_gone),
      TEST(copy_of_a_belated_use_goes_at_the_next_look),
      TEST(copy_does_not_stand_in_for_a_lost_key), TEST(lost_connection_is_tried_once_more),
      TEST(change_is_not_done_twice));
}
