// SPDX-License-Identifier: Apache-2.0
// Owner of a file descriptor, and what is done with one.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <optional>

#include "base/bytes.h"

namespace trent {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

// What is left to read, but at most `limit` bytes: whoever wants to know whether there are more
// asks for one more than they take. nullopt, and errno says why, if it cannot be read.
template <class Buffer>
std::optional<Buffer> read_up_to(int fd, std::size_t limit) {
  constexpr std::size_t kBlock = 16384;
  Buffer content;
  std::size_t size = 0;
  while (size < limit) {
    content.resize(size + std::min(kBlock, limit - size));
    const ssize_t n = ::read(fd, content.data() + size, content.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  content.resize(size);
  return content;
}

// False, and errno says why, if not all of it could be written.
bool write_all(int fd, ByteView content);

// The names in it are on the disk after that. A directory that cannot be synced has them all the
// same.
void sync_directory(const std::filesystem::path& path);

}  // namespace trent
