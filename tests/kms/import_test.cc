// SPDX-License-Identifier: Apache-2.0
// GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial: what comes in, what does
// not, and how long it stays.
#include "import.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/openssl.h"
#include "blob/blob.h"
#include "catalog/key_record.h"
#include "kms/check.h"
#include "kms/import_parameters.h"
#include "kms/purge.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;
using kms::Json;

Config config(std::chrono::milliseconds refresh = 0ms) {
  Config config = load_config();
  config.refresh = refresh;
  return config;
}

Service& service() {
  static Service kms(config());
  return kms;
}

Json metadata_of(const std::string& key) {
  return request(service(), "DescribeKey", {{"KeyId", key}})["KeyMetadata"];
}
std::string state_of(const std::string& key) {
  return metadata_of(key)["KeyState"].get<std::string>();
}
Json materials_of(const std::string& key) {
  return request(service(), "ListKeyRotations",
                 {{"KeyId", key}, {"IncludeKeyMaterial", "ALL_KEY_MATERIAL"}})["Rotations"];
}
void delete_material(const std::string& key, const Json& more = Json::object()) {
  Json json = {{"KeyId", key}};
  json.update(more);
  request(service(), "DeleteImportedKeyMaterial", json);
}
Json id_of(const std::string& material) {
  return {{"KeyMaterialId", material}};
}
Json new_one() {
  return {{"ImportType", "NEW_KEY_MATERIAL"}};
}

double seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}
Json valid_for(std::chrono::milliseconds time) {
  return {{"ValidTo", seconds(std::chrono::system_clock::now() + time)}};
}

void change(const std::string& key, const std::function<void(catalog::KeyRecord&)>& how) {
  auto& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, how);
}
// As if the time had come.
void let_expire(const std::string& key, const std::string& material) {
  change(key, [&](catalog::KeyRecord& record) {
    for (catalog::KeyMaterial& each : record.materials)
      if (to_hex(each.id) == material) each.import->valid_to = catalog::now() - 1s;
  });
}

std::vector<std::string> problems() {
  return kms::check(service(), {}).at(0).problems;
}
void check_healthy() {
  for (const auto& problem : problems()) throw Failure(problem);
}

std::vector<CK_OBJECT_HANDLE> wrapping_keys(const RawSession& raw) {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  std::vector<CK_OBJECT_HANDLE> found;
  for (const auto handle : raw.find({{CKA_CLASS, &kind, sizeof kind}}))
    if (raw.attribute(handle, CKA_LABEL).starts_with("trent/import/")) found.push_back(handle);
  return found;
}
bool flag(const RawSession& raw, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  return raw.attribute(object, type) == std::string(1, CK_TRUE);
}

void key_is_usable_once_it_has_material() {
  const RawSession raw;
  const std::string key = create_external(service());
  Json metadata = metadata_of(key);
  CHECK(metadata["KeyState"] == "PendingImport");
  CHECK(metadata["Enabled"] == false);
  CHECK(metadata["Origin"] == "EXTERNAL");
  CHECK(!metadata.contains("CurrentKeyMaterialId") && !metadata.contains("ExpirationModel"));
  CHECK(materials_of(key).empty());
  CHECK_WORDS(KMSInvalidState, key_arn(key) + " is pending import.",
              encrypt(service(), key, "text"));
  check_healthy();

  const Parameters parameters = parameters_for(service(), key);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  const SecretBytes material = material_of(1);
  const std::string id = import(service(), key, parameters, material);
  // It is the material that was brought: its id is what only that yields.
  const Sha256 input = blob::key_material_id_input(key);
  CHECK_EQ(id, to_hex(aes_ecb(material, input)));
  metadata = metadata_of(key);
  CHECK(metadata["KeyState"] == "Enabled");
  CHECK(metadata["CurrentKeyMaterialId"] == id);
  CHECK(metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE");
  CHECK(!metadata.contains("ValidTo"));
  CHECK_EQ(decrypt(service(), encrypt(service(), key, "text")), "text");
  Service fresh(config());
  CHECK_EQ(decrypt(fresh, encrypt(fresh, key, "text")), "text");

  // As restricted as what Trent makes itself.
  const auto objects = materials(raw, key_label(key));
  const auto own = materials(raw, key_label(create_key(service())));
  CHECK_EQ(objects.size(), 1U);
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_KEY_TYPE, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT,
        CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE, CKA_ALLOWED_MECHANISMS})
    CHECK_EQ(raw.attribute(objects[0], type), raw.attribute(own.at(0), type));
  CHECK(!flag(raw, objects[0], CKA_LOCAL));
  CHECK_EQ(materials(raw, "trent/new/" + key).size(), 0U);
  check_healthy();
}

