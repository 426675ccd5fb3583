// SPDX-License-Identifier: Apache-2.0
// kms::check: what `trent check` finds, what --repair repairs, and what it never touches.
#include "kms/check.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "fault.h"
#include "key_pairs.h"
#include "known_key.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using nlohmann::json;

Service& service() {
  static Service kms([] {
    Config config = load_config();
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }());
  return kms;
}

kms::TokenReport check(bool repair = false) {
  auto reports = kms::check(service(), {.repair = repair});
  CHECK_EQ(reports.size(), 1U);
  return reports[0];
}

// Exactly one problem, with all of these words in it.
void check_problem(const kms::TokenReport& report, const std::vector<std::string>& words) {
  std::string all;
  for (const auto& problem : report.problems) all += problem + "\n";
  if (report.problems.size() != 1) throw Failure("not one problem: " + all);
  for (const auto& word : words)
    if (all.find(word) == all.npos) throw Failure("no \"" + word + "\" in " + all);
}

void check_healthy() {
  auto report = check();
  for (const auto& problem : report.problems) throw Failure(problem);
}

void set(const RawSession& raw, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type, bool on) {
  CK_BBOOL value = on ? CK_TRUE : CK_FALSE;
  CK_ATTRIBUTE attribute{type, &value, sizeof value};
  check_rv(softhsm()->C_SetAttributeValue(raw.handle(), handle, &attribute, 1),
           "C_SetAttributeValue");
}

// A secret key of the test's own, with the attributes of a base key but for those given.
CK_OBJECT_HANDLE put_key(const RawSession& raw, std::string label, std::string id,
                         CK_KEY_TYPE type = CKK_AES, bool extractable = false,
                         Bytes value = Bytes(32, 'K')) {
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_BBOOL may_leave = extractable ? CK_TRUE : CK_FALSE;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes},
                               {CKA_SENSITIVE, &yes, sizeof yes},
                               {CKA_EXTRACTABLE, &may_leave, sizeof may_leave},
                               {CKA_DERIVE, &yes, sizeof yes},
                               {CKA_ENCRYPT, &no, sizeof no},
                               {CKA_DECRYPT, &no, sizeof no},
                               {CKA_SIGN, &no, sizeof no},
                               {CKA_VERIFY, &no, sizeof no},
                               {CKA_WRAP, &no, sizeof no},
                               {CKA_UNWRAP, &no, sizeof no},
                               {CKA_LABEL, label.data(), label.size()},
                               {CKA_ID, id.data(), id.size()},
                               {CKA_VALUE, value.data(), value.size()}};
  CK_OBJECT_HANDLE handle = 0;
  check_rv(softhsm()->C_CreateObject(raw.handle(), attributes, std::size(attributes), &handle),
           "C_CreateObject");
  return handle;
}

const std::string kOrphanId(32, 'o');

void healthy_token_has_no_problems() {
  std::string key = create_key(service());
  service().create_alias({"alias/healthy", key});
  std::string disabled = create_key(service());
  service().disable_key({disabled});
  std::string pending = create_key(service());
  service().schedule_key_deletion({pending, {}});
  auto before = check();
  check_healthy();
  CHECK_EQ(before.arn_prefix, "arn:aws:kms:local:111122223333:");
  CHECK(before.token.find("\"kms\"") != before.token.npos);
  CHECK(before.token.find("SoftHSM") != before.token.npos);
  CHECK_EQ(before.keys, 3U);
  CHECK_EQ(before.materials, 3U);
  CHECK_EQ(before.aliases, 1U);
  CHECK(before.abilities.rows.size() >= 10);
  CHECK(before.abilities.re_encrypt && before.abilities.keeps_keys);
  auto repaired = check(true);
  CHECK(repaired.problems.empty() && repaired.repaired.empty());
  CHECK_EQ(check().keys, 3U);
}

