// SPDX-License-Identifier: Apache-2.0
// Each operation in each state of its key: the table of KMS's Developer Guide ("Key states of AWS
// KMS keys"), which docs/kms-behaviour.md gives.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "import.h"
#include "multi_region.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

Service& service() {
  static Service kms([] {
    Config config = with_other_region(load_config());
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }());
  return kms;
}

// Imported: symmetric, of imported material, with the parameters for an import.
enum class Kind { Symmetric, Rsa, Signer, Mac, Agreement, Imported, MultiRegion, Replicated };
constexpr Kind kKinds[] = {Kind::Symmetric, Kind::Rsa,      Kind::Signer,      Kind::Mac,
                           Kind::Agreement, Kind::Imported, Kind::MultiRegion, Kind::Replicated};
enum class State { Enabled, Disabled, PendingDeletion, PendingImport };
constexpr State kStates[] = {State::Enabled, State::Disabled, State::PendingDeletion,
                             State::PendingImport};

// KEY stands for the ARN of the key.
constexpr const char* kOk = "";
constexpr const char* kDisabled = "DisabledException KEY is disabled.";
constexpr const char* kPending = "KMSInvalidStateException KEY is pending deletion.";
constexpr const char* kImport = "KMSInvalidStateException KEY is pending import.";
constexpr const char* kExternal =
    "UnsupportedOperationException KEY origin is EXTERNAL which is not valid for this operation.";
constexpr const char* kNotPending =
    "KMSInvalidStateException KEY is not pending deletion (or pending replica deletion).";

// What there is for each key that is tried: all made while it is enabled.
struct Subject {
  std::string key;
  std::string alias;  // of it
  Json made;          // what an operation takes that another one gives
};

struct Row {
  const char* operation;
  const char* what;  // besides, if it is not the usual thing
  Kind kind;
  std::function<Json(const Subject&)> request;
  const char* in[4];  // by State
};

const std::string& other() {
  static const std::string key = create_key(service());
  return key;
}
const std::string& other_blob() {
  static const std::string blob = to_base64(encrypt(service(), other(), "other"));
  return blob;
}

Json only_key(const Subject& subject) {
  return {{"KeyId", subject.key}};
}

// Members beside KeyId.
std::function<Json(const Subject&)> with(const Json& members) {
  return [members](const Subject& subject) {
    Json json = only_key(subject);
    if (!members.is_null()) json.update(members);
    return json;
  };
}

// The members `names` of what was made besides.
std::function<Json(const Subject&)> with_made(const Json& members,
                                              std::map<std::string, std::string> names) {
  return [members, names = std::move(names)](const Subject& subject) {
    Json json = with(members)(subject);
    for (const auto& [name, in_response] : names)
      json[Json::string_t(name)] = subject.made.at(Json::string_t(in_response));
    return json;
  };
}

Json grant_members() {
  return {{"GranteePrincipal", "arn:aws:iam::111122223333:user/alice"},
          {"Operations", {"Encrypt"}}};
}

