// SPDX-License-Identifier: Apache-2.0
// Keys that are enforced in the token: made, used as far as they can be, and checked.
#include "enforced_key.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "blob/blob.h"
#include "hsm/enforced_key_store.h"
#include "kms/check.h"
#include "kms/object_requests.h"
#include "kms/purge.h"
#include "known_key.h"
#include "request.h"
#include "token_objects.h"
#include "vectors.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

const kms::EncryptionContext kContext{{"tenant", "acme"}};

// Of the vectors.
KnownEnforcedKey known() {
  const nlohmann::json& vector = enforced_vectors().at(0);
  return {vector.at("key_id").get<std::string>(), hex(vector.at("key")), hex(vector.at("mac_key"))};
}
// One with each weakness, by the words of it.
std::vector<std::pair<KnownEnforcedKey, std::string>> weak_keys() {
  std::vector<std::pair<KnownEnforcedKey, std::string>> keys;
  const auto add = [&](bool KnownEnforcedKey::*missing, const char* words) {
    KnownEnforcedKey key{"0000000" + std::to_string(keys.size()) + "-0000-4000-8000-000000000000",
                         Bytes(32, static_cast<std::uint8_t>(keys.size() + 1)), Bytes(32, 0x77)};
    key.*missing = false;
    keys.emplace_back(key, words);
  };
  add(&KnownEnforcedKey::trusted, "is not trusted (CKA_TRUSTED is false)");
  add(&KnownEnforcedKey::fixed, "can be changed (CKA_MODIFIABLE is true)");
  add(&KnownEnforcedKey::allowed_mechanisms,
      "wraps by other mechanisms than RFC 5649 (CKA_ALLOWED_MECHANISMS)");
  add(&KnownEnforcedKey::unwrap_template,
      "unwraps secrets that can be read or used (CKA_UNWRAP_TEMPLATE)");
  add(&KnownEnforcedKey::wrap_template,
      "wraps secrets that other keys wrap, too (CKA_WRAP_TEMPLATE)");
  return keys;
}

Service& service() {
  static Service kms([] {
    Config config = load_config();
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }());
  return kms;
}

kms::CreateKeyRequest enforced_request() {
  kms::CreateKeyRequest request;
  request.so_pin = secret(kSoPin);
  return request;
}
std::string create_enforced() {
  return service().create_key(enforced_request()).key_metadata.key_id;
}
const std::string& one() {
  static const std::string id = create_enforced();
  return id;
}
const std::string& two() {
  static const std::string id = create_enforced();
  return id;
}
const std::string& ordinary() {
  static const std::string id = create_key(service());
  return id;
}

bool has(const std::vector<std::string>& sentences, const std::vector<std::string>& words) {
  return std::ranges::any_of(sentences, [&](const std::string& sentence) {
    return std::ranges::all_of(
        words, [&](const std::string& word) { return sentence.find(word) != sentence.npos; });
  });
}

void nothing_is_left_of_the_ceremony() {
  const std::string key = one();
  const RawSession raw;
  CK_BBOOL no = CK_FALSE;
  CK_BBOOL yes = CK_TRUE;
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CHECK_EQ(raw.count({{CKA_CLASS, &secret_key, sizeof secret_key},
                      {CKA_TOKEN, &yes, 1},
                      {CKA_PRIVATE, &no, 1}}),
           0U);
  CHECK_EQ(raw.count_session_objects(), 0U);
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  CHECK_EQ(hsm::count_left_enforced_keys(service().home().token), 0U);
}

// The bytes of docs/blob-format.md, made and read by the token.
void bytes_are_those_of_the_format() {
  const KnownEnforcedKey key = known();
  for (const std::size_t length : {1, 8, 13, 32, 4096}) {
    const SecretBytes plaintext = secret_of(length);
    const blob::Blob made = blob::parse_blob(encrypt(service(), key.key_id, plaintext, kContext));
    CHECK(made.parameters.suite == blob::Suite::Enforced);
    CHECK_EQ(made.parameters.plaintext_length, length);
    SecretBytes content = plaintext;
    if (made.parameters.zero_padded) content.resize((length + 7) / 8 * 8);
    const SecretBytes payload = key_wrap_pad(key.wrapping, content);
    CHECK(std::ranges::equal(made.payload, payload));
    const SecretBytes tag = hmac_sha256(
        key.mac, blob::tag_input(made.header, blob::canonical_context(kContext), made.payload));
    CHECK(std::ranges::equal(made.tag, tag));
  }
  for (const nlohmann::json& vector : enforced_vectors()) {
    const auto context = vector.at("encryption_context").get<kms::EncryptionContext>();
    const Bytes moved = re_encrypt(service(), hex(vector.at("blob")), key.key_id, context, context);
    const blob::Blob blob = blob::parse_blob(moved);
    // A key wrap is deterministic: the same secret under the same key.
    if (blob.parameters.zero_padded ==
        blob::parse_blob(hex(vector.at("blob"))).parameters.zero_padded)
      CHECK_EQ(blob.payload.size(), hex(vector.at("payload")).size());
    if (hex(vector.at("plaintext")).size() % 8 == 0)
      CHECK_EQ(blob.payload, hex(vector.at("payload")));
  }
}

