// SPDX-License-Identifier: Apache-2.0
// What is written is read back, and nothing else is.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.h"
#include "catalog/alias_record.h"
#include "catalog/key_record.h"
#include "check.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace trent::catalog;
using nlohmann::json;

const std::string kId = "1234abcd-12ab-34cd-56ef-1234567890ab";

KeyMaterialId id_of(std::uint8_t byte) {
  KeyMaterialId id{};
  id.fill(byte);
  return id;
}

KeyRecord key_record() {
  KeyRecord record;
  record.revision = {7, "00112233aabbccdd", "8899aabbccddeeff", {}, {}};
  record.key_id = kId;
  record.created = Timestamp(std::chrono::milliseconds(1700000000123));
  record.description = "caf\u00e9 \"quoted\"\n";
  record.state = KeyState::PendingDeletion;
  record.deletion = record.created + std::chrono::hours(24);
  record.materials = {{id_of(1), record.created},
                      {id_of(2), record.created + std::chrono::hours(1)}};
  record.current = id_of(2);
  return record;
}

AliasRecord alias_record() {
  AliasRecord record;
  record.revision = {2, "00112233aabbccdd", "8899aabbccddeeff", {}, {}};
  record.name = "alias/app";
  record.target = kId;
  record.created = Timestamp(std::chrono::milliseconds(1700000000123));
  record.updated = Timestamp(std::chrono::milliseconds(1700000000456));
  return record;
}

json key_json() {
  return json::parse(to_text(key_record()));
}
json alias_json() {
  return json::parse(to_text(alias_record()));
}

template <class Parse>
void refused(Parse parse, const std::string& text) {
  try {
    static_cast<void>(parse(text));
  } catch (const std::runtime_error& error) {
    CHECK(*error.what() != '\0');
    return;
  }
  throw Failure("accepted: " + text.substr(0, 300));
}

void key_record_comes_back() {
  KeyRecord in = key_record();
  KeyRecord out = KeyRecord::parse(to_text(in));
  CHECK_EQ(out.revision.number, 7U);
  CHECK_EQ(out.revision.lineage, in.revision.lineage);
  CHECK_EQ(out.revision.nonce, in.revision.nonce);
  CHECK_EQ(out.key_id, in.key_id);
  CHECK(out.created == in.created);
  CHECK_EQ(out.description, in.description);
  CHECK(out.usage == in.usage);
  CHECK(out.spec == in.spec);
  CHECK(out.origin == in.origin);
  CHECK(out.state == in.state);
  CHECK(out.deletion == in.deletion);
  CHECK_EQ(out.materials.size(), 2U);
  CHECK(out.materials[0].id == id_of(1) && out.materials[1].id == id_of(2));
  CHECK(out.materials[1].created == in.materials[1].created);
  CHECK(out.current == id_of(2));
  CHECK_EQ(to_text(out), to_text(in));

  in.state = KeyState::Enabled;
  in.deletion.reset();
  CHECK(!KeyRecord::parse(to_text(in)).deletion);
}

KeyRecord imported_record() {
  KeyRecord record = key_record();
  record.origin = KeyOrigin::External;
  record.state = KeyState::Enabled;
  record.deletion.reset();
  record.materials[0].import = Import{false, record.created, "the first"};
  record.materials[1].import.emplace();
  record.materials.push_back({id_of(3), record.created});
  record.materials[2].import = Import{true, {}, {}};
  record.staged = id_of(3);
  return record;
}

void imported_materials_come_back() {
  const KeyRecord in = imported_record();
  const json text = json::parse(to_text(in));
  CHECK(text.at("format") == 2);
  const KeyRecord out = KeyRecord::parse(text.dump());
  for (std::size_t i = 0; i < in.materials.size(); ++i)
    CHECK(out.materials[i].import == in.materials[i].import);
  CHECK(out.staged == in.staged && out.current == in.current);
  CHECK_EQ(to_text(out), to_text(in));
  KeyRecord empty = in;
  empty.materials.clear();
  empty.staged.reset();
  CHECK(!json::parse(to_text(empty)).contains("current"));
  CHECK(KeyRecord::parse(to_text(empty)).materials.empty());

  const auto refused_with = [&](const char* name, const json& value) {
    json changed = text;
    changed[name] = value;
    refused(KeyRecord::parse, changed.dump());
  };
  refused_with("origin", "AWS_KMS");
  refused_with("staged", text.at("current"));
  refused_with("staged", to_hex(id_of(9)));
  refused_with("current", to_hex(id_of(9)));
  refused_with("state", "PendingImport");
  json without = text;
  without["materials"][1].erase("import");
  refused(KeyRecord::parse, without.dump());
  json of_own = key_json();
  of_own["materials"] = json::array();
  of_own.erase("current");
  refused(KeyRecord::parse, of_own.dump());
}