const std::vector<Row>& rows() {
  constexpr const char* kUse[] = {kOk, kDisabled, kPending, kImport};
  const auto row = [&](const char* operation, Kind kind,
                       std::function<Json(const Subject&)> request, const char* const(&in)[4],
                       const char* what = "") {
    return Row{operation, what, kind, std::move(request), {in[0], in[1], in[2], in[3]}};
  };
  constexpr const char* kAlways[] = {kOk, kOk, kOk, kOk};
  constexpr const char* kManage[] = {kOk, kOk, kPending, kOk};
  constexpr const char* kSwitch[] = {kOk, kOk, kPending, kImport};
  constexpr const char* kRotate[] = {kOk, kDisabled, kPending, kExternal};
  const Json sign = {{"Message", "eA=="}, {"SigningAlgorithm", "ECDSA_SHA_256"}};
  const Json mac = {{"Message", "eA=="}, {"MacAlgorithm", "HMAC_SHA_256"}};
  const Json oaep = {{"EncryptionAlgorithm", "RSAES_OAEP_SHA_1"}};
  Json oaep_of_text = oaep;
  oaep_of_text["Plaintext"] = "eA==";
  const Json data_key = {{"KeySpec", "AES_256"}};
  const Json pair = {{"KeyPairSpec", "ECC_NIST_P256"}};
  const Json tags = {{"Tags", Json::array({{{"TagKey", "a"}, {"TagValue", "b"}}})}};
  static const std::vector<Row> all = {
      // With the key.
      row("Encrypt", Kind::Symmetric, with({{"Plaintext", "eA=="}}), kUse),
      row("Encrypt", Kind::Rsa, with(oaep_of_text), kUse, "with RSA"),
      row(
          "Decrypt", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"CiphertextBlob", s.made.at("CiphertextBlob")}};
          },
          kUse, "without KeyId"),
      row("Decrypt", Kind::Symmetric, with_made({}, {{"CiphertextBlob", "CiphertextBlob"}}), kUse),
      row("Decrypt", Kind::Rsa, with_made(oaep, {{"CiphertextBlob", "CiphertextBlob"}}), kUse,
          "with RSA"),
      row(
          "ReEncrypt", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"CiphertextBlob", s.made.at("CiphertextBlob")},
                        {"DestinationKeyId", other()}};
          },
          kUse, "from the key"),
      row(
          "ReEncrypt", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"CiphertextBlob", other_blob()}, {"DestinationKeyId", s.key}};
          },
          kUse, "to the key"),
      row(
          "ReEncrypt", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"CiphertextBlob", s.made.at("CiphertextBlob")},
                        {"DestinationKeyId", s.key}};
          },
          kUse, "on the key"),
      row(
          "ReEncrypt", Kind::Rsa,
          [](const Subject& s) {
            return Json{{"CiphertextBlob", s.made.at("CiphertextBlob")},
                        {"SourceKeyId", s.key},
                        {"SourceEncryptionAlgorithm", "RSAES_OAEP_SHA_1"},
                        {"DestinationKeyId", other()}};
          },
          kUse, "from an RSA key"),
      row("GenerateDataKey", Kind::Symmetric, with(data_key), kUse),
      row("GenerateDataKeyWithoutPlaintext", Kind::Symmetric, with(data_key), kUse),
      row("GenerateDataKeyPair", Kind::Symmetric, with(pair), kUse),
      row("GenerateDataKeyPairWithoutPlaintext", Kind::Symmetric, with(pair), kUse),
      row("Sign", Kind::Signer, with(sign), kUse),
      row("Verify", Kind::Signer, with_made(sign, {{"Signature", "Signature"}}), kUse),
      row("GenerateMac", Kind::Mac, with(mac), kUse),
      row("VerifyMac", Kind::Mac, with_made(mac, {{"Mac", "Mac"}}), kUse),
      row("DeriveSharedSecret", Kind::Agreement,
          with_made({{"KeyAgreementAlgorithm", "ECDH"}}, {{"PublicKey", "PublicKey"}}), kUse),
      row("GetPublicKey", Kind::Signer, only_key, kManage),
      // Of the key.
      row("CreateGrant", Kind::Symmetric, with(grant_members()), kUse),
      row("ListGrants", Kind::Symmetric, only_key, kAlways),
      row("RetireGrant", Kind::Symmetric, with_made({}, {{"GrantId", "GrantId"}}), kAlways),
      row("RevokeGrant", Kind::Symmetric, with_made({}, {{"GrantId", "GrantId"}}), kAlways),
      row("PutKeyPolicy", Kind::Symmetric, with_made({}, {{"Policy", "Policy"}}), kAlways),
      row("DescribeKey", Kind::Symmetric, only_key, kAlways),
      row("GetKeyPolicy", Kind::Symmetric, only_key, kAlways),
      row("ListKeyPolicies", Kind::Symmetric, only_key, kAlways),
      row("ListResourceTags", Kind::Symmetric, only_key, kAlways),
      row("ListAliases", Kind::Symmetric, only_key, kAlways),
      row("ListKeyRotations", Kind::Symmetric, only_key, kAlways),
      row("GetKeyRotationStatus", Kind::Symmetric, only_key, {kOk, kOk, kOk, kExternal}),
      row(
          "DeleteAlias", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"AliasName", s.alias}};
          },
          kAlways),
      row(
          "CreateAlias", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"AliasName", s.alias + "-new"}, {"TargetKeyId", s.key}};
          },
          kManage),
      row(
          "UpdateAlias", Kind::Symmetric,
          [](const Subject& s) {
            return Json{{"AliasName", s.alias}, {"TargetKeyId", other()}};
          },
          kAlways, "away from the key"),
      row(
          "UpdateAlias", Kind::Symmetric,
          [](const Subject& s) {
            service().create_alias({s.alias + "-of-other", other()});
            return Json{{"AliasName", s.alias + "-of-other"}, {"TargetKeyId", s.key}};
          },
          kManage, "to the key"),
      row("TagResource", Kind::Symmetric, with(tags), kManage),
      row("UntagResource", Kind::Symmetric, with({{"TagKeys", {"a"}}}), kManage),
      row("UpdateKeyDescription", Kind::Symmetric, with({{"Description", "new"}}), kManage),
      row("EnableKey", Kind::Symmetric, only_key, kSwitch),
      row("DisableKey", Kind::Symmetric, only_key, kSwitch),
      row("ScheduleKeyDeletion", Kind::Symmetric, only_key, kManage),
      row("CancelKeyDeletion", Kind::Symmetric, only_key,
          {kNotPending, kNotPending, kOk, kNotPending}),
      row("RotateKeyOnDemand", Kind::Symmetric, only_key, kUse),
      row("EnableKeyRotation", Kind::Symmetric, only_key, kRotate),
      row("DisableKeyRotation", Kind::Symmetric, only_key, kRotate),
      row("ReplicateKey", Kind::MultiRegion, with({{"ReplicaRegion", kAway}}), kUse),
      row("UpdatePrimaryRegion", Kind::Replicated, with({{"PrimaryRegion", kAway}}), kUse),
      row("ScheduleKeyDeletion", Kind::Replicated, only_key, kManage, "with a replica"),
      row("CancelKeyDeletion", Kind::Replicated, only_key,
          {kNotPending, kNotPending, kOk, kNotPending}, "with a replica"),
      row("Encrypt", Kind::Replicated, with({{"Plaintext", "eA=="}}), kUse, "with a replica"),
      row("RotateKeyOnDemand", Kind::Replicated, only_key, kUse, "with a replica"),
      row("TagResource", Kind::Replicated, with(tags), kManage, "with a replica"),
      row("EnableKey", Kind::Replicated, only_key, kSwitch, "with a replica"),
      row("GetParametersForImport", Kind::Imported,
          with({{"WrappingAlgorithm", kOaep}, {"WrappingKeySpec", "RSA_2048"}}), kManage),
      row("ImportKeyMaterial", Kind::Imported,
          with_made({}, {{"ImportToken", "ImportToken"},
                         {"EncryptedKeyMaterial", "EncryptedKeyMaterial"},
                         {"ExpirationModel", "ExpirationModel"}}),
          kManage),
      row("DeleteImportedKeyMaterial", Kind::Imported, only_key, kAlways),
  };
  return all;
}

