// SPDX-License-Identifier: Apache-2.0
// A directory that is made as a whole, by one process, for its user alone.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace trent::cli {

// While it is being made there is the file NAME.unfinished in it, locked by the process that makes
// it. That becomes the file NAME at the end: with it, the directory is whole. A process that is
// killed leaves NAME.unfinished without a lock; the next one takes such remains away.
class NewDirectory {
 public:
  // `made`: all that is going to be in it. A directory that is there has to be one's own and empty
  // (mode 0700 from now on); and nobody else may be able to put another one in its place.
  // Throws UsageError, Failure.
  NewDirectory(std::filesystem::path path, std::string name, const std::set<std::string>& made);
  // Takes all away again, unless it was finished.
  ~NewDirectory();
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  // `content` is that of the file NAME. Throws Failure.
  void finish(ByteView content);

 private:
  void take(const std::set<std::string>& made);

  std::filesystem::path path_;
  std::filesystem::path last_;          // NAME
  std::filesystem::path marker_;        // NAME.unfinished
  std::optional<FileDescriptor> lock_;  // of the marker
  bool created_ = false;
  bool finished_ = false;
};

}  // namespace trent::cli
