// SPDX-License-Identifier: Apache-2.0
// Who may come in over the network: credentials.toml. docs/credentials.md describes each key for
// the user.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/openssl.h"

namespace trent::server {

// One [[principal]]: an ARN, and what somebody shows who is it. There may be several of one ARN.
struct Principal {
  std::string arn;
  std::string account;  // of the ARN

  // A signature: an access key, whose secret is in a file or in the token of the account.
  std::string access_key_id;  // empty: none
  std::string secret_source;  // "file:/PATH", "credential:NAME" or "token:LABEL"
  SecretString secret;        // read by load_credentials(); empty if the token has it
  std::optional<Sha256> session_token_hash;  // of the token that has to come with the signature

  std::optional<uid_t> uid;           // the process at the other end of a Unix socket
  std::string certificate;            // a name in the client's certificate; empty: none
  std::optional<Sha256> bearer_hash;  // of a bearer token

  std::optional<std::chrono::system_clock::time_point> expires;
  bool is_disabled = false;

  std::size_t line = 0;  // in the file, where the section begins
};

struct Credentials {
  std::string source;  // the file's path
  std::vector<Principal> principals;
};

// The label of the object in secret_source. nullopt if the secret is elsewhere.
std::optional<std::string> secret_in_token(const Principal& principal);

// Whether secrets that are in files are read: for whoever only wants to know what there is, one
// that is missing is no fault.
enum class Secrets { Leave, Read };

// Parses the text of the file; `source` names it in messages. Throws ValidationException that names
// the file, the line and the key, but never a value.
Credentials parse_credentials(std::string_view text, const std::string& source,
                              Secrets secrets = Secrets::Leave);

// Reads the file, which must be its user's alone. Throws ValidationException.
Credentials load_credentials(const std::string& path, Secrets secrets = Secrets::Read);

}  // namespace trent::server
