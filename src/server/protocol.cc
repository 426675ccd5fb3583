// SPDX-License-Identifier: Apache-2.0
// Requests of AWS's clients, and responses as those want them. Nothing here knows an operation.
#include "server/protocol.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/utc.h"
#include "kms/model/json.h"
#include "kms/operations/operations.h"

namespace trent::server {

namespace {

constexpr std::string_view kTargetPrefix = "TrentService.";
constexpr const char* kContentType = "application/x-amz-json-1.1";

// An error of the protocol, which no operation has.
struct ProtocolError {
  int status;
  const char* name;
  std::string message;
};

// SDKs take either of the names; some do not read the header, others not the body.
Response error_response(int status, std::string_view name, std::string_view message) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", kContentType}, {"x-amzn-ErrorType", std::string(name)}};
  kms::Json body = kms::Json::object();
  body["__type"] = name;
  // KMS leaves it out of some errors, and so does the client's message.
  if (!message.empty()) body["message"] = message;
  response.body = body.dump();
  return response;
}

ProtocolError throttling() {
  return {400, "ThrottlingException",
          "You have exceeded the rate at which you may call KMS. Reduce the frequency of your "
          "calls."};
}

bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return type == kContentType || type == "application/json";
}

const kms::model::Operation* operation_of(const Request& request) {
  const std::string* target = request.header("x-amz-target");
  if (target == nullptr || !target->starts_with(kTargetPrefix)) return nullptr;
  return kms::operations::find(std::string_view(*target).substr(kTargetPrefix.size()));
}

// Throws ProtocolError if the request is for nobody here.
void check_envelope(const Request& request) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  if (path != "/" || request.method != "POST")
    throw ProtocolError{404, "UnknownOperationException",
                        "Operations are POST requests to / with X-Amz-Target: "
                        "TrentService.NAME (awsJson1_1)."};
  const auto targets = std::ranges::count(request.headers, "x-amz-target", &Header::name);
  if (targets == 0)
    throw ProtocolError{404, "UnknownOperationException", "There is no X-Amz-Target."};
  if (targets > 1)
    throw ProtocolError{400, "UnknownOperationException", "There is more than one X-Amz-Target."};
  if (operation_of(request) == nullptr) throw ProtocolError{400, "UnknownOperationException", {}};
  const std::string* content_type = request.header("content-type");
  if (content_type == nullptr || !is_json(*content_type))
    throw ProtocolError{400, "SerializationException",
                        std::string("The Content-Type must be ") + kContentType + "."};
}

// What a client can make sense of: the errors of the operation, and KMSInternalException for what
// else is the server's or the token's.
ErrorCode code_for(const kms::model::Operation& operation, const Error& error) {
  constexpr int kServerFault = 500;
  const bool modelled = std::ranges::find(operation.errors, error.code()) != operation.errors.end();
  return error.status() == kServerFault && !modelled ? ErrorCode::KMSInternal : error.code();
}

}  // namespace

std::string Protocol::new_id() {
  Uuid id = first_id_;
  std::uint32_t number = ids_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = id.size(); number != 0; number >>= 8) id[--i] ^= number & 0xff;
  return format_uuid(id);
}

bool Protocol::is_quick(const Request& request) {
  const kms::model::Operation* operation = operation_of(request);
  return operation == nullptr || (operation->read_only && !operation->is_paged());
}

Response Protocol::answer(const Request& request, const Peer& peer, const Ways& ways,
                          std::chrono::steady_clock::time_point received) {
  const std::string id = new_id();
  const kms::model::Operation* operation = operation_of(request);
  std::optional<kms::Caller> caller;
  kms::Trace trace;
  std::string code = "OK";
  std::string detail;
  Response response;
  const auto fail = [&](int status, std::string_view name, std::string_view message) {
    code = name;
    response = error_response(status, name, message);
  };
  try {
    check_envelope(request);
    caller =
        authenticator_.get()->authenticate(request, peer, ways, std::chrono::system_clock::now());
    caller->request_id = id;
    caller->source_address = peer.address;
    caller->secure_transport = peer.is_encrypted || peer.address == "unix";
    if (const std::string* agent = request.header("user-agent")) caller->user_agent = *agent;
    if (!rate_limit_.take(caller->principal, std::chrono::steady_clock::now())) {
      metrics_.throttled.fetch_add(1, std::memory_order_relaxed);
      throw throttling();
    }
    const std::string_view text = request.body.empty() ? "{}" : std::string_view(request.body);
    response.body = service_.call(*caller, *operation, text, &trace);
    response.headers = {{"Content-Type", kContentType}};
  } catch (const ProtocolError& error) {
    fail(error.status, error.name, error.message);
  } catch (const AuthenticationError& error) {
    metrics_.authentication_failure(error.reason());
    detail = error.reason();
    fail(400, error.name(), error.message());
  } catch (const Error& error) {
    const ErrorCode sent = code_for(*operation, error);
    if (error.status() >= 500) detail = error.what();
    fail(http_status(sent), error_name(sent), error.message());
  } catch (const std::exception& error) {
    detail = error.what();
    fail(500, error_name(ErrorCode::KMSInternal), "The request failed within the server.");
  }
  response.headers.push_back({"x-amzn-RequestId", id});
  const auto duration = std::chrono::steady_clock::now() - received;
  metrics_.request(operation, code, duration);
  log_.write({.request_id = id,
              .source_address = peer.address,
              .caller = caller ? &*caller : nullptr,
              .operation = operation == nullptr ? std::string_view() : operation->name,
              .keys = trace.keys,
              .code = code,
              .detail = detail,
              .duration = duration});
  return response;
}

Response Protocol::throttle(const Request& request, const Peer& peer,
                            std::chrono::steady_clock::time_point received) {
  const std::string id = new_id();
  const kms::model::Operation* operation = operation_of(request);
  const ProtocolError error = throttling();
  Response response = error_response(error.status, error.name, error.message);
  response.headers.push_back({"x-amzn-RequestId", id});
  const auto duration = std::chrono::steady_clock::now() - received;
  metrics_.throttled.fetch_add(1, std::memory_order_relaxed);
  metrics_.request(operation, error.name, duration);
  log_.write({.request_id = id,
              .source_address = peer.address,
              .operation = operation == nullptr ? std::string_view() : operation->name,
              .keys = {},
              .code = error.name,
              .detail = "the queue is full",
              .duration = duration});
  return response;
}

Response Protocol::refuse(int status, std::string_view reason) {
  metrics_.refused.fetch_add(1, std::memory_order_relaxed);
  const char* name = status == 408   ? "RequestTimeoutException"
                     : status == 413 ? "RequestEntityTooLargeException"
                                     : "MalformedHttpRequestException";
  Response response = error_response(status, name, printable(reason));
  response.headers.push_back({"x-amzn-RequestId", new_id()});
  return response;
}

}  // namespace trent::server