// It unwraps, and does nothing else.
void wrapping_key_does_not_decrypt() {
  const RawSession raw;
  const std::size_t before = wrapping_keys(raw).size();
  const std::size_t all = raw.count();
  const std::string key = create_external(service());
  for (const char* spec : {"RSA_2048", "RSA_3072"}) {
    const Parameters parameters = parameters_for(service(), key, kKeyWrap, spec);
    CHECK_EQ(PublicKey(parameters.public_key).modulus().size() * 8,
             spec == std::string("RSA_2048") ? 2048U : 3072U);
    import(service(), key, parameters, material_of(1));
  }
  const auto keys = wrapping_keys(raw);
  CHECK_EQ(keys.size(), before + 2);
  CHECK_EQ(raw.count(), all + 4);  // these, the record and the material: no public keys
  for (const auto handle : keys) {
    CHECK(flag(raw, handle, CKA_UNWRAP) && flag(raw, handle, CKA_SENSITIVE));
    for (const CK_ATTRIBUTE_TYPE type : {CKA_DECRYPT, CKA_SIGN, CKA_DERIVE, CKA_EXTRACTABLE})
      CHECK(!flag(raw, handle, type));
    const CK_MECHANISM_TYPE only = CKM_RSA_PKCS_OAEP;
    CHECK_EQ(raw.attribute(handle, CKA_ALLOWED_MECHANISMS),
             std::string(reinterpret_cast<const char*>(&only), sizeof only));
  }
  // By one token and another: both are good.
  CHECK_ERROR(Validation, parameters_for(service(), key, kOaep, "RSA_1024"));
  CHECK_ERROR(UnsupportedOperation, parameters_for(service(), key, kOaep, "SM2"));
  CHECK_ERROR(UnsupportedOperation, parameters_for(service(), key, "RSAES_PKCS1_V1_5"));
}

void each_wrapping_algorithm() {
  const RawSession raw;
  Config allowed = config();
  allowed.host_reencrypt = true;
  Service in_host(allowed);
  for (const std::string algorithm :
       {kOaep, kKeyWrap, "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_256"}) {
    const std::string key = create_external(service());
    const bool by_token = algorithm.ends_with("SHA_1");
    const std::size_t before = raw.count();
    if (!by_token) {
      const Error error = ERROR_OF(parameters_for(service(), key, algorithm));
      CHECK(error.code() == ErrorCode::UnsupportedOperation);
      CHECK(error.advice().find("RSA_AES_KEY_WRAP_SHA_1") != std::string::npos);
      CHECK(error.advice().find("host-reencrypt") != std::string::npos);
      CHECK_EQ(raw.count(), before);
    }
    const Parameters parameters = parameters_for(by_token ? service() : in_host, key, algorithm);
    // What was made for the host is not unwrapped there by who may not.
    if (!by_token)
      CHECK_ERROR(UnsupportedOperation, import(service(), key, parameters, material_of(7)));
    const Bytes wrapped = wrap(parameters, material_of(7));
    kms::Trace trace;
    in_host.kms::Service::call(in_host.caller(), *kms::operations::find("ImportKeyMaterial"),
                               import_of(key, parameters, wrapped).dump(), &trace);
    CHECK_EQ(trace.in_host, !by_token);
    CHECK(metadata_of(key)["CurrentKeyMaterialId"] ==
          to_hex(aes_ecb(material_of(7), blob::key_material_id_input(key))));
    CHECK_EQ(decrypt(service(), encrypt(service(), key, "text")), "text");
    Bytes damaged = wrapped;
    damaged.back() ^= 1;
    CHECK_ERROR(InvalidCiphertext,
                request(in_host, "ImportKeyMaterial", import_of(key, parameters, damaged)));
  }
  check_healthy();
}

void deleted_material_comes_back_as_the_same() {
  const RawSession raw;
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  const std::string id = import(service(), key, parameters, material_of(1));
  const Bytes blob = encrypt(service(), key, "text");
  Service warm(config(1h));
  CHECK_EQ(decrypt(warm, blob), "text");
  const Json deleted = request(service(), "DeleteImportedKeyMaterial", {{"KeyId", key}});
  CHECK((deleted == Json{{"KeyId", key_arn(key)}, {"KeyMaterialId", id}}));
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK(!metadata_of(key).contains("ExpirationModel"));
  CHECK(materials_of(key)[0]["ImportState"] == "PENDING_IMPORT");
  const std::string words = key_arn(key) + " is pending import.";
  Service fresh(config());
  CHECK_WORDS(KMSInvalidState, words, decrypt(service(), blob));
  CHECK_WORDS(KMSInvalidState, words, decrypt(fresh, blob));
  CHECK_WORDS(KMSInvalidState, words, re_encrypt(fresh, blob, create_key(service())));
  check_healthy();
  delete_material(key);  // again
  const std::size_t before = raw.count();
  CHECK_ERROR(IncorrectKeyMaterial, import(service(), key, parameters, material_of(2)));
  CHECK_ERROR(IncorrectKeyMaterial,
              import(service(), key, parameters, material_of(1), id_of(std::string(64, 'a'))));
  CHECK_EQ(raw.count(), before);
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK_EQ(import(service(), key, parameters, material_of(1), id_of(id)), id);
  CHECK_EQ(state_of(key), "Enabled");
  CHECK_EQ(decrypt(service(), blob), "text");
  CHECK_EQ(decrypt(fresh, blob), "text");
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  // The same material is another one under another key.
  const std::string other = create_external(service());
  CHECK(import(service(), other, material_of(1)) != id);
  CHECK_ERROR(NotFound, delete_material(other, id_of(id)));
  CHECK_ERROR(NotFound, delete_material(other, id_of(std::string(64, 'x'))));
  check_healthy();
}

