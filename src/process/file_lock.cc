// SPDX-License-Identifier: Apache-2.0
// flock() with a deadline, fair, on a file that is made if need be and may be replaced meanwhile.
#include "process/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/thread_safety.h"
#include "process/signals.h"

namespace trent::process {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

Error not_to_be_had(const fs::path& path, const std::string& why) {
  return Error(ErrorCode::DependencyTimeout, "The lock " + path.string() + " " + why + ".",
               "It keeps the programs that use the token apart. If none is running, remove it; "
               "otherwise let its owner open it for you.");
}

// Makes it with the right mode, or not at all.
void make(int directory, const struct stat& status, const char* name) {
  // Whoever may list the directory by membership in its group may use the lock. Nobody else may
  // hold it up, unless they can write there.
  mode_t mode = S_IRUSR | S_IWUSR;
  if ((status.st_mode & S_IRGRP) != 0) mode |= S_IRGRP | S_IWGRP;
  if ((status.st_mode & S_IWOTH) != 0) mode |= S_IROTH | S_IWOTH;
  auto finish = [&](int file) {
    const uid_t owner = geteuid() == 0 ? status.st_uid : static_cast<uid_t>(-1);
    if (fchown(file, owner, status.st_gid) != 0) mode &= ~static_cast<mode_t>(S_IRWXG);
    fchmod(file, mode);
  };
  int file = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) {
    finish(file);
    const std::string itself = "/proc/self/fd/" + std::to_string(file);
    const bool linked = linkat(AT_FDCWD, itself.c_str(), directory, name, AT_SYMLINK_FOLLOW) == 0 ||
                        errno == EEXIST;
    close(file);
    if (linked) return;
  }
  // A file system without O_TMPFILE.
  file = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return;
  finish(file);
  close(file);
}

int open_there(int directory, const char* name) {
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int file = openat(directory, name, O_RDWR | kFlags);
  // Locking takes no more, except over NFS.
  if (file < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
    return openat(directory, name, O_RDONLY | kFlags);
  return file;
}

// What another moment may change, and says nothing about the directory.
bool is_short_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

// -1: there is none, and none can be made. Throws if there is one that cannot be had.
int open_lock(const fs::path& path) {
  const int directory = open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0 && is_short_of_resources(errno))
    throw not_to_be_had(path, std::string("cannot be opened: ") + std::strerror(errno));
  if (directory < 0) return -1;
  const std::string name = path.filename();
  int file = open_there(directory, name.c_str());
  struct stat status {};
  if (file < 0 && errno == ENOENT && fstat(directory, &status) == 0) {
    make(directory, status, name.c_str());
    file = open_there(directory, name.c_str());
  }
  int reason = errno;
  if (file < 0 && reason == ENOENT) {
    // Was it for the want of descriptors that none could be made?
    const int trial = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    if (trial < 0) reason = errno;
    if (trial >= 0) close(trial);
  }
  close(directory);
  if (file < 0) {
    if (reason == ENOENT) return -1;
    throw not_to_be_had(path, std::string("cannot be opened: ") + std::strerror(reason));
  }
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    throw not_to_be_had(path, "is no plain file");
  }
  return file;
}

// Whether `file` is still what the path names: it may have been removed, or the whole directory
// replaced, while we waited.
bool is_still(int file, const fs::path& path) {
  struct stat ours {};
  struct stat there {};
  return fstat(file, &ours) == 0 && stat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

// Waits in the kernel's queue, where nobody is overtaken for ever. flock() knows no deadline, and
// a signal that would end it belongs to the application: a thread waits, and if it waits too long
// it is left behind, to give back what it gets.
class Waiting {
 public:
  static bool lock(int file, int operation, Clock::time_point until) {
    auto waiting = std::make_shared<Waiting>();
    waiting->file_ = fcntl(file, F_DUPFD_CLOEXEC, 0);  // it may have to close it long after
    if (waiting->file_ < 0) return poll(file, operation, until);
    std::thread thread;
    try {
      const SignalsBlocked not_for_this_thread;
      thread = std::thread([waiting, operation] { waiting->run(operation); });
    } catch (const std::system_error&) {
      close(waiting->file_);
      return poll(file, operation, until);
    }
    const std::optional<bool> answer = waiting->answer_by(until);
    if (answer)
      thread.join();
    else
      thread.detach();
    return answer.value_or(false);
  }

 private:
  void run(int operation) {
    int result = 0;
    do {
      result = flock(file_, operation);
    } while (result != 0 && errno == EINTR);
    const Lock lock(mutex_);
    // Unlocked rather than closed only: a child of fork() may have the file open, too.
    if (abandoned_ && result == 0) flock(file_, LOCK_UN);
    close(file_);
    answer_ = result == 0;
    answered_.notify_one();
  }

  // Of the thread; nullopt: it has none yet, and is abandoned.
  std::optional<bool> answer_by(Clock::time_point until) {
    Lock lock(mutex_);
    while (!answer_ && answered_.wait_until(lock, until) == std::cv_status::no_timeout) continue;
    abandoned_ = !answer_;
    return answer_;
  }

  // Without a thread: fair it is not.
  static bool poll(int file, int operation, Clock::time_point until) {
    while (flock(file, operation | LOCK_NB) != 0) {
      if (Clock::now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  Mutex mutex_;
  std::condition_variable_any answered_;
  std::optional<bool> answer_ GUARDED_BY(mutex_);
  bool abandoned_ GUARDED_BY(mutex_) = false;
  int file_ = -1;
};

// " (process 1234, trent)", if the kernel tells.
std::string holder_of(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0) return {};
  char inode[64];
  std::snprintf(inode, sizeof inode, "%02x:%02x:%lu", major(status.st_dev), minor(status.st_dev),
                static_cast<unsigned long>(status.st_ino));
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::string number, type, mode, access, pid, where;
    std::istringstream(line) >> number >> type >> mode >> access >> pid >> where;
    if (type != "FLOCK" || where != inode) continue;
    std::string program;
    std::ifstream comm("/proc/" + pid + "/comm");
    std::getline(comm, program);
    return " (process " + pid + (program.empty() ? "" : ", " + program) + ")";
  }
  return {};
}

}  // namespace

FileLock::FileLock(const fs::path& path, Kind kind, std::chrono::milliseconds patience)
    : owner_(getpid()) {
  const auto until = Clock::now() + patience;
  const int operation = kind == Kind::Shared ? LOCK_SH : LOCK_EX;
  for (;;) {
    descriptor_ = open_lock(path);
    if (descriptor_ < 0) return;
    const bool locked = flock(descriptor_, operation | LOCK_NB) == 0 ||
                        Waiting::lock(descriptor_, operation, until);
    if (locked && is_still(descriptor_, path)) return;
    const std::string holder = locked ? "" : holder_of(descriptor_);
    close(descriptor_);  // unlocks it: nobody has inherited it in this short time
    if (Clock::now() < until) continue;
    throw Error(ErrorCode::DependencyTimeout,
                "Another program has held the lock " + path.string() + " for " +
                    std::to_string(std::chrono::ceil<std::chrono::seconds>(patience).count()) +
                    " s" + holder + ".",
                "Try again when it has ended. If it hangs, end it: the lock ends with it.");
  }
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  if (owner_ == getpid()) flock(descriptor_, LOCK_UN);
  close(descriptor_);
}

}  // namespace trent::process