void state_follows_from_record_and_time() {
  using namespace std::chrono_literals;
  KeyRecord record = imported_record();
  const Timestamp end = record.created;
  CHECK(record.state_at(end - 1ms) == KeyState::Enabled);
  CHECK(record.state_at(end) == KeyState::PendingImport);
  record.materials[0].import->valid_to.reset();
  CHECK(record.state_at(end) == KeyState::Enabled);
  record.state = KeyState::Disabled;
  CHECK(record.state_at(end) == KeyState::Disabled);
  record.materials[0].import->deleted = true;
  CHECK(record.state_at(end) == KeyState::PendingImport);
  record.state = KeyState::PendingDeletion;
  CHECK(record.state_at(end) == KeyState::PendingDeletion);
  record.state = KeyState::Enabled;
  record.materials.clear();
  record.staged.reset();
  CHECK(record.state_at(end) == KeyState::PendingImport);
}

void what_a_revision_is_based_on_comes_back() {
  AliasRecord in = alias_record();
  in.revision.based_on = {"0123456789abcdef", "a"};
  CHECK(AliasRecord::parse(to_text(in)).revision.based_on == in.revision.based_on);
  in.revision.made = Timestamp(std::chrono::milliseconds(1700000000789));
  CHECK(parse_revision(to_text(in)).based_on == in.revision.based_on);
  CHECK(parse_revision(to_text(in)).made == in.revision.made);
  // Records of earlier versions do not say, and the first revision has nothing to say.
  CHECK(!alias_json().contains("based_on"));
  CHECK(AliasRecord::parse(to_text(alias_record())).revision.based_on.empty());
}

