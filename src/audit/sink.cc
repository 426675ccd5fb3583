// SPDX-License-Identifier: Apache-2.0
// The sinks there are.
#include "audit/sink.h"

#include <system_error>

#include "audit/file_sink.h"
#include "audit/socket_sink.h"

namespace trent::audit {

void fail(const std::string& path, int error) {
  throw Failure(path + ": " + std::generic_category().message(error));
}

std::unique_ptr<Sink> open_sink(const AuditConfig& config) {
  switch (config.to) {
    case AuditConfig::To::File:
      return std::make_unique<FileSink>(config.path);
    case AuditConfig::To::Syslog:
      return std::make_unique<SocketSink>(SocketSink::Protocol::Syslog, config.path);
    case AuditConfig::To::Journal:
      return std::make_unique<SocketSink>(SocketSink::Protocol::Journal, config.path);
    case AuditConfig::To::Nowhere:
      break;
  }
  return nullptr;
}

}  // namespace trent::audit
