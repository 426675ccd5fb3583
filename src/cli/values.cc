// SPDX-License-Identifier: Apache-2.0
// Values of options: literal, from a file or from standard input.
#include "cli/values.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "blob/shorthand.h"
#include "cli/errors.h"

namespace trent::cli {

namespace {

constexpr std::string_view kTextFile = "file://";
constexpr std::string_view kBinaryFile = "fileb://";
constexpr std::string_view kStandardInput = "-";

// Far above every limit of KMS (6144 bytes), so that the operation itself refuses what is too
// long with its own words; this only keeps /dev/zero from filling the memory.
constexpr std::size_t kMaxInput = 1 << 20;

SecretBytes read_all(int fd, const std::string& name) {
  auto content = read_up_to<SecretBytes>(fd, kMaxInput + 1);
  if (!content) throw UsageError("Unable to read " + name + ": " + std::strerror(errno));
  if (content->size() > kMaxInput)
    throw UsageError(
        name +
        " is larger than 1 MiB, and no value of KMS is: it encrypts at most 4096 bytes. "
        "(trent encrypt-file encrypts files of any size.)");
  return *std::move(content);
}

SecretBytes read_file(const std::string& path, const std::string& argument) {
  FileDescriptor file(open(expand_home(path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw UsageError("Unable to load " + argument + ": " + std::strerror(errno));
  return read_all(file.get(), argument);
}

SecretBytes read_standard_input() {
  return read_all(STDIN_FILENO, "standard input");
}

SecretBytes decode(std::string_view text) {
  SecretString compact;
  compact.reserve(text.size());
  for (char c : text)
    if (c != '\n' && c != '\r') compact.push_back(c);
  auto bytes = secret_from_base64(compact);
  if (!bytes)
    throw UsageError(
        "Invalid base64. A binary value is given in base64; give a file with fileb://PATH, or - "
        "for standard input, to have its bytes taken as they are.");
  return *std::move(bytes);
}

SecretBytes given(std::string_view text, Binary binary) {
  if (binary == Binary::Base64) return decode(text);
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string expand_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  return home != nullptr && path.starts_with("~/") ? home + path.substr(1) : path;
}

SecretBytes binary_value(const std::string& argument, Binary binary) {
  if (argument == kStandardInput) return read_standard_input();
  if (argument.starts_with(kBinaryFile))
    return read_file(argument.substr(kBinaryFile.size()), argument);
  if (argument.starts_with(kTextFile))
    return given(as_text(read_file(argument.substr(kTextFile.size()), argument)), binary);
  return given(argument, binary);
}

std::string name_in_uri(const std::string& text) {
  constexpr std::string_view kScheme = "kms:";
  const bool is_uri =
      text.size() > kScheme.size() && std::ranges::equal(text.substr(0, kScheme.size()), kScheme,
                                                         {}, [](char c) { return c | 0x20; });
  if (!is_uri) return text;
  const std::string name = text.substr(kScheme.size());
  return name.starts_with("//") ? name.substr(2) : name;
}

std::string text_value(const std::string& argument) {
  if (argument.starts_with(kBinaryFile))
    throw UsageError("This is a text value: use file://PATH instead of fileb://PATH.");
  SecretBytes content;
  if (argument == kStandardInput)
    content = read_standard_input();
  else if (argument.starts_with(kTextFile))
    content = read_file(argument.substr(kTextFile.size()), argument);
  else
    return argument;
  std::string_view text = as_text(content);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text);
}

blob::EncryptionContext context_value(const std::string& argument) {
  try {
    return blob::parse_context_text(text_value(argument));
  } catch (const Error& error) {
    throw UsageError(error.text());
  }
}

}  // namespace trent::cli
