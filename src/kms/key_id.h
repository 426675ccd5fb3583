// SPDX-License-Identifier: Apache-2.0
// The four ways to name a key (KMS Developer Guide, "Key identifiers (KeyId)").
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace trent::kms {

struct KeyIdentifier {
  enum class Form { KeyId, KeyArn, AliasName, AliasArn };
  Form form = Form::KeyId;
  std::string account;  // of an ARN
  std::string region;   // of an ARN
  std::string name;     // the bare key id, or the alias with its "alias/"

  bool is_alias() const { return form == Form::AliasName || form == Form::AliasArn; }
  bool is_arn() const { return form == Form::KeyArn || form == Form::AliasArn; }
};

// The answer to a name that the operation does not take; `advice` says which it does.
Error invalid_key_id(std::string_view text, std::string_view advice);

// Throws NotFoundException for what has none of the four forms, as KMS does.
KeyIdentifier parse_key_identifier(std::string_view text);

// Lower-case UUID, or "mrk-" and 32 hexadecimal digits.
bool is_key_id(std::string_view text);

// A fresh random UUID (RFC 4122 version 4); of a multi-Region key, as such ids are written.
std::string new_key_id(bool multi_region = false);

// "arn:aws:kms:REGION:ACCOUNT:"
std::string arn_prefix(std::string_view region, std::string_view account);

}  // namespace trent::kms
