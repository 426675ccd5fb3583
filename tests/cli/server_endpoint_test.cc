// SPDX-License-Identifier: Apache-2.0
// A server's answers, right and wrong, as the command takes them.
#include <algorithm>
#include <atomic>
#include <optional>
#include <random>

#include "../server/canned_server.h"
#include "check.h"
#include "cli/errors.h"
#include "cli/kms_endpoint.h"
#include "kms/operations/operations.h"

namespace {

using namespace trent;
using test::CannedServer;
using Then = CannedServer::Reply::Then;

constexpr const char* kJson = "application/x-amz-json-1.1";

std::string http(int status, const std::string& body, const std::string& type = kJson) {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\nConnection: close\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::unique_ptr<cli::KmsEndpoint> endpoint_at(const CannedServer& server) {
  server::ClientOptions options;
  options.patience = std::chrono::milliseconds(300);
  return cli::server_endpoint(server::parse_server_address(server.url()), options, std::nullopt);
}

enum class End { Done, KmsError, Foreign, Failure };

// How a call ends that gets this answer; `text` is what is said of it.
End end_of(const kms::model::Operation& operation, const std::string& answer,
           std::string* text = nullptr) {
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    return {answer, Then::Close};
  });
  const auto end = [&](End how, const std::string& what) {
    if (text != nullptr) *text = what;
    return how;
  };
  try {
    endpoint_at(server)->run(operation, operation.new_request().get(),
                             operation.new_response().get());
    return end(End::Done, "");
  } catch (const Error& error) {
    return end(End::KmsError, error.what());
  } catch (const cli::ForeignError& error) {
    return end(End::Foreign, error.name + ": " + error.what());
  } catch (const cli::Failure& error) {
    return end(End::Failure, error.what());
  }
}

void a_response() {
  CannedServer server([](const std::string&) -> CannedServer::Reply {
    return {http(200, R"({"KeyId":"k","Plaintext":"YQ==","New":{"a":[1]}})"), Then::Keep};
  });
  kms::DecryptRequest request;
  request.ciphertext_blob = {1};
  const kms::DecryptResponse response = endpoint_at(server)->call(request);
  CHECK_EQ(response.key_id, "k");
  CHECK_EQ(std::string(as_text(response.plaintext)), "a");
}

void responses_that_are_none() {
  const auto& encrypt = kms::operations::encrypt();
  const char* good = R"({"CiphertextBlob":"YQ==","KeyId":"k"})";
  CHECK(end_of(encrypt, http(200, good)) == End::Done);
  CHECK(end_of(encrypt, http(200, good, "application/json; charset=utf-8")) == End::Done);
  for (const std::string& answer :
       {http(200, ""),
        http(200, "{}"),
        http(200, "null"),
        http(200, "[]"),
        http(200, "\"x\""),
        http(200, "<html>"),
        http(200, good, "text/html"),
        http(200, good, ""),
        http(301, good),
        http(204, ""),
        http(404, "<html>", "text/html"),
        http(400, "{}"),
        http(400, "[1]"),
        http(400, R"({"__type":1})"),
        http(200, R"({"KeyId":"k"})"),
        http(200, R"({"CiphertextBlob":"","KeyId":"k"})"),
        http(200, R"({"CiphertextBlob":"!","KeyId":"k"})"),
        http(200, R"({"CiphertextBlob":1,"KeyId":"k"})"),
        http(200, R"({"CiphertextBlob":"YQ==","KeyId":""})"),
        http(200, R"({"CiphertextBlob":"YQ==","KeyId":"k","KeyId":"l"})"),
        http(200, std::string(9 << 20, ' ')),
        std::string("SSH-2.0-x\r\n")}) {
    std::string text;
    if (end_of(encrypt, answer, &text) != End::Failure || text.find("address") == std::string::npos)
      test::fail_at(__FILE__, __LINE__, answer.substr(0, 200) + " -> " + text);
  }
  // No result, and no sign that there was a KMS.
  const auto& enable = kms::operations::enable_key();
  CHECK(end_of(enable, http(200, "")) == End::Done);
  CHECK(end_of(enable, http(200, "{}")) == End::Done);
  CHECK(end_of(enable, http(200, "", "text/html")) == End::Failure);
  CHECK(end_of(enable, http(200, "<html>")) == End::Failure);
  // Lists and structures.
  CHECK(end_of(kms::operations::list_keys(), http(200, R"({"Keys":[]})")) == End::Done);
  CHECK(end_of(kms::operations::list_keys(), http(200, "{}")) == End::Failure);
  CHECK(end_of(kms::operations::list_keys(), http(200, R"({"Keys":[{}]})")) == End::Failure);
  CHECK(end_of(kms::operations::list_keys(), http(200, R"({"Keys":[1]})")) == End::Failure);
  CHECK(end_of(kms::operations::list_aliases(),
               http(200, R"({"Aliases":[{"AliasName":"alias/aws/x"}]})")) == End::Done);
  CHECK(end_of(kms::operations::describe_key(), http(200, R"({"KeyMetadata":{}})")) ==
        End::Failure);
}

