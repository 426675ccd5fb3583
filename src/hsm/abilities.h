// SPDX-License-Identifier: Apache-2.0
// What a token can do with Trent, each thing tried by itself: for `trent check`.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace trent::hsm {

class Token;

// One row of the report.
struct Ability {
  std::string name;  // for programs: "KeyWrap"
  std::string text;  // for people: "RFC 5649 key wrap"
  std::variant<bool, std::size_t, std::vector<std::string>> value;
  std::string remark{};  // of a no: why; of a yes: how
};

struct Abilities {
  bool re_encrypt = false;       // inside the token
  bool to_other_tokens = false;  // ReEncrypt, without the secret in this process
  bool keeps_keys = false;       // material and records
  bool may_pass = false;         // why not: the token is write-protected, or failed
  std::vector<Ability> rows;
};

// Whatever is missing, the rest is tried. Throws only if the token is not to be had at all.
Abilities try_abilities(Token& token);

}  // namespace trent::hsm
