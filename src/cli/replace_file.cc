// Files that are replaced as a whole: see replace_file.h.
#include "cli/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "cli/errors.h"
#include "cli/file_descriptor.h"

namespace trent::cli {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path) {
  throw Failure("Cannot write " + path.string() + ": " + std::strerror(errno));
}

// Removed again, unless it was renamed.
class Beside {
 public:
  explicit Beside(const fs::path& target)
      : name_(target.string() + ".XXXXXX"), file_(mkostemp(name_.data(), O_CLOEXEC)) {
    if (!file_) fail(target);
  }
  ~Beside() {
    if (!name_.empty()) unlink(name_.c_str());
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  void write(ByteView content, const fs::path& target) {
    while (!content.empty()) {
      const ssize_t written = ::write(file_.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(target);
      content = content.subspan(static_cast<std::size_t>(written));
    }
    if (fsync(file_.get()) != 0) fail(target);
  }
  void become(const fs::path& target) {
    if (std::rename(name_.c_str(), target.c_str()) != 0) fail(target);
    name_.clear();
  }

 private:
  std::string name_;
  FileDescriptor file_;
};

}  // namespace

void replace_file(const std::string& path, ByteView content) {
  // Through a symbolic link, as a write would go.
  std::error_code error;
  fs::path target = fs::canonical(path, error);
  if (error) target = fs::absolute(path);
  Beside beside(target);
  beside.write(content, target);
  beside.become(target);
  // The name is on the disk as well; a directory that cannot be synced has it all the same.
  const FileDescriptor directory(
      open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) fsync(directory.get());
}

}  // namespace trent::cli
