// SPDX-License-Identifier: Apache-2.0
// Every single call into the token fails once, in every way, during every operation that changes
// or uses it. What must hold: the right error or success, nothing left in the token, nothing lost,
// and the next call works.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "blob/blob.h"
#include "catalog/key_record.h"
#include "check.h"
#include "fault.h"
#include "hsm/attributes.h"
#include "hsm/key_kind.h"
#include "import.h"
#include "kms.h"
#include "kms/object_requests.h"
#include "sanitized.h"

namespace {

using namespace trent;
using namespace trent::test;

const kms::EncryptionContext kContext{{"tenant", "acme"}};

using Objects = std::vector<std::string>;  // one line each

struct TokenView {
  Objects on_token;
  Objects temporary;  // session objects, but not the copies of base keys that Trent keeps
};

TokenView look() {
  const RawSession session;
  TokenView view;
  for (const CK_OBJECT_HANDLE object : session.find()) {
    const bool on_token = session.attribute(object, CKA_TOKEN) == std::string(1, '\1');
    const std::string label = session.attribute(object, CKA_LABEL);
    std::string line = label + " " + to_hex(as_bytes(session.attribute(object, CKA_ID))) + " " +
                       session.attribute(object, CKA_VALUE);
    if (on_token)
      view.on_token.push_back(std::move(line));
    else if (!catalog::key_id_of_material_label(label))
      view.temporary.push_back(std::move(line));
  }
  std::sort(view.on_token.begin(), view.on_token.end());
  return view;
}

struct Failing {
  CK_RV rv;
  const char* name;
  bool lost;           // the connection is gone: Trent connects anew and tries once more
  bool may_have_done;  // a token may say so after it did what it was asked
};
constexpr Failing kFailures[] = {
    {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", false, true},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", false, false},
    {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", false, false},
    {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", false, true},
    {CKR_HOST_MEMORY, "CKR_HOST_MEMORY", false, false},
    {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", true, false},
    {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", true, false},
    {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", true, true},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", true, false},
};

// The keys and blobs that the operations work on.
struct Bench {
  explicit Bench(Service& service)
      : one(create_key(service)),
        two(create_key(service)),
        blob(encrypt(service, one, "a secret", kContext)),
        signer(create(service, "ECC_NIST_P256", "SIGN_VERIFY")),
        rsa(create(service, "RSA_2048", "ENCRYPT_DECRYPT")),
        agreement(create(service, "ECC_NIST_P256", "KEY_AGREEMENT")),
        mac(create(service, "HMAC_256", "GENERATE_VERIFY_MAC")),
        ciphertext(encrypt_with(service, rsa, "a secret", kOaep)),
        plain_blob(encrypt(service, one, "a secret")) {}
  std::string one;
  std::string two;
  Bytes blob;
  std::string signer, rsa, agreement, mac;
  Bytes ciphertext;
  Bytes plain_blob;
};

struct Operation {
  const char* name;
  std::function<void(Service&, const Bench&)> before;  // without a fault
  std::function<void(Service&, const Bench&)> run;
  // Without a fault, after run() said that it was done: whether it was.
  std::function<bool(Service&, const Bench&)> done;
  bool changes;  // it changes the token
};

std::string target_of(Service& service, const std::string& alias) {
  for (const auto& entry : service.list_aliases({}).aliases)
    if (entry.alias_name == alias) return entry.target_key_id;
  return {};
}

void remove_alias(Service& service, const std::string& alias) {
  if (!target_of(service, alias).empty()) service.delete_alias({alias});
}

void set_alias(Service& service, const std::string& alias, const std::string& target) {
  remove_alias(service, alias);
  service.create_alias({alias, target});
}

constexpr const char* kAlias = "alias/fault";
constexpr const char* kOtherAlias = "alias/other-fault";

std::string created_key;
Bytes made_blob;

// KMS deletes keys after days only; the test's token must not grow.
void forget_created_key() {
  if (created_key.empty()) return;
  const RawSession session;
  for (std::string label : {catalog::key_label(created_key), catalog::staged_label(created_key)})
    for (const CK_OBJECT_HANDLE object : session.find({{CKA_LABEL, label.data(), label.size()}}))
      softhsm()->C_DestroyObject(session.handle(), object);
  created_key.clear();
}

// Another program's, made once.
void make_foreign_key() {
  static bool made = false;
  if (std::exchange(made, true)) return;
  const RawSession session;
  hsm::Attributes of_public;
  of_public.flag(CKA_TOKEN, true).text(CKA_LABEL, "foreign").text(CKA_EC_PARAMS, hsm::kP256.curve);
  hsm::Attributes of_private;
  of_private.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, "foreign")
      .flag(CKA_SIGN, true)
      .flag(CKA_DERIVE, false);
  CK_MECHANISM mechanism{hsm::kP256.generation, nullptr, 0};
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_GenerateKeyPair(session.handle(), &mechanism, of_public.data(), of_public.size(),
                                   of_private.data(), of_private.size(), &public_key, &private_key),
      "C_GenerateKeyPair");
}

kms::Json grants_of(Service& service, const std::string& key) {
  return request(service, "ListGrants", {{"KeyId", key}})["Grants"];
}
void create_grant(Service& service, const std::string& key) {
  request(service, "CreateGrant",
          {{"KeyId", key},
           {"GranteePrincipal", "arn:aws:iam::111122223333:user/alice"},
           {"Operations", {"Encrypt"}}});
}
void end_grants(Service& service, const std::string& key) {
  for (const kms::Json& grant : grants_of(service, key))
    request(service, "RevokeGrant", {{"KeyId", key}, {"GrantId", grant["GrantId"]}});
}

kms::Json::string_t policy_named(const std::string& id) {
  const std::string text =
      R"({"Version":"2012-10-17","Id":")" + id +
      R"(","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}})";
  return kms::Json::string_t(text);
}
void put_policy(Service& service, const std::string& key, const std::string& id) {
  request(service, "PutKeyPolicy", {{"KeyId", key}, {"Policy", policy_named(id)}});
}

struct EnforcedPair {
  std::string one;
  std::string two;
  Bytes blob;
};
const EnforcedPair& enforced_pair(Service& service) {
  static const EnforcedPair made = [&] {
    kms::CreateKeyRequest request;
    request.so_pin = secret(kSoPin);
    EnforcedPair pair{service.create_key(request).key_metadata.key_id,
                      service.create_key(request).key_metadata.key_id,
                      {}};
    pair.blob = encrypt(service, pair.one, "a secret", kContext);
    return pair;
  }();
  return made;
}

// A key whose material comes and goes.
struct Imported {
  std::string key;
  Parameters parameters;
  Bytes blob;
};
const Imported& imported_key(Service& service) {
  static const Imported imported = [&] {
    Imported made{create_external(service), {}, {}};
    made.parameters = parameters_for(service, made.key, kKeyWrap);
    import(service, made.key, made.parameters, material_of(1));
    made.blob = encrypt(service, made.key, "x");
    return made;
  }();
  return imported;
}

const std::vector<Operation>& operations() {
  static const auto nothing = [](Service&, const Bench&) {};
  static const std::vector<Operation> list = {
      {"ReEncrypt", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = re_encrypt(service, bench.blob, bench.two, kContext);
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob) == "a secret"; },
       false},
      // 5 bytes: the length that a token may pad.
      {"Encrypt", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = encrypt(service, bench.one, "hello");
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob) == "hello"; },
       false},
      {"Decrypt", nothing,
       [](Service& service, const Bench& bench) {
         CHECK_EQ(decrypt(service, bench.blob, kContext), "a secret");
       },
       [](Service&, const Bench&) { return true; }, false},
      {"GenerateDataKey", nothing,
       [](Service& service, const Bench& bench) {
         kms::GenerateDataKeyRequest request;
         request.key_id = bench.one;
         request.key_spec = "AES_256";
         const auto response = service.generate_data_key(request);
         CHECK_EQ(response.plaintext.size(), 32U);
         made_blob = response.ciphertext_blob;
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob).size() == 32; },
       false},
      {"GenerateDataKeyWithoutPlaintext", nothing,
       [](Service& service, const Bench& bench) {
         kms::GenerateDataKeyRequest request;
         request.key_id = bench.one;
         request.number_of_bytes = 13;
         made_blob = service.generate_data_key_without_plaintext(request).ciphertext_blob;
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob).size() == 13; },
       false},
      {"CreateKey", [](Service&, const Bench&) { forget_created_key(); },
       [](Service& service, const Bench&) { created_key = create_key(service); },
       [](Service& service, const Bench&) {
         return decrypt(service, encrypt(service, created_key, "x")) == "x";
       },
       true},
      {"CreateKey with an alias",
       [](Service& service, const Bench&) {
         remove_alias(service, kAlias);
         forget_created_key();
       },
       [](Service& service, const Bench&) {
         created_key = service.call(kms::CreateNamedKeyRequest{kAlias}).key_metadata.key_id;
       },
       [](Service& service, const Bench&) {
         return target_of(service, kAlias) == created_key &&
                decrypt(service, encrypt(service, created_key, "x")) == "x";
       },
       true},
      {"CreateAlias", [](Service& service, const Bench&) { remove_alias(service, kAlias); },
       [](Service& service, const Bench& bench) {
         service.create_alias({kAlias, bench.one});
       },
       [](Service& service, const Bench& bench) { return target_of(service, kAlias) == bench.one; },
       true},
      {"UpdateAlias",
       [](Service& service, const Bench& bench) { set_alias(service, kAlias, bench.one); },
       [](Service& service, const Bench& bench) {
         service.update_alias({kAlias, bench.two});
       },
       [](Service& service, const Bench& bench) { return target_of(service, kAlias) == bench.two; },
       true},
      {"DeleteAlias",
       [](Service& service, const Bench& bench) { set_alias(service, kAlias, bench.one); },
       [](Service& service, const Bench&) { service.delete_alias({kAlias}); },
       [](Service& service, const Bench&) { return target_of(service, kAlias).empty(); }, true},
      {"DisableKey", [](Service& service, const Bench& bench) { service.enable_key({bench.two}); },
       [](Service& service, const Bench& bench) { service.disable_key({bench.two}); },
       [](Service& service, const Bench& bench) {
         kms::DescribeKeyRequest request;
         request.key_id = bench.two;
         const bool disabled = !service.describe_key(request).key_metadata.enabled;
         service.enable_key({bench.two});
         return disabled;
       },
       true},
      {"RenameKey",
       [](Service& service, const Bench& bench) {
         remove_alias(service, kOtherAlias);
         set_alias(service, kAlias, bench.one);
       },
       [](Service& service, const Bench& bench) {
         service.call(kms::RenameKeyRequest{bench.one, kAlias, kOtherAlias});
       },
       [](Service& service, const Bench& bench) {
         return target_of(service, kAlias).empty() && target_of(service, kOtherAlias) == bench.one;
       },
       true},
      // 12
      {"Sign", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = sign(service, bench.signer, "letter", "ECDSA_SHA_256");
       },
       [](Service& service, const Bench& bench) {
         verify(service, bench.signer, "letter", "ECDSA_SHA_256", made_blob);
         return true;
       },
       false},
      {"Decrypt with RSA", nothing,
       [](Service& service, const Bench& bench) {
         CHECK_EQ(decrypt_with(service, bench.rsa, bench.ciphertext, kOaep), "a secret");
       },
       [](Service&, const Bench&) { return true; }, false},
      {"ReEncrypt from RSA", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = move(service, {bench.rsa, kOaep}, bench.ciphertext, {bench.one});
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob) == "a secret"; },
       false},
      {"ReEncrypt to RSA", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = move(service, {bench.one}, bench.plain_blob, {bench.rsa, kOaep});
       },
       [](Service& service, const Bench& bench) {
         return decrypt_with(service, bench.rsa, made_blob, kOaep) == "a secret";
       },
       false},
      {"GenerateMac", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = bytes_of(request(service, "GenerateMac",
                                      {{"KeyId", bench.mac},
                                       {"Message", base64("letter")},
                                       {"MacAlgorithm", "HMAC_SHA_256"}})["Mac"]);
       },
       [](Service&, const Bench&) { return made_blob.size() == 32; }, false},
      {"DeriveSharedSecret", nothing,
       [](Service& service, const Bench& bench) {
         const auto peer = request(service, "GetPublicKey", {{"KeyId", bench.agreement}});
         made_blob = bytes_of(request(service, "DeriveSharedSecret",
                                      {{"KeyId", bench.agreement},
                                       {"KeyAgreementAlgorithm", "ECDH"},
                                       {"PublicKey", peer["PublicKey"]}})["SharedSecret"]);
       },
       [](Service&, const Bench&) { return made_blob.size() == 32; }, false},
      {"GenerateDataKeyPairWithoutPlaintext", nothing,
       [](Service& service, const Bench& bench) {
         made_blob = bytes_of(request(
             service, "GenerateDataKeyPairWithoutPlaintext",
             {{"KeyId", bench.one}, {"KeyPairSpec", "ECC_NIST_P256"}})["PrivateKeyCiphertextBlob"]);
       },
       [](Service& service, const Bench&) { return decrypt(service, made_blob).size() == 67; },
       false},
      {"CreateKey of a pair", [](Service&, const Bench&) { forget_created_key(); },
       [](Service& service, const Bench&) {
         created_key = create(service, "ECC_NIST_P256", "SIGN_VERIFY");
       },
       [](Service& service, const Bench&) {
         verify(service, created_key, "x", "ECDSA_SHA_256",
                sign(service, created_key, "x", "ECDSA_SHA_256"));
         return true;
       },
       true},
      {"CreateKey of an HMAC key", [](Service&, const Bench&) { forget_created_key(); },
       [](Service& service, const Bench&) {
         created_key = create(service, "HMAC_256", "GENERATE_VERIFY_MAC");
       },
       [](Service& service, const Bench&) {
         request(service, "GenerateMac",
                 {{"KeyId", created_key}, {"Message", "eA=="}, {"MacAlgorithm", "HMAC_SHA_256"}});
         return true;
       },
       true},
      {"CreateKey from a key that is there",
       [](Service&, const Bench&) {
         forget_created_key();
         make_foreign_key();
       },
       [](Service& service, const Bench&) {
         created_key = request(service, "CreateKey",
                               {{"Origin", "EXTERNAL_KEY_STORE"},
                                {"XksKeyId", "foreign"}})["KeyMetadata"]["KeyId"]
                           .get<std::string>();
       },
       [](Service& service, const Bench&) {
         verify(service, created_key, "x", "ECDSA_SHA_256",
                sign(service, created_key, "x", "ECDSA_SHA_256"));
         return true;
       },
       true},
      // 22
      {"CreateGrant", [](Service& service, const Bench& bench) { end_grants(service, bench.two); },
       [](Service& service, const Bench& bench) { create_grant(service, bench.two); },
       [](Service& service, const Bench& bench) {
         return grants_of(service, bench.two).size() == 1;
       },
       true},
      {"RevokeGrant",
       [](Service& service, const Bench& bench) {
         end_grants(service, bench.two);
         create_grant(service, bench.two);
       },
       [](Service& service, const Bench& bench) { end_grants(service, bench.two); },
       [](Service& service, const Bench& bench) { return grants_of(service, bench.two).empty(); },
       true},
      {"PutKeyPolicy",
       [](Service& service, const Bench& bench) { put_policy(service, bench.two, "before"); },
       [](Service& service, const Bench& bench) { put_policy(service, bench.two, "after"); },
       [](Service& service, const Bench& bench) {
         return request(service, "GetKeyPolicy", {{"KeyId", bench.two}})["Policy"] ==
                policy_named("after");
       },
       true},
      // 25
      {"RotateKeyOnDemand",
       [](Service& service, const Bench&) {
         forget_created_key();
         created_key = create_key(service);
         made_blob = encrypt(service, created_key, "x");
       },
       [](Service& service, const Bench&) {
         request(service, "RotateKeyOnDemand", {{"KeyId", created_key}});
       },
       [](Service& service, const Bench&) {
         const bool rotated =
             request(service, "ListKeyRotations", {{"KeyId", created_key}})["Rotations"].size() ==
             1;
         return decrypt(service, made_blob) == "x" &&
                decrypt(service, encrypt(service, created_key, "y")) == "y" && rotated;
       },
       true},
      // 26
      {"ReEncrypt between enforced keys",
       [](Service& service, const Bench&) { enforced_pair(service); },
       [](Service& service, const Bench&) {
         const EnforcedPair& pair = enforced_pair(service);
         made_blob = re_encrypt(service, pair.blob, pair.two, kContext);
       },
       [](Service& service, const Bench&) {
         // Equal payloads under one key are equal secrets.
         const EnforcedPair& pair = enforced_pair(service);
         return blob::parse_blob(re_encrypt(service, made_blob, pair.one)).payload ==
                blob::parse_blob(pair.blob).payload;
       },
       false},
      // 27
      {"ImportKeyMaterial",
       [](Service& service, const Bench&) {
         const Imported& imported = imported_key(service);
         request(service, "DeleteImportedKeyMaterial", {{"KeyId", imported.key}});
       },
       [](Service& service, const Bench&) {
         const Imported& imported = imported_key(service);
         import(service, imported.key, imported.parameters, material_of(1));
       },
       [](Service& service, const Bench&) {
         const Imported& imported = imported_key(service);
         return service.describe_key({imported.key, {}}).key_metadata.enabled &&
                decrypt(service, imported.blob) == "x";
       },
       true},
  };
  return list;
}