// A backup of the HSM that was restored in part, or CreateKey interrupted in the middle.
void key_of_a_lost_record_is_recovered() {
  RawSession raw;
  std::string key = create_key(service());
  std::string material = service().describe_key({key, {}}).key_metadata.current_key_material_id;
  Bytes blob = encrypt(service(), key, "text");
  destroy(raw, records(raw, key_label(key)).at(0).handle);
  check_problem(check(), {material, key_label(key), "no key record", "--repair"});
  CHECK_EQ(records(raw, key_label(key)).size(), 0U);  // only looked at
  auto report = check(true);
  CHECK(report.problems.empty());
  CHECK_EQ(report.repaired.size(), 1U);
  CHECK_EQ(service().describe_key({key, {}}).key_metadata.key_state, "Disabled");
  service().enable_key({key});
  CHECK_EQ(decrypt(service(), blob), "text");
  check_healthy();
}

void material_that_proves_to_be_no_key_is_left_alone() {
  RawSession raw;
  std::string label = key_label("00000000-0000-4000-8000-000000000001");
  auto stray = put_key(raw, label, kOrphanId);
  auto report = check(true);
  check_problem(report, {to_hex(as_bytes(kOrphanId)), label});
  CHECK(report.repaired.empty());
  CHECK_EQ(records(raw, label).size(), 0U);
  destroy(raw, stray);  // throws if it is gone
  check_healthy();
}

// A rotation that was interrupted after its new material, or a record that was restored from
// before.
void material_that_the_record_does_not_name_is_kept() {
  RawSession raw;
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, "text");
  auto other = put_key(raw, key_label(key), kOrphanId);
  auto report = check(true);
  check_problem(report, {to_hex(as_bytes(kOrphanId)), key, "kept"});
  CHECK(report.repaired.empty());
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  CHECK_EQ(decrypt(service(), blob), "text");
  destroy(raw, other);
  check_healthy();
}

// Without a token: what is compared with what.
void memory_tells_what_went_back() {
  const auto record = [](std::uint64_t number, std::string lineage, std::string nonce,
                         std::vector<std::string> based_on = {}) {
    kms::RememberedRecord made;
    made.revision.number = number;
    made.revision.lineage = std::move(lineage);
    made.revision.nonce = std::move(nonce);
    made.revision.based_on = std::move(based_on);
    return made;
  };
  const kms::RememberedRecords before{{"trent/key/a", record(3, "l", "n")}};
  const auto compare = [&](const kms::RememberedRecords& now) {
    auto sentences = kms::what_went_back(before, now, {});
    return sentences.empty() ? std::string() : sentences.at(0);
  };
  const auto check_said = [&](const kms::RememberedRecords& now, const char* words) {
    CHECK(compare(now).find("trent/key/a") != std::string::npos);
    CHECK(compare(now).find(words) != std::string::npos);
  };
  CHECK_EQ(compare(before), "");
  CHECK_EQ(compare({{"trent/key/a", record(4, "l", "m")}, {"trent/key/b", record(1, "x", "y")}}),
           "");
  check_said({{"trent/key/a", record(2, "l", "m")}}, "from revision 3 to revision 2");
  check_said({{"trent/key/a", record(3, "l", "m")}}, "does not come from the revision 3");
  check_said({{"trent/key/a", record(4, "l", "m", {"o"})}}, "does not come from the revision 3");
  check_said({{"trent/key/a", record(5, "l", "m", {"n", "o"})}}, "does not come from");
  CHECK_EQ(compare({{"trent/key/a", record(4, "l", "m", {"n", "o"})}}), "");
  CHECK_EQ(compare({{"trent/key/a", record(5, "l", "m", {"o", "n"})}}), "");
  CHECK_EQ(compare({{"trent/key/a", record(6, "l", "m", {"o", "p"})}}), "");  // too long ago
  check_said({{"trent/key/a", record(4, "k", "m")}}, "made under its name");
  check_said({}, "is gone");
  CHECK(kms::what_went_back(before, {}, {"trent/key/a"}).empty());  // damaged
  // A key whose time had come went its way.
  kms::RememberedRecords pending = before;
  pending.at("trent/key/a").deletion = std::chrono::system_clock::now() - std::chrono::hours(1);
  CHECK(kms::what_went_back(pending, {}, {}).empty());
  pending.at("trent/key/a").deletion = std::chrono::system_clock::now() + std::chrono::hours(1);
  CHECK_EQ(kms::what_went_back(pending, {}, {}).size(), 1U);
  // And what is written is read.
  const kms::Memory memory{{"serial", pending}, {"other", before}};
  const kms::Memory again = kms::parse_memory(kms::to_text(memory));
  CHECK_EQ(kms::to_text(again), kms::to_text(memory));
  CHECK(kms::what_went_back(again.at("other"), before, {}).empty());
}

