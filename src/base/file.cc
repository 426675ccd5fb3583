// SPDX-License-Identifier: Apache-2.0
// Writing to a file descriptor, and bringing names to the disk.
#include "base/file.h"

#include <fcntl.h>

namespace trent {

bool write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_directory(const std::filesystem::path& path) {
  const FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) fsync(directory.get());
}

}  // namespace trent
