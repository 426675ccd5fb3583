// SPDX-License-Identifier: Apache-2.0
// Audit records in a file, a line each, appended by any number of processes.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "audit/chain.h"
#include "audit/sink.h"
#include "audit/state_file.h"
#include "base/file.h"

namespace trent::audit {

// The chain goes on from one file to the next when a log is rotated: before each record, the sink
// looks whether the path names another file by now.
class FileSink final : public Sink {
 public:
  explicit FileSink(std::string path);

  void write(std::string_view record) override;
  void make_room() override;

 private:
  class Turn;

  void forget_if_forked();
  // What the path names now, opened.
  struct stat open_log();
  // How far the chain has come, whatever has happened to log and state. Removes half a record from
  // the log's end. `torn`: its last line has no end all the same, and what comes next has to end
  // it.
  Chain find_chain(const std::optional<State>& state, struct stat& log, bool& torn);
  void require_within_limit(std::uint64_t size) const;
  void append(std::string_view record);
  std::optional<State> read_state() const;
  bool store(const State& state) const;

  const std::string path_;
  const std::string state_path_;
  std::uint64_t forks_;
  std::optional<FileDescriptor> state_;
  std::uint64_t state_length_ = 0;  // of the file, when this turn began
  std::optional<State> known_;      // what it says, if nobody else has written to it or the log
  std::optional<FileDescriptor> log_;
  ino_t log_inode_ = 0;
  dev_t log_device_ = 0;
  std::uint64_t limit_ = 0;       // no file of this process gets longer
  std::uint64_t room_until_ = 0;  // so far, the disk has room for this log
  std::uint64_t lost_ = 0;        // that the state does not count
};

}  // namespace trent::audit