// The calls of an operation are to be the same each time, however long it takes.
Config steady_config() {
  Config config = load_config();
  for (TokenConfig& token : config.tokens) token.trust_handles = std::chrono::microseconds(0);
  return config;
}

// Besides, nothing is taken from a cache that a token call could refresh.
Config impatient_config() {
  Config config = steady_config();
  config.refresh = std::chrono::milliseconds(0);
  return config;
}

std::string join(const Objects& lines) {
  std::string text;
  for (const auto& line : lines) text += "\n  " + line;
  return text;
}

// One fault. `service` is the one to be used, warmed up or not.
class Round {
 public:
  // `connected`: the service has used the token before.
  Round(const Operation& operation, Service& service, const Bench& bench, bool connected)
      : operation_(operation), service_(service), bench_(bench), connected_(connected) {}

  // Number of token calls of an undisturbed run.
  unsigned long calls() {
    operation_.before(service_, bench_);
    fault_module().arm({});
    operation_.run(service_, bench_);
    fault_module().disarm();
    return fault_module().trace().size();
  }

  void run(unsigned long nth, const Failing& failing, bool forward = false) {
    // Builds with a sanitizer are slow: there a call fails in one of the ways, the next in another.
    if (kSanitized && &failing != &kFailures[nth % std::size(kFailures)]) return;
    operation_.before(service_, bench_);
    const TokenView before = look();
    std::optional<Error> error;
    fault_module().arm({.nth = nth, .rv = failing.rv, .forward = forward});
    try {
      operation_.run(service_, bench_);
    } catch (const Error& thrown) {
      error = thrown;
    }
    fault_module().disarm();
    where_ = std::string(operation_.name) + ", call " + std::to_string(nth) + " (" +
             (nth <= fault_module().trace().size() ? fault_module().trace()[nth - 1] : "none") +
             (forward ? ", made" : "") + ") returns " + failing.name + ": " +
             (error ? std::string(error->what()) : "success");
    if (!fault_module().fired()) wrong("the fault was not met");

    const TokenView after = look();
    if (!after.temporary.empty()) wrong("left in a session:" + join(after.temporary));
    if (error) check_error(*error, failing);
    if (error || !operation_.changes) {
      if (before.on_token != after.on_token)
        wrong("the token was:" + join(before.on_token) + "\nand is:" + join(after.on_token));
    }
    if (!error && !operation_.done(service_, bench_)) wrong("but it was not done");
    // The next call, of this operation and of another.
    operation_.before(service_, bench_);
    operation_.run(service_, bench_);
    if (!operation_.done(service_, bench_)) wrong("and the next one was not done");
    CHECK_EQ(decrypt(service_, re_encrypt(service_, bench_.blob, bench_.two, kContext)),
             "a secret");
  }

