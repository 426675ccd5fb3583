// SPDX-License-Identifier: Apache-2.0
// Responses as they go over the wire: every member of every response, in the order and spelling of
// the KMS API Reference.
#include "kms/model/json.h"

#include "kms/requests.h"

#include "check.h"

namespace {

using namespace trent;
using namespace trent::kms;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kMaterial =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
constexpr const char* kArn =
    "arn:aws:kms:local:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

template <class Response>
std::string wire(const Response& response) {
  const SecretString text = model::write_json(Response::fields(), &response);
  CHECK(model::to_json(response).dump() == text);
  return std::string(std::string_view(text));
}

KeyMetadata symmetric_key() {
  KeyMetadata m;
  m.aws_account_id = "111122223333";
  m.key_id = "1234abcd-12ab-34cd-56ef-1234567890ab";
  m.arn = kArn;
  m.creation_date = Timestamp(milliseconds(1700000000123));
  m.enabled = true;
  m.description = "say \"hi\"";
  m.key_usage = "ENCRYPT_DECRYPT";
  m.key_state = "Enabled";
  m.origin = "AWS_KMS";
  m.key_manager = "CUSTOMER";
  m.key_spec = "SYMMETRIC_DEFAULT";
  m.encryption_algorithms = {"SYMMETRIC_DEFAULT"};
  m.current_key_material_id = kMaterial;
  return m;
}

const std::string kSymmetricKey =
    R"({"KeyMetadata":{"AWSAccountId":"111122223333",)"
    R"("KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab",)"
    R"("Arn":"arn:aws:kms:local:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",)"
    R"("CreationDate":1700000000.123,"Enabled":true,"Description":"say \"hi\"",)"
    R"("KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS",)"
    R"("KeyManager":"CUSTOMER","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT",)"
    R"("KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],)"
    R"("MultiRegion":false,"CurrentKeyMaterialId":)"
    R"("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}})";

void key_metadata_of_a_symmetric_key() {
  CHECK_EQ(wire(CreateKeyResponse{symmetric_key()}), kSymmetricKey);
  CHECK_EQ(wire(DescribeKeyResponse{symmetric_key()}), kSymmetricKey);
}

void key_metadata_that_is_not_set_is_left_out() {
  KeyMetadata m = symmetric_key();
  m.enabled = false;
  m.key_state = "PendingDeletion";
  m.deletion_date = Timestamp(seconds(1800000000));
  m.key_usage = "SIGN_VERIFY";
  m.key_spec = "ECC_NIST_P256";
  m.description = "";
  m.encryption_algorithms.clear();
  m.current_key_material_id.clear();
  Json json = model::to_json(DescribeKeyResponse{m});
  const Json& key = json["KeyMetadata"];
  CHECK_EQ(key["DeletionDate"].get<double>(), 1800000000.0);
  CHECK(!key["Enabled"].get<bool>());
  CHECK(key["CustomerMasterKeySpec"] == "ECC_NIST_P256");
  CHECK(key["Description"] == "");  // KMS sends an empty description
  CHECK(!key.contains("EncryptionAlgorithms"));
  CHECK(!key.contains("CurrentKeyMaterialId"));
}

// As KMS: three decimals, whatever the clock of the host gives. Not rounded: DescribeKey must show
// the time that ScheduleKeyDeletion answered.
void timestamps_are_cut_off_at_milliseconds() {
  ScheduleKeyDeletionResponse r{kArn, Timestamp(std::chrono::nanoseconds(1700000000123999999)),
                                "PendingDeletion", 7};
  CHECK_EQ(wire(r), std::string(R"({"KeyId":")") + kArn +
                        R"(","DeletionDate":1700000000.123,"KeyState":"PendingDeletion",)"
                        R"("PendingWindowInDays":7})");
}

void lists_say_whether_they_are_whole() {
  ListKeysResponse keys;
  CHECK_EQ(wire(keys), R"({"Keys":[],"Truncated":false})");
  keys.keys = {{"id", "arn"}};
  keys.truncated = true;
  keys.next_marker = "m";
  CHECK_EQ(wire(keys),
           R"({"Keys":[{"KeyId":"id","KeyArn":"arn"}],"NextMarker":"m","Truncated":true})");

  ListAliasesResponse aliases;
  aliases.aliases = {
      {"alias/a", "arn/a", "id", Timestamp(seconds(1)), Timestamp(milliseconds(2500))}};
  CHECK_EQ(wire(aliases),
           R"({"Aliases":[{"AliasName":"alias/a","AliasArn":"arn/a","TargetKeyId":"id",)"
           R"("CreationDate":1.0,"LastUpdatedDate":2.5}],"Truncated":false})");
}