// A fresh key, of imported material if that is wanted: `material` of it, as it is wrapped.
std::string subject_key(const char* spec, const char* usage, bool imported,
                        const std::function<SecretBytes()>& material) {
  if (!imported) return create(service(), spec, usage);
  const std::string key = create_external(service(), {{"KeySpec", spec}, {"KeyUsage", usage}});
  import(service(), key, parameters_for(service(), key, kKeyWrap), material());
  return key;
}

// A fresh key of the kind, with an alias and what its operations take. `imported`: its material is.
Subject subject_of(Kind kind, bool imported = false) {
  static int count = 0;
  Subject subject;
  const auto made = [&](const char* operation, const Json& members) {
    return request(service(), operation, with(members)(subject));
  };
  const auto on_p256 = [] { return generate_curve_key_pair("P-256").private_key; };
  switch (kind) {
    case Kind::Symmetric:
      subject.key = subject_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", imported,
                                [] { return material_of(1); });
      subject.made = made("Encrypt", {{"Plaintext", "eA=="}});
      subject.made.update(made("CreateGrant", grant_members()));
      subject.made.update(made("GetKeyPolicy", {}));
      break;
    case Kind::Rsa:
      subject.key = subject_key("RSA_2048", "ENCRYPT_DECRYPT", imported,
                                [] { return generate_rsa_key_pair(2048).private_key; });
      subject.made =
          made("Encrypt", {{"Plaintext", "eA=="}, {"EncryptionAlgorithm", "RSAES_OAEP_SHA_1"}});
      break;
    case Kind::Signer:
      subject.key = subject_key("ECC_NIST_P256", "SIGN_VERIFY", imported, on_p256);
      subject.made = made("Sign", {{"Message", "eA=="}, {"SigningAlgorithm", "ECDSA_SHA_256"}});
      break;
    case Kind::Mac:
      subject.key =
          subject_key("HMAC_256", "GENERATE_VERIFY_MAC", imported, [] { return material_of(2); });
      subject.made = made("GenerateMac", {{"Message", "eA=="}, {"MacAlgorithm", "HMAC_SHA_256"}});
      break;
    case Kind::Imported: {
      subject.key = create_external(service());
      const Parameters parameters = parameters_for(service(), subject.key);
      import(service(), subject.key, parameters, material_of(1));
      subject.made = import_of(subject.key, parameters, wrap(parameters, material_of(1)));
      break;
    }
    case Kind::MultiRegion:
      subject.key = create_multi_region(service());
      break;
    case Kind::Replicated:
      subject.key = create_multi_region(service());
      replicate(service(), subject.key);
      break;
    case Kind::Agreement:
      subject.key = subject_key("ECC_NIST_P256", "KEY_AGREEMENT", imported, on_p256);
      subject.made = made("GetPublicKey", {});
  }
  subject.alias = "alias/subject-" + std::to_string(++count);
  service().create_alias({subject.alias, subject.key});
  return subject;
}

