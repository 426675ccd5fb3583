// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4, the sending side.
#pragma once

#include <ctime>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "server/message.h"

namespace trent::server {

struct AccessKey {
  std::string id;
  SecretString secret;
  std::string session_token;  // empty: none
  std::string region = "local";
};

// From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, and AWS_REGION or
// AWS_DEFAULT_REGION. nullopt if none is set. Throws Error (in the configuration) for one that
// cannot be used; it shows no value.
std::optional<AccessKey> access_key_of_environment();

// Signs all headers of a request to KMS, which include Host, for the time `now`.
void sign_request(Request& request, const AccessKey& key, std::time_t now);

}  // namespace trent::server
