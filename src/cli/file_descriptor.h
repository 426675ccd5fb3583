// Owner of a file descriptor, and what is done with one.
#pragma once

#include <unistd.h>

#include <filesystem>

#include "base/bytes.h"

namespace trent::cli {

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

// False, and errno says why, if not all of it could be written.
bool write_all(int fd, ByteView content);

// The names in it are on the disk after that. A directory that cannot be synced has them all the
// same.
void sync_directory(const std::filesystem::path& path);

}  // namespace trent::cli
