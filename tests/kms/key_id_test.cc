// SPDX-License-Identifier: Apache-2.0
// How a request names a key: the KeyId member in every operation that has one.
#include "kms/key_id.h"

#include <functional>
#include <vector>

#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;

const std::string kUnknown = "00000000-0000-4000-8000-000000000000";

Service& service() {
  static Service kms(load_config());
  return kms;
}

void create_alias(const std::string& name, const std::string& target) {
  service().create_alias({name, target});
}

// One key with an alias, for all cases.
const std::string& key() {
  static const std::string id = [] {
    std::string made = create_key(service());
    create_alias("alias/one", made);
    return made;
  }();
  return id;
}

struct Operation {
  const char* name;
  std::function<void(const std::string& key_id)> call;
};

// A blob of key(), made once.
const Bytes& blob() {
  static const Bytes made = encrypt(service(), key(), secret("text"));
  return made;
}

// The operations that take an alias too.
const std::vector<Operation>& with_alias() {
  static const std::vector<Operation> operations = {
      {"DescribeKey",
       [](const std::string& id) {
         CHECK_EQ(service().describe_key({id, {}}).key_metadata.key_id, key());
       }},
      {"Encrypt",
       [](const std::string& id) {
         kms::EncryptRequest request;
         request.key_id = id;
         request.plaintext = secret("x");
         CHECK_EQ(service().encrypt(request).key_id, key_arn(key()));
       }},
      {"Decrypt",
       [](const std::string& id) {
         kms::DecryptRequest request;
         request.key_id = id;
         request.ciphertext_blob = blob();
         CHECK_EQ(service().decrypt(request).key_id, key_arn(key()));
       }},
      {"ReEncrypt to",
       [](const std::string& id) {
         CHECK_EQ(service().re_encrypt(move_to(id, blob())).key_id, key_arn(key()));
       }},
      {"ReEncrypt from",
       [](const std::string& id) {
         auto request = move_to(key(), blob());
         request.source_key_id = id;
         CHECK_EQ(service().re_encrypt(request).source_key_id, key_arn(key()));
       }},
      {"GenerateDataKey",
       [](const std::string& id) {
         kms::GenerateDataKeyRequest request;
         request.key_id = id;
         request.key_spec = "AES_256";
         CHECK_EQ(service().generate_data_key(request).key_id, key_arn(key()));
       }},
      {"GenerateDataKeyWithoutPlaintext",
       [](const std::string& id) {
         kms::GenerateDataKeyRequest request;
         request.key_id = id;
         request.key_spec = "AES_256";
         CHECK_EQ(service().generate_data_key_without_plaintext(request).key_id, key_arn(key()));
       }},
  };
  return operations;
}

// Those that take the key itself only. Called with good ids, each leaves key() as it was.
const std::vector<Operation>& without_alias() {
  static const std::vector<Operation> operations = {
      {"EnableKey", [](const std::string& id) { service().enable_key({id}); }},
      {"DisableKey",
       [](const std::string& id) {
         service().disable_key({id});
         service().enable_key({id});
       }},
      {"ScheduleKeyDeletion",
       [](const std::string& id) {
         CHECK_EQ(service().schedule_key_deletion({id, {}}).key_id, key_arn(key()));
         CHECK_EQ(service().cancel_key_deletion({id}).key_id, key_arn(key()));
         service().enable_key({id});
       }},
      {"CreateAlias",
       [](const std::string& id) {
         create_alias("alias/two", id);
         service().delete_alias({"alias/two"});
       }},
      {"UpdateAlias",
       [](const std::string& id) {
         service().update_alias({"alias/one", id});
       }},
      {"ListAliases",
       [](const std::string& id) {
         CHECK_EQ(service().list_aliases({id, {}, {}}).aliases.size(), 1U);
       }},
      // Not of use to key(), which is not pending deletion: only its refusals are looked at.
      {"CancelKeyDeletion",
       [](const std::string& id) {
         try {
           service().cancel_key_deletion({id});
         } catch (const Error& error) {
           if (error.code() != ErrorCode::KMSInvalidState) throw;
         }
       }},
  };
  return operations;
}

std::vector<Operation> all() {
  auto operations = with_alias();
  operations.insert(operations.end(), without_alias().begin(), without_alias().end());
  return operations;
}

// Every one of these operations refuses `id` with these words.
void refused_by(const std::vector<Operation>& operations, const std::string& id,
                const std::string& words) {
  for (const Operation& operation : operations) {
    Error error = ERROR_OF(operation.call(id));
    CHECK_EQ(std::string(operation.name) + ": " + error.name() + ": " + error.message(),
             std::string(operation.name) + ": NotFoundException: " + words);
  }
}

void key_id_and_arn_will_do_everywhere() {
  for (const Operation& operation : all()) {
    operation.call(key());
    operation.call(key_arn(key()));
  }
}

void alias_will_do_where_kms_says_so() {
  for (const Operation& operation : with_alias()) {
    operation.call("alias/one");
    operation.call(alias_arn("alias/one"));
  }
}