// A number that would run over is none of ours.
void revision_number_has_room_to_grow() {
  json record = alias_json();
  for (std::uint64_t number : {kLastRevision + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    record["revision"] = number;
    refused(AliasRecord::parse, record.dump());
    refused(parse_revision, record.dump());
  }
  record["revision"] = kLastRevision;
  CHECK_EQ(parse_revision(record.dump()).number, kLastRevision);
}

void marker_is_no_record() {
  const std::string marker = marker_text("0123456789abcdef", alias_record().created);
  auto pending = parse_marker(marker);
  CHECK(pending && pending->nonce == "0123456789abcdef");
  CHECK(pending && pending->made == alias_record().created);
  refused(AliasRecord::parse, marker);
  refused(parse_revision, marker);
  CHECK(!parse_marker(to_text(alias_record())));
  KeyRecord record = key_record();
  record.description = R"({"format":1,"pending":"x"} "pending")";
  CHECK(!parse_marker(to_text(record)));
  for (const char* text : {"", "\"pending\"", "[\"pending\"]", R"({"pending":1})", R"({"pending")"})
    CHECK(!parse_marker(text));
}

void alias_record_comes_back() {
  AliasRecord out = AliasRecord::parse(to_text(alias_record()));
  CHECK_EQ(out.name, "alias/app");
  CHECK_EQ(out.target, kId);
  CHECK(out.created == alias_record().created);
  CHECK(out.updated == alias_record().updated);
  CHECK_EQ(to_text(out), to_text(alias_record()));
}

void every_member_must_be_there() {
  const json key = key_json();
  const json alias = alias_json();
  for (const auto& [name, value] : key.items()) {
    json record = key_json();
    record.erase(name);
    refused(KeyRecord::parse, record.dump());
  }
  for (const auto& [name, value] : alias.items()) {
    json record = alias_json();
    record.erase(name);
    refused(AliasRecord::parse, record.dump());
  }
  for (const char* name : {"id", "created"}) {
    json record = key_json();
    record["materials"][0].erase(name);
    refused(KeyRecord::parse, record.dump());
  }
}

void every_member_must_have_its_type() {
  const json key = key_json();
  const json alias = alias_json();
  const std::set<std::string> strict{"current", "state",  "usage",   "spec",
                                     "origin",  "format", "revision"};
  const json wrong[] = {nullptr,       true,           1.5,    1e300, -1, "text",
                        json::array(), json::object(), "12ab", "\xff"};
  auto good = [](const json& value, const json& other) {
    return (value.is_string() && other.is_string()) || (value.is_number() && other == -1);
  };
  for (const auto& [name, value] : key.items())
    for (const json& other : wrong) {
      json record = key_json();
      record[name] = other;
      // Any text will do for these; and a date before 1970 is one.
      if (good(value, other) && !strict.contains(name)) continue;
      refused(KeyRecord::parse, record.dump(-1, ' ', false, json::error_handler_t::ignore));
    }
  for (const auto& [name, value] : alias.items())
    for (const json& other : wrong) {
      json record = alias_json();
      record[name] = other;
      if (good(value, other) && name != "format" && name != "revision") continue;
      refused(AliasRecord::parse, record.dump(-1, ' ', false, json::error_handler_t::ignore));
    }
  for (const json& other : wrong)
    for (const char* name : {"id", "created"}) {
      json record = key_json();
      if (good(record["materials"][0][name], other) && std::string(name) == "created") continue;
      record["materials"][0][name] = other;
      refused(KeyRecord::parse, record.dump(-1, ' ', false, json::error_handler_t::ignore));
    }
}

void dates_out_of_range_are_refused() {
  for (std::int64_t date :
       {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
        std::int64_t{9223372036855}, std::int64_t{-9223372036855}}) {
    json record = key_json();
    record["deletion"] = date;
    refused(KeyRecord::parse, record.dump());
    record = alias_json();
    record["updated"] = date;
    refused(AliasRecord::parse, record.dump());
  }
  json record = key_json();
  record["created"] = std::uint64_t{1} << 63;
  refused(KeyRecord::parse, record.dump());
}

void materials_must_be_a_list_that_has_the_current_one() {
  json record = key_json();
  record["materials"] = json::array();
  refused(KeyRecord::parse, record.dump());
  record = key_json();
  record["current"] = to_hex(id_of(3));
  refused(KeyRecord::parse, record.dump());
  record = key_json();
  record["materials"] = {{"first", record["materials"][0]}, {"second", record["materials"][1]}};
  refused(KeyRecord::parse, record.dump());
  for (const char* id : {"", "02", "zz"}) {
    record = key_json();
    record["current"] = id;
    refused(KeyRecord::parse, record.dump());
  }
  record["current"] = std::string(63, '0');
  refused(KeyRecord::parse, record.dump());
  record["current"] = std::string(66, '0');
  refused(KeyRecord::parse, record.dump());
}

// A state that this version does not know is none in which it may use the key.
void unknown_states_are_refused() {
  for (const char* state : {"", "enabled", "PendingImport", "Unavailable"}) {
    json record = key_json();
    record["state"] = state;
    refused(KeyRecord::parse, record.dump());
  }
}

template <class Enum>
void each_comes_back(const char* member) {
  for (const std::string_view name : kWireNames<Enum>) {
    json record = key_json();
    record[member] = name;
    if (name == "EXTERNAL_KEY_STORE")
      record["adopted"] = {{"xks_key_id", "pkcs11:object=old"}, {"label", "b2xk"}, {"id", "01"}};
    if (name == "EXTERNAL") {
      record["format"] = 2;
      for (json& material : record["materials"]) material["import"] = json::object();
    }
    if (const auto spec = from_wire_name<KeySpec>(name); spec && is_key_pair(*spec)) {
      // What it is, only who uses it finds out.
      const Bytes der{0x30, 0x00};
      const std::string id =
          to_hex(blob::key_material_id(record["key_id"].get<std::string>(), der));
      record["materials"] = json::array(
          {{{"id", id}, {"created", record["created"]}, {"public_key", to_base64(der)}}});
      record["current"] = id;
    }
    CHECK_EQ(to_text(KeyRecord::parse(record.dump())), record.dump());
  }
}

void known_properties_come_back() {
  each_comes_back<KeyUsage>("usage");
  each_comes_back<KeySpec>("spec");
  each_comes_back<KeyOrigin>("origin");
  CHECK_EQ(key_json()["usage"].get<std::string>(), "ENCRYPT_DECRYPT");
  CHECK_EQ(key_json()["spec"].get<std::string>(), "SYMMETRIC_DEFAULT");
  CHECK_EQ(key_json()["origin"].get<std::string>(), "AWS_KMS");
}

// The label may be of any bytes, which JSON's strings are not.
void the_object_of_an_adopted_key_comes_back() {
  KeyRecord in = key_record();
  in.origin = KeyOrigin::ExternalKeyStore;
  in.adopted = {"pkcs11:id=%01", std::string("caf\xe9\0\xff", 6), {1, 0}};
  CHECK(KeyRecord::parse(to_text(in)).adopted == in.adopted);
  json record = json::parse(to_text(in));
  record["adopted"]["id"] = "";
  CHECK(KeyRecord::parse(record.dump()).adopted->id.empty());
  record["adopted"]["label"] = "";
  refused(KeyRecord::parse, record.dump());
  for (const char* member : {"xks_key_id", "label", "id"}) {
    record = json::parse(to_text(in));
    record["adopted"].erase(member);
    refused(KeyRecord::parse, record.dump());
    record["adopted"][member] = 1;
    refused(KeyRecord::parse, record.dump());
  }
  record = json::parse(to_text(in));
  record["adopted"]["id"] = "0";
  refused(KeyRecord::parse, record.dump());
  // One goes with the other.
  record.erase("adopted");
  refused(KeyRecord::parse, record.dump());
  record = key_json();
  record["adopted"] = json::parse(to_text(in))["adopted"];
  refused(KeyRecord::parse, record.dump());
}

// A public key that is another's is no key's.
void a_public_key_is_proven_by_its_id() {
  json record = key_json();
  record["materials"][0]["public_key"] = to_base64(Bytes{0x30, 0x00});
  for (const char* spec : {"RSA_2048", "SYMMETRIC_DEFAULT"}) {
    record["spec"] = spec;
    try {
      KeyRecord::parse(record.dump());
    } catch (const std::runtime_error& error) {
      CHECK_EQ(std::string(error.what()), "a public key is not the one that its id names");
      continue;
    }
    throw Failure("it was taken");
  }
}

// This version does not know what such a key is, so it must not use it.
void properties_of_later_versions_are_refused() {
  for (const auto& [member, value] : std::map<std::string, std::string>{
           {"usage", "REPLICATE"}, {"spec", "ML_DSA_44"}, {"origin", "AWS_CLOUDHSM"}})
    for (const std::string& text : {value, std::string()}) {
      json record = key_json();
      record[member] = text;
      try {
        KeyRecord::parse(record.dump());
      } catch (const std::runtime_error& error) {
        CHECK_EQ(error.what(),
                 "its " + member + " is unknown: it was written by a later version of Trent");
        CHECK_EQ(parse_revision(record.dump()).number, 7U);
        continue;
      }
      throw Failure("accepted: " + member + " " + text);
    }
}

void deletion_belongs_to_the_state() {
  json record = key_json();
  record.erase("deletion");  // pending, but until when?
  refused(KeyRecord::parse, record.dump());
}

void later_formats_are_refused() {
  for (int format : {0, 3, -1}) {
    json record = key_json();
    record["format"] = format;
    refused(KeyRecord::parse, record.dump());
    refused(parse_revision, record.dump());
    record = alias_json();
    record["format"] = format;
    refused(AliasRecord::parse, record.dump());
  }
}

// An earlier version of Trent would take its material for a base key.
json multi_region_json() {
  json record = key_json();
  record["key_id"] = "mrk-1234abcd12ab34cd56ef1234567890ab";
  record["multi_region"] = {{"primary", "eu-west-1"}, {"changes", 3}};
  return record;
}

void multi_region_keys_are_of_the_second_format() {
  const KeyRecord read = KeyRecord::parse(multi_region_json().dump());
  CHECK_EQ(read.multi_region->primary_region, "eu-west-1");
  CHECK_EQ(read.multi_region->changes, 3U);
  const json written = json::parse(to_text(read));
  CHECK_EQ(written.at("format").get<int>(), 2);
  CHECK(KeyRecord::parse(written.dump()).multi_region == read.multi_region);
}

// The id says that it is one, and for how long it waits only a primary key has to know.
// Of each region by itself.
void a_multi_region_key_can_be_imported() {
  json record = multi_region_json();
  record["origin"] = "EXTERNAL";
  for (json& material : record["materials"]) material["import"] = json::object();
  const KeyRecord read = KeyRecord::parse(record.dump());
  CHECK(read.multi_region && read.origin == KeyOrigin::External);
  CHECK(KeyRecord::parse(to_text(read)).multi_region == read.multi_region);
}

void what_does_not_go_with_a_multi_region_key_is_damage() {
  const auto parse = [](const std::string& text) { KeyRecord::parse(text); };
  json record = multi_region_json();
  record.erase("multi_region");
  refused(parse, record.dump());
  record = multi_region_json();
  record["key_id"] = kId;
  refused(parse, record.dump());
  for (const char* changes : {"-1", "1.5", "\"3\"", "null"}) {
    record = multi_region_json();
    record["multi_region"]["changes"] = json::parse(changes);
    refused(parse, record.dump());
  }
  record = multi_region_json();
  record["enforced"] = true;
  refused(parse, record.dump());

  record = multi_region_json();
  record["state"] = "PendingReplicaDeletion";
  record.erase("deletion");
  refused(parse, record.dump());
  record["deletion_window"] = 7;
  CHECK_EQ(*KeyRecord::parse(record.dump()).deletion_window, 7);
  CHECK_EQ(json::parse(to_text(KeyRecord::parse(record.dump()))).at("deletion_window").get<int>(),
           7);
  for (const int days : {0, -1, 366}) {
    record["deletion_window"] = days;
    refused(parse, record.dump());
  }
  record["deletion_window"] = 7;
  record["state"] = "Enabled";
  refused(parse, record.dump());
  record["state"] = "PendingReplicaDeletion";
  record.erase("multi_region");
  record["key_id"] = kId;
  refused(parse, record.dump());
}

void enforced_keys_are_of_the_second_format() {
  json record = key_json();
  CHECK(!KeyRecord::parse(record.dump()).enforced);
  record["enforced"] = true;
  KeyRecord read = KeyRecord::parse(record.dump());
  CHECK(read.enforced);
  const json written = json::parse(to_text(read));
  CHECK_EQ(written.at("format").get<int>(), 2);
  CHECK(written.at("enforced").get<bool>());
  CHECK(KeyRecord::parse(written.dump()).enforced);
  read.enforced = false;
  CHECK(!json::parse(to_text(read)).contains("enforced"));
  record["spec"] = "HMAC_256";
  record["usage"] = "GENERATE_VERIFY_MAC";
  refused(KeyRecord::parse, record.dump());
}

void unknown_members_are_left_to_later_versions() {
  json record = key_json();
  record["later"] = json{{"a", {1, "b", nullptr}}};
  KeyRecord read = KeyRecord::parse(record.dump());
  CHECK_EQ(read.key_id, kId);
  read.description = "changed";
  CHECK(json::parse(to_text(read)).at("later") == record["later"]);
  json alias = alias_json();
  alias["later"] = 1.5;
  CHECK(json::parse(to_text(AliasRecord::parse(alias.dump()))) == alias);
}

void tags_are_kept() {
  KeyRecord record = KeyRecord::parse(key_json().dump());
  CHECK(record.tags.empty());
  CHECK(!json::parse(to_text(record)).contains("tags"));
  record.tags = {{"b", "2"}, {"a", ""}};
  CHECK(KeyRecord::parse(to_text(record)).tags == record.tags);
  json bad = key_json();
  for (const json& tags : {json(1), json{{"a", 1}}, json::array({"a"})}) {
    bad["tags"] = tags;
    refused(KeyRecord::parse, bad.dump());
  }
}

void what_is_no_json_object_is_refused() {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("{"), std::string("[]"), std::string("1"),
        std::string("null"), std::string("\"text\""), std::string("\0", 1),
        std::string(100000, '['), to_text(key_record()) + "x", to_text(key_record()).substr(0, 200),
        to_text(key_record()) + '\0'}) {
    refused(KeyRecord::parse, text);
    refused(AliasRecord::parse, text);
    refused(parse_revision, text);
  }
  refused(AliasRecord::parse, to_text(key_record()));
  refused(KeyRecord::parse, to_text(alias_record()));
}

