// SPDX-License-Identifier: Apache-2.0
// How callers are known, in words.
#include "kms/caller.h"

namespace trent::kms {

std::string_view name_of(Caller::Authentication authentication) {
  using Authentication = Caller::Authentication;
  switch (authentication) {
    case Authentication::Configuration:
      return "configuration";
    case Authentication::UserName:
      return "user-name";
    case Authentication::Signature:
      return "signature";
    case Authentication::UnixUser:
      return "unix-user";
    case Authentication::Certificate:
      return "certificate";
    case Authentication::BearerToken:
      return "bearer-token";
    case Authentication::Nobody:
      break;
  }
  return "none";
}

}  // namespace trent::kms