void bring_to(const std::string& key, State state) {
  if (state == State::Disabled) service().disable_key({key});
  if (state == State::PendingDeletion) service().schedule_key_deletion({key, {}});
  if (state == State::PendingImport)
    request(service(), "DeleteImportedKeyMaterial", {{"KeyId", key}});
}

std::string with_arn(std::string text, const std::string& key) {
  if (const auto at = text.find("KEY "); at != text.npos) text.replace(at, 3, key_arn(key));
  return text;
}

std::string outcome(const Row& row, const Json& json) {
  try {
    request(service(), row.operation, json);
    return kOk;
  } catch (const Error& error) {
    return std::string(error.name()) + " " + error.message();
  }
}

// What is in both tokens beside the other key. Each search of SoftHSM's looks at every object, so
// what was tried is taken away again.
class Emptied {
 public:
  Emptied() {
    other_blob();
    for (const std::string& label : {std::string(kTokenLabel), kAwayLabel})
      kept_.emplace_back(label, objects(RawSession(label)));
  }
  ~Emptied() {
    for (const auto& [label, kept] : kept_) {
      const RawSession token(label);
      for (const CK_OBJECT_HANDLE object : objects(token))
        if (!kept.contains(object)) softhsm()->C_DestroyObject(token.handle(), object);
    }
  }
  Emptied(const Emptied&) = delete;
  Emptied& operator=(const Emptied&) = delete;

 private:
  static std::set<CK_OBJECT_HANDLE> objects(const RawSession& token) {
    CK_BBOOL yes = CK_TRUE;
    const auto found = token.find({{CKA_TOKEN, &yes, sizeof yes}});
    return {found.begin(), found.end()};
  }

  std::vector<std::pair<std::string, std::set<CK_OBJECT_HANDLE>>> kept_;
};

std::vector<Row> rows_of(Kind kind) {
  std::vector<Row> of_kind;
  for (const Row& row : rows())
    if (row.kind == kind) of_kind.push_back(row);
  return of_kind;
}

// A key that an operation has changed is not tried again.
std::string try_in_state(Kind kind, State state) {
  const Emptied afterwards;
  std::string wrong;
  std::optional<Subject> subject;
  for (const Row& row : rows_of(kind)) {
    if (!subject) {
      subject = subject_of(kind, state == State::PendingImport);
      bring_to(subject->key, state);
    }
    const std::string is = outcome(row, row.request(*subject));
    const std::string wanted = with_arn(row.in[static_cast<std::size_t>(state)], subject->key);
    if (is != wanted)
      wrong += std::string("\n") + row.operation + " " + row.what + " in state " +
               std::to_string(static_cast<int>(state)) + ": \"" + is + "\", expected \"" + wanted +
               '"';
    if (is == kOk && !kms::operations::find(row.operation)->read_only) subject.reset();
  }
  return wrong;
}