void errors() {
  const auto& encrypt = kms::operations::encrypt();
  std::string text;
  CHECK(end_of(encrypt, http(400, R"({"__type":"NotFoundException","message":"m"})"), &text) ==
        End::KmsError);
  CHECK_EQ(text, "NotFoundException: m");
  CHECK(end_of(encrypt, http(400, R"({"__type":"com.amazonaws.kms#DisabledException"})"), &text) ==
        End::KmsError);
  CHECK_EQ(text, "DisabledException: DisabledException");
  CHECK(end_of(encrypt, http(400, R"({"__type":"AccessDeniedException","Message":"m"})"), &text) ==
        End::KmsError);
  CHECK_EQ(text, "AccessDeniedException: m");
  CHECK(end_of(encrypt, http(403, R"({"__type":"SomethingElse","message":"m"})"), &text) ==
        End::Foreign);
  CHECK_EQ(text, "SomethingElse: m");
}

struct Attempts {
  int count = 0;
  End end = End::Done;
};

// `answer` to the first `failures` requests, then a right one.
Attempts attempts(const kms::model::Operation& operation, const std::string& answer, int failures,
                  const std::string& right) {
  std::atomic<int> count = 0;
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    return ++count <= failures ? CannedServer::Reply{answer, Then::Close}
                               : CannedServer::Reply{right, Then::Close};
  });
  Attempts result;
  try {
    endpoint_at(server)->run(operation, operation.new_request().get(),
                             operation.new_response().get());
  } catch (const Error&) {
    result.end = End::KmsError;
  } catch (const cli::ForeignError&) {
    result.end = End::Foreign;
  } catch (const cli::Failure&) {
    result.end = End::Failure;
  }
  result.count = count;
  return result;
}

void what_is_tried_again() {
  const auto& read = kms::operations::generate_random();
  const auto& change = kms::operations::create_key();
  CHECK(read.read_only && !change.read_only);
  const std::string random = http(200, R"({"Plaintext":"YQ=="})");
  const std::string key = http(200, R"({"KeyMetadata":{"KeyId":"k"}})");
  const auto check = [](const Attempts& attempts, int count, End end) {
    CHECK_EQ(attempts.count, count);
    CHECK(attempts.end == end);
  };
  const std::string throttled = http(400, R"({"__type":"ThrottlingException","message":"m"})");
  check(attempts(read, throttled, 2, random), 3, End::Done);
  check(attempts(change, throttled, 2, key), 3, End::Done);
  check(attempts(read, throttled, 3, random), 3, End::Foreign);
  const std::string internal = http(500, R"({"__type":"KMSInternalException","message":"m"})");
  check(attempts(read, internal, 1, random), 2, End::Done);
  check(attempts(read, internal, 9, random), 3, End::KmsError);
  const std::string proxy = http(503, "<html>", "text/html");
  check(attempts(read, proxy, 1, random), 2, End::Done);
  check(attempts(read, proxy, 9, random), 3, End::Failure);
  check(attempts(change, http(429, "<html>", "text/html"), 1, key), 2, End::Done);
  // It may have been done.
  check(attempts(change, internal, 1, key), 1, End::KmsError);
  check(attempts(change, proxy, 1, key), 1, End::Failure);
  check(attempts(read, "", 1, random), 2, End::Done);
  check(attempts(change, "", 1, key), 1, End::Failure);
  check(attempts(read, http(400, R"({"__type":"NotFoundException"})"), 9, random), 1,
        End::KmsError);
}

