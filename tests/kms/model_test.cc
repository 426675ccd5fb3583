// SPDX-License-Identifier: Apache-2.0
// What the readers of the tables of operations do with JSON: every kind of bad request, for every
// operation, and the names that follow from others by rule.
#include <algorithm>

#include "kms/model/json.h"
#include "kms/operations/operations.h"
#include "kms/requests.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using namespace trent::kms;

template <class Request>
Request read(const std::string& text) {
  Request request;
  model::read_request(Request::operation(), &request, model::parse_json(text).root());
  return request;
}

void names_follow_by_rule() {
  CHECK_EQ(model::hyphenated("SourceEncryptionContext"), "source-encryption-context");
  CHECK_EQ(model::hyphenated("KeyId"), "key-id");
  CHECK_EQ(model::hyphenated("AWSAccountId"), "aws-account-id");
  CHECK_EQ(model::hyphenated("ReEncrypt"), "re-encrypt");
  CHECK_EQ(model::lower_camel("KeyId"), "keyId");
  CHECK_EQ(model::lower_camel("AWSAccountId"), "awsAccountId");
  CHECK_EQ(model::lower_camel("DryRun"), "dryRun");
}

void requests_are_read() {
  const auto request = read<ReEncryptRequest>(
      R"({"CiphertextBlob":"AQID","SourceEncryptionContext":{"a":"b"},"SourceKeyId":"k",)"
      R"("DestinationKeyId":"l","GrantTokens":["t","u"],"DryRun":true,"NoSuchMember":{"x":[1]}})");
  CHECK(request.ciphertext_blob == Bytes({1, 2, 3}));
  CHECK(request.source_encryption_context == EncryptionContext({{"a", "b"}}));
  CHECK_EQ(request.source_key_id.value(), "k");
  CHECK_EQ(request.destination_key_id, "l");
  CHECK(request.destination_encryption_context.empty());
  CHECK(!request.source_encryption_algorithm);
  CHECK_EQ(request.grant_tokens.size(), 2U);
  CHECK(request.dry_run);
  CHECK(read<GenerateDataKeyRequest>(R"({"KeyId":"k","NumberOfBytes":64})").number_of_bytes == 64);
  // null is what is not there.
  CHECK(!read<CreateKeyRequest>(R"({"KeySpec":null})").key_spec);
}

void what_is_missing_is_told_all_at_once() {
  CHECK_WORDS(Validation,
              "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: "
              "Member must not be null; Value null at 'plaintext' failed to satisfy constraint: "
              "Member must not be null",
              read<EncryptRequest>("{}"));
  CHECK_WORDS(Validation,
              "3 validation errors detected: Value at 'keyId' failed to satisfy constraint: Member "
              "must have length greater than or equal to 1; Value at 'plaintext' failed to satisfy "
              "constraint: Member must have length greater than or equal to 1; Value 'ROT13' at "
              "'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value "
              "set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]",
              read<EncryptRequest>(R"({"KeyId":"","Plaintext":"","EncryptionAlgorithm":"ROT13"})"));
}

void what_trent_does_not_have_is_refused_by_name() {
  CHECK_WORDS(UnsupportedOperation, "CustomKeyStoreId is not available yet.",
              read<CreateKeyRequest>(R"({"CustomKeyStoreId":"cks-1"})"));
  CHECK_WORDS(UnsupportedOperation, "Recipient is not available yet.",
              read<DecryptRequest>(R"({"CiphertextBlob":"AQID","Recipient":{"a":"b"}})"));
  // What is the case anyway may be said.
  read<CreateKeyRequest>(
      R"({"MultiRegion":false,"BypassPolicyLockoutSafetyCheck":false,"Policy":null})");
  for (const model::Operation* operation : operations::all())
    for (const model::Missing& missing : operation->missing) {
      const std::string text = "{\"" + std::string(missing.name) + "\":\"x\"}";
      const auto request = operation->new_request();
      const Error error =
          ERROR_OF(model::read_request(*operation, request.get(), model::parse_json(text).root()));
      CHECK(error.code() == ErrorCode::UnsupportedOperation);
      CHECK(error.message().starts_with(missing.name));
      CHECK(!error.advice().empty());
    }
}

void a_value_of_another_type_is_named() {
  // For every member of every request, one value of each type that is not its own.
  const std::map<std::string, std::string> values{{"text", R"("!")"},        {"number", "1"},
                                                  {"boolean", "true"},       {"list", "[[]]"},
                                                  {"object", R"({"a":[]})"}, {"float", "1.5"}};
  for (const model::Operation* operation : operations::all())
    for (const model::Field& field : operation->request)
      for (const auto& [type, value] : values) {
        const bool is_time = field.shape->type == model::Type::Timestamp;
        const bool fits = (is_time && (type == "number" || type == "float")) ||
                          (type == "text" && field.shape->type == model::Type::Text) ||
                          (type == "number" && field.shape->type == model::Type::Integer) ||
                          (type == "boolean" && field.shape->type == model::Type::Boolean) ||
                          (type == "object" && field.shape->type == model::Type::Structure);
        if (fits) continue;
        const auto request = operation->new_request();
        const std::string text = "{\"" + std::string(field.name) + "\":" + value + "}";
        const Error error = ERROR_OF(
            model::read_request(*operation, request.get(), model::parse_json(text).root()));
        if (error.code() != ErrorCode::Serialization ||
            error.message().find(field.name) == std::string::npos)
          throw Failure(text + " of " + std::string(operation->name) + ": " + error.what());
      }
}