void foreign_keys_are_none_of_ours() {
  RawSession raw;
  auto a = put_key(raw, "somebody's key", "id");
  auto b = put_key(raw, "", "");
  auto report = check(true);
  CHECK(report.problems.empty() && report.repaired.empty());
  destroy(raw, a);  // throws if it is gone
  destroy(raw, b);
}

void superseded_revision_is_removed() {
  RawSession raw;
  std::string key = create_key(service());
  std::string old = records(raw, key_label(key)).at(0).value;
  service().disable_key({key});
  put(raw, key_label(key), old);
  check_problem(check(), {"superseded", key_label(key), "--repair"});
  auto report = check(true);
  CHECK_EQ(report.repaired.size(), 1U);
  auto left = records(raw, key_label(key));
  CHECK_EQ(left.size(), 1U);
  CHECK(left[0].value != old);
  check_healthy();
}

// A process that was killed while it tried whether the token keeps data objects.
void left_trials_are_removed() {
  const RawSession raw;
  const auto before = raw.count();
  for (const char* nonce : {"0011", "2233"})
    put(raw, std::string("trent/trial"), nonce, "trent/trial");
  check_healthy();
  CHECK_EQ(raw.count(), before + 2);
  const auto report = check(true);
  CHECK_EQ(report.repaired.size(), 1U);
  CHECK(report.repaired[0].ends_with("was removed: 2."));
  CHECK_EQ(raw.count(), before);
  CHECK(check(true).repaired.empty());
}

void alias_to_nowhere_is_named_and_kept() {
  RawSession raw;
  std::string key = create_key(service());
  service().create_alias({"alias/nowhere", key});
  auto record = records(raw, key_label(key)).at(0);
  destroy(raw, record.handle);
  auto left = materials(raw, key_label(key));
  for (auto handle : left) destroy(raw, handle);
  check_problem(check(), {"alias/nowhere", key, "does not exist"});
  check_problem(check(true), {"alias/nowhere"});
  service().delete_alias({"alias/nowhere"});
  check_healthy();
}

void material_of_a_damaged_record_is_never_removed() {
  RawSession raw;
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, "text");
  auto record = records(raw, key_label(key)).at(0);
  destroy(raw, record.handle);
  json without_state = json::parse(record.value);
  without_state.erase("state");
  json other_key = json::parse(record.value);
  other_key["key_id"] = "00000000-0000-4000-8000-000000000002";
  json later = json::parse(record.value);
  later["format"] = 3;
  json without_public_key = json::parse(record.value);
  without_public_key["spec"] = "RSA_2048";
  json unknown_spec = json::parse(record.value);
  unknown_spec["spec"] = "ML_DSA_44";
  for (const std::string& damage :
       {std::string(), std::string("{"), without_state.dump(), other_key.dump(), later.dump(),
        unknown_spec.dump(), without_public_key.dump()}) {
    auto damaged = put(raw, key_label(key), damage);
    check_problem(check(), {key_label(key), "damaged"});
    auto report = check(true);
    check_problem(report, {key_label(key), "damaged"});
    CHECK(report.repaired.empty());
    CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
    CHECK_EQ(records(raw, key_label(key)).size(), 1U);
    destroy(raw, damaged);
  }
  put(raw, key_label(key), record.value);  // restored
  CHECK_EQ(decrypt(service(), blob), "text");
  check_healthy();
}

// The revision before the damaged one is the best that is left of the key.
void revision_before_a_damaged_one_is_never_removed() {
  RawSession raw;
  std::string key = create_key(service());
  auto intact = records(raw, key_label(key)).at(0);
  json damaged = json::parse(intact.value);
  damaged["revision"] = 2;
  damaged["nonce"] = "2";
  damaged.erase("materials");
  auto handle = put(raw, key_label(key), damaged.dump());
  auto report = check(true);
  check_problem(report, {key_label(key), "damaged"});
  CHECK(report.repaired.empty());
  CHECK_EQ(records(raw, key_label(key)).size(), 2U);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  destroy(raw, handle);
  check_healthy();
}

