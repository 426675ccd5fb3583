// SPDX-License-Identifier: Apache-2.0
// The PIN from a file or the environment.
#include "hsm/pin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/user_name.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kMaxPin = 4096;

Error bad_source(const std::string& source, const std::string& why) {
  return Error(ErrorCode::Validation, "pin-source " + source + ": " + why + ".",
               "Put the PIN of the token there, or correct `pin-source` in the configuration.")
      .in_configuration();
}

// The PIN may well be there, for another user.
Error closed_source(const std::string& source, const std::string& path) {
  struct stat status {};
  const std::string user = user_name(geteuid());
  if (stat(path.c_str(), &status) != 0)
    return Error(
               ErrorCode::Validation,
               "pin-source " + source + ": the user " + user + " may not look into its directory.",
               "Run this as the user whose PIN that is, or let " + user + " into the directory.")
        .in_configuration();
  const std::string owner = user_name(status.st_uid);
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777);
  return Error(ErrorCode::Validation,
               "pin-source " + source + ": the file belongs to " + owner + ", has the mode " +
                   mode + ", and this process, of the user " + user + ", may not read it.",
               status.st_uid == geteuid() ? "chmod 600 " + path
                                          : "Run this as " + owner + " (runuser -u " + owner +
                                                " -- COMMAND), or, as root: chown " + user + " " +
                                                path + " && chmod 600 " + path)
      .in_configuration();
}

SecretBytes read_file(const std::string& source, const char* path) {
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file && errno == EACCES) throw closed_source(source, path);
  if (!file) throw bad_source(source, std::strerror(errno));
  auto pin = read_up_to<SecretBytes>(file.get(), kMaxPin + 1);
  if (!pin) throw bad_source(source, std::strerror(errno));
  if (pin->size() > kMaxPin) throw bad_source(source, "longer than a PIN can be");
  return *std::move(pin);
}

}  // namespace

SecretBytes read_pin(const std::string& pin_source) {
  SecretBytes pin;
  if (pin_source.starts_with("file:")) {
    pin = read_file(pin_source, pin_source.c_str() + 5);
    if (!pin.empty() && pin.back() == '\n') pin.pop_back();
    if (!pin.empty() && pin.back() == '\r') pin.pop_back();
  } else if (pin_source.starts_with("env:")) {
    const char* value = std::getenv(pin_source.c_str() + 4);
    if (value == nullptr) throw bad_source(pin_source, "no such environment variable");
    pin.assign(value, value + std::strlen(value));
  } else {
    throw bad_source(pin_source, "neither file:/path nor env:NAME");
  }
  if (pin.empty()) throw bad_source(pin_source, "empty");
  return pin;
}

std::string doubt_of_pin(const SecretBytes& pin) {
  const auto line_end = std::ranges::find(pin, '\n');
  const auto is_blank = [](std::uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  if (line_end != pin.end())
    return std::ranges::all_of(line_end, pin.end(), is_blank) ? "it ends in an empty line"
                                                              : "it has more than one line";
  if (!pin.empty() && is_blank(pin.back())) return "it ends in a space";
  if (!pin.empty() && is_blank(pin.front())) return "it begins with a space";
  return {};
}

}  // namespace trent::hsm
