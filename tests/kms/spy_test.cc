// SPDX-License-Identifier: Apache-2.0
// What a ReEncrypt asks of the token, seen from between the two: OpenSC's pkcs11-spy is the
// backend, and writes down every call with its arguments.
#include <glob.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "blob/blob.h"
#include "check.h"
#include "key_pairs.h"
#include "kms.h"
#include "known_key.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr const char* kOldKey = "00000000-0000-4000-8000-000000000001";
constexpr const char* kNewKey = "00000000-0000-4000-8000-000000000002";
constexpr std::string_view kPlaintext = "a plaintext that nobody else has";
const kms::EncryptionContext kOldContext{{"tenant", "acme"}};
const kms::EncryptionContext kNewContext{{"tenant", "acme"}, {"year", "2"}};

Bytes value_of_old_key() {
  return Bytes(32, 0x5a);
}
Bytes value_of_new_key() {
  return Bytes(32, 0xa5);
}

std::string spy_path() {
  glob_t found{};
  glob("/usr/lib/*/pkcs11/pkcs11-spy.so", 0, nullptr, &found);
  const std::string path = found.gl_pathc == 0 ? "pkcs11-spy.so not found" : found.gl_pathv[0];
  globfree(&found);
  return path;
}

std::string log_path;

// One call in the spy's log.
struct Call {
  std::string function;
  std::map<std::string, std::string> fields;  // "[in] hKey" or, of a template, "CKA_TOKEN"
  Bytes bytes;                                // of all its hex dumps
};