// Two interrupted rotations: which of the two materials is the key's is not to be guessed.
void materials_of_a_doubtful_record_are_never_removed() {
  RawSession raw;
  std::string key = create_key(service());
  auto first = records(raw, key_label(key)).at(0);
  put_key(raw, key_label(key), std::string(32, 'a'));
  put_key(raw, key_label(key), std::string(32, 'b'));
  destroy(raw, first.handle);
  for (const char* nonce : {"bbbb", "aaaa"}) {
    json record = json::parse(first.value);
    record["revision"] = 2;
    record["nonce"] = nonce;
    record["materials"].push_back(
        {{"id", to_hex(as_bytes(std::string(32, nonce[0])))}, {"created", 0}});
    put(raw, key_label(key), record.dump());
  }
  auto report = check(true);
  CHECK(report.repaired.empty());
  bool named = false;
  for (const auto& problem : report.problems)
    named = named || problem.find("two revisions 2") != problem.npos;
  CHECK(named);
  CHECK_EQ(materials(raw, key_label(key)).size(), 3U);
  CHECK_EQ(records(raw, key_label(key)).size(), 2U);
  for (const auto& record : records(raw, key_label(key))) destroy(raw, record.handle);
  for (auto handle : materials(raw, key_label(key))) destroy(raw, handle);
  check_healthy();
}

// Same label, same id, another value: everything that PKCS#11 shows is right.
void replaced_material_is_found_out() {
  RawSession raw;
  std::string key = create_key(service());
  Bytes blob = encrypt(service(), key, "text");
  auto handle = materials(raw, key_label(key)).at(0);
  std::string id = raw.attribute(handle, CKA_ID);
  destroy(raw, handle);
  auto impostor = put_key(raw, key_label(key), id);
  auto report = check(true);
  check_problem(report, {key, "is not the key that its id names"});
  CHECK(report.repaired.empty());
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  // And it is not used.
  Service fresh(load_config());
  CHECK_ERROR(KMSInternal, encrypt(fresh, key, "text"));
  CHECK_ERROR(KMSInternal, decrypt(fresh, blob));

  // An object that cannot even derive, or is no AES-256 key, is found out too.
  set(raw, impostor, CKA_DERIVE, false);
  report = check();
  CHECK(!report.problems.empty());
  destroy(raw, impostor);
  for (auto [type, length] : {std::pair(CKK_GENERIC_SECRET, 32UL), std::pair(CKK_AES, 16UL)}) {
    auto other = put_key(raw, key_label(key), id, type, false, Bytes(length, 'K'));
    bool found = false;
    for (const auto& problem : check().problems) found = found || problem.find(key) != problem.npos;
    CHECK(found);
    destroy(raw, other);
  }
  check_problem(check(), {key, "is not in the token"});
  for (const auto& record : records(raw, key_label(key))) destroy(raw, record.handle);
  check_healthy();
}

void use_private_key(Service& kms, const std::string& key, const std::string& usage) {
  if (usage == "SIGN_VERIFY") {
    const auto algorithms =
        request(kms, "DescribeKey", {{"KeyId", key}})["KeyMetadata"]["SigningAlgorithms"];
    sign(kms, key, "letter", algorithms[0].get<std::string>());
    return;
  }
  const auto peer = request(kms, "GetPublicKey", {{"KeyId", key}})["PublicKey"];
  request(kms, "DeriveSharedSecret",
          {{"KeyId", key}, {"KeyAgreementAlgorithm", "ECDH"}, {"PublicKey", peer}});
}

void missing_material_is_named() {
  RawSession raw;
  std::string key = create_key(service());
  auto material = service().describe_key({key, {}}).key_metadata.current_key_material_id;
  destroy(raw, materials(raw, key_label(key)).at(0));
  check_problem(check(true), {key, material, "is not in the token"});
  Service fresh(load_config());
  Error error = ERROR_OF(encrypt(fresh, key, "text"));
  CHECK_EQ(error.name(), std::string("KeyUnavailableException"));
  CHECK(error.message().find(material) != std::string::npos);
  for (const auto& record : records(raw, key_label(key))) destroy(raw, record.handle);
  check_healthy();
}