void cancel_key_deletion_names_the_key() {
  CHECK_EQ(wire(CancelKeyDeletionResponse{"arn"}), R"({"KeyId":"arn"})");
}

// Encrypt is the one operation that does not send its key material id.
void encrypt_sends_no_key_material_id() {
  EncryptResponse r{{0xff, 0x00, 0x10}, "arn", "SYMMETRIC_DEFAULT", kMaterial};
  CHECK_EQ(wire(r),
           R"({"CiphertextBlob":"/wAQ","KeyId":"arn","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"})");
}

void decrypt_sends_the_plaintext_in_base64() {
  DecryptResponse r{"arn", {'a', 0, 'b', 'c'}, "SYMMETRIC_DEFAULT", "m"};
  CHECK_EQ(wire(r),
           R"({"KeyId":"arn","Plaintext":"YQBiYw==","EncryptionAlgorithm":"SYMMETRIC_DEFAULT",)"
           R"("KeyMaterialId":"m"})");
  r.key_material_id.clear();  // an asymmetric key
  CHECK(!model::to_json(r).contains("KeyMaterialId"));
}

// As the library that the rest of Trent uses would, for all of Latin-1 and beyond.
void texts_are_escaped() {
  CancelKeyDeletionResponse r;
  for (int c = 0; c < 0x80; ++c) r.key_id += static_cast<char>(c);
  r.key_id += "\u0080\u00e9\u2028\u20ac\U0001f511";
  const std::string text = wire(r);
  CHECK(text.starts_with(R"({"KeyId":"\u0000\u0001)"));
  CHECK(text.find(R"(\b\t\n\u000b\f\r\u000e)") != std::string::npos);
  CHECK(text.find(R"( !\"#)") != std::string::npos);
  CHECK(text.find(R"([\\])") != std::string::npos);
  CHECK(text.ends_with("}~\x7f\u0080\u00e9\u2028\u20ac\U0001f511\"}"));
  for (const char* text_of_no_kind : {"\xff", "\xc0\x80", "\xed\xa0\x80", "a\xe2\x82"}) {
    r.key_id = text_of_no_kind;
    bool refused = false;
    try {
      model::write_json(CancelKeyDeletionResponse::fields(), &r);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    CHECK(refused);
  }
}

void re_encrypt_names_both_sides() {
  ReEncryptResponse r{{1}, "source", "destination", "A", "B", "sm", "dm"};
  CHECK_EQ(wire(r), R"({"CiphertextBlob":"AQ==","SourceKeyId":"source","KeyId":"destination",)"
                    R"("SourceEncryptionAlgorithm":"A","DestinationEncryptionAlgorithm":"B",)"
                    R"("SourceKeyMaterialId":"sm","DestinationKeyMaterialId":"dm"})");
  r.source_key_material_id.clear();
  CHECK(!model::to_json(r).contains("SourceKeyMaterialId"));
  CHECK(model::to_json(r).contains("DestinationKeyMaterialId"));
  r.destination_key_material_id.clear();
  CHECK(!model::to_json(r).contains("DestinationKeyMaterialId"));
}

void data_keys_and_random_bytes() {
  CHECK_EQ(wire(GenerateDataKeyResponse{{1}, {2}, "arn", "m"}),
           R"({"CiphertextBlob":"AQ==","Plaintext":"Ag==","KeyId":"arn","KeyMaterialId":"m"})");
  CHECK_EQ(wire(GenerateDataKeyWithoutPlaintextResponse{{1}, "arn", "m"}),
           R"({"CiphertextBlob":"AQ==","KeyId":"arn","KeyMaterialId":"m"})");
  CHECK_EQ(wire(GenerateRandomResponse{{0, 0, 0}}), R"({"Plaintext":"AAAA"})");
}

}  // namespace

int main() {
  return RUN_TESTS(
      "json", TEST(key_metadata_of_a_symmetric_key), TEST(key_metadata_that_is_not_set_is_left_out),
      TEST(timestamps_are_cut_off_at_milliseconds), TEST(lists_say_whether_they_are_whole),
      TEST(cancel_key_deletion_names_the_key), TEST(encrypt_sends_no_key_material_id),
      TEST(decrypt_sends_the_plaintext_in_base64), TEST(texts_are_escaped),
      TEST(re_encrypt_names_both_sides), TEST(data_keys_and_random_bytes));
}