  // From the nth call on the token does nothing any more, so that nothing can be undone either.
  void run_to_the_end(unsigned long nth) {
    operation_.before(service_, bench_);
    std::optional<Error> error;
    fault_module().arm({.nth = nth, .rv = CKR_DEVICE_ERROR, .and_later = true});
    try {
      operation_.run(service_, bench_);
    } catch (const Error& thrown) {
      error = thrown;
    }
    fault_module().disarm();
    where_ = std::string(operation_.name) + ", all calls from " + std::to_string(nth) +
             " on fail: " + (error ? std::string(error->what()) : "success");
    if (operation_.done(service_, bench_) != !error) wrong("and that is not so");
    operation_.before(service_, bench_);
    operation_.run(service_, bench_);
    if (!operation_.done(service_, bench_)) wrong("and the next one was not done");
  }

 private:
  void check_error(const Error& error, const Failing& failing) const {
    // A token that was removed may have acted before: what changes it is not tried again. And what
    // fails while connecting is no connection that was lost.
    const bool final = !connected_ || (failing.rv == CKR_DEVICE_REMOVED && operation_.changes);
    if (failing.lost && !final) wrong("there should have been a second try");
    if (error.code() !=
        (failing.rv == CKR_DEVICE_REMOVED ? ErrorCode::KeyUnavailable : ErrorCode::KMSInternal))
      wrong("wrong error");
    if (error.ck_rv() != failing.rv) wrong("the error does not carry the token's own");
  }