void labels() {
  CHECK_EQ(key_label(kId), "trent/key/" + kId);
  CHECK_EQ(alias_label("alias/app"), "trent/alias/app");
  CHECK_EQ(alias_label("alias/alias/app"), "trent/alias/alias/app");
  CHECK_EQ(key_id_of_label("trent/key/x").value_or("-"), "x");
  CHECK(!key_id_of_label("trent/alias/x"));
  CHECK(!key_id_of_label("trent/keys/x"));
  CHECK(!key_id_of_label("key/x"));
  CHECK(AliasRecord::is_label("trent/alias/x"));
  CHECK(!AliasRecord::is_label("trent/key/x"));
}

json rotated_json() {
  KeyRecord record = key_record();
  record.state = KeyState::Enabled;
  record.deletion.reset();
  record.materials[1].rotation = {record.created + std::chrono::hours(1), RotationType::OnDemand};
  record.rotation = {90, record.created + std::chrono::hours(24 * 90)};
  return json::parse(to_text(record));
}

void rotations_come_back() {
  const KeyRecord record = KeyRecord::parse(rotated_json().dump());
  CHECK(!record.materials[0].rotation);
  CHECK(record.materials[1].rotation->date == record.created + std::chrono::hours(1));
  CHECK(record.materials[1].rotation->type == RotationType::OnDemand);
  CHECK_EQ(record.rotation->period_days, 90);
  CHECK(record.rotation->next == record.created + record.rotation->period());
  CHECK_EQ(to_text(record), rotated_json().dump());
  // Beside what older versions read, and they keep what they do not know.
  CHECK(!rotated_json()["materials"][1].contains("rotation"));
  CHECK(!key_json().contains("rotation") && !key_json().contains("rotations"));
}

