// SPDX-License-Identifier: Apache-2.0
// Which file is the lock on a token, and what its absence means.
#include "hsm/host_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/encoding.h"
#include "base/error.h"
#include "base/openssl.h"
#include "hsm/softhsm_files.h"
#include "process/notice.h"

namespace trent::hsm {

namespace {

namespace fs = std::filesystem;

const char* file_name(HostLock::Purpose purpose) {
  return purpose == HostLock::Purpose::Start ? ".trent-start.lock" : ".trent-change.lock";
}

// A directory of the user's own: /run/user/UID, or else one in /tmp. Not that of
// XDG_RUNTIME_DIR, which a user may have several of.
std::optional<fs::path> directory_of_user() {
  const uid_t user = geteuid();
  const fs::path candidates[] = {"/run/user/" + std::to_string(user),
                                 "/tmp/trent-" + std::to_string(user)};
  mkdir(candidates[1].c_str(), S_IRWXU);
  for (const fs::path& directory : candidates) {
    struct stat status {};
    if (lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
        status.st_uid == user && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
      return directory;
  }
  return std::nullopt;
}

}  // namespace

HostLock::HostLock(Purpose purpose, const std::string& name, Kind kind,
                   std::chrono::milliseconds patience) {
  if (auto tokens = softhsm_token_directory(); tokens && access(tokens->c_str(), X_OK) == 0) {
    lock_.emplace(*tokens / file_name(purpose), kind, patience);
    if (!lock_->held())
      process::say_once("no lock can be made in " + tokens->string() +
                        ": programs that change its tokens at the same time may disturb each "
                        "other.");
    return;
  }
  const auto directory = directory_of_user();
  if (!directory) return;
  const Sha256 hash = sha256({as_bytes(name)});
  try {
    lock_.emplace(*directory / ("trent-" + to_hex(ByteView(hash).first(8)) + file_name(purpose)),
                  kind, patience);
  } catch (const Error&) {  // only a collision that is not spared
  }
}

}  // namespace trent::hsm