void secrets_move_between_enforced_keys() {
  for (const std::size_t length : {1, 7, 8, 9, 32, 100, 4096}) {
    const Bytes blob = encrypt(service(), one(), secret_of(length), kContext);
    const Bytes there = re_encrypt(service(), blob, two(), kContext, {{"k", "v"}});
    const Bytes back = re_encrypt(service(), there, one(), {{"k", "v"}});
    // The payload is that of the secret under the first key, so it is the same secret.
    CHECK_EQ(blob::parse_blob(back).payload, blob::parse_blob(blob).payload);
    CHECK(blob::parse_blob(there).payload != blob::parse_blob(blob).payload);
    CHECK(blob::parse_blob(back).tag != blob::parse_blob(blob).tag);
    CHECK_EQ(there.size(), blob::blob_size(length, blob::Suite::Enforced));
  }
  const RawSession raw;
  CHECK_EQ(raw.count_session_objects(), 0U);
}

void secrets_come_from_ordinary_keys() {
  for (const std::size_t length : {1, 13, 32, 4096}) {
    const SecretBytes plaintext = secret_of(length);
    const Bytes blob = encrypt(service(), ordinary(), plaintext, kContext);
    const Bytes moved = re_encrypt(service(), blob, one(), kContext, kContext);
    CHECK_EQ(blob::parse_blob(moved).payload,
             blob::parse_blob(encrypt(service(), one(), plaintext)).payload);
  }
  CHECK_ERROR(InvalidCiphertext,
              re_encrypt(service(), encrypt(service(), ordinary(), "text", kContext), one()));
}

void data_keys_are_made_under_them() {
  kms::GenerateDataKeyRequest request;
  request.key_id = one();
  request.key_spec = "AES_256";
  const Bytes unseen = service().generate_data_key_without_plaintext(request).ciphertext_blob;
  CHECK_EQ(unseen.size(), blob::blob_size(32, blob::Suite::Enforced));
  re_encrypt(service(), unseen, two());
  const auto seen = service().generate_data_key(request);
  CHECK_EQ(blob::parse_blob(seen.ciphertext_blob).payload,
           blob::parse_blob(encrypt(service(), one(), seen.plaintext)).payload);
}

// Whatever the policies say, and they say nothing here.
void nothing_is_decrypted() {
  const Bytes blob = encrypt(service(), one(), "secret", kContext);
  CHECK_WORDS(UnsupportedOperation,
              key_arn(one()) + " is enforced in the token: what it protects cannot be decrypted.",
              decrypt(service(), blob, kContext));
  CHECK_ERROR(UnsupportedOperation, decrypt(service(), blob, kContext, one()));
  kms::DecryptRequest dry;
  dry.ciphertext_blob = blob;
  dry.encryption_context = kContext;
  dry.dry_run = true;
  CHECK_ERROR(UnsupportedOperation, service().decrypt(dry));
  CHECK_WORDS(UnsupportedOperation,
              key_arn(one()) +
                  " is enforced in the token: what it protects is moved to no key that is not.",
              re_encrypt(service(), blob, ordinary(), kContext));
  kms::CreateKeyRequest rsa;
  rsa.key_spec = "RSA_2048";
  rsa.key_usage = "ENCRYPT_DECRYPT";
  auto to_rsa = move_to(service().create_key(rsa).key_metadata.key_id, blob);
  to_rsa.source_encryption_context = kContext;
  to_rsa.destination_encryption_algorithm = "RSAES_OAEP_SHA_1";
  CHECK_ERROR(UnsupportedOperation, service().re_encrypt(to_rsa));
  CHECK_ERROR(UnsupportedOperation, request(service(), "GenerateDataKeyPairWithoutPlaintext",
                                            {{"KeyId", one()}, {"KeyPairSpec", "ECC_NIST_P256"}}));
  kms::WrapKeyRequest wrap;
  wrap.key_id = one();
  wrap.length = 32;
  CHECK_ERROR(UnsupportedOperation, service().call(wrap));
  // An application's object is none either.
  const hsm::Session session = service().home().token.open_session();
  const hsm::ApplicationTemplate destination{session, nullptr, 0};
  kms::UnwrapKeyRequest unwrap;
  unwrap.key_id = one();
  unwrap.ciphertext_blob = blob;
  unwrap.encryption_context = kContext;
  unwrap.destination = &destination;
  CHECK_ERROR(UnsupportedOperation, service().call(unwrap));
}