void other_lengths_and_damage_leave_nothing() {
  const RawSession raw;
  for (const std::string algorithm : {kOaep, kKeyWrap}) {
    const std::string key = create_external(service());
    const Parameters parameters = parameters_for(service(), key, algorithm);
    const std::size_t before = raw.count();
    for (const std::size_t length : {1, 16, 24, 31, 33, 40, 64}) {
      const Error error = ERROR_OF(import(service(), key, parameters, material_of(1, length)));
      CHECK_EQ(error.name(), std::string("IncorrectKeyMaterialException"));
      CHECK(error.message().find(std::to_string(length) + " bytes") != std::string::npos);
      CHECK(error.advice().find("32") != std::string::npos);
    }
    const Bytes good = wrap(parameters, material_of(1));
    for (Bytes bad : {Bytes(1), Bytes(256), Bytes(256, 0xff), Bytes(296),
                      Bytes(good.begin(), good.end() - 1), Bytes(good.begin() + 1, good.end())})
      CHECK_ERROR(InvalidCiphertext,
                  request(service(), "ImportKeyMaterial", import_of(key, parameters, bad)));
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, good.size() - 1}) {
      Bytes bad = good;
      bad[at] ^= 1;
      CHECK_ERROR(InvalidCiphertext,
                  request(service(), "ImportKeyMaterial", import_of(key, parameters, bad)));
    }
    CHECK_EQ(raw.count(), before);
    CHECK_EQ(state_of(key), "PendingImport");
    import(service(), key, parameters, material_of(1));
  }
  check_healthy();
}

void tokens_are_good_for_their_key_and_a_day() {
  const RawSession raw;
  const std::string key = create_external(service());
  const std::string other = create_external(service());
  const Parameters first = parameters_for(service(), key);
  const Parameters second = parameters_for(service(), key);
  const Bytes wrapped = wrap(first, material_of(1));
  const auto attempt = [&](const std::string& of, const Bytes& token) {
    Parameters given = first;
    given.token = token;
    request(service(), "ImportKeyMaterial", import_of(of, given, wrapped));
  };
  CHECK_ERROR(InvalidImportToken, attempt(other, first.token));
  CHECK_ERROR(InvalidCiphertext, attempt(key, second.token));  // the other public key's
  for (const std::size_t at : {0, 8, 9, 40}) {
    Bytes token = first.token;
    token[at] ^= 1;
    CHECK_ERROR(InvalidImportToken, attempt(key, token));
  }
  CHECK_ERROR(InvalidImportToken, attempt(key, Bytes(first.token.begin(), first.token.end() - 1)));
  CHECK_ERROR(InvalidImportToken, attempt(key, Bytes(41)));
  CHECK_ERROR(Validation, attempt(key, {}));
  CHECK_EQ(state_of(key), "PendingImport");
  attempt(key, first.token);
  import(service(), key, second, material_of(1));  // an older one and a newer one

  // A day later.
  const auto keys = wrapping_keys(raw);
  const auto hash = sha256({first.token});
  const auto mine = std::ranges::find_if(keys, [&](CK_OBJECT_HANDLE handle) {
    return raw.attribute(handle, CKA_ID) == std::string(hash.begin(), hash.end());
  });
  CHECK(mine != keys.end());
  auto parameters = kms::ImportParameters::parse(raw.attribute(*mine, CKA_LABEL)).value();
  CHECK_EQ(parameters.key_id, key);
  CHECK(parameters.valid_to > catalog::now() + 23h && parameters.valid_to <= catalog::now() + 24h);
  parameters.valid_to = catalog::now();
  std::string label = parameters.label();
  CK_ATTRIBUTE attribute{CKA_LABEL, label.data(), label.size()};
  check_rv(softhsm()->C_SetAttributeValue(raw.handle(), *mine, &attribute, 1),
           "C_SetAttributeValue");
  CHECK_ERROR(ExpiredImportToken, attempt(key, first.token));
  parameters_for(service(), other);  // who meets it removes it
  CHECK_EQ(wrapping_keys(raw).size(), keys.size());
  CHECK_ERROR(InvalidImportToken, attempt(key, first.token));  // by its own word it is good still
  // So does the repair of a check, and a purge.
  for (const bool by_check : {true, false}) {
    const std::size_t before = wrapping_keys(raw).size();
    const auto last = wrapping_keys(raw).back();
    check_rv(softhsm()->C_SetAttributeValue(raw.handle(), last, &attribute, 1),
             "C_SetAttributeValue");
    if (by_check)
      CHECK_EQ(kms::check(service(), {.repair = true}).at(0).repaired.size(), 1U);
    else
      kms::purge(service(), {});
    CHECK_EQ(wrapping_keys(raw).size(), before - 1);
  }
  check_healthy();
}