void numbers_are_whole_and_small() {
  for (const char* number : {"1.0", "1e2", "99999999999999999999", "9223372036854775808", "\"1\""})
    CHECK_ERROR(Serialization,
                read<GenerateRandomRequest>(std::string(R"({"NumberOfBytes":)") + number + "}"));
  for (const char* number : {"0", "-1", "1025", "9223372036854775807", "-9223372036854775808"})
    CHECK_ERROR(Validation,
                read<GenerateRandomRequest>(std::string(R"({"NumberOfBytes":)") + number + "}"));
}

void what_is_no_json_is_refused() {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("nil"), std::string("{}}"),
        std::string("{}\0x", 4), std::string("\"\xff\""),
        std::string(R"({"KeyId":"a","KeyId":"b"})")})
    CHECK_ERROR(Serialization, model::parse_json(text));
  for (const char* text : {"[]", "1", "\"x\"", "null", "true"})
    CHECK_ERROR(Serialization, read<EncryptRequest>(text));
}

void depth_and_size_have_limits() {
  constexpr std::size_t kMillion = 1000000;
  CHECK_ERROR(Serialization, model::parse_json(std::string(kMillion, '[')));
  std::string deep;
  for (std::size_t i = 0; i < kMillion; ++i) deep += "{\"a\":";
  CHECK_ERROR(Serialization, model::parse_json(deep));
  // A thousand members that nobody knows are passed over.
  std::string many = "{";
  for (int i = 0; i < 1000; ++i)
    many += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  CHECK_EQ(read<DescribeKeyRequest>(many + R"("KeyId":"k"})").key_id, "k");
  // A thousand that are wrong are counted, and some of them named.
  std::string tokens;
  for (int i = 0; i < 1000; ++i) tokens += i == 0 ? "\"\"" : ",\"\"";
  const Error error =
      ERROR_OF(read<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":[)" + tokens + "]}"));
  CHECK(error.message().starts_with("1001 validation errors detected: "));
  CHECK(error.message().size() < 4000);
}

void a_fault_of_a_secret_does_not_tell_it() {
  const Error error = ERROR_OF(read<EncryptRequest>(R"({"KeyId":"k","Plaintext":"s3cr3t!"})"));
  CHECK(error.code() == ErrorCode::Serialization);
  CHECK(std::string(error.what()).find("s3cr3t") == std::string::npos);
  CHECK(std::string(ERROR_OF(model::parse_json(R"({"Plaintext":"s3cr3t)")).what()).find("s3cr3t") ==
        std::string::npos);
}

void an_audit_record_has_no_secrets() {
  const auto request = read<EncryptRequest>(
      R"({"KeyId":"k","Plaintext":"c2VjcmV0","EncryptionContext":{"a":"b"},"DryRun":true})");
  CHECK_EQ(model::request_parameters(EncryptRequest::operation(), &request),
           R"({"keyId":"k","encryptionContext":{"a":"b"},"dryRun":true})");
  const auto move = read<ReEncryptRequest>(R"({"CiphertextBlob":"AQID","DestinationKeyId":"l"})");
  CHECK_EQ(model::request_parameters(ReEncryptRequest::operation(), &move),
           R"({"destinationKeyId":"l"})");
}

void operations_are_found_by_name() {
  CHECK(operations::find("ReEncrypt") == &operations::re_encrypt());
  CHECK(operations::find("reencrypt") == nullptr);
  CHECK(operations::find("") == nullptr);
  for (const model::Operation* operation : operations::all()) {
    CHECK(!operation->permissions.empty());
    for (const std::string_view permission : operation->permissions)
      CHECK(permission.starts_with("kms:"));
  }
}

}  // namespace

int main() {
  return RUN_TESTS("model", TEST(names_follow_by_rule), TEST(requests_are_read),
                   TEST(what_is_missing_is_told_all_at_once),
                   TEST(what_trent_does_not_have_is_refused_by_name),
                   TEST(a_value_of_another_type_is_named), TEST(numbers_are_whole_and_small),
                   TEST(what_is_no_json_is_refused), TEST(depth_and_size_have_limits),
                   TEST(a_fault_of_a_secret_does_not_tell_it), TEST(an_audit_record_has_no_secrets),
                   TEST(operations_are_found_by_name));
}
