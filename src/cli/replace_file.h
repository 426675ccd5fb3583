// SPDX-License-Identifier: Apache-2.0
// Files that are replaced as a whole.
#pragma once

#include <string>

#include "base/bytes.h"

namespace trent::cli {

enum class Readers {
  UserOnly,
  AsBefore,  // mode and owner of the file that is replaced, or what the umask leaves
};

// Writes `content` beside the file, and renames it when it is complete and on the disk: whatever
// happens, there is the old content or the new one. Throws Failure.
void replace_file(const std::string& path, ByteView content, Readers readers = Readers::UserOnly);

// Throws UsageError if that cannot work; to be asked before anything is done.
void check_replaceable(const std::string& path);

}  // namespace trent::cli
