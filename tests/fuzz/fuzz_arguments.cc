// SPDX-License-Identifier: Apache-2.0
// What a person writes on the command line: an encryption context as NAME=VALUE,NAME=VALUE, or one
// of the four names of a key.
#include "base/error.h"
#include "blob/shorthand.h"
#include "fuzz.h"
#include "kms/key_id.h"

using namespace trent;
using fuzz::require;

static void check_shorthand(std::string_view text) {
  blob::EncryptionContext context;
  try {
    context = blob::parse_shorthand(text);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::Validation, "bad shorthand is ValidationException");
    require(e.message().find("At character ") != std::string::npos, "message says where");
    return;
  }
  require(!context.empty(), "there is a pair");
  std::string written;
  for (const auto& [name, value] : context) {
    require(!name.empty(), "names are not empty");
    if (!written.empty()) written += ',';
    written += name + "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') written += '\\';
      written += c;
    }
    written += '"';
  }
  require(blob::parse_shorthand(written) == context, "pairs can be written again");
}

static void check_key_identifier(std::string_view text) {
  kms::KeyIdentifier id;
  try {
    id = kms::parse_key_identifier(text);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::NotFound, "bad names of keys are NotFoundException");
    require(!e.message().empty() && !e.advice().empty(), "fault and advice are given");
    return;
  }
  require(id.is_alias() ? id.name.starts_with("alias/") : kms::is_key_id(id.name),
          "name is an alias or a key id");
  std::string written = id.is_arn() ? kms::arn_prefix(id.region, id.account) : "";
  if (id.form == kms::KeyIdentifier::Form::KeyArn) written += "key/";
  require(written + id.name == text, "name of a key is written as it was read");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_shorthand(text);
  check_key_identifier(text);
  return 0;
}
