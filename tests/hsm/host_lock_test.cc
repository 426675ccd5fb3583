// SPDX-License-Identifier: Apache-2.0
// The lock of the host: who shares it, how long it is waited for, and what stands in its way.
#include "hsm/host_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "check.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using hsm::HostLock;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

fs::path directory;  // with softhsm2.conf and tokens/

fs::path lock_file() {
  return directory / "tokens/.trent-start.lock";
}

constexpr milliseconds kSoon{50};
constexpr std::chrono::seconds kLong{60};

HostLock start(milliseconds patience, HostLock::Kind kind = HostLock::Kind::Exclusive) {
  return HostLock(HostLock::Purpose::Start, "module", kind, patience);
}

void use_configuration(const fs::path& path) {
  setenv("SOFTHSM2_CONF", path.c_str(), 1);
}

void fresh() {
  fs::remove_all(directory / "tokens");
  fs::create_directory(directory / "tokens");
  std::ofstream(directory / "softhsm2.conf")
      << "# comment\ndirectories.tokendir = " << (directory / "tokens").string() << "/ # here\n";
  use_configuration(directory / "softhsm2.conf");
}

// The exit status of f in a child, as another user if that can be.
template <class F>
int in_child(F f, uid_t user = geteuid()) {
  const pid_t child = fork();
  if (child == 0) {
    if (user != geteuid() && (setgid(user) != 0 || setuid(user) != 0)) _exit(99);
    int status = 0;
    try {
      status = f();
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      status = error.code() == ErrorCode::DependencyTimeout ? 10 : 11;
    }
    _exit(status);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

constexpr uid_t kNobody = 65534;

void has(const Error& error, const std::string& words) {
  if (error.text().find(words) == std::string::npos)
    throw Failure("no \"" + words + "\" in: " + error.text());
}

void is_one_lock_however_it_is_reached() {
  fresh();
  fs::create_directory_symlink(directory / "tokens", directory / "link");
  std::ofstream(directory / "other.conf")
      << "directories.tokendir=" << (directory / "link").string() << "\n";
  const HostLock held = start(kLong);
  for (const fs::path& path : {directory / "softhsm2.conf", directory / "tokens/../softhsm2.conf",
                               directory / "other.conf"}) {
    for (const char* runtime : {"/nonexistent", "/tmp"}) {
      use_configuration(path);
      setenv("XDG_RUNTIME_DIR", runtime, 1);
      CHECK_ERROR(DependencyTimeout, start(kSoon));
      CHECK_ERROR(DependencyTimeout,
                  HostLock(HostLock::Purpose::Start, "another name of the module",
                           HostLock::Kind::Shared, kSoon));
    }
  }
  fs::remove(directory / "link");
}

void tells_who_has_it() {
  fresh();
  const HostLock held = start(kLong);
  Error error = ERROR_OF(start(kSoon));
  has(error, lock_file());
  has(error, "process " + std::to_string(getpid()));
}

void purposes_do_not_wait_for_each_other() {
  fresh();
  const HostLock held = start(kLong);
  const HostLock change(HostLock::Purpose::Change, "token", HostLock::Kind::Exclusive, kSoon);
}

void looking_is_shared() {
  fresh();
  std::optional<HostLock> one(std::in_place, HostLock::Purpose::Start, "m", HostLock::Kind::Shared);
  const HostLock other = start(kSoon, HostLock::Kind::Shared);
  CHECK_ERROR(DependencyTimeout, start(kSoon));
}

void whoever_waits_gets_it() {
  fresh();
  std::optional<HostLock> held(std::in_place, HostLock::Purpose::Start, "m");
  std::thread others[4];
  int done = 0;  // under the lock
  for (std::thread& other : others)
    other = std::thread([&] {
      const HostLock lock = start(kLong);
      ++done;
    });
  held.reset();
  for (std::thread& other : others) other.join();
  CHECK_EQ(done, 4);
}

void whoever_gave_up_does_not_keep_it() {
  fresh();
  std::optional<HostLock> held(std::in_place, HostLock::Purpose::Start, "m");
  for (int i = 0; i < 3; ++i) CHECK_ERROR(DependencyTimeout, start(kSoon));
  held.reset();
  for (int i = 0; i < 3; ++i) start(kLong);
}

// Whether somebody waits for the lock of this file: the kernel marks those with "->".
bool is_waited_for(const fs::path& path) {
  struct stat status {};
  CHECK_EQ(stat(path.c_str(), &status), 0);
  char inode[64];
  std::snprintf(inode, sizeof inode, " %02x:%02x:%lu ", major(status.st_dev), minor(status.st_dev),
                static_cast<unsigned long>(status.st_ino));
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);)
    if (line.find("-> FLOCK ") != line.npos && line.find(inode) != line.npos) return true;
  return false;
}