void each_operation_in_each_state() {
  std::string wrong;
  for (const Kind kind : kKinds)
    for (const State state : kStates)
      // Trent makes the material of keys in several regions itself.
      if (state != State::PendingImport || (kind != Kind::MultiRegion && kind != Kind::Replicated))
        wrong += try_in_state(kind, state);
  if (!wrong.empty()) throw Failure(wrong);
}

void let_the_waiting_period_pass(const Subject& subject) {
  auto& account = service().home();
  const hsm::ChangeLock lock(account.token);
  account.catalog.change_alias(lock, subject.alias, [](catalog::AliasRecord& alias) {
    alias.updated -= std::chrono::hours(24) * 31;  // made before that began
  });
  account.catalog.change_key(lock, subject.key, [](catalog::KeyRecord& record) {
    record.state = catalog::KeyState::PendingDeletion;
    record.deletion_window.reset();
    record.deletion = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  });
}

// Once the waiting period is over, whatever the operation.
void each_operation_of_a_key_that_is_gone() {
  std::string wrong;
  for (const Kind kind : kKinds) {
    const Emptied afterwards;
    const Subject subject = subject_of(kind);
    const std::vector<Row> tried = rows_of(kind);
    std::vector<Json> requests;
    for (const Row& row : tried) requests.push_back(row.request(subject));
    service().schedule_key_deletion({subject.key, {}});
    let_the_waiting_period_pass(subject);
    const std::string key = "NotFoundException Key '" + key_arn(subject.key) + "' does not exist";
    const std::string alias =
        "NotFoundException Alias " + alias_arn(subject.alias) + " is not found.";
    for (std::size_t i = 0; i < tried.size(); ++i) {
      const std::string is = outcome(tried[i], requests[i]);
      if (is != key && is != alias &&
          is.find("on the resource associated with this ciphertext") == is.npos)
        wrong += std::string("\n") + tried[i].operation + " " + tried[i].what + ": \"" + is + '"';
    }
  }
  if (!wrong.empty()) throw Failure(wrong);
}

// The caller has to know which side it is.
void re_encrypt_names_the_key_that_is_in_the_way() {
  for (const State state : {State::Disabled, State::PendingDeletion}) {
    const Subject source = subject_of(Kind::Symmetric);
    const Subject destination = subject_of(Kind::Symmetric);
    const Bytes blob = bytes_of(source.made["CiphertextBlob"]);
    bring_to(destination.key, state);
    const char* words = state == State::Disabled ? kDisabled : kPending;
    const auto re_encrypt = [&] {
      return std::string(ERROR_OF(service().re_encrypt(move_to(destination.alias, blob))).what());
    };
    CHECK(re_encrypt().find(key_arn(destination.key)) != std::string::npos);
    bring_to(source.key, state);
    const Error error = ERROR_OF(service().re_encrypt(move_to(destination.alias, blob)));
    CHECK_EQ(std::string(error.name()) + " " + error.message(), with_arn(words, source.key));
  }
}

// A new operation needs its rows.
void no_operation_is_forgotten() {
  std::set<std::string_view> seen{"CreateKey", "GenerateRandom", "ListKeys",
                                  "ListRetirableGrants"};  // of no key
  for (const Row& row : rows()) {
    CHECK(std::ranges::find(kKinds, row.kind) != std::end(kKinds));
    seen.insert(row.operation);
  }
  for (const kms::model::Operation* operation : kms::operations::all())
    if (!seen.contains(operation->name))
      throw Failure("no row for " + std::string(operation->name));
}

}  // namespace

int main() {
  SoftHsm hsm;
  make_token(kAwayLabel);
  return RUN_TESTS(
      "kms states", TEST(each_operation_in_each_state), TEST(each_operation_of_a_key_that_is_gone),
      TEST(re_encrypt_names_the_key_that_is_in_the_way), TEST(no_operation_is_forgotten));
}
