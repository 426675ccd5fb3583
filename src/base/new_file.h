// SPDX-License-Identifier: Apache-2.0
// A file that another one is replaced by, as a whole.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace trent {

enum class Readers {
  UserOnly,
  AsBefore,  // mode and owner of the file that is replaced, or what the umask leaves
};

// What a write to `path` would write: where a symbolic link leads. Absolute.
std::filesystem::path written_file(const std::filesystem::path& path);

// It is written beside the file that it is to replace, and becomes it when it is complete and on
// the disk; otherwise it is removed. All throw std::system_error: "Cannot write PATH: why".
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& path);
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

}  // namespace trent
