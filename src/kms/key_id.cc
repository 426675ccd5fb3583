// The four ways to name a key, parsed.
#include "kms/key_id.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/error.h"
#include "base/openssl.h"

namespace trent::kms {

namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Error invalid_arn(std::string_view text) {
  return Error(ErrorCode::NotFound, "Invalid arn " + std::string(text),
               "Key ARNs are written arn:aws:kms:REGION:ACCOUNT:key/KEY-ID, alias ARNs "
               "arn:aws:kms:REGION:ACCOUNT:alias/NAME.");
}

KeyIdentifier parse_arn(std::string_view text) {
  // arn:aws:kms:REGION:ACCOUNT:RESOURCE
  std::array<std::string_view, 5> parts;
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    std::size_t colon = rest.find(':');
    if (colon == rest.npos) throw invalid_arn(text);
    part = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1] != "aws" || parts[2] != "kms") throw invalid_arn(text);
  KeyIdentifier id;
  id.region = parts[3];
  id.account = parts[4];
  if (rest.starts_with("key/") && is_key_id(rest.substr(4))) {
    id.form = KeyIdentifier::Form::KeyArn;
    id.name = rest.substr(4);
  } else if (rest.starts_with("alias/")) {
    id.form = KeyIdentifier::Form::AliasArn;
    id.name = rest;
  } else {
    throw invalid_arn(text);
  }
  return id;
}

}  // namespace

bool is_key_id(std::string_view text) {
  if (text.starts_with("mrk-")) return text.size() == 36 && is_hex(text.substr(4));
  if (text.size() != 36) return false;
  for (std::size_t dash : {8, 13, 18, 23})
    if (text[dash] != '-') return false;
  return is_hex(text.substr(0, 8)) && is_hex(text.substr(9, 4)) && is_hex(text.substr(14, 4)) &&
         is_hex(text.substr(19, 4)) && is_hex(text.substr(24));
}

KeyIdentifier parse_key_identifier(std::string_view text) {
  if (text.starts_with("arn:")) return parse_arn(text);
  if (text.starts_with("alias/"))
    return {KeyIdentifier::Form::AliasName, {}, {}, std::string(text)};
  if (is_key_id(text)) return {KeyIdentifier::Form::KeyId, {}, {}, std::string(text)};
  throw Error(ErrorCode::NotFound, "Invalid keyId '" + std::string(text) + "'",
              "Name the key by its id, its ARN, or an alias (alias/NAME).");
}

std::string new_key_id() {
  std::array<std::uint8_t, 16> random{};
  fill_random(random);
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
  std::string id = to_hex(random);
  for (std::size_t dash : {8, 13, 18, 23}) id.insert(dash, "-");
  return id;
}

std::string arn_prefix(std::string_view region, std::string_view account) {
  return "arn:aws:kms:" + std::string(region) + ":" + std::string(account) + ":";
}

}  // namespace trent::kms