void material_expires_for_everybody_at_once() {
  const RawSession raw;
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  const std::string id = import(service(), key, parameters, material_of(1), valid_for(1500ms));
  Service warm(config(1h));
  const Bytes blob = encrypt(warm, key, "text");
  Json metadata = metadata_of(key);
  CHECK(metadata["ExpirationModel"] == "KEY_MATERIAL_EXPIRES");
  CHECK(metadata.contains("ValidTo"));
  CHECK(materials_of(key)[0]["ImportState"] == "IMPORTED");
  CHECK(materials_of(key)[0]["ValidTo"] == metadata["ValidTo"]);
  const double valid_to = metadata["ValidTo"].get<double>();
  bool refused = false;
  while (!refused) {
    const double before = seconds(std::chrono::system_clock::now());
    try {
      decrypt(warm, blob);
      CHECK(before < valid_to);
    } catch (const Error& error) {
      CHECK_EQ(error.message(), key_arn(key) + " is pending import.");
      CHECK(seconds(std::chrono::system_clock::now()) >= valid_to);
      refused = true;
    }
    std::this_thread::sleep_for(20ms);
  }
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK(materials_of(key)[0]["ImportState"] == "PENDING_IMPORT");
  check_healthy();
  // Nobody has destroyed it yet.
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  CHECK(!kms::purge(service(), {.dry_run = true}).at(0).materials.at(0).destroyed);
  const auto report = kms::purge(service(), {}).at(0);
  CHECK_EQ(report.materials.size(), 1U);
  CHECK(report.materials[0].destroyed && report.materials[0].key_id == key);
  CHECK_EQ(to_hex(report.materials[0].id), id);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  CHECK(kms::purge(service(), {}).at(0).materials.empty());
  check_healthy();
  CHECK_EQ(import(service(), key, parameters, material_of(1), valid_for(1h)), id);
  CHECK_EQ(decrypt(service(), blob), "text");
  // Again before it was purged, with what is there still.
  let_expire(key, id);
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK_EQ(import(service(), key, parameters, material_of(1)), id);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  CHECK(!metadata_of(key).contains("ValidTo"));
  CHECK_EQ(decrypt(service(), blob), "text");
  check_healthy();
}

// A clock that is ahead takes nothing away, nor leaves a proof that it is right.
void purge_doubts_the_clock() {
  trent::test::make_token("quiet");
  Config quiet = config();
  quiet.tokens.front().uri = "pkcs11:token=quiet";
  Service kms(quiet);
  const std::string key = create_external(kms);
  import(kms, key, material_of(1), valid_for(1h));
  const RawSession raw("quiet");
  const auto date_it = [&](std::int64_t made, std::int64_t valid_to) {
    const Object old = records(raw, key_label(key)).at(0);
    auto record = nlohmann::json::parse(old.value);
    record["created"] = record["made"] = made;
    record["materials"][0]["created"] = made;
    record["materials"][0]["import"]["valid_to"] = valid_to;
    destroy(raw, old.handle);
    put(raw, key_label(key), record.dump());
  };
  constexpr std::int64_t kDay = 24 * 3600 * 1000LL;
  constexpr std::int64_t kThen = 1'600'000'000'000;
  const auto purge = [&](bool clock_is_right) {
    return kms::purge(kms, {.clock_is_right = clock_is_right}).at(0).materials.at(0);
  };
  date_it(kThen, kThen + 2 * kDay);
  CHECK(!purge(false).destroyed);
  CHECK(purge(false).kept.find("2020-09-15") != std::string::npos);
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  CHECK(purge(true).destroyed);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  import(kms, key, material_of(1), valid_for(1h));
  date_it(kThen, kThen + kDay);
  CHECK(purge(false).destroyed);
}

