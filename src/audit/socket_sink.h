// SPDX-License-Identifier: Apache-2.0
// Audit records to syslog, or to journald in its own protocol: a datagram each. syslog(3) would not
// say whether anybody got it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/chain.h"
#include "audit/sink.h"
#include "base/file.h"

namespace trent::audit {

// Others write to the same place, so each process has a chain of its own.
class SocketSink final : public Sink {
 public:
  enum class Protocol { Syslog, Journal };

  // `path`: of the socket; empty: where the system has it.
  SocketSink(Protocol protocol, std::string path);

  void write(std::string_view record) override;
  void make_room() override;

 private:
  void forget_if_forked();
  void open();
  bool send(const std::string& message);

  const Protocol protocol_;
  const std::string path_;
  std::uint64_t forks_;
  std::optional<FileDescriptor> socket_;
  std::optional<Chain> chain_;
  std::uint64_t lost_ = 0;
  bool is_slow_ = false;  // nobody has read what was sent last, so nobody waits for it again
};

}  // namespace trent::audit
