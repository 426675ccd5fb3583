// SPDX-License-Identifier: Apache-2.0
// A file of credentials is either refused with a message for a person, or names principals that are
// complete and can be told apart.
#include <algorithm>

#include "base/arn.h"
#include "base/error.h"
#include "fuzz.h"
#include "server/credentials.h"

using namespace trent;
using fuzz::require;
using server::Principal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = "/etc/trent/credentials.toml";
  server::Credentials credentials;
  try {
    credentials = server::parse_credentials(as_text({data, size}), file);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::Validation && e.is_in_configuration(),
            "bad credentials are a fault of the configuration");
    require(e.message().starts_with(file + ":"), "message names file and line");
    require(!e.advice().empty(), "advice is given");
    require(e.text().size() < 2000, "input is not echoed");
    return 0;
  }
  const auto& all = credentials.principals;
  for (const Principal& principal : all) {
    require(is_principal(principal.arn) && is_account(principal.account), "ARN of a principal");
    require(principal.secret.empty(), "no file is read");
    const bool has_key = !principal.access_key_id.empty();
    require(has_key == !principal.secret_source.empty(), "an access key has a secret");
    require(has_key || !principal.session_token_hash, "session tokens come with an access key");
    require(has_key || principal.uid || !principal.certificate.empty() || principal.bearer_hash,
            "there is something to be known by");
    require(!has_key ||
                std::ranges::count(all, principal.access_key_id, &Principal::access_key_id) == 1,
            "access keys are distinct");
    require(!principal.uid || std::ranges::count(all, principal.uid, &Principal::uid) == 1,
            "users are distinct");
    require(!principal.bearer_hash ||
                std::ranges::count(all, principal.bearer_hash, &Principal::bearer_hash) == 1,
            "bearer tokens are distinct");
    require(principal.line > 0, "the section is somewhere");
  }
  return 0;
}
