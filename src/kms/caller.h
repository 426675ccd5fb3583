// SPDX-License-Identifier: Apache-2.0
// Who makes a request, as the door that it comes through knows it.
#pragma once

#include <string>
#include <string_view>

namespace trent::kms {

struct Caller {
  // How the door knows.
  enum class Authentication {
    Configuration,  // the principal of the configuration
    UserName,       // the name that C_LoginUser was given
    // Over the network:
    Signature,    // AWS Signature Version 4
    UnixUser,     // the user of the process at the other end of a Unix socket
    Certificate,  // a TLS client certificate
    BearerToken,  // RFC 6750
    Nobody,       // `trent serve --insecure-as`: everybody is taken for the principal
  };

  std::string principal;  // an ARN, or that name
  std::string account;    // that bare key ids and aliases belong to: 12 digits
  Authentication authentication = Authentication::Configuration;
  std::string source_address = {};  // where the request came from over the network
  std::string request_id = {};      // a UUID that the answer carries over the network
  // Whether nobody can read what comes and goes: over the network, whether it is TLS.
  bool secure_transport = true;
  std::string access_key_id = {};  // that the request was signed with
  std::string user_agent = {};     // what a client over the network calls itself
  // Whose endpoint the request is for, as an AWS client says it; empty, or one where the account
  // has no token: that of its first token.
  std::string region = {};
};

// "signature"
std::string_view name_of(Caller::Authentication authentication);

}  // namespace trent::kms