std::vector<Call> parse(std::istream& log) {
  std::vector<Call> calls;
  for (std::string line; std::getline(log, line);) {
    const auto colon = line.find(": C_");
    if (colon != line.npos && line.find_first_not_of("0123456789") == colon) {
      calls.push_back({line.substr(colon + 2), {}, {}});
    } else if (!calls.empty() && line.starts_with("    0")) {  // offset, bytes, characters
      std::istringstream dump(line.substr(14, 48));
      for (std::string byte; dump >> byte;) append(calls.back().bytes, from_hex(byte).value());
    } else if (!calls.empty() && line.starts_with("    CKA_")) {
      std::string name, value;
      std::istringstream(line) >> name >> value;
      calls.back().fields[name] = value;
    } else if (const auto equals = line.find(" = "); !calls.empty() && equals != line.npos) {
      calls.back().fields[line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  return calls;
}

template <class F>
std::vector<Call> calls_of(F&& operation) {
  const auto before = std::filesystem::file_size(log_path);
  operation();
  std::ifstream log(log_path);
  log.seekg(static_cast<std::streamoff>(before));
  return parse(log);
}

bool shows(const std::vector<Call>& calls, ByteView wanted) {
  return std::any_of(calls.begin(), calls.end(), [&](const Call& call) {
    return std::search(call.bytes.begin(), call.bytes.end(), wanted.begin(), wanted.end()) !=
           call.bytes.end();
  });
}

std::string names(const std::vector<Call>& calls) {
  std::string text;
  for (const Call& call : calls) text += (text.empty() ? "" : " ") + call.function;
  return text;
}

Service& service() {
  static Service instance([] {
    import_known_key(value_of_old_key(), kOldKey);
    import_known_key(value_of_new_key(), kNewKey);
    Config config = load_config();
    // No look at the catalog in the middle, nor one whether the handles are ours.
    config.refresh = std::chrono::hours(1);
    for (TokenConfig& token : config.tokens) token.trust_handles = std::chrono::hours(1);
    return config;
  }());
  return instance;
}

// The one-time key of a blob.
SecretBytes one_time_key(ByteView base_key, const Bytes& blob,
                         const kms::EncryptionContext& context) {
  const auto header = blob::parse_blob(blob).header;
  return aes_ecb(base_key, blob::wrapping_key_input(header, blob::canonical_context(context)));
}

Bytes old_blob() {
  static const Bytes blob = [] {
    Bytes made = encrypt(service(), kOldKey, kPlaintext, kOldContext);
    re_encrypt(service(), made, kNewKey, kOldContext, kNewContext);  // warms up
    return made;
  }();
  return blob;
}

std::vector<Call> calls_of_re_encrypt(Bytes* made = nullptr) {
  const Bytes blob = old_blob();
  return calls_of([&] {
    const Bytes moved = re_encrypt(service(), blob, kNewKey, kOldContext, kNewContext);
    if (made != nullptr) *made = moved;
  });
}

void re_encrypt_derives_unwraps_derives_wraps_and_destroys() {
  std::string order;
  int destroys = 0;
  for (const Call& call : calls_of_re_encrypt()) {
    if (call.function == "C_DestroyObject")
      ++destroys;
    else
      order += call.function + " ";
  }
  CHECK_EQ(order, "C_DeriveKey C_UnwrapKey C_DeriveKey C_WrapKey ");
  CHECK_EQ(destroys, 3);
}

// From the call that makes it to the one that destroys it, in the middle of a cold ReEncrypt too:
// both base keys are found and proven before.
void payload_lives_for_four_calls() {
  const Bytes blob = old_blob();
  const auto lifetime = [](const std::vector<Call>& calls) {
    std::string text;
    std::string payload;
    for (const Call& call : calls) {
      if (call.function == "C_UnwrapKey" && payload.empty()) {
        text.clear();
        payload = call.fields.at("[out] hKey");
      }
      text += call.function + " ";
      if (call.function == "C_DestroyObject" && call.fields.at("[in] hObject") == payload)
        return text;
    }
    return "never destroyed: " + text;
  };
  const std::string four = "C_UnwrapKey C_DeriveKey C_WrapKey C_DestroyObject ";
  CHECK_EQ(lifetime(calls_of_re_encrypt()), four);
  // The self-test first, which unwraps as well.
  Service cold(load_config());
  decrypt(cold, blob, kOldContext);
  const auto calls = calls_of([&] { re_encrypt(cold, blob, kNewKey, kOldContext, kNewContext); });
  CHECK(names(calls).find("C_FindObjectsInit") != std::string::npos);  // the new key's first use
  CHECK_EQ(lifetime(calls), four);
}

const Call& call_of(const std::vector<Call>& calls, const std::string& function, int which = 0) {
  for (const Call& call : calls)
    if (call.function == function && which-- == 0) return call;
  throw Failure("no call of " + function + " in: " + names(calls));
}

void check_template(const Call& call, const std::map<std::string, std::string>& expected) {
  std::map<std::string, std::string> flags;
  for (const auto& [name, value] : call.fields)
    if (name.starts_with("CKA_") && name != "CKA_VALUE_LEN") flags[name] = value;
  const auto text = [](const std::map<std::string, std::string>& map) {
    std::string out;
    for (const auto& [name, value] : map) out += name + "=" + value + " ";
    return out;
  };
  CHECK_EQ(text(flags), text(expected));
}

void payload_is_sensitive_and_good_for_nothing() {
  check_template(call_of(calls_of_re_encrypt(), "C_UnwrapKey"),
                 {{"CKA_CLASS", "CKO_SECRET_KEY"},
                  {"CKA_KEY_TYPE", "CKK_GENERIC_SECRET"},
                  {"CKA_TOKEN", "False"},
                  {"CKA_PRIVATE", "True"},
                  {"CKA_SENSITIVE", "True"},
                  {"CKA_EXTRACTABLE", "True"},
                  {"CKA_ENCRYPT", "False"},
                  {"CKA_DECRYPT", "False"},
                  {"CKA_SIGN", "False"},
                  {"CKA_VERIFY", "False"},
                  {"CKA_WRAP", "False"},
                  {"CKA_UNWRAP", "False"},
                  {"CKA_DERIVE", "False"}});
}

// The first may only unwrap, the second only wrap; neither can be read.
void one_time_keys_have_one_use() {
  const auto calls = calls_of_re_encrypt();
  std::map<std::string, std::string> expected = {
      {"CKA_CLASS", "CKO_SECRET_KEY"}, {"CKA_KEY_TYPE", "CKK_AES"}, {"CKA_TOKEN", "False"},
      {"CKA_PRIVATE", "False"},        {"CKA_SENSITIVE", "True"},   {"CKA_EXTRACTABLE", "False"},
      {"CKA_ENCRYPT", "False"},        {"CKA_DECRYPT", "False"},    {"CKA_SIGN", "False"},
      {"CKA_VERIFY", "False"},         {"CKA_WRAP", "False"},       {"CKA_UNWRAP", "True"},
      {"CKA_DERIVE", "False"}};
  check_template(call_of(calls, "C_DeriveKey", 0), expected);
  std::swap(expected["CKA_WRAP"], expected["CKA_UNWRAP"]);
  check_template(call_of(calls, "C_DeriveKey", 1), expected);
}

// What is unwrapped is what is wrapped, each under its own key, and all of it is destroyed.
void handles_belong_together() {
  const auto calls = calls_of_re_encrypt();
  const Call& derive_source = call_of(calls, "C_DeriveKey", 0);
  const Call& unwrap = call_of(calls, "C_UnwrapKey");
  const Call& derive_destination = call_of(calls, "C_DeriveKey", 1);
  const Call& wrap = call_of(calls, "C_WrapKey");
  CHECK_EQ(unwrap.fields.at("[in] hUnwrappingKey"), derive_source.fields.at("[out] hKey"));
  CHECK_EQ(wrap.fields.at("[in] hWrappingKey"), derive_destination.fields.at("[out] hKey"));
  CHECK_EQ(wrap.fields.at("[in] hKey"), unwrap.fields.at("[out] hKey"));
  CHECK(derive_source.fields.at("[in] hBaseKey") != derive_destination.fields.at("[in] hBaseKey"));
  std::vector<std::string> made = {derive_source.fields.at("[out] hKey"),
                                   unwrap.fields.at("[out] hKey"),
                                   derive_destination.fields.at("[out] hKey")};
  std::vector<std::string> destroyed;
  for (int which = 0; which < 3; ++which)
    destroyed.push_back(call_of(calls, "C_DestroyObject", which).fields.at("[in] hObject"));
  std::sort(made.begin(), made.end());
  std::sort(destroyed.begin(), destroyed.end());
  CHECK(made == destroyed);
}

void neither_plaintext_nor_keys_are_in_the_log() {
  Bytes made;
  const auto calls = calls_of_re_encrypt(&made);
  CHECK(!shows(calls, as_bytes(kPlaintext)));
  CHECK(!shows(calls, one_time_key(value_of_old_key(), old_blob(), kOldContext)));
  CHECK(!shows(calls, one_time_key(value_of_new_key(), made, kNewContext)));
  CHECK(!shows(calls, value_of_old_key()));
  CHECK(!shows(calls, value_of_new_key()));
  // The log shows what it is shown: the two payloads, and with Decrypt the plaintext as well.
  CHECK(shows(calls, blob::parse_blob(old_blob()).payload));
  CHECK(shows(calls, blob::parse_blob(made).payload));
  CHECK(shows(calls_of([] { decrypt(service(), old_blob(), kOldContext); }), as_bytes(kPlaintext)));
}

// An enforced key wraps by itself, and the tags are of ciphertext.
void nothing_is_shown_of_enforced_keys() {
  kms::CreateKeyRequest enforced;
  enforced.so_pin = secret(kSoPin);
  const std::string one = service().create_key(enforced).key_metadata.key_id;
  const std::string two = service().create_key(enforced).key_metadata.key_id;
  const Bytes blob = encrypt(service(), one, kPlaintext, kOldContext);
  const Bytes from = old_blob();
  re_encrypt(service(), blob, two, kOldContext, kNewContext);  // warms up
  const auto calls = calls_of([&] { re_encrypt(service(), blob, two, kOldContext, kNewContext); });
  std::string order;
  for (const Call& call : calls) order += call.function + " ";
  CHECK_EQ(order, "C_SignInit C_Sign C_UnwrapKey C_WrapKey C_DestroyObject C_SignInit C_Sign ");
  CHECK(!shows(calls, as_bytes(kPlaintext)));
  CHECK_EQ(call_of(calls, "C_WrapKey").fields.at("[in] hKey"),
           call_of(calls, "C_UnwrapKey").fields.at("[out] hKey"));
  CHECK(!shows(calls_of([&] { re_encrypt(service(), from, one, kOldContext); }),
               as_bytes(kPlaintext)));
}

// To and from RSA keys as well; and no private key is shown to whoever makes a pair.
void nothing_is_shown_of_key_pairs() {
  const std::string oaep = "RSAES_OAEP_SHA_1";
  const std::string one = create(service(), "RSA_2048", "ENCRYPT_DECRYPT");
  const std::string two = create(service(), "RSA_2048", "ENCRYPT_DECRYPT");
  const std::string_view plaintext = kPlaintext;
  const Bytes ciphertext = encrypt_with(service(), one, plaintext, oaep);
  CHECK_EQ(plaintext.size() % 8, 0U);
  const Bytes blob = encrypt(service(), kOldKey, plaintext);
  const auto check = [&](const std::function<void()>& operation) {
    operation();  // warms up
    const auto calls = calls_of(operation);
    CHECK(!calls.empty());
    CHECK(!shows(calls, as_bytes(plaintext)));
    for (const Call& call : calls) {
      for (const char* function : {"C_Decrypt", "C_Encrypt", "C_CreateObject"})
        CHECK(call.function != function || call.fields.contains("CKA_MODULUS"));
      CHECK(!call.fields.contains("CKA_VALUE"));
    }
  };
  check([&] { move(service(), {one, oaep}, ciphertext, {kNewKey}); });
  check([&] { move(service(), {one, oaep}, ciphertext, {two, oaep}); });
  check([&] { move(service(), {kOldKey}, blob, {two, oaep}); });
  // The log shows what it is shown; of a Decrypt, what is still padded.
  CHECK(shows(calls_of([&] { decrypt_with(service(), one, ciphertext, oaep); }), ciphertext));

  kms::Json pair;
  const auto calls = calls_of([&] {
    pair = request(service(), "GenerateDataKeyPairWithoutPlaintext",
                   {{"KeyId", kOldKey}, {"KeyPairSpec", "ECC_NIST_P256"}});
  });
  const std::string private_key = decrypt(service(), bytes_of(pair["PrivateKeyCiphertextBlob"]));
  CHECK(!shows(calls, as_bytes(private_key)));
  CHECK(!shows(calls, as_bytes(private_key).last(32)));
}

}  // namespace

int main() {
  SoftHsm token({.module = spy_path()});
  log_path = token.directory() / "spy.log";
  setenv("PKCS11SPY", kSoftHsmModule, 1);
  setenv("PKCS11SPY_OUTPUT", log_path.c_str(), 1);
  return RUN_TESTS("spy", TEST(re_encrypt_derives_unwraps_derives_wraps_and_destroys),
                   TEST(payload_lives_for_four_calls),
                   TEST(payload_is_sensitive_and_good_for_nothing),
                   TEST(one_time_keys_have_one_use), TEST(handles_belong_together),
                   TEST(neither_plaintext_nor_keys_are_in_the_log),
                   TEST(nothing_is_shown_of_key_pairs), TEST(nothing_is_shown_of_enforced_keys));
}
