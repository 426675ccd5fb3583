// SPDX-License-Identifier: Apache-2.0
// The PIN from a file or the environment.
#include "hsm/pin.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace trent::hsm {

namespace {

constexpr std::size_t kMaxPin = 4096;

Error bad_source(const std::string& source, const std::string& why) {
  return Error(ErrorCode::Validation, "pin-source " + source + ": " + why + ".",
               "Put the PIN of the token there, or correct `pin-source` in the configuration.")
      .in_configuration();
}

SecretBytes read_file(const std::string& source, const char* path) {
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
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

}  // namespace trent::hsm