void keys_for_a_list() {
  CannedServer server([&](const std::string& request) -> CannedServer::Reply {
    const auto has = [&](const char* text) { return request.find(text) != request.npos; };
    if (has("DescribeKey") && has("gone"))
      return {http(400, R"({"__type":"NotFoundException"})"), Then::Keep};
    if (has("DescribeKey"))
      return {http(200, R"({"KeyMetadata":{"KeyId":"k","KeyState":"Enabled"}})"), Then::Keep};
    if (has("\"Marker\":\"m\""))
      return {http(200, R"({"Aliases":[{"AliasName":"alias/a","TargetKeyId":"k"}]})"), Then::Keep};
    return {http(200, R"({"Aliases":[{"AliasName":"alias/b","TargetKeyId":"k"},)"
                      R"({"AliasName":"alias/c","TargetKeyId":"other"}],"NextMarker":"m"})"),
            Then::Keep};
  });
  const auto keys = endpoint_at(server)->describe({"gone", "k"}, true);
  CHECK_EQ(keys.at("k").metadata.key_state, "Enabled");
  CHECK(keys.at("k").aliases == std::vector<std::string>({"alias/a", "alias/b"}));
  CHECK_EQ(keys.size(), std::size_t{1});
}

void a_list_without_an_end() {
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    return {http(200, R"({"Aliases":[],"NextMarker":"m"})"), Then::Keep};
  });
  try {
    endpoint_at(server)->describe({}, true);
  } catch (const cli::Failure&) {
    return;
  }
  test::fail_at(__FILE__, __LINE__, "it ended");
}

// Whatever comes, it is a result or an exception of those that the command knows.
void any_bytes() {
  const std::string seeds[] = {
      http(200, R"({"CiphertextBlob":"YQ==","KeyId":"k","Plaintext":"YQ=="})"),
      http(200, R"({"Keys":[{"KeyId":"a","KeyArn":"b"}],"NextMarker":"m","Truncated":true})"),
      http(200, R"({"KeyMetadata":{"KeyId":"k","CreationDate":1.5,"EncryptionAlgorithms":["A"]}})"),
      http(400, R"({"__type":"a#NotFoundException","message":"m"})"),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
      "2\r\n{}\r\n0\r\n\r\n"};
  std::mt19937 random(1);  // the same each time
  std::string answer;
  CannedServer server([&](const std::string&) -> CannedServer::Reply {
    return {answer, Then::Close};
  });
  const auto endpoint = endpoint_at(server);
  constexpr int kRounds = 400;
  for (int i = 0; i < kRounds; ++i) {
    answer = seeds[random() % std::size(seeds)];
    for (auto changes = random() % 4; changes > 0 && !answer.empty(); --changes) {
      const auto at = random() % answer.size();
      switch (random() % 3) {
        case 0:
          answer[at] = static_cast<char>(random());
          break;
        case 1:
          answer.erase(at, random() % 8);
          break;
        default:
          answer.insert(at, 1, "{}[]\",:\\0\n\xff"[random() % 11]);
      }
    }
    // One that changes something, so that a broken connection is not tried again.
    const auto& operation =
        random() % 2 == 0 ? kms::operations::create_key() : kms::operations::update_alias();
    try {
      endpoint->run(operation, operation.new_request().get(), operation.new_response().get());
    } catch (const Error&) {
    } catch (const cli::ForeignError&) {
    } catch (const cli::Failure&) {
    }
  }
}

}  // namespace

int main() {
  return RUN_TESTS("server endpoint", TEST(a_response), TEST(responses_that_are_none), TEST(errors),
                   TEST(what_is_tried_again), TEST(keys_for_a_list), TEST(a_list_without_an_end),
                   TEST(any_bytes));
}
