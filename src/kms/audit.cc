// SPDX-License-Identifier: Apache-2.0
// A request as an event of CloudTrail's. Put together as text: a tree of JSON would take longer
// than all the rest.
#include "kms/audit.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "audit/log.h"
#include "base/arn.h"
#include "base/encoding.h"
#include "base/thread_safety.h"
#include "base/utc.h"
#include "base/uuid.h"
#include "kms/model/json.h"
#include "process/fork.h"

namespace trent::kms {

namespace {

// CloudTrail leaves out what is longer, too.
constexpr std::size_t kLongestParameters = 100 * 1024;
constexpr std::size_t kLongestText = 1024;

// As a string of JSON. What comes from outside may be anything, and of any length.
void quote(std::string& out, std::string_view text) {
  text = text.substr(0, kLongestText);
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (is_plain) {
    out.append("\"").append(text).append("\"");
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

void member(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.ends_with('{') ? "\"" : ",\"").append(name).append("\":");
  quote(out, value);
}

void raw_member(std::string& out, std::string_view name, std::string_view json) {
  out.append(out.ends_with('{') ? "\"" : ",\"").append(name).append("\":").append(json);
}

// "alice" of "user/team/alice".
std::string_view last_part(std::string_view resource) {
  return resource.substr(resource.rfind('/') + 1);
}

std::string_view type_of(std::string_view resource) {
  if (resource == "root") return "Root";
  if (resource.starts_with("user/")) return "IAMUser";
  if (resource.starts_with("assumed-role/")) return "AssumedRole";
  if (resource.starts_with("federated-user/")) return "FederatedUser";
  if (resource.starts_with("role/")) return "Role";
  return "Unknown";
}

void identity(std::string& out, const Caller& caller) {
  const auto arn = parse_arn(caller.principal);
  out += R"(,"userIdentity":{)";
  member(out, "type", arn ? type_of(arn->resource) : "Unknown");
  // Not everybody has an ARN: C_LoginUser takes any name.
  if (arn) {
    member(out, "arn", caller.principal);
    member(out, "accountId", arn->account);
  } else {
    member(out, "accountId", caller.account);
    member(out, "userName", caller.principal);
  }
  if (!caller.access_key_id.empty()) member(out, "accessKeyId", caller.access_key_id);
  if (arn && arn->resource.starts_with("user/")) member(out, "userName", last_part(arn->resource));
  out += "}";
}

// What calls itself nothing is called by its program.
const std::string& own_agent() {
  static const std::string agent =
      std::string("trent/") + TRENT_VERSION + " (" + program_invocation_short_name + ")";
  return agent;
}

// As unique as a random UUID, in a tenth of its time: one for each process, and counted on.
std::string event_id() {
  struct Source {
    Mutex mutex;
    Uuid next GUARDED_BY(mutex) = random_uuid();
    std::uint64_t forks GUARDED_BY(mutex) = process::fork_count();
  };
  // Never destroyed: threads may outlive static destruction.
  static Source* const source = std::make_unique<Source>().release();
  const Lock lock(source->mutex);
  if (source->forks != process::fork_count()) {
    source->next = random_uuid();
    source->forks = process::fork_count();
  }
  // The last 48 bits as a number.
  constexpr std::size_t kNumber = 10;
  for (std::size_t i = source->next.size(); i > kNumber && ++source->next[i - 1] == 0; --i)
    continue;
  return format_uuid(source->next);
}

void parameters(std::string& out, const Ended& ended) {
  const std::string text = model::request_parameters(ended.operation, ended.request);
  if (text == "{}") {
    raw_member(out, "requestParameters", "null");
  } else if (text.size() <= kLongestParameters) {
    raw_member(out, "requestParameters", text);
  } else {
    raw_member(out, "requestParameters",
               R"({"omitted":true,"originalSize":)" + std::to_string(text.size()) +
                   R"(,"reason":"too long"})");
  }
}

void additional_data(std::string& out, const Ended& ended) {
  out += R"(,"additionalEventData":{)";
  member(out, "authentication", name_of(ended.caller.authentication));
  raw_member(out, "processId", std::to_string(getpid()));
  raw_member(out, "userId", std::to_string(geteuid()));
  if (ended.trace.in_host) raw_member(out, "hostReEncrypt", "true");
  // Which material it was: the response says so, of which an event of a read has nothing else.
  if (ended.error == nullptr)
    for (const model::Field& field : ended.operation.response) {
      if (!field.name.ends_with("KeyMaterialId")) continue;
      const model::Member id = model::member(field, ended.response);
      if (const auto* text = std::get_if<std::string*>(&id); text != nullptr && !(*text)->empty())
        member(out, model::lower_camel(field.name), **text);
    }
  out += "}";
}

void resources(std::string& out, const Ended& ended) {
  out += R"(,"resources":[)";
  for (const std::string& key : ended.trace.keys) {
    const auto arn = parse_arn(key);
    out += out.ends_with('[') ? "{" : ",{";
    member(out, "accountId", arn ? arn->account : std::string_view());
    member(out, "type",
           arn && arn->resource.starts_with("alias/") ? "AWS::KMS::Alias" : "AWS::KMS::Key");
    member(out, "ARN", key);
    out += "}";
  }
  out += "]";
}

}  // namespace

void add_record(std::string& out, const Ended& ended, const Account& home) {
  const Caller& caller = ended.caller;
  out += R"({"eventVersion":"1.11")";
  identity(out, caller);
  member(out, "eventTime", format_utc(std::time(nullptr), "%Y-%m-%dT%H:%M:%SZ"));
  member(out, "eventSource", "kms.amazonaws.com");
  member(out, "eventName", ended.operation.name);
  member(out, "awsRegion", home.region);
  member(out, "sourceIPAddress",
         caller.source_address.empty() ? "localhost" : caller.source_address);
  member(out, "userAgent", caller.user_agent.empty() ? own_agent() : caller.user_agent);
  if (ended.error != nullptr) {
    member(out, "errorCode", ended.error->name());
    if (!ended.error->message().empty()) member(out, "errorMessage", ended.error->message());
  }
  parameters(out, ended);
  const bool has_elements =
      ended.error == nullptr && !ended.operation.read_only && ended.operation.has_response();
  if (has_elements)
    raw_member(out, "responseElements", model::response_elements(ended.operation, ended.response));
  else
    raw_member(out, "responseElements", "null");
  additional_data(out, ended);
  if (!caller.request_id.empty()) member(out, "requestID", caller.request_id);
  member(out, "eventID", event_id());
  raw_member(out, "readOnly", ended.operation.read_only ? "true" : "false");
  resources(out, ended);
  // What needs no permission is no request.
  member(out, "eventType", ended.operation.permissions.empty() ? "AwsServiceEvent" : "AwsApiCall");
  raw_member(out, "managementEvent", "true");
  member(out, "recipientAccountId", home.id);
  member(out, "eventCategory", "Management");
  out += "}";
}

Audit::Audit(const AuditConfig& config, const Accounts& accounts, std::function<void()> lost)
    : accounts_(accounts),
      log_(config.to == AuditConfig::To::Nowhere
               ? nullptr
               : std::make_unique<audit::Log>(audit::open_sink(config), config.required,
                                              std::move(lost))) {}

Audit::~Audit() = default;

std::string Audit::trouble() {
  const process::ForkGuard fork;
  return log_ ? log_->trouble() : std::string();
}

void Audit::begin(const model::Operation& operation) {
  if (log_ && !operation.read_only) log_->make_room();
}

void Audit::end(const Ended& ended) {
  if (!log_) return;
  const bool has_changed = ended.error == nullptr && !ended.operation.read_only;
  const Account& home = accounts_.home(ended.caller.account, ended.caller.region);
  log_->write([&](std::string& out) { add_record(out, ended, home); },
              has_changed ? "It was done, but" : "The answer is withheld, because");
}

}  // namespace trent::kms
