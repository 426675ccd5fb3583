// SPDX-License-Identifier: Apache-2.0
// Who makes a request, as the door that it comes through knows it.
#pragma once

#include <string>

namespace trent::kms {

struct Caller {
  // How the door knows.
  enum class Authentication {
    Configuration,  // the principal of the configuration
    UserName,       // the name that C_LoginUser was given
  };

  std::string principal;  // an ARN, or that name
  std::string account;    // that bare key ids and aliases belong to: 12 digits
  Authentication authentication = Authentication::Configuration;
};

}  // namespace trent::kms
