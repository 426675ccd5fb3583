// SPDX-License-Identifier: Apache-2.0
// What is stored about a grant: that a principal may do some operations with a key, under
// constraints (KMS Developer Guide, "Grants in AWS KMS").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "blob/context.h"
#include "catalog/record.h"

namespace trent::catalog {

struct GrantConstraints {
  // At most one of the two has pairs.
  blob::EncryptionContext context_equals;  // the request's is this one
  blob::EncryptionContext context_subset;  // the request's has these pairs
  std::string source_arn;                  // may be empty

  bool operator==(const GrantConstraints&) const = default;
};

struct GrantRecord {
  Revision revision;
  std::string grant_id;  // 64 hexadecimal digits
  std::string key_id;
  Timestamp created;
  std::string name;                     // may be empty
  std::string grantee;                  // ARN
  std::string retiring;                 // ARN; may be empty
  std::string issuer;                   // ARN of the root of the account that made it
  std::vector<std::string> operations;  // "ReEncryptFrom"
  GrantConstraints constraints;
  SecretBytes secret;  // grant tokens are authenticated with it: 32 bytes
  OtherMembers others{};

  static bool is_label(std::string_view label);
  std::string label() const;
  // Throws std::runtime_error that says what is wrong.
  static GrantRecord parse(std::string_view text);
};

std::string to_text(const GrantRecord& record);

// CKA_LABEL of a grant's record: trent/grant/<grant id>
std::string grant_label(std::string_view grant_id);

}  // namespace trent::catalog
