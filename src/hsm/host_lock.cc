#include "hsm/host_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "base/encoding.h"
#include "base/openssl.h"

namespace trent::hsm {

namespace {

constexpr int kPatience = 5000;  // milliseconds

std::string lock_path(const std::string& name) {
  const char* directory = secure_getenv("XDG_RUNTIME_DIR");
  if (directory == nullptr || *directory != '/') directory = "/tmp";
  // SoftHSM's tokens are those of its configuration file.
  const char* softhsm = std::getenv("SOFTHSM2_CONF");
  Sha256 hash = sha256({as_bytes(name), as_bytes(softhsm == nullptr ? "" : softhsm)});
  return std::string(directory) + "/trent-" + std::to_string(geteuid()) + "-" +
         to_hex(ByteView(hash).first(8)) + ".lock";
}

}  // namespace

HostLock::HostLock(const std::string& name, Kind kind) {
  std::string path = lock_path(name);
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  struct stat status {};
  // In a directory that others can write to, the file may be theirs: leave it alone.
  if (descriptor_ >= 0 && (fstat(descriptor_, &status) != 0 || status.st_uid != geteuid())) {
    close(descriptor_);
    descriptor_ = -1;
  }
  if (descriptor_ < 0) return;
  const int operation = (kind == Kind::Shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  for (int waited = 0; flock(descriptor_, operation) != 0 && waited < kPatience; ++waited) {
    timespec millisecond{0, 1000000};
    nanosleep(&millisecond, nullptr);
  }
}

HostLock::~HostLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace trent::hsm
