// SPDX-License-Identifier: Apache-2.0
// Owner and mode of a file, and of the directories that lead to it.
#include "config/exposure.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <memory>

#include "base/user_name.h"

namespace trent {

namespace {

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == geteuid();
}

}  // namespace

std::optional<std::string> exposure(const std::string& path) {
  // Where symbolic links lead: who may change the links is found out on the way there only.
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  struct stat file {};
  if (real == nullptr || stat(real.get(), &file) != 0 || !S_ISREG(file.st_mode))
    return std::nullopt;
  if (!is_trusted(file.st_uid))
    return "belongs to the user " + user_name(file.st_uid) + ", who can change it: " +
           (geteuid() == 0 ? "use it as that user, not as root: runuser -u " +
                                 user_name(file.st_uid) + " -- COMMAND"
                           : "chown it to its user.");
  mode_t open = file.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
  std::string directory = real.get();
  while (directory.size() > 1) {
    const auto slash = directory.rfind('/');
    directory = slash == 0 ? "/" : directory.substr(0, slash);
    struct stat status {};
    if (stat(directory.c_str(), &status) != 0) continue;
    // Whoever can rename in it can put another file in the place of this one.
    const bool renames = (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0;
    if (renames || !is_trusted(status.st_uid))
      return "can be replaced by others, who may write in " + directory +
             ": keep it where only its user can.";
    // Nobody reaches through a closed directory what is open behind it.
    if ((status.st_mode & S_IXOTH) == 0) open &= ~(S_IROTH | S_IWOTH);
    if ((status.st_mode & S_IXGRP) == 0) open &= ~(S_IRGRP | S_IWGRP);
  }
  const bool write = (open & (S_IWGRP | S_IWOTH)) != 0;
  const bool read = (open & (S_IRGRP | S_IROTH)) != 0;
  if (!write && !read) return std::nullopt;
  return std::string("can be ") +
         (read && write ? "read and changed"
          : write       ? "changed"
                        : "read") +
         " by other users: chmod 600 " + path;
}

}  // namespace trent