void dates_and_models_go_together() {
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  const auto attempt = [&](const Json& more) {
    import(service(), key, parameters, material_of(1), more);
  };
  CHECK_WORDS(Validation,
              "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
              attempt({{"ExpirationModel", "KEY_MATERIAL_EXPIRES"}}));
  Json both = valid_for(1h);
  both["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
  CHECK_ERROR(Validation, attempt(both));
  for (const auto time : {-2h, -1h, 365 * 24h + 1h})
    CHECK_ERROR(Validation, attempt(valid_for(time)));
  // The clock ends in 2262.
  for (const std::int64_t time : {9'300'000'000, 250'000'000'000})
    CHECK_ERROR(Serialization, attempt({{"ValidTo", time}}));
  Json with_id = new_one();
  with_id["KeyMaterialId"] = std::string(64, 'a');
  CHECK_ERROR(Validation, attempt(with_id));
  CHECK_EQ(state_of(key), "PendingImport");
  attempt(valid_for(365 * 24h - 1h));
}

void new_material_waits_for_its_rotation() {
  const RawSession raw;
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  const auto bring = [&](std::uint8_t seed, const Json& more = Json::object()) {
    return import(service(), key, parameters, material_of(seed), more);
  };
  const auto rotate = [&] { request(service(), "RotateKeyOnDemand", {{"KeyId", key}}); };
  const std::string arn = key_arn(key);
  CHECK_WORDS(KMSInvalidState, arn + " is pending import.", rotate());
  Json described = new_one();
  described["KeyMaterialDescription"] = "the first";
  const std::string first = bring(1, described);
  const Bytes old = encrypt(service(), key, "old");
  CHECK_WORDS(KMSInvalidState,
              "No available key material pending rotation for the key: " + arn + ".", rotate());
  CHECK_ERROR(IncorrectKeyMaterial, bring(2));
  CHECK_ERROR(IncorrectKeyMaterial, bring(1, new_one()));
  const std::string second = bring(2, new_one());
  CHECK_EQ(bring(2, new_one()), second);  // a client that asks again
  CHECK_WORDS(
      KMSInvalidState,
      "New key material (id: " + to_hex(aes_ecb(material_of(3), blob::key_material_id_input(key))) +
          ") cannot be imported into KMS key " + arn +
          ", because another key material (id: " + second + ") is pending rotation.",
      bring(3, new_one()));
  Json all = materials_of(key);
  CHECK_EQ(all.size(), 2U);
  CHECK(all[0]["KeyMaterialState"] == "CURRENT" &&
        all[1]["KeyMaterialState"] == "PENDING_ROTATION");
  CHECK(all[0]["KeyMaterialDescription"] == "the first");
  CHECK(!all[1].contains("KeyMaterialDescription") && !all[1].contains("RotationDate"));
  CHECK(metadata_of(key)["CurrentKeyMaterialId"] == first);
  check_healthy();

  // What waits may go, and the key does not notice.
  delete_material(key, id_of(second));
  CHECK_EQ(state_of(key), "Enabled");
  CHECK_EQ(materials_of(key).size(), 1U);
  CHECK_ERROR(KMSInvalidState, rotate());
  Json expiring = valid_for(1h);
  expiring.update(new_one());
  const std::string third = bring(3, expiring);
  let_expire(key, third);
  CHECK_EQ(state_of(key), "Enabled");
  CHECK_ERROR(KMSInvalidState, rotate());
  CHECK_EQ(bring(2, new_one()), second);  // in the place of the one that expired
  CHECK_EQ(materials(raw, key_label(key)).size(), 2U);
  check_healthy();

  rotate();
  CHECK(metadata_of(key)["CurrentKeyMaterialId"] == second);
  const Bytes recent = encrypt(service(), key, "recent");
  CHECK_EQ(decrypt(service(), old), "old");
  all = materials_of(key);
  CHECK(all[0]["KeyMaterialState"] == "NON_CURRENT" && all[1]["KeyMaterialState"] == "CURRENT");
  CHECK(all[1]["RotationType"] == "ON_DEMAND");
  CHECK_ERROR(KMSInvalidState, rotate());
  CHECK_EQ(decrypt(service(), re_encrypt(service(), old, key)), "old");

  // Any material that is missing stops the key; the last one that comes back starts it.
  delete_material(key, id_of(first));
  CHECK_ERROR(KMSInvalidState, decrypt(service(), recent));
  CHECK_ERROR(KMSInvalidState, rotate());
  delete_material(key);
  CHECK_EQ(bring(2), second);
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK_EQ(bring(1), first);
  CHECK_EQ(state_of(key), "Enabled");
  CHECK(materials_of(key)[0]["KeyMaterialDescription"] == "the first");
  CHECK_EQ(decrypt(service(), old) + decrypt(service(), recent), "oldrecent");
  check_healthy();
}

void automatic_rotation_is_not_for_imported_material() {
  const std::string key = create_external(service());
  const std::string words =
      key_arn(key) + " origin is EXTERNAL which is not valid for this operation.";
  const auto attempt = [&](const char* operation) {
    return request(service(), operation, {{"KeyId", key}});
  };
  for (const char* operation : {"EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"})
    CHECK_WORDS(UnsupportedOperation, words, attempt(operation));
  import(service(), key, material_of(1));
  for (const char* operation : {"EnableKeyRotation", "DisableKeyRotation"})
    CHECK_WORDS(UnsupportedOperation, words, attempt(operation));
  CHECK(attempt("GetKeyRotationStatus")["KeyRotationEnabled"] == false);
}

void states_are_kept_and_lost() {
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  const std::string id = import(service(), key, parameters, material_of(1));
  // New material does not enable a disabled key; material that was missing does.
  service().disable_key({key});
  import(service(), key, parameters, material_of(2), new_one());
  CHECK_EQ(state_of(key), "Disabled");
  delete_material(key);
  CHECK_EQ(state_of(key), "PendingImport");
  CHECK_ERROR(KMSInvalidState, service().enable_key({key}));
  CHECK_ERROR(KMSInvalidState, service().disable_key({key}));
  import(service(), key, parameters, material_of(1));
  CHECK_EQ(state_of(key), "Enabled");
  // A deletion goes on, whatever becomes of the material.
  service().schedule_key_deletion({key, {}});
  const std::string pending = key_arn(key) + " is pending deletion.";
  CHECK_WORDS(KMSInvalidState, pending, parameters_for(service(), key));
  CHECK_WORDS(KMSInvalidState, pending, import(service(), key, parameters, material_of(1)));
  delete_material(key);
  CHECK_EQ(state_of(key), "PendingDeletion");
  service().cancel_key_deletion({key});
  CHECK_EQ(state_of(key), "PendingImport");
  import(service(), key, parameters, material_of(1));
  CHECK_EQ(state_of(key), "Enabled");
  check_healthy();
}

void keys_of_other_origins_are_refused() {
  const std::string key = create_key(service());
  const std::string words =
      key_arn(key) + " origin is AWS_KMS which is not valid for this operation.";
  const Parameters none{Bytes(41, 1), Bytes(), kOaep};
  CHECK_WORDS(UnsupportedOperation, words, parameters_for(service(), key));
  CHECK_WORDS(UnsupportedOperation, words,
              request(service(), "ImportKeyMaterial", import_of(key, none, Bytes(256))));
  CHECK_WORDS(UnsupportedOperation, words, delete_material(key));
  CHECK_EQ(decrypt(service(), encrypt(service(), key, "text")), "text");
  CHECK_ERROR(UnsupportedOperation,
              create_external(service(),
                              {{"KeySpec", "ECC_NIST_EDWARDS25519"}, {"KeyUsage", "SIGN_VERIFY"}}));
}

void hmac_keys_are_imported() {
  const RawSession raw;
  for (const auto& [spec, algorithm, length] : {std::tuple{"HMAC_224", "HMAC_SHA_224", 28},
                                                {"HMAC_256", "HMAC_SHA_256", 32},
                                                {"HMAC_384", "HMAC_SHA_384", 48},
                                                {"HMAC_512", "HMAC_SHA_512", 64}}) {
    const std::string key =
        create_external(service(), {{"KeySpec", spec}, {"KeyUsage", "GENERATE_VERIFY_MAC"}});
    const SecretBytes material = material_of(1, static_cast<std::size_t>(length));
    const Json message = {{"KeyId", key}, {"Message", "bWVzc2FnZQ=="}, {"MacAlgorithm", algorithm}};
    CHECK_ERROR(KMSInvalidState, request(service(), "GenerateMac", message));
    const Parameters parameters = parameters_for(service(), key, kKeyWrap);
    for (const std::size_t other : {material.size() - 1, material.size() + 1})
      CHECK_ERROR(IncorrectKeyMaterial, import(service(), key, parameters, material_of(1, other)));
    const std::string id = import(service(), key, parameters, material);
    const Json mac = request(service(), "GenerateMac", message)["Mac"];
    if (spec == std::string("HMAC_256")) {
      const SecretBytes wanted = hmac_sha256(material, as_bytes("message"));
      CHECK(mac == secret_to_base64(wanted));
    }
    CHECK_ERROR(UnsupportedOperation,
                import(service(), key, parameters, material_of(2, material.size()), new_one()));
    delete_material(key);
    CHECK_ERROR(KMSInvalidState, request(service(), "GenerateMac", message));
    CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
    CHECK_EQ(import(service(), key, parameters, material), id);
    CHECK(request(service(), "GenerateMac", message)["Mac"] == mac);
  }
  check_healthy();
}

std::vector<CK_OBJECT_HANDLE> private_keys(const RawSession& raw, const std::string& label) {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  std::vector<CK_OBJECT_HANDLE> found = raw.find({{CKA_CLASS, &kind, sizeof kind}});
  std::erase_if(found, [&](auto each) { return raw.attribute(each, CKA_LABEL) != label; });
  return found;
}

// What the private key does is what the public one expects.
void use_pair(const std::string& key, const PublicKey& shown, const std::string& usage,
              const std::string& algorithm) {
  if (usage == "SIGN_VERIFY") {
    const Bytes signature = sign(service(), key, "message", algorithm);
    CHECK(verify(service(), key, "message", algorithm, signature)["SignatureValid"] == true);
  } else if (usage == "ENCRYPT_DECRYPT") {
    CHECK_EQ(decrypt_with(service(), key, shown.encrypt_oaep(Hash::Sha1, SecretBytes(5, 'x')),
                          algorithm),
             "xxxxx");
  } else {
    const EphemeralKey mine(shown);
    const Json agreed =
        request(service(), "DeriveSharedSecret",
                {{"KeyId", key},
                 {"KeyAgreementAlgorithm", "ECDH"},
                 {"PublicKey", secret_to_base64(ec_public_key(shown.curve(), mine.point()))}});
    const SecretBytes wanted = mine.agree_with(shown);
    CHECK(bytes_of(agreed["SharedSecret"]) == Bytes(wanted.begin(), wanted.end()));
  }
}

struct PairCase {
  const char* spec;
  const char* usage;
  const char* algorithm;
  std::function<NewKeyPair()> generate;
  std::function<NewKeyPair()> of_another_spec;
};

void key_pairs_are_imported() {
  const RawSession raw;
  const auto rsa = [](unsigned bits) { return [bits] { return generate_rsa_key_pair(bits); }; };
  const auto on = [](const char* curve) {
    return [curve] { return generate_curve_key_pair(curve); };
  };
  const PairCase cases[] = {
      {"RSA_2048", "SIGN_VERIFY", "RSASSA_PSS_SHA_256", rsa(2048), rsa(3072)},
      {"RSA_3072", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_1", rsa(3072), on("P-256")},
      {"RSA_4096", "SIGN_VERIFY", "RSASSA_PKCS1_V1_5_SHA_512", rsa(4096), rsa(2048)},
      {"ECC_NIST_P256", "SIGN_VERIFY", "ECDSA_SHA_256", on("P-256"), on("secp256k1")},
      {"ECC_NIST_P384", "SIGN_VERIFY", "ECDSA_SHA_384", on("P-384"), on("P-521")},
      {"ECC_NIST_P521", "SIGN_VERIFY", "ECDSA_SHA_512", on("P-521"), on("P-384")},
      {"ECC_SECG_P256K1", "SIGN_VERIFY", "ECDSA_SHA_256", on("secp256k1"), rsa(2048)},
      {"ECC_NIST_P256", "KEY_AGREEMENT", "ECDH", on("P-256"), on("P-384")},
  };
  for (const PairCase& each : cases) {
    const NewKeyPair pair = each.generate();
    const PublicKey shown(pair.public_key);
    const std::string key =
        create_external(service(), {{"KeySpec", each.spec}, {"KeyUsage", each.usage}});
    CHECK_WORDS(KMSInvalidState, key_arn(key) + " is pending import.",
                request(service(), "GetPublicKey", {{"KeyId", key}}));
    const Parameters parameters = parameters_for(service(), key, kKeyWrap);
    const std::size_t before = raw.count();
    CHECK_ERROR(IncorrectKeyMaterial,
                import(service(), key, parameters, each.of_another_spec().private_key));
    CHECK_ERROR(IncorrectKeyMaterial, import(service(), key, parameters, material_of(1)));
    CHECK_EQ(raw.count(), before);
    CHECK_EQ(state_of(key), "PendingImport");

    const std::string id = import(service(), key, parameters, pair.private_key);
    CHECK_EQ(id, to_hex(blob::key_material_id(key, pair.public_key)));
    CHECK(bytes_of(request(service(), "GetPublicKey", {{"KeyId", key}})["PublicKey"]) ==
          pair.public_key);
    use_pair(key, shown, each.usage, each.algorithm);
    const auto objects = private_keys(raw, key_label(key));
    CHECK_EQ(objects.size(), 1U);
    CHECK(flag(raw, objects[0], CKA_SENSITIVE) && !flag(raw, objects[0], CKA_EXTRACTABLE));
    CHECK_EQ(flag(raw, objects[0], CKA_SIGN), each.usage == std::string("SIGN_VERIFY"));
    CHECK_EQ(flag(raw, objects[0], CKA_DERIVE), each.usage == std::string("KEY_AGREEMENT"));

    // Another of the same spec is not the one that is wanted.
    delete_material(key);
    CHECK_EQ(private_keys(raw, key_label(key)).size(), 0U);
    CHECK_EQ(state_of(key), "PendingImport");
    CHECK(bytes_of(request(service(), "GetPublicKey", {{"KeyId", key}})["PublicKey"]) ==
          pair.public_key);
    if (std::string_view(each.spec).starts_with("ECC"))
      CHECK_ERROR(IncorrectKeyMaterial,
                  import(service(), key, parameters, each.generate().private_key));
    CHECK_EQ(import(service(), key, parameters, pair.private_key), id);
    Service fresh(config());
    CHECK_EQ(request(fresh, "DescribeKey", {{"KeyId", key}})["KeyMetadata"]["KeyState"]
                 .get<std::string>(),
             "Enabled");
    use_pair(key, shown, each.usage, each.algorithm);
    CHECK_ERROR(UnsupportedOperation,
                import(service(), key, parameters, each.generate().private_key, new_one()));
  }
  check_healthy();
}

// The key of a small curve fits into RSAES-OAEP as it is.
void small_key_pairs_need_no_key_between() {
  const NewKeyPair pair = generate_curve_key_pair("P-256");
  const std::string key =
      create_external(service(), {{"KeySpec", "ECC_NIST_P256"}, {"KeyUsage", "SIGN_VERIFY"}});
  import(service(), key, pair.private_key);
  use_pair(key, PublicKey(pair.public_key), "SIGN_VERIFY", "ECDSA_SHA_256");
}

void policies_know_the_parameters() {
  const std::string key = create_external(service());
  const auto deny_if = [&](const char* op, const char* name, const std::string& value) {
    const nlohmann::json statements = {
        {{"Effect", "Allow"},
         {"Principal", {{"AWS", std::string("arn:aws:iam::") + kAccount + ":root"}}},
         {"Action", "kms:*"},
         {"Resource", "*"}},
        {{"Effect", "Deny"},
         {"Principal", "*"},
         {"Action", {"kms:GetParametersForImport", "kms:ImportKeyMaterial"}},
         {"Resource", "*"},
         {"Condition", {{op, {{name, value}}}}}}};
    const std::string policy =
        nlohmann::json{{"Version", "2012-10-17"}, {"Statement", statements}}.dump();
    request(service(), "PutKeyPolicy", {{"KeyId", key}, {"Policy", Json::string_t(policy)}});
  };
  deny_if("StringEquals", "kms:WrappingKeySpec", "RSA_3072");
  CHECK_ERROR(AccessDenied, parameters_for(service(), key, kOaep, "RSA_3072"));
  const Parameters parameters = parameters_for(service(), key);
  deny_if("StringEquals", "kms:WrappingAlgorithm", kKeyWrap);
  CHECK_ERROR(AccessDenied, parameters_for(service(), key, kKeyWrap));
  deny_if("StringEquals", "kms:ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE");
  CHECK_ERROR(AccessDenied, import(service(), key, parameters, material_of(1)));
  // Also where the model is left out.
  deny_if("StringEquals", "kms:ExpirationModel", "KEY_MATERIAL_EXPIRES");
  CHECK_ERROR(AccessDenied, import(service(), key, parameters, material_of(1), valid_for(1h)));
  deny_if("DateLessThan", "kms:ValidTo", "2020-01-01T00:00:00Z");
  import(service(), key, parameters, material_of(1), valid_for(1h));
  deny_if("DateGreaterThan", "kms:ValidTo", "2020-01-01T00:00:00Z");
  CHECK_ERROR(AccessDenied, import(service(), key, parameters, material_of(1), valid_for(1h)));
}

// Killed between the record and the object.
void interrupted_deletion_is_finished() {
  const RawSession raw;
  const std::string key = create_external(service());
  const Parameters parameters = parameters_for(service(), key);
  import(service(), key, parameters, material_of(1));
  const auto only_mark = [&] {
    change(key, [](catalog::KeyRecord& record) { record.materials[0].import->deleted = true; });
  };
  only_mark();
  CHECK_EQ(problems().size(), 1U);
  CHECK(problems()[0].find("DeleteImportedKeyMaterial") != std::string::npos);
  const auto report = kms::check(service(), {.repair = true}).at(0);
  CHECK(report.problems.empty());
  CHECK_EQ(report.repaired.size(), 1U);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  // Or by the next one who deletes it, or brings it.
  import(service(), key, parameters, material_of(1));
  only_mark();
  delete_material(key);
  CHECK_EQ(materials(raw, key_label(key)).size(), 0U);
  import(service(), key, parameters, material_of(1));
  only_mark();
  import(service(), key, parameters, material_of(1));
  CHECK_EQ(materials(raw, key_label(key)).size(), 1U);
  check_healthy();
}

// A record that is lost is made again, of the origin that the objects tell.
void lost_record_is_recovered() {
  const RawSession raw;
  const std::string key = create_external(service());
  import(service(), key, material_of(1));
  const Bytes blob = encrypt(service(), key, "text");
  for (const Object& record : records(raw, key_label(key))) destroy(raw, record.handle);
  CHECK(kms::check(service(), {.repair = true}).at(0).problems.empty());
  CHECK_EQ(state_of(key), "Disabled");
  CHECK(metadata_of(key)["Origin"] == "EXTERNAL");
  service().enable_key({key});
  CHECK_EQ(decrypt(service(), blob), "text");
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS(
      "kms import", TEST(key_is_usable_once_it_has_material), TEST(wrapping_key_does_not_decrypt),
      TEST(each_wrapping_algorithm), TEST(deleted_material_comes_back_as_the_same),
      TEST(other_lengths_and_damage_leave_nothing), TEST(tokens_are_good_for_their_key_and_a_day),
      TEST(material_expires_for_everybody_at_once), TEST(purge_doubts_the_clock),
      TEST(dates_and_models_go_together), TEST(new_material_waits_for_its_rotation),
      TEST(automatic_rotation_is_not_for_imported_material), TEST(states_are_kept_and_lost),
      TEST(keys_of_other_origins_are_refused), TEST(hmac_keys_are_imported),
      TEST(key_pairs_are_imported), TEST(small_key_pairs_need_no_key_between),
      TEST(policies_know_the_parameters), TEST(interrupted_deletion_is_finished),
      TEST(lost_record_is_recovered));
}