  [[noreturn]] void wrong(const std::string& what) const { throw Failure(where_ + "\n" + what); }

  const Operation& operation_;
  Service& service_;
  const Bench& bench_;
  const bool connected_;
  std::string where_;
};

Service& warm_service() {
  static Service service(impatient_config());
  return service;
}
const Bench& bench() {
  static const Bench made(warm_service());
  return made;
}

template <std::size_t Index>
void fails_in_the_middle() {
  Round round(operations().at(Index), warm_service(), bench(), true);
  round.calls();
  const unsigned long calls = round.calls();
  CHECK(calls >= 3);
  for (const Failing& failing : kFailures)
    for (unsigned long nth = 1; nth <= calls; ++nth) round.run(nth, failing);
}

template <std::size_t Index>
void reports_a_failure_of_what_it_did() {
  Round round(operations().at(Index), warm_service(), bench(), true);
  round.calls();
  const unsigned long calls = round.calls();
  for (const Failing& failing : kFailures)
    for (unsigned long nth = 1; failing.may_have_done && nth <= calls; ++nth)
      round.run(nth, failing, true);
}

template <std::size_t Index>
void fails_for_good() {
  Round round(operations().at(Index), warm_service(), bench(), true);
  round.calls();
  const unsigned long calls = round.calls();
  for (unsigned long nth = 1; nth <= calls; nth += kSanitized ? 3 : 1) round.run_to_the_end(nth);
}

