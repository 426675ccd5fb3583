// SPDX-License-Identifier: Apache-2.0
// The four ways to name a key, parsed.
#include "kms/key_id.h"

#include "base/arn.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/uuid.h"
#include "catalog/key_properties.h"

namespace trent::kms {

namespace {

Error invalid_arn(std::string_view text) {
  return Error(ErrorCode::NotFound, "Invalid arn " + std::string(text),
               "Key ARNs are written arn:aws:kms:REGION:ACCOUNT:key/KEY-ID, alias ARNs "
               "arn:aws:kms:REGION:ACCOUNT:alias/NAME.");
}

KeyIdentifier parse_key_arn(std::string_view text) {
  const auto arn = parse_arn(text);
  if (!arn || arn->partition != "aws" || arn->service != "kms") throw invalid_arn(text);
  KeyIdentifier id;
  id.region = arn->region;
  id.account = arn->account;
  if (arn->resource.starts_with("key/") && is_key_id(arn->resource.substr(4))) {
    id.form = KeyIdentifier::Form::KeyArn;
    id.name = arn->resource.substr(4);
  } else if (arn->resource.starts_with("alias/")) {
    id.form = KeyIdentifier::Form::AliasArn;
    id.name = arn->resource;
  } else {
    throw invalid_arn(text);
  }
  return id;
}

}  // namespace

bool is_key_id(std::string_view text) {
  if (!catalog::is_multi_region(text)) return parse_uuid(text).has_value();
  text.remove_prefix(catalog::kMultiRegionPrefix.size());
  const auto bytes = from_hex(text);
  return bytes && bytes->size() == sizeof(Uuid) && to_hex(*bytes) == text;
}

Error invalid_key_id(std::string_view text, std::string_view advice) {
  return Error(ErrorCode::NotFound, "Invalid keyId '" + std::string(text) + "'", advice);
}

KeyIdentifier parse_key_identifier(std::string_view text) {
  if (text.starts_with("arn:")) return parse_key_arn(text);
  if (text.starts_with("alias/"))
    return {KeyIdentifier::Form::AliasName, {}, {}, std::string(text)};
  if (is_key_id(text)) return {KeyIdentifier::Form::KeyId, {}, {}, std::string(text)};
  throw invalid_key_id(text, "Name the key by its id, its ARN, or an alias (alias/NAME).");
}

std::string new_key_id(bool multi_region) {
  const Uuid uuid = random_uuid();
  return multi_region ? std::string(catalog::kMultiRegionPrefix) + to_hex(uuid) : format_uuid(uuid);
}

std::string arn_prefix(std::string_view region, std::string_view account) {
  return "arn:aws:kms:" + std::string(region) + ":" + std::string(account) + ":";
}

}  // namespace trent::kms