// A restore from a backup, or somebody who tidies up.
void file_that_is_replaced_is_not_waited_for() {
  fresh();
  std::optional<HostLock> of_old(std::in_place, HostLock::Purpose::Start, "m");
  std::atomic<bool> locked = false;
  std::thread waiter([&] {
    const HostLock lock = start(kLong);
    locked = true;
  });
  const auto await_waiter = [&] {
    while (!locked && !is_waited_for(lock_file())) std::this_thread::sleep_for(milliseconds(1));
  };
  await_waiter();
  // In one step, and locked: the waiter finds one that somebody has.
  const std::string another = lock_file().string() + ".new";
  const int of_new = open(another.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(flock(of_new, LOCK_EX), 0);
  fs::rename(another, lock_file());
  of_old.reset();
  await_waiter();
  const bool held_the_old = locked;
  close(of_new);
  waiter.join();
  CHECK(!held_the_old);
}

void child_of_fork_leaves_it_to_its_parent() {
  fresh();
  auto held = std::make_unique<HostLock>(HostLock::Purpose::Start, "m");
  CHECK_EQ(in_child([&] {
             held.reset();
             return 0;
           }),
           0);
  CHECK_ERROR(DependencyTimeout, start(kSoon));
}

void what_is_no_file_is_named() {
  fresh();
  fs::create_directory(lock_file());
  has(ERROR_OF(start(kSoon)), lock_file());
  CHECK_ERROR(DependencyTimeout, start(kSoon));
  fs::remove(lock_file());
  fs::create_symlink("/etc/passwd", lock_file());
  CHECK_ERROR(DependencyTimeout, start(kSoon));
  fs::remove(lock_file());
  CHECK_EQ(mkfifo(lock_file().c_str(), 0600), 0);
  CHECK_ERROR(DependencyTimeout, start(kSoon));
}

void is_as_open_as_the_directory() {
  for (auto [of_directory, of_file] :
       {std::pair(0700, 0600), std::pair(0755, 0660), std::pair(0770, 0660), std::pair(0711, 0600),
        std::pair(01777, 0666)}) {
    fresh();
    chmod((directory / "tokens").c_str(), static_cast<mode_t>(of_directory));
    umask(077);
    start(kSoon);
    umask(022);
    struct stat status {};
    CHECK_EQ(stat(lock_file().c_str(), &status), 0);
    CHECK_EQ(static_cast<int>(status.st_mode & 07777), of_file);
  }
}

// As root, to be two users.
void users_share_it() {
  if (geteuid() != 0) return;
  fresh();
  CHECK_EQ(chown((directory / "tokens").c_str(), kNobody, kNobody), 0);
  {
    const HostLock of_root = start(kLong);
    CHECK_EQ(in_child([] { return start(kSoon), 0; }, kNobody), 10);
  }
  CHECK_EQ(in_child([] { return start(kSoon), 0; }, kNobody), 0);
  // Somebody else's, closed to others: it is not gone on without.
  fs::remove(lock_file());
  std::ofstream(lock_file()) << "";
  chmod(lock_file().c_str(), 0600);
  CHECK_EQ(in_child([] { return start(kSoon), 0; }, kNobody), 10);
}

void directory_that_cannot_be_written_needs_none() {
  if (geteuid() != 0) return;
  fresh();
  chmod((directory / "tokens").c_str(), 0555);
  CHECK_EQ(in_child([] { return start(kSoon), start(kSoon), 0; }, kNobody), 0);
  CHECK(!fs::exists(lock_file()));
}

void without_softhsm_it_is_the_users() {
  fresh();
  use_configuration("/nonexistent/softhsm2.conf");
  const HostLock held = start(kLong);
  start(kSoon);  // it only spares the token collisions: gone on without
  CHECK(!fs::exists(lock_file()));
}

}  // namespace

int main() {
  std::string path = (fs::temp_directory_path() / "trent-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) return 1;
  directory = path;
  chmod(path.c_str(), 0755);
  const int failed = RUN_TESTS(
      "host lock", TEST(is_one_lock_however_it_is_reached), TEST(tells_who_has_it),
      TEST(purposes_do_not_wait_for_each_other), TEST(looking_is_shared),
      TEST(whoever_waits_gets_it), TEST(whoever_gave_up_does_not_keep_it),
      TEST(file_that_is_replaced_is_not_waited_for), TEST(child_of_fork_leaves_it_to_its_parent),
      TEST(what_is_no_file_is_named), TEST(is_as_open_as_the_directory), TEST(users_share_it),
      TEST(directory_that_cannot_be_written_needs_none), TEST(without_softhsm_it_is_the_users));
  fs::remove_all(directory);
  return failed;
}
