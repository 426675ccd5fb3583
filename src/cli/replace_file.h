// SPDX-License-Identifier: Apache-2.0
// Files that are replaced as a whole.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace trent::cli {

enum class Readers {
  UserOnly,
  AsBefore,  // mode and owner of the file that is replaced, or what the umask leaves
};

// A file that is written beside the one that it is to replace, and becomes it when it is complete
// and on the disk; otherwise it is removed. All throw Failure.
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(ByteView content);
  void replace(Readers readers);

 private:
  void take_over_readers();

  std::filesystem::path target_;
  std::string name_;
  FileDescriptor file_;
};

// Writes `content` beside the file, and renames it when it is complete and on the disk: whatever
// happens, there is the old content or the new one. Throws Failure.
void replace_file(const std::string& path, ByteView content, Readers readers = Readers::UserOnly);

// Throws UsageError if neither can work; to be asked before anything is done.
void check_replaceable(const std::string& path);

}  // namespace trent::cli
