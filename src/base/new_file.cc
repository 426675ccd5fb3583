// SPDX-License-Identifier: Apache-2.0
// A file that another one is replaced by: see new_file.h.
#include "base/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace trent {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), "Cannot write " + path.string());
}

}  // namespace

fs::path written_file(const fs::path& path) {
  std::error_code error;
  fs::path target = fs::canonical(path, error);
  return error ? fs::absolute(path) : target;
}

// Its mode is 0600, and its name begins with a dot: `for file in DIR/*` does not meet it.
NewFile::NewFile(const fs::path& path)
    : target_(written_file(path)),
      name_(target_.parent_path() / ("." + target_.filename().string() + ".XXXXXX")),
      file_(mkostemp(name_.data(), O_CLOEXEC)) {
  if (!file_) fail(target_);
}

NewFile::~NewFile() {
  if (!name_.empty()) unlink(name_.c_str());
}

void NewFile::write(ByteView content) {
  if (!write_all(file_.get(), content)) fail(target_);
}

// As the file that it replaces, or as a new one.
void NewFile::take_over_readers() {
  struct stat status {};
  mode_t mode = 0;
  if (stat(target_.c_str(), &status) == 0) {
    mode = status.st_mode & 0777;
    // Only root can give a file to another user. If the group is another one, it gets nothing.
    if (fchown(file_.get(), status.st_uid, status.st_gid) != 0 &&
        fchown(file_.get(), static_cast<uid_t>(-1), status.st_gid) != 0)
      mode &= ~static_cast<mode_t>(S_IRWXG);
  } else {
    const mode_t mask = umask(0);
    umask(mask);
    mode = 0666 & ~mask;
  }
  if (fchmod(file_.get(), mode) != 0) fail(target_);
}

void NewFile::replace(Readers readers) {
  if (readers == Readers::AsBefore) take_over_readers();
  if (fsync(file_.get()) != 0 || std::rename(name_.c_str(), target_.c_str()) != 0) fail(target_);
  name_.clear();
  sync_directory(target_.parent_path());
}

}  // namespace trent