void alias_will_not_do_elsewhere() {
  key();
  for (const std::string& alias : {std::string("alias/one"), alias_arn("alias/one")})
    refused_by(without_alias(), alias, "Invalid keyId '" + alias + "'");
}

void unknown_key_is_named_by_its_arn() {
  for (const std::string& id : {kUnknown, key_arn(kUnknown)})
    refused_by(all(), id, "Key '" + key_arn(kUnknown) + "' does not exist");
}

void unknown_alias_is_named_by_its_arn() {
  for (const std::string& id : {std::string("alias/none"), alias_arn("alias/none")})
    refused_by(with_alias(), id, "Alias " + alias_arn("alias/none") + " is not found.");
}

void malformed_ids_are_repeated() {
  std::string upper = key();
  for (char& c : upper) c = static_cast<char>(toupper(c));
  for (const std::string& id :
       {std::string("fake-key-id"), std::string("mrk-fake-key-id"), std::string("key/") + key(),
        key() + " ", " " + key(), key().substr(1), key() + "0", upper,
        std::string("1234abcd12ab34cd56ef1234567890ab"), std::string("Alias/one"),
        std::string("mrk-1234abcd-12ab-34cd-56ef-1234567890ab"),
        std::string("mrk-1234abcd12ab34cd56ef12345678990ab"), std::string("one"),
        std::string("1234abcd-12ab-34cd-56ef_1234567890ab"), std::string(2048, 'x')})
    refused_by(all(), id, "Invalid keyId '" + id + "'");
}

void multi_region_key_id_is_well_formed() {
  const std::string id = "mrk-1234abcd12ab34cd56ef1234567890ab";
  CHECK(kms::is_key_id(id));
  refused_by(all(), id, "Key '" + key_arn(id) + "' does not exist");
}

void other_region_is_named() {
  refused_by(all(), "arn:aws:kms:us-west-2:111122223333:key/" + key(), "Invalid arn us-west-2");
  refused_by(with_alias(), "arn:aws:kms:us-west-2:111122223333:alias/one", "Invalid arn us-west-2");
}

void other_account_has_no_such_key() {
  const std::string arn = "arn:aws:kms:local:444455556666:key/" + key();
  refused_by(all(), arn, "Key '" + arn + "' does not exist");
  const std::string alias = "arn:aws:kms:local:444455556666:alias/one";
  refused_by(with_alias(), alias, "Alias " + alias + " is not found.");
}

void malformed_arns_are_repeated() {
  for (const std::string& arn :
       {std::string("arn:"), std::string("arn:aws:kms"), std::string("arn:aws:kms:local"),
        "arn:aws-cn:kms:local:111122223333:key/" + key(),
        "arn:aws:iam:local:111122223333:key/" + key(),
        "arn:aws:kms:local:111122223333:keys/" + key(), "arn:aws:kms:local:111122223333:" + key(),
        key_arn("fake"), key_arn(""), key_arn(key()) + ":x",
        std::string("arn:aws:kms:local:111122223333:Alias/one")})
    refused_by(all(), arn, "Invalid arn " + arn);
}

void empty_and_long_ids_are_validated() {
  const std::string long_id(2049, 'x');
  for (const Operation& operation : all()) {
    std::string name = operation.name;
    std::string member = name == "ReEncrypt to"                           ? "destinationKeyId"
                         : name == "ReEncrypt from"                       ? "sourceKeyId"
                         : name == "CreateAlias" || name == "UpdateAlias" ? "targetKeyId"
                                                                          : "keyId";
    std::string words = "1 validation error detected: Value at '" + member +
                        "' failed to satisfy constraint: Member must have length ";
    // Also where the member may be left out: an empty one is no wish for any key.
    CHECK_WORDS(Validation, words + "greater than or equal to 1", operation.call(""));
    CHECK_WORDS(Validation, words + "less than or equal to 2048", operation.call(long_id));
  }
}

void new_key_ids_are_version_4_uuids() {
  std::string last;
  for (int i = 0; i < 100; ++i) {
    std::string id = kms::new_key_id();
    CHECK(kms::is_key_id(id));
    CHECK_EQ(id[14], '4');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    CHECK(id != last);
    last = id;
  }
}

}  // namespace

int main() {
  SoftHsm hsm;
  return RUN_TESTS("key identifiers", TEST(key_id_and_arn_will_do_everywhere),
                   TEST(alias_will_do_where_kms_says_so), TEST(alias_will_not_do_elsewhere),
                   TEST(unknown_key_is_named_by_its_arn), TEST(unknown_alias_is_named_by_its_arn),
                   TEST(malformed_ids_are_repeated), TEST(multi_region_key_id_is_well_formed),
                   TEST(other_region_is_named), TEST(other_account_has_no_such_key),
                   TEST(malformed_arns_are_repeated), TEST(empty_and_long_ids_are_validated),
                   TEST(new_key_ids_are_version_4_uuids));
}