// Its next one would not be.
void none_is_rotated() {
  for (const char* operation : {"RotateKeyOnDemand", "EnableKeyRotation"})
    CHECK_WORDS(
        UnsupportedOperation,
        key_arn(one()) + " is enforced in the token, which is not valid for this operation.",
        request(service(), operation, {{"KeyId", one()}}));
}

// host-reencrypt would take the secret into this process.
void nothing_is_decrypted_in_the_host() {
  Config config = load_config();
  config.host_reencrypt = true;
  Service host(config);
  const Bytes blob = encrypt(host, one(), "secret");
  CHECK_ERROR(UnsupportedOperation, re_encrypt(host, blob, ordinary()));
}

void header_context_and_payload_are_bound() {
  const Bytes blob = encrypt(service(), one(), secret_of(32), kContext);
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), blob, two()));
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), blob, two(), {{"tenant", "Acme"}}));
  // Kind, salt, payload and tag; the material id names another key, or none.
  for (const std::size_t at :
       {std::size_t{2}, std::size_t{40}, blob.size() - 40, blob.size() - 1}) {
    Bytes changed = blob;
    changed[at] ^= 1;
    CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), changed, two(), kContext));
  }
  // A payload of the same length, with its own tag's header: the tag is of both.
  const Bytes other = encrypt(service(), one(), secret_of(32, 2), kContext);
  Bytes mixed = blob;
  std::copy(other.end() - 74, other.end() - 34, mixed.end() - 74);
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), mixed, two(), kContext));
}

// A blob of one suite that names a material of the other.
void suites_are_not_mixed_up() {
  const blob::Blob enforced = blob::parse_blob(encrypt(service(), one(), secret_of(32)));
  const blob::Blob direct = blob::parse_blob(encrypt(service(), ordinary(), secret_of(32)));
  blob::Parameters parameters = direct.parameters;
  parameters.suite = blob::Suite::Enforced;
  const blob::Header header = blob::make_header(parameters);
  const Bytes tagged = blob::make_blob(header, direct.payload, &enforced.tag);
  CHECK_WORDS(InvalidCiphertext, "", decrypt(service(), tagged));
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), tagged, ordinary()));
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), tagged, one()));
  parameters = enforced.parameters;
  parameters.suite = blob::Suite::Direct;
  const Bytes untagged = blob::make_blob(blob::make_header(parameters), enforced.payload);
  CHECK_WORDS(InvalidCiphertext, "", re_encrypt(service(), untagged, two()));
}

void only_some_keys_are_enforced() {
  auto wanted = enforced_request();
  wanted.key_spec = "RSA_2048";
  wanted.key_usage = "ENCRYPT_DECRYPT";
  CHECK_ERROR(UnsupportedOperation, service().create_key(wanted));
  wanted = enforced_request();
  wanted.key_spec = "HMAC_256";
  wanted.key_usage = "GENERATE_VERIFY_MAC";
  CHECK_ERROR(UnsupportedOperation, service().create_key(wanted));
  wanted = enforced_request();
  wanted.so_pin = secret("no such PIN");
  const std::size_t before = service().list_keys({}).keys.size();
  const Error error = ERROR_OF(service().create_key(wanted));
  CHECK_EQ(error.code(), ErrorCode::AccessDenied);
  CHECK(error.message().find("refused the PIN of the security officer") != std::string::npos);
  CHECK(error.text().find("no such PIN") == std::string::npos);
  CHECK_EQ(service().list_keys({}).keys.size(), before);
  CHECK_ERROR(UnsupportedOperation, request(service(), "RotateKeyOnDemand", {{"KeyId", one()}}));
  CHECK_ERROR(UnsupportedOperation, request(service(), "EnableKeyRotation", {{"KeyId", one()}}));
}

void states_hold_for_them() {
  const std::string key = create_enforced();
  const Bytes blob = encrypt(service(), key, "secret");
  service().disable_key({key});
  CHECK_ERROR(Disabled, encrypt(service(), key, "secret"));
  CHECK_ERROR(Disabled, re_encrypt(service(), blob, one()));
  service().enable_key({key});
  re_encrypt(service(), blob, one());
  service().schedule_key_deletion({key, 7});
  CHECK_ERROR(KMSInvalidState, re_encrypt(service(), blob, one()));
}

