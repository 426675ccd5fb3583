// Files that are replaced as a whole.
#pragma once

#include <string>

#include "base/bytes.h"

namespace trent::cli {

// Writes `content` beside the file, readable for its user only, and renames it when it is complete
// and on the disk: whatever happens, there is the old content or the new one. Throws Failure.
void replace_file(const std::string& path, ByteView content);

}  // namespace trent::cli
