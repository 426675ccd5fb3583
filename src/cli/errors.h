// SPDX-License-Identifier: Apache-2.0
// How a command ends, as the AWS CLI v2 does.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace trent::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kProblemsFound = 1;  // `trent check`, `trent purge`
inline constexpr int kDenied = 1;         // `trent simulate-policy`
inline constexpr int kUsage = 252;
inline constexpr int kConfiguration = 253;
inline constexpr int kService = 254;  // the KMS operation failed
inline constexpr int kFailure = 255;
// As of a program that SIGPIPE has ended, by the shell's count.
inline constexpr int kClosedPipe = 128 + 13;

// A command line that cannot be obeyed.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// No configuration, or a bad one.
struct ConfigurationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Everything else: a file that cannot be written, a token that cannot be made.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Whoever was to read the output does not, as `head` when it has enough: nothing to complain of.
struct ClosedPipe : Failure {
  using Failure::Failure;
};

// The error of a server that KMS's operations do not have, as it came: ThrottlingException.
struct ForeignError : std::runtime_error {
  ForeignError(std::string error_name, const std::string& message, const char* what_to_do)
      : runtime_error(message), name(std::move(error_name)), advice(what_to_do) {}

  const std::string name;
  const char* const advice;  // may be empty
};

}  // namespace trent::cli