void rotations_that_cannot_be_are_refused() {
  const auto refused_with = [](const char* pointer, const json& value) {
    json wrong = rotated_json();
    wrong[json::json_pointer(pointer)] = value;
    refused(KeyRecord::parse, wrong.dump());
  };
  const std::string of_second = "/rotations/" + to_hex(id_of(2));
  refused_with("/rotation/period", 0);
  refused_with("/rotation/period", 10001);
  refused_with("/rotation/period", "90");
  refused_with("/rotation/next", "soon");
  refused_with("/rotation", 90);
  refused_with("/rotations", 1);
  refused_with((of_second + "/type").c_str(), "BY_MAGIC");
  refused_with((of_second + "/date").c_str(), nullptr);
  refused_with(("/rotations/" + to_hex(id_of(3))).c_str(),
               {{"date", 1700000000123}, {"type", "ON_DEMAND"}});
  refused_with("/rotations/none", {{"date", 1700000000123}, {"type", "ON_DEMAND"}});
}

void labels_of_materials() {
  CHECK_EQ(staged_label(kId), "trent/new/" + kId);
  CHECK(is_staged_label(staged_label(kId)) && !is_staged_label(key_label(kId)));
  for (const std::string& label : {staged_label(kId), key_label(kId)})
    CHECK_EQ(key_id_of_material_label(label).value(), kId);
  CHECK(!key_id_of_label(staged_label(kId)));
  CHECK(!key_id_of_material_label("trent/alias/" + kId));
}

}  // namespace

