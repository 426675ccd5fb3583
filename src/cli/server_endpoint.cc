// SPDX-License-Identifier: Apache-2.0
// A server that speaks KMS's protocol (awsJson1_1) as an endpoint: `trent serve`, or KMS itself.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "blob/context.h"
#include "cli/errors.h"
#include "cli/kms_endpoint.h"
#include "kms/model/json.h"

namespace trent::cli {

namespace {

using kms::model::Field;
using kms::model::Fields;
using kms::model::Operation;
using kms::model::Type;
using server::Answer;
using server::HttpFailure;

constexpr int kAttempts = 3;
constexpr int kPageSize = 1000;
constexpr int kOk = 200;
constexpr int kTooManyRequests = 429;
constexpr int kServerFault = 500;

Type type_of(const Field& field) {
  return field.shape->type;
}

bool is_json(const Answer& answer) {
  return answer.content_type.starts_with("application/x-amz-json-1.") ||
         answer.content_type.starts_with("application/json");
}

std::string text_member(const JsonValue& json, std::string_view name) {
  const JsonValue* found = json.find(name);
  const auto* text = found == nullptr ? nullptr : found->get<std::string_view>();
  return text == nullptr ? std::string() : std::string(*text);
}

// What a server says of a request that failed. Nothing, if that is no answer of a KMS.
struct Refusal {
  std::string name;
  std::string message;
};
std::optional<Refusal> read_refusal(const Answer& answer) {
  if (answer.status == kOk || !is_json(answer)) return std::nullopt;
  try {
    const JsonDocument json = kms::model::parse_json(answer.body);
    Refusal refusal{text_member(json.root(), "__type"), text_member(json.root(), "message")};
    // Some of AWS's front ends write it in this way.
    if (refusal.message.empty()) refusal.message = text_member(json.root(), "Message");
    refusal.name.erase(0, refusal.name.rfind('#') + 1);  // the namespace of the model
    if (refusal.name.empty()) return std::nullopt;
    return refusal;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Whether to ask again. What a server has refused is not done; with a fault of its own it may be,
// and a key that is made twice is one too many.
bool is_transient(const Operation& operation, const Answer& answer) {
  if (answer.status >= kServerFault) return operation.read_only;
  if (answer.status == kTooManyRequests) return true;
  const auto refusal = read_refusal(answer);
  return refusal && refusal->name == "ThrottlingException";
}

// With chance in it, so that those who are refused together do not come back together.
void pause(int attempt) {
  constexpr int kFirst = 100;
  const int longest = kFirst << (attempt - 1);
  std::uniform_int_distribution<int> milliseconds(longest / 2, longest);
  std::random_device chance;
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(chance)));
}

// A member without which the caller cannot go on, for an empty ciphertext must not pass for one:
// blobs, and what names the thing. Null if all of them are there.
const Field* missing_member(Fields fields, const void* object) {
  const Field* name = kms::model::find_field(fields, "KeyId");
  if (name == nullptr && std::ranges::find(fields, Type::List, type_of) == fields.end())
    if (const auto first = std::ranges::find(fields, Type::Text, type_of); first != fields.end())
      name = &*first;
  for (const Field& field : fields) {
    const Field* missing = std::visit(
        kms::model::Overloaded{
            [&](std::string* text) { return &field == name && text->empty() ? &field : nullptr; },
            [&](Bytes* blob) { return blob->empty() ? &field : nullptr; },
            [&](SecretBytes* blob) { return blob->empty() ? &field : nullptr; },
            // One that says nothing is not there, as most keys have no XksKeyConfiguration.
            [](const kms::model::Structure& inner) {
              const bool is_there = kms::model::is_set(inner.fields, inner.object);
              return is_there ? missing_member(inner.fields, inner.object) : nullptr;
            },
            [](const kms::model::Structures& list) {
              const Field* of_one = nullptr;
              for (std::size_t i = 0; i < list.size(list.list) && of_one == nullptr; ++i)
                of_one = missing_member(list.fields, list.at(list.list, i));
              return of_one;
            },
            [](const auto&) -> const Field* { return nullptr; }},
        member(field, object));
    if (missing != nullptr) return missing;
  }
  return nullptr;
}

// What is wrong with a response, or empty. Fills in `response`.
std::string read_response(const Operation& operation, const Answer& answer, void* response) {
  if (!is_json(answer)) return "It has no JSON of KMS's kind.";
  if (!operation.has_response() && answer.body.empty()) return {};
  try {
    const JsonDocument json = kms::model::parse_json(answer.body);
    kms::model::Validation missing;
    kms::model::read_json(operation.response, response, json.root(), missing);
    missing.finish();
    for (const Field& field : operation.response)
      if (operation.is_paged() && type_of(field) == Type::List &&
          json.root().find(field.name) == nullptr)
        return "It has no " + std::string(field.name) + ".";
  } catch (const Error& error) {
    return error.text();
  }
  const Field* field = missing_member(operation.response, response);
  return field == nullptr ? std::string() : "It has no " + std::string(field->name) + ".";
}

SecretString body_of(const Operation& operation, const void* request) {
  try {
    return kms::model::write_json(operation.request, request);
  } catch (const std::invalid_argument&) {  // a text that is no UTF-8: one of these says so
    kms::model::validate(operation.request, request);
    for (const Field& field : operation.request)
      if (type_of(field) == Type::Map)
        blob::canonical_context(*std::get<blob::EncryptionContext*>(member(field, request)));
    throw;
  }
}

class ServerEndpoint final : public KmsEndpoint {
 public:
  ServerEndpoint(server::ServerAddress address, server::ClientOptions options,
                 std::optional<server::AccessKey> access_key)
      : client_(std::move(address), std::move(options)), access_key_(std::move(access_key)) {}

