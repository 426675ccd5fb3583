// SPDX-License-Identifier: Apache-2.0
// Counters in shared memory.
#include "server/metrics.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <span>

#include "base/error.h"
#include "kms/operations/operations.h"

namespace trent::server {

namespace {

// What is not among them is counted as the last.
constexpr std::string_view kCodeNames[] = {
    "OK",
#define TRENT_NAME(name, status) #name "Exception",
    TRENT_ERRORS(TRENT_NAME)  // NOLINT(bugprone-suspicious-missing-comma): each is one name
#undef TRENT_NAME
    "ThrottlingException",
    "UnknownOperationException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "Other",
};
constexpr std::string_view kReasonNames[] = {
    "missing", "malformed", "unknown_key", "no_secret", "signature", "expired", "skew",
    "scope",   "session",   "certificate", "bearer",    "user",      "other"};
// Seconds.
constexpr double kBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                              0.05,   0.1,     0.25,   0.5,   1,      2.5,   10};

std::size_t index_of(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? names.size() - 1 : static_cast<std::size_t>(found - names.begin());
}

// The operations in their order, and then the unknown ones.
std::size_t index_of(const kms::model::Operation* operation) {
  const auto all = kms::operations::all();
  return static_cast<std::size_t>(std::ranges::find(all, operation) - all.begin());
}
std::string operation_name(std::size_t index) {
  const auto all = kms::operations::all();
  return index < all.size() ? std::string(all[index]->name) : "Unknown";
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

void head(std::string& out, const std::string& name, const char* type, const char* help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}
void line(std::string& out, const std::string& name, const std::string& labels,
          const std::string& value) {
  out += name + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
}
void single(std::string& out, const std::string& name, const char* type, const char* help,
            std::uint64_t value) {
  head(out, name, type, help);
  line(out, name, {}, std::to_string(value));
}

}  // namespace

std::unique_ptr<Metrics, Metrics::Unmap> Metrics::shared() {
  void* memory =
      ::mmap(nullptr, sizeof(Metrics), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return std::unique_ptr<Metrics, Unmap>(new (memory) Metrics);
}

void Metrics::Unmap::operator()(Metrics* metrics) const {
  ::munmap(metrics, sizeof(Metrics));
}

void Metrics::Histogram::add(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - std::begin(kBounds);
  counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  nanoseconds.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
}

void Metrics::Histogram::write(std::string& out, const std::string& name,
                               const std::string& label) const {
  std::uint64_t sum = 0;
  for (const Counter& count : counts) sum += count;
  if (sum == 0) return;
  const std::string separator = label.empty() ? "" : ",";
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    up_to += counts[i];
    line(out, name + "_bucket", label + separator + "le=\"" + number(kBounds[i]) + "\"",
         std::to_string(up_to));
  }
  // The sum was taken first: what is counted meanwhile must not make a bucket larger than all.
  sum = up_to + counts[kBuckets];
  line(out, name + "_bucket", label + separator + "le=\"+Inf\"", std::to_string(sum));
  line(out, name + "_sum", label, number(static_cast<double>(nanoseconds) / 1e9));
  line(out, name + "_count", label, std::to_string(sum));
}

void Metrics::request(const kms::model::Operation* operation, std::string_view code,
                      std::chrono::nanoseconds duration) {
  static_assert(std::size(kCodeNames) <= kCodes && std::size(kBounds) == kBuckets);
  const std::size_t index = index_of(operation);
  if (index >= kOperations) return;
  requests_[index][index_of(kCodeNames, code)].fetch_add(1, std::memory_order_relaxed);
  durations_[index].add(duration);
}

void Metrics::authentication_failure(std::string_view reason) {
  static_assert(std::size(kReasonNames) <= kReasons);
  authentication_failures_[index_of(kReasonNames, reason)].fetch_add(1, std::memory_order_relaxed);
}

void Metrics::token_call(std::chrono::nanoseconds duration) {
  token_calls_.add(duration);
}

std::string Metrics::text() const {
  std::string out;
  head(out, "trent_requests_total", "counter", "Requests answered.");
  for (std::size_t i = 0; i < kOperations; ++i)
    for (std::size_t j = 0; j < std::size(kCodeNames); ++j)
      if (requests_[i][j] > 0)
        line(out, "trent_requests_total",
             "operation=\"" + operation_name(i) + "\",code=\"" + std::string(kCodeNames[j]) + "\"",
             std::to_string(requests_[i][j]));
  head(out, "trent_request_duration_seconds", "histogram",
       "From a whole request to its response, with the time in the queue.");
  for (std::size_t i = 0; i < kOperations; ++i)
    durations_[i].write(out, "trent_request_duration_seconds",
                        "operation=\"" + operation_name(i) + "\"");
  head(out, "trent_hsm_call_duration_seconds", "histogram", "Calls of the PKCS#11 module.");
  token_calls_.write(out, "trent_hsm_call_duration_seconds", {});
  head(out, "trent_auth_failures_total", "counter", "Requests whose caller is not known.");
  for (std::size_t i = 0; i < std::size(kReasonNames); ++i)
    line(out, "trent_auth_failures_total", "reason=\"" + std::string(kReasonNames[i]) + "\"",
         std::to_string(authentication_failures_[i]));
  single(out, "trent_throttled_total", "counter", "Requests answered with ThrottlingException.",
         throttled);
  single(out, "trent_refused_total", "counter", "Requests that are not well-formed HTTP.", refused);
  single(out, "trent_log_lines_lost_total", "counter",
         "Lines of the access log that could not be written.", lost_log_lines);
  single(out, "trent_audit_records_lost_total", "counter",
         "Requests of which the audit log has no record, because it could not be written.",
         lost_audit_records);
  single(out, "trent_worker_starts_total", "counter", "Worker processes started.", worker_starts);
  single(out, "trent_worker_deaths_total", "counter", "Worker processes that died by themselves.",
         worker_deaths);
  const auto each = [&](const std::string& name, const char* type, const char* help, auto value) {
    head(out, name, type, help);
    for (std::size_t i = 0; i < kSlots; ++i)
      if (workers[i].process != 0)
        line(out, name, "worker=\"" + std::to_string(i) + "\"", value(workers[i]));
  };
  each("trent_connections", "gauge", "Open connections.",
       [](const Worker& worker) { return std::to_string(worker.connections); });
  each("trent_worker_requests_total", "counter", "Requests that a worker has had.",
       [](const Worker& worker) { return std::to_string(worker.requests); });
  each("process_resident_memory_bytes", "gauge", "Resident memory.",
       [](const Worker& worker) { return std::to_string(worker.resident_bytes); });
  each("process_cpu_seconds_total", "counter", "Processor time.", [](const Worker& worker) {
    return number(static_cast<double>(worker.cpu_microseconds) / 1e6);
  });
  return out;
}

}  // namespace trent::server