int main() {
  return RUN_TESTS(
      "records", TEST(key_record_comes_back), TEST(imported_materials_come_back),
      TEST(state_follows_from_record_and_time), TEST(alias_record_comes_back),
      TEST(what_a_revision_is_based_on_comes_back), TEST(revision_number_has_room_to_grow),
      TEST(marker_is_no_record), TEST(every_member_must_be_there),
      TEST(every_member_must_have_its_type), TEST(dates_out_of_range_are_refused),
      TEST(materials_must_be_a_list_that_has_the_current_one), TEST(unknown_states_are_refused),
      TEST(known_properties_come_back), TEST(the_object_of_an_adopted_key_comes_back),
      TEST(a_public_key_is_proven_by_its_id), TEST(properties_of_later_versions_are_refused),
      TEST(deletion_belongs_to_the_state), TEST(later_formats_are_refused),
      TEST(enforced_keys_are_of_the_second_format),
      TEST(multi_region_keys_are_of_the_second_format), TEST(a_multi_region_key_can_be_imported),
      TEST(what_does_not_go_with_a_multi_region_key_is_damage),
      TEST(unknown_members_are_left_to_later_versions), TEST(tags_are_kept),
      TEST(what_is_no_json_object_is_refused), TEST(labels), TEST(rotations_come_back),
      TEST(rotations_that_cannot_be_are_refused), TEST(labels_of_materials));
}