// Key pairs: the private key is looked at as closely.
void private_keys_are_looked_at() {
  RawSession raw;
  const auto private_key = [&](const std::string& key) {
    std::string label = key_label(key);
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    return raw
        .find({{CKA_LABEL, label.data(), label.size()},
               {CKA_CLASS, &object_class, sizeof object_class}})
        .at(0);
  };
  const auto set_text = [&](CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, std::string value) {
    CK_ATTRIBUTE attribute{type, value.data(), value.size()};
    check_rv(softhsm()->C_SetAttributeValue(raw.handle(), object, &attribute, 1),
             "C_SetAttributeValue");
  };
  for (const auto& [spec, usage_name] :
       {std::pair("RSA_2048", "SIGN_VERIFY"), std::pair("ECC_NIST_P256", "SIGN_VERIFY"),
        std::pair("ECC_NIST_P256", "KEY_AGREEMENT")}) {
    const std::string usage = usage_name;
    const std::string one = create(service(), spec, usage);
    const std::string two = create(service(), spec, usage);
    check_healthy();
    // One takes the place of the other.
    const CK_OBJECT_HANDLE right = private_key(one);
    const std::string id = raw.attribute(right, CKA_ID);
    const CK_OBJECT_HANDLE wrong = private_key(two);
    const std::string other_id = raw.attribute(wrong, CKA_ID);
    set_text(right, CKA_LABEL, "aside");
    set_text(wrong, CKA_LABEL, key_label(one));
    set_text(wrong, CKA_ID, id);
    auto report = check(true);
    CHECK_EQ(report.problems.size(), 2U);
    Service fresh(load_config());
    CHECK_ERROR(KMSInternal, use_private_key(fresh, one, usage));
    CHECK_ERROR(KeyUnavailable, use_private_key(fresh, two, usage));
    set_text(wrong, CKA_LABEL, key_label(two));
    set_text(wrong, CKA_ID, other_id);
    set_text(right, CKA_LABEL, key_label(one));
    check_healthy();
    use_private_key(fresh, one, usage);
    // Without its record it is kept, and named.
    auto record = records(raw, key_label(two)).at(0);
    destroy(raw, record.handle);
    report = check(true);
    CHECK_EQ(report.problems.size(), 1U);
    CHECK(report.problems[0].find(two) != std::string::npos);
    CHECK_EQ(raw.attribute(private_key(two), CKA_ID), other_id);
    for (const std::string& key : {one, two}) {
      for (const auto& each : records(raw, key_label(key))) destroy(raw, each.handle);
      std::string label = key_label(key);
      for (CK_OBJECT_HANDLE object : raw.find({{CKA_LABEL, label.data(), label.size()}}))
        destroy(raw, object);
    }
    check_healthy();
  }
}

void material_that_is_there_twice_is_named() {
  RawSession raw;
  std::string key = create_key(service());
  std::string id = raw.attribute(materials(raw, key_label(key)).at(0), CKA_ID);
  auto impostor = put_key(raw, key_label(key), id);
  auto report = check(true);
  CHECK(!report.problems.empty());
  CHECK(report.problems[0].find("more than once") != std::string::npos);
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  destroy(raw, impostor);
  check_healthy();
}

