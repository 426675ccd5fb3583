// SPDX-License-Identifier: Apache-2.0
// Names of resources in AWS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trent {

// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. Any part may be empty, and the resource may hold
// colons. Views of the text that was parsed.
struct Arn {
  std::string_view partition, service, region, account, resource;
};

// nullopt unless `text` has these parts.
std::optional<Arn> parse_arn(std::string_view text);

// 12 digits.
bool is_account(std::string_view text);
// The account itself, as a principal.
std::string root_arn(std::string_view account);
// The ARN of somebody who can make requests: arn:PARTITION:iam|sts::ACCOUNT:RESOURCE.
bool is_principal(std::string_view text);

}  // namespace trent