  bool is_token() const override { return false; }
  void run(const Operation& operation, const void* request, void* response) override {
    const Answer answer = ask(operation, body_of(operation, request));
    if (answer.status != kOk) refuse(operation, answer);
    if (const std::string fault = read_response(operation, answer, response); !fault.empty())
      throw Failure(here() + " answers, but not as a KMS does. " + fault + kCheckAddress);
  }

  std::map<std::string, kms::KeyAndAliases> describe(const std::set<std::string>& key_ids,
                                                     bool with_aliases) override {
    std::map<std::string, kms::KeyAndAliases> keys;
    for (const std::string& id : key_ids) {
      try {
        keys[id].metadata = call(kms::DescribeKeyRequest{id, {}}).key_metadata;
      } catch (const Error& error) {
        // It has been deleted in the meantime.
        if (error.code() != ErrorCode::NotFound) throw;
      }
    }
    if (!with_aliases) return keys;
    kms::ListAliasesRequest request;
    request.limit = kPageSize;
    for (;;) {
      const kms::ListAliasesResponse page = call(request);
      for (const kms::AliasListEntry& alias : page.aliases)
        if (const auto key = keys.find(alias.target_key_id); key != keys.end())
          key->second.aliases.push_back(alias.alias_name);
      if (page.next_marker.empty()) break;
      if (page.next_marker == request.marker)
        throw Failure(here() + " gives the same page of aliases again." + kCheckAddress);
      request.marker = page.next_marker;
    }
    for (auto& [id, key] : keys) std::ranges::sort(key.aliases);
    return keys;
  }

 private:
  static constexpr const char* kCheckAddress =
      " Is this the address of a `trent serve`, or of another KMS?";

  std::string here() const { return client_.address().text; }

  server::Request request_for(const Operation& operation, const SecretString& body) const {
    server::Request request{
        .method = "POST",
        .target = "/",
        .headers = {{"host", client_.address().authority()},
                    {"content-type", "application/x-amz-json-1.1"},
                    {"x-amz-target", "TrentService." + std::string(operation.name)}},
        .body = body};
    if (access_key_) server::sign_request(request, *access_key_, std::time(nullptr));
    return request;
  }