// What makes a key that Trent generated unfit to do anything but derive, for good.
void made_keys_are_restricted() {
  RawSession raw;
  std::string key = create_key(service());
  auto handle = materials(raw, key_label(key)).at(0);
  const CK_MECHANISM_TYPE derives = CKM_AES_ECB_ENCRYPT_DATA;
  CHECK_EQ(raw.attribute(handle, CKA_ALLOWED_MECHANISMS),
           std::string(reinterpret_cast<const char*>(&derives), sizeof derives));
  CK_MECHANISM_TYPE encrypts = CKM_AES_ECB;
  CK_ATTRIBUTE allowed{CKA_ALLOWED_MECHANISMS, &encrypts, sizeof encrypts};
  CHECK_EQ(softhsm()->C_SetAttributeValue(raw.handle(), handle, &allowed, 1),
           CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  CK_OBJECT_HANDLE copy = 0;
  CHECK_EQ(softhsm()->C_CopyObject(raw.handle(), handle, &allowed, 1, &copy),
           CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  // Another usage is of no use.
  for (CK_ATTRIBUTE_TYPE usage : {CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP})
    set(raw, handle, usage, true);
  CK_MECHANISM ecb{CKM_AES_ECB, nullptr, 0};
  CHECK_EQ(softhsm()->C_EncryptInit(raw.handle(), &ecb, handle), CK_RV{CKR_MECHANISM_INVALID});
  CHECK_EQ(softhsm()->C_DecryptInit(raw.handle(), &ecb, handle), CK_RV{CKR_MECHANISM_INVALID});
  CK_MECHANISM wraps{CKM_AES_KEY_WRAP, nullptr, 0};
  CK_ULONG length = 0;
  CHECK_EQ(softhsm()->C_WrapKey(raw.handle(), &wraps, handle, handle, nullptr, &length),
           CK_RV{CKR_MECHANISM_INVALID});
  for (CK_ATTRIBUTE_TYPE usage : {CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP})
    set(raw, handle, usage, false);
  check_healthy();
}

void wrong_attributes_are_named() {
  RawSession raw;
  Bytes value(32, 7);
  const std::string known = "1234abcd-12ab-34cd-56ef-1234567890ab";
  import_known_key(value, known);
  check_healthy();
  auto guarded = materials(raw, key_label(known)).at(0);
  Bytes blob = encrypt(service(), known, "text");
  for (auto [type, words, attribute] : {std::tuple(CKA_ENCRYPT, "can encrypt", "CKA_ENCRYPT"),
                                        std::tuple(CKA_DECRYPT, "can decrypt", "CKA_DECRYPT"),
                                        std::tuple(CKA_WRAP, "can wrap", "CKA_WRAP"),
                                        std::tuple(CKA_UNWRAP, "can unwrap", "CKA_UNWRAP"),
                                        std::tuple(CKA_SIGN, "can sign", "CKA_SIGN"),
                                        std::tuple(CKA_VERIFY, "can verify", "CKA_VERIFY")}) {
    set(raw, guarded, type, true);
    check_problem(check(), {known, words, attribute, "not used"});
    Service fresh(load_config());
    Error error = ERROR_OF(encrypt(fresh, known, "text"));
    CHECK_EQ(error.name(), std::string("KMSInternalException"));
    CHECK(error.message().find(attribute) != std::string::npos);
    CHECK_ERROR(KMSInternal, decrypt(fresh, blob));
    set(raw, guarded, type, false);
  }
  // Without the right to derive it cannot even be proven.
  set(raw, guarded, CKA_DERIVE, false);
  check_problem(check(), {known, "cannot derive", "CKA_DERIVE"});
  set(raw, guarded, CKA_DERIVE, true);
  check_healthy();
  Service fresh(load_config());
  CHECK_EQ(decrypt(fresh, blob), "text");

  // The same key, said to be made in the token.
  auto record = records(raw, key_label(known)).at(0);
  destroy(raw, record.handle);
  json claimed = json::parse(record.value);
  claimed["origin"] = "AWS_KMS";
  claimed["materials"][0].erase("import");
  auto claim = put(raw, key_label(known), claimed.dump());
  check_problem(check(), {known, "CKA_LOCAL", "AWS_KMS"});
  destroy(raw, claim);
  put(raw, key_label(known), record.value);

  // One that may leave the token: the right value, so it works, but it is no secret of the token's.
  std::string id = raw.attribute(guarded, CKA_ID);
  destroy(raw, guarded);
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_KEY_TYPE aes = CKK_AES;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::string label = key_label(known);
  CK_ATTRIBUTE open[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
                         {CKA_KEY_TYPE, &aes, sizeof aes},
                         {CKA_TOKEN, &yes, sizeof yes},
                         {CKA_PRIVATE, &yes, sizeof yes},
                         {CKA_SENSITIVE, &no, sizeof no},
                         {CKA_EXTRACTABLE, &yes, sizeof yes},
                         {CKA_DERIVE, &yes, sizeof yes},
                         {CKA_ENCRYPT, &no, sizeof no},
                         {CKA_DECRYPT, &no, sizeof no},
                         {CKA_SIGN, &no, sizeof no},
                         {CKA_VERIFY, &no, sizeof no},
                         {CKA_WRAP, &no, sizeof no},
                         {CKA_UNWRAP, &no, sizeof no},
                         {CKA_LABEL, label.data(), label.size()},
                         {CKA_ID, id.data(), id.size()},
                         {CKA_VALUE, value.data(), value.size()}};
  CK_OBJECT_HANDLE readable = 0;
  check_rv(softhsm()->C_CreateObject(raw.handle(), open, std::size(open), &readable),
           "C_CreateObject");
  auto report = check();
  std::string all;
  for (const auto& problem : report.problems) all += problem;
  CHECK(all.find("can be read") != all.npos);
  CHECK(all.find("can be extracted") != all.npos);
  destroy(raw, readable);

  // Of the right value, but shorter: AES-128 under the id that is its fingerprint.
  Bytes half(16, 7);
  const SecretBytes derived = aes_ecb(half, blob::key_material_id_input(known));
  const std::string short_id(derived.begin(), derived.end());
  json other = json::parse(record.value);
  other["materials"] = {
      {{"id", to_hex(as_bytes(short_id))}, {"created", 0}, {"import", json::object()}}};
  other["current"] = to_hex(as_bytes(short_id));
  for (const auto& old : records(raw, label)) destroy(raw, old.handle);
  put(raw, label, other.dump());
  auto shorter = put_key(raw, label, short_id, CKK_AES, false, half);
  check_problem(check(), {known, "16 bytes", "CKA_VALUE_LEN"});
  Service once_more(load_config());
  CHECK_ERROR(KMSInternal, encrypt(once_more, known, "text"));
  destroy(raw, shorter);
  for (const auto& left : records(raw, label)) destroy(raw, left.handle);
  check_healthy();
}

// Between a key's material and its record, the material looks like one that a crash left behind.
void keys_made_meanwhile_are_not_harmed() {
  RawSession raw;
  // Makes the check look twice.
  destroy(raw, records(raw, key_label(create_key(service()))).at(0).handle);
  std::atomic<bool> stop = false;
  std::vector<std::string> made;
  std::thread creator([&] {
    Service other(load_config());
    while (!stop) {
      made.push_back(create_key(other));
      other.disable_key({made.back()});
      other.enable_key({made.back()});
    }
  });
  kms::TokenReport report;
  try {
    report = check(true);
  } catch (...) {
    stop = true;
    creator.join();
    throw;
  }
  stop = true;
  creator.join();
  for (const auto& problem : report.problems) throw Failure(problem);
  CHECK_EQ(report.repaired.size(), 1U);
  CHECK(made.size() > 1);
  for (const auto& key : made) CHECK_EQ(decrypt(service(), encrypt(service(), key, "x")), "x");
  check_healthy();
}

void check_leaves_nothing_behind() {
  RawSession raw;
  check();
  std::size_t before = raw.count();
  check();
  check(true);
  CHECK_EQ(raw.count(), before);
}

}  // namespace

int main() {
  SoftHsm hsm({.module = fault_module_path()});
  return RUN_TESTS(
      "check", TEST(healthy_token_has_no_problems), TEST(key_of_a_lost_record_is_recovered),
      TEST(material_that_proves_to_be_no_key_is_left_alone),
      TEST(material_that_the_record_does_not_name_is_kept), TEST(memory_tells_what_went_back),
      TEST(foreign_keys_are_none_of_ours), TEST(superseded_revision_is_removed),
      TEST(left_trials_are_removed), TEST(alias_to_nowhere_is_named_and_kept),
      TEST(material_of_a_damaged_record_is_never_removed),
      TEST(revision_before_a_damaged_one_is_never_removed),
      TEST(materials_of_a_doubtful_record_are_never_removed), TEST(replaced_material_is_found_out),
      TEST(missing_material_is_named), TEST(private_keys_are_looked_at),
      TEST(material_that_is_there_twice_is_named), TEST(made_keys_are_restricted),
      TEST(wrong_attributes_are_named), TEST(keys_made_meanwhile_are_not_harmed),
      TEST(check_leaves_nothing_behind));
}