// A service that has to find the token, log in and test it first.
template <std::size_t Index>
void fails_at_first_use() {
  bench();
  unsigned long calls = 0;
  {
    Service service(steady_config());
    calls = Round(operations().at(Index), service, bench(), false).calls();
  }
  CHECK(calls >= 20);
  for (const Failing& failing : kFailures)
    for (unsigned long nth = 1; nth <= calls; ++nth) {
      Service service(steady_config());
      Round(operations().at(Index), service, bench(), false).run(nth, failing);
    }
}

// The ceremony of a key that is enforced in the token goes through two logins, which are not tried
// again: the key is there and works, or nothing of it is.
void an_enforced_key_is_made_or_nothing() {
  Service& service = warm_service();
  kms::CreateKeyRequest request;
  request.so_pin = secret(kSoPin);
  const std::string other = service.create_key(request).key_metadata.key_id;
  const auto make = [&] { created_key = service.create_key(request).key_metadata.key_id; };
  const auto require_working = [&](const std::string& where) {
    try {
      re_encrypt(service, encrypt(service, created_key, "x"), other);
    } catch (const Error& error) {
      throw Failure(where + "\nand the key does not work: " + error.what());
    }
    forget_created_key();
  };
  make();
  require_working("without a fault");
  fault_module().arm({});
  make();
  fault_module().disarm();
  std::map<std::string, unsigned long> calls;
  for (const std::string& function : fault_module().trace()) ++calls[function];
  // A session that does not close keeps its objects, and the login.
  calls.erase("C_CloseSession");
  require_working("without a fault");
  const TokenView before = look();
  const auto try_it = [&](const FaultPlan& plan, const char* name) {
    std::optional<Error> error;
    fault_module().arm(plan);
    try {
      make();
    } catch (const Error& thrown) {
      error = thrown;
    }
    fault_module().disarm();
    const std::string where = plan.function + " " + std::to_string(plan.nth) +
                              (plan.forward ? ", made, returns " : " returns ") + name + ": " +
                              (error ? std::string(error->what()) : "success");
    if (!error) require_working(where);
    const TokenView after = look();
    if (before.on_token != after.on_token || (error && !after.temporary.empty()))
      throw Failure(where + "\nthe token was:" + join(before.on_token) +
                    "\nand is:" + join(after.on_token) + join(after.temporary));
  };
  for (const Failing& failing : kFailures)
    for (const auto& [function, count] : calls)
      for (unsigned long nth = 1; nth <= count; ++nth) {
        try_it({.nth = nth, .rv = failing.rv, .function = function}, failing.name);
        if (failing.may_have_done)
          try_it({.nth = nth, .rv = failing.rv, .function = function, .forward = true},
                 failing.name);
      }
  make();
  require_working("at last");
}

}  // namespace