void check_shows_and_proves_them() {
  const std::string first = one();
  const auto report = kms::check(service(), {}).front();
  CHECK(std::ranges::find(report.enforced, first) != report.enforced.end());
  CHECK(std::ranges::find(report.enforced, ordinary()) == report.enforced.end());
  CHECK(!has(report.problems, {first}));
  CHECK(std::ranges::any_of(report.abilities.rows, [](const hsm::Ability& row) {
    return row.name == "EnforcedKeys" && std::get<bool>(row.value);
  }));
  for (const auto& weak : weak_keys()) {
    const auto& key = weak.first;
    const auto& words = weak.second;
    CHECK(has(report.problems, {"Key " + key.key_id, words}));
    // And it is not used.
    const Error error = ERROR_OF(encrypt(service(), key.key_id, "secret"));
    CHECK_EQ(error.code(), ErrorCode::KMSInternal);
    CHECK(error.message().find(words) != std::string::npos);
  }
  // Those that are trusted all the same could be used to get at the others.
  CHECK(has(report.problems, {"The token has 4 other trusted key(s)"}));
}

void check_misses_either_object() {
  for (const CK_KEY_TYPE type : {CKK_AES, CKK_GENERIC_SECRET}) {
    const std::string key = create_enforced();
    const RawSession raw;
    for (const CK_OBJECT_HANDLE object : materials(raw, key_label(key))) {
      CK_KEY_TYPE found = 0;
      CK_ATTRIBUTE attribute{CKA_KEY_TYPE, &found, sizeof found};
      check_rv(softhsm()->C_GetAttributeValue(raw.handle(), object, &attribute, 1), "read");
      if (found == type) destroy(raw, object);
    }
    const auto report = kms::check(service(), {}).front();
    CHECK(has(report.problems, {"Key " + key, "is not in the token"}));
    Service fresh(load_config());
    CHECK_ERROR(KeyUnavailable, encrypt(fresh, key, "secret"));
    destroy(raw, records(raw, key_label(key)).front().handle);
    for (const CK_OBJECT_HANDLE object : materials(raw, key_label(key))) destroy(raw, object);
  }
}

// What the security officer makes first, by its name.
void what_a_killed_command_left_is_removed() {
  {
    const RawSession raw;
    hsm::Attributes attributes;
    attributes.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_AES)
        .number(CKA_VALUE_LEN, 32)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, false)
        .text(CKA_LABEL, "trent/enforced/unfinished");
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    check_rv(softhsm()->C_GenerateKey(raw.handle(), &mechanism, attributes.data(),
                                      attributes.size(), &handle),
             "C_GenerateKey");
  }
  const auto report = kms::check(service(), {}).front();
  CHECK(has(report.problems, {"has left 1 trusted key(s)", "`trent check --repair` removes them"}));
  const auto repaired = kms::check(service(), {.repair = true}).front();
  CHECK(has(repaired.repaired, {"an interrupted create-key had left were removed: 1."}));
  CHECK(!has(repaired.problems, {"trusted key(s), which anybody can use"}));
  CHECK_EQ(hsm::count_left_enforced_keys(service().home().token), 0U);
}

void purge_destroys_both_objects() {
  const std::string key = create_enforced();
  const RawSession raw;
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  service().schedule_key_deletion({key, 7});
  auto& catalog = service().home().catalog;
  {
    const hsm::ChangeLock lock(service().home().token);
    catalog.change_key(lock, key, [](catalog::KeyRecord& record) {
      record.deletion = catalog::now() - std::chrono::hours(1);
    });
  }
  kms::purge(service(), {.clock_is_right = true});
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
}

}  // namespace

int main() {
  SoftHsm token;
  std::vector<KnownEnforcedKey> imported{known()};
  for (const auto& weak : weak_keys()) imported.push_back(weak.first);
  import_enforced_keys(imported);
  return RUN_TESTS(
      "kms enforced", TEST(nothing_is_left_of_the_ceremony), TEST(bytes_are_those_of_the_format),
      TEST(secrets_move_between_enforced_keys), TEST(secrets_come_from_ordinary_keys),
      TEST(data_keys_are_made_under_them), TEST(nothing_is_decrypted), TEST(none_is_rotated),
      TEST(nothing_is_decrypted_in_the_host), TEST(header_context_and_payload_are_bound),
      TEST(suites_are_not_mixed_up), TEST(only_some_keys_are_enforced), TEST(states_hold_for_them),
      TEST(check_shows_and_proves_them), TEST(check_misses_either_object),
      TEST(what_a_killed_command_left_is_removed), TEST(purge_destroys_both_objects));
}
