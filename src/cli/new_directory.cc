// SPDX-License-Identifier: Apache-2.0
// A directory that is made as a whole, by one process, for its user alone: see new_directory.h.
#include "cli/new_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/user_name.h"
#include "cli/errors.h"
#include "cli/init_files.h"

namespace trent::cli {

namespace fs = std::filesystem;

namespace {

// Another process took away what was just there.
struct Vanished {};

[[noreturn]] void fail(const std::string& what, const fs::path& path) {
  throw Failure("Cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == geteuid();
}

[[noreturn]] void refuse_place(const fs::path& path, const std::string& why,
                               const std::string& advice) {
  throw UsageError(path.string() + " " + why +
                   ", who could put something else in the place of DIR: " + advice);
}

// That nobody but root can rename what is in this directory, or lead this link elsewhere.
void require_safe(const fs::path& place) {
  struct stat status {};
  if (lstat(place.c_str(), &status) != 0) return;  // what is missing is another mistake
  const bool link = S_ISLNK(status.st_mode);
  if (!is_trusted(status.st_uid))
    refuse_place(place, "belongs to " + user_name(status.st_uid),
                 "choose a DIR in a directory of your own.");
  if (!link && (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    refuse_place(place, "can be written by everybody",
                 "choose another DIR, or chmod o-w " + shell_quoted(place.string()));
}

// All on the way to `path`, as it is written and where links lead.
void require_safe_way(const fs::path& path) {
  const fs::path parent = path.parent_path();
  std::error_code unreachable;
  for (const fs::path& way : {parent, fs::canonical(parent, unreachable)}) {
    fs::path place;
    for (const fs::path& part : way) require_safe(place /= part);
  }
  if (fs::is_symlink(path, unreachable)) require_safe(path);
}

void require_own(const fs::path& path) {
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  if (!there && errno != ENOENT) fail("look at", path);
  if (!there && !fs::is_symlink(path)) throw Vanished();
  if (!there || !S_ISDIR(status.st_mode))
    throw UsageError(path.string() + " is there already, and is no directory.");
  if (status.st_uid != geteuid())
    throw UsageError(path.string() + " belongs to " + user_name(status.st_uid) +
                     ": choose a new DIR, or let that user run the command.");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw UsageError("Others can write in " + path.string() + ": chmod go-w " +
                     shell_quoted(path.string()) + ", or choose a new DIR.");
}

[[noreturn]] void refuse_content(const fs::path& path, const fs::path& last) {
  throw UsageError(path.string() +
                   " is not empty: give a new directory. (If it holds a token that `trent init` "
                   "made, use it: . " +
                   shell_quoted(last.string()) + ")");
}

std::vector<fs::path> content_of(const fs::path& path) {
  std::vector<fs::path> content;
  for (const fs::directory_entry& entry : fs::directory_iterator(path))
    content.push_back(entry.path());
  return content;
}

bool is_same_file(int fd, const fs::path& path) {
  struct stat open_one {};
  struct stat named {};
  return fstat(fd, &open_one) == 0 && lstat(path.c_str(), &named) == 0 &&
         open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

}  // namespace

NewDirectory::NewDirectory(fs::path path, std::string name, const std::set<std::string>& made)
    : path_(std::move(path)), last_(path_ / name), marker_(path_ / (name + ".unfinished")) {
  require_safe_way(path_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    try {
      take(made);
      return;
    } catch (const Vanished&) {
      continue;
    } catch (const fs::filesystem_error& error) {
      if (error.code() != std::errc::no_such_file_or_directory) throw;
    }
  }
  throw UsageError(path_.string() + " is being made and taken away by others: choose another DIR.");
}

void NewDirectory::take(const std::set<std::string>& made) {
  created_ = mkdir(path_.c_str(), 0700) == 0;
  if (!created_ && errno == ENOENT)
    throw UsageError("There is no " + path_.parent_path().string() +
                     ", in which DIR would be: make it, or choose another DIR.");
  if (!created_ && errno != EEXIST) fail("make", path_);
  require_own(path_);
  if (!created_ && !fs::is_empty(path_) && !fs::exists(marker_)) refuse_content(path_, last_);

  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  int fd = open(marker_.c_str(), kFlags | O_CREAT | O_EXCL, 0600);
  const bool fresh = fd >= 0;
  if (!fresh && errno == EEXIST) fd = open(marker_.c_str(), kFlags);
  if (fd < 0 && errno == ENOENT) throw Vanished();  // its maker failed, and took it all away
  if (fd < 0) fail("write", marker_);
  lock_.emplace(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("lock", marker_);
    throw UsageError(path_.string() + " is just being made by another `trent init`.");
  }
  if (!is_same_file(fd, marker_)) throw Vanished();  // its maker has finished, or failed

  // What is there now is what a killed process left, unless the marker was not there.
  const std::vector<fs::path> content = content_of(path_);
  const bool remains = std::ranges::all_of(content, [&](const fs::path& entry) {
    return entry == marker_ || (!fresh && made.contains(entry.filename().string()));
  });
  if (!remains) {
    if (fresh) unlink(marker_.c_str());
    refuse_content(path_, last_);
  }
  for (const fs::path& entry : content)
    if (entry != marker_) fs::remove_all(entry);
  if (ftruncate(fd, 0) != 0) fail("write", marker_);
  if (chmod(path_.c_str(), 0700) != 0) fail("change the mode of", path_);
}

NewDirectory::~NewDirectory() {
  if (finished_) return;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, ignored))
    if (entry.path() != marker_) fs::remove_all(entry.path(), ignored);
  // The lock goes last: until then, nobody else begins.
  unlink(marker_.c_str());
  if (created_) rmdir(path_.c_str());
}

void NewDirectory::finish(ByteView content) {
  if (!write_all(lock_->get(), content) || fsync(lock_->get()) != 0) fail("write", marker_);
  if (rename(marker_.c_str(), last_.c_str()) != 0) fail("write", last_);
  sync_directory(path_);
  finished_ = true;
}

}  // namespace trent::cli