  // What is transient is tried again, as AWS's SDKs do; but nothing that may have been done, if it
  // changes something.
  Answer ask(const Operation& operation, const SecretString& body) {
    for (int attempt = 1;; ++attempt) {
      const bool is_last = attempt == kAttempts;
      try {
        Answer answer = client_.send(request_for(operation, body));
        if (is_last || !is_transient(operation, answer)) return answer;
      } catch (const HttpFailure& failure) {
        const bool again = failure.kind() == HttpFailure::Kind::NotSent ||
                           (failure.kind() == HttpFailure::Kind::Unanswered && operation.read_only);
        if (is_last || !again) throw Failure(explanation(failure, operation));
      }
      pause(attempt);
    }
  }

  std::string explanation(const HttpFailure& failure, const Operation& operation) const {
    const std::string reason = std::string(": ") + failure.what() + ".";
    const std::string unknown = std::string(operation.read_only ? "" : " ") + doubt(operation);
    switch (failure.kind()) {
      case HttpFailure::Kind::Unreachable:
        return "Cannot connect to " + here() + reason +
               " Start the server with `trent serve`, or use the token itself: unset "
               "TRENT_ENDPOINT, and give no --endpoint-url.";
      case HttpFailure::Kind::NotSent:
      case HttpFailure::Kind::Unanswered:
        return "The connection to " + here() + " broke" + reason + unknown +
               " Try again, and look at what the server says.";
      case HttpFailure::Kind::Late:
        return here() + " does not answer" + reason + unknown +
               " Try again, and look at what the server says.";
      case HttpFailure::Kind::NotHttp:
        break;
    }
    return here() + " answers, but not in HTTP" + reason + kCheckAddress;
  }

  static const char* doubt(const Operation& operation) {
    return operation.read_only ? "" : "The operation may have been done, or not.";
  }

  [[noreturn]] void refuse(const Operation& operation, const Answer& answer) const {
    const char* in_doubt = answer.status >= kServerFault ? doubt(operation) : "";
    const auto refusal = read_refusal(answer);
    if (!refusal)
      throw Failure(here() + " answers, but not as a KMS does: with status " +
                    std::to_string(answer.status) + " and no error of KMS." +
                    (*in_doubt == '\0' ? "" : " ") + in_doubt + kCheckAddress);
    if (const auto code = find_error(refusal->name)) throw Error(*code, refusal->message, in_doubt);
    throw ForeignError(refusal->name, refusal->message, advice_on(refusal->name));
  }

  // What a caller can do whom the server does not know.
  const char* advice_on(std::string_view name) const {
    const bool is_unknown_key = name == "UnrecognizedClientException";
    if (name != "MissingAuthenticationTokenException" && !is_unknown_key) return "";
    if (!access_key_ && client_.address().scheme == server::ServerAddress::Scheme::Unix)
      return "Have the server know your user, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
             "so that requests are signed.";
    if (!access_key_)
      return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, so that requests are signed.";
    return is_unknown_key
               ? "Requests are signed with AWS_ACCESS_KEY_ID: is it an access key of "
                 "this server?"
               : "Requests are signed, for AWS_ACCESS_KEY_ID is set, and the server takes "
                 "no signatures here. Unset it and AWS_SECRET_ACCESS_KEY.";
  }

  server::HttpClient client_;
  const std::optional<server::AccessKey> access_key_;
};

}  // namespace

std::unique_ptr<KmsEndpoint> server_endpoint(server::ServerAddress address,
                                             server::ClientOptions options,
                                             std::optional<server::AccessKey> access_key) {
  return std::make_unique<ServerEndpoint>(std::move(address), std::move(options),
                                          std::move(access_key));
}

}  // namespace trent::cli
