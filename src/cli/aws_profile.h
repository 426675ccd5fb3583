// SPDX-License-Identifier: Apache-2.0
// Profiles of the AWS CLI and SDKs: ~/.aws/credentials and ~/.aws/config.
#pragma once

#include <optional>
#include <string>

#include "server/sign_request.h"

namespace trent::cli {

struct AwsProfile {
  std::string name;
  std::string access_key_id{};
  SecretString secret_access_key{};
  std::string session_token{};
  std::string region{};
  std::string endpoint_url{};
  std::string other_source{};  // the setting by which it gets credentials in another way
};

// nullopt if neither file has it. AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name others.
// Throws ConfigurationError for a file that cannot be read.
std::optional<AwsProfile> find_aws_profile(const std::string& name);
// Throws ConfigurationError if there is none.
AwsProfile aws_profile(const std::string& name);

// nullopt if the profile has none. Throws ConfigurationError for half a key, and for credentials
// that are to be got in a way that Trent does not know.
std::optional<server::AccessKey> access_key_of(const AwsProfile& profile);

}  // namespace trent::cli
