// SPDX-License-Identifier: Apache-2.0
// Files that are replaced as a whole: see replace_file.h.
#include "cli/replace_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/errors.h"
#include "process/signals.h"

namespace trent::cli {

namespace fs = std::filesystem;

void replace_file(const std::string& path, ByteView content, Readers readers) {
  process::SignalsBlocked uninterrupted;
  NewFile file(path);
  file.write(content);
  file.replace(readers);
}

void check_replaceable(const std::string& path) {
  const fs::path target = written_file(path);
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw UsageError(path + " is there already, and is no file that could be replaced.");
  if (access(target.parent_path().c_str(), W_OK | X_OK) != 0)
    throw UsageError("No file can be made in " + target.parent_path().string() + ": " +
                     std::strerror(errno));
}

}  // namespace trent::cli
