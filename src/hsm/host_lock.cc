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

std::optional<fs::path> directory_of_softhsm() {
  auto tokens = softhsm_token_directory();
  if (tokens && access(tokens->c_str(), X_OK) == 0) return tokens;
  return std::nullopt;
}

std::optional<fs::path> file_of_user(HostLock::Purpose purpose, const std::string& name) {
  const auto directory = directory_of_user();
  if (!directory) return std::nullopt;
  const Sha256 hash = sha256({as_bytes(name)});
  return *directory / ("trent-" + to_hex(ByteView(hash).first(8)) + file_name(purpose));
}

}  // namespace

std::string HostLock::file(Purpose purpose, const std::string& name) {
  if (const auto tokens = directory_of_softhsm()) return *tokens / file_name(purpose);
  return file_of_user(purpose, name).value_or(fs::path());
}

HostLock::HostLock(Purpose purpose, const std::string& name, Kind kind,
                   std::chrono::milliseconds patience) {
  if (const auto tokens = directory_of_softhsm()) {
    lock_.emplace(*tokens / file_name(purpose), kind, patience);
    if (!lock_->held())
      process::say_once("no lock can be made in " + tokens->string() +
                        ": programs that change its tokens at the same time may disturb each "
                        "other.");
    return;
  }
  const auto file = file_of_user(purpose, name);
  if (!file) return;
  try {
    lock_.emplace(*file, kind, patience);
  } catch (const Error&) {  // only a collision that is not spared
  }
}

}  // namespace trent::hsm