// The index of an operation, and a name that says it.
#define CASE(function, index, operation) \
  trent::test::test_case<function<index>>(operation " " #function)
#define KEYS(function)                                                                            \
  CASE(function, 0, "ReEncrypt"), CASE(function, 1, "Encrypt"), CASE(function, 2, "Decrypt"),     \
      CASE(function, 3, "GenerateDataKey"), CASE(function, 4, "GenerateDataKeyWithoutPlaintext"), \
      CASE(function, 5, "CreateKey"), CASE(function, 10, "DisableKey")
#define ASYMMETRIC(function)                                                        \
  CASE(function, 12, "Sign"), CASE(function, 13, "DecryptWithRSA"),                 \
      CASE(function, 14, "ReEncryptFromRSA"), CASE(function, 15, "ReEncryptToRSA"), \
      CASE(function, 16, "GenerateMac"), CASE(function, 17, "DeriveSharedSecret"),  \
      CASE(function, 18, "GenerateDataKeyPairWithoutPlaintext"),                    \
      CASE(function, 19, "CreateKeyOfAPair"), CASE(function, 20, "CreateKeyOfAnHmacKey")
#define NAMED_KEYS(function) CASE(function, 6, "CreateKeyWithAlias")
#define ALIASES(function)                                             \
  CASE(function, 7, "CreateAlias"), CASE(function, 8, "UpdateAlias"), \
      CASE(function, 9, "DeleteAlias"), CASE(function, 11, "RenameKey")
#define PERMISSIONS(function)                                           \
  CASE(function, 22, "CreateGrant"), CASE(function, 23, "RevokeGrant"), \
      CASE(function, 24, "PutKeyPolicy")

// Mostly they wait for the token: in a process for each group, they wait at the same time.
int main(int, char** argv) {
  const std::string_view group = argv[1];
  SoftHsm token({.module = fault_module_path()});
  if (group == "keys") return RUN_TESTS("faults", KEYS(fails_in_the_middle));
  if (group == "asymmetric")
    return RUN_TESTS("faults", ASYMMETRIC(fails_in_the_middle),
                     ASYMMETRIC(reports_a_failure_of_what_it_did));
  if (group == "adoption")
    return RUN_TESTS("faults", CASE(fails_in_the_middle, 21, "CreateKeyByAdoption"),
                     CASE(reports_a_failure_of_what_it_did, 21, "CreateKeyByAdoption"));
  if (group == "permissions")
    return RUN_TESTS("faults", PERMISSIONS(fails_in_the_middle),
                     PERMISSIONS(reports_a_failure_of_what_it_did), PERMISSIONS(fails_for_good));
  if (group == "rotation")
    return RUN_TESTS("faults", CASE(fails_in_the_middle, 25, "RotateKeyOnDemand"),
                     CASE(reports_a_failure_of_what_it_did, 25, "RotateKeyOnDemand"),
                     CASE(fails_for_good, 25, "RotateKeyOnDemand"));
  if (group == "enforced")
    return RUN_TESTS("faults", CASE(fails_in_the_middle, 26, "ReEncryptBetweenEnforcedKeys"),
                     CASE(reports_a_failure_of_what_it_did, 26, "ReEncryptBetweenEnforcedKeys"),
                     TEST(an_enforced_key_is_made_or_nothing));
  if (group == "import")
    return RUN_TESTS("faults", CASE(fails_in_the_middle, 27, "ImportKeyMaterial"),
                     CASE(fails_for_good, 27, "ImportKeyMaterial"));
  if (group == "named-keys") return RUN_TESTS("faults", NAMED_KEYS(fails_in_the_middle));
  if (group == "aliases") return RUN_TESTS("faults", ALIASES(fails_in_the_middle));
  if (group == "for-good")
    return RUN_TESTS("faults", ALIASES(fails_for_good), CASE(fails_for_good, 10, "DisableKey"));
  if (group == "belated")
    return RUN_TESTS("faults", KEYS(reports_a_failure_of_what_it_did),
                     NAMED_KEYS(reports_a_failure_of_what_it_did),
                     ALIASES(reports_a_failure_of_what_it_did));
  return RUN_TESTS("faults", CASE(fails_at_first_use, 0, "ReEncrypt"),
                   CASE(fails_at_first_use, 1, "Encrypt"),
                   CASE(fails_at_first_use, 5, "CreateKey"));
}
