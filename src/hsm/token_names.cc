// SPDX-License-Identifier: Apache-2.0
// Refuses two [[token]] entries for one token.
#include "hsm/token_names.h"

namespace trent::hsm {

void TokenNames::claim(const TokenConfig& entry, const Module& module, const FoundToken& token) {
  const auto name_of = [](const TokenConfig& each) {
    return "account " + each.account + ", region " + each.region;
  };
  const std::string name = name_of(entry);
  const std::string described = describe(token.info);
  const auto refuse = [&](const std::string& other) {
    throw Error(
        ErrorCode::Validation,
        "The [[token]] of " + name + " and that of " + other + " are one token: " + described + ".",
        "Correct `uri` of one of them: each account has a token of its own in each region.")
        .in_configuration();
  };
  // A process may never connect to the other: most commands work with one account.
  const auto names_it = [&](const TokenConfig& other) {
    try {
      return find_token(module, other.uri).slot == token.slot;
    } catch (const Error&) {  // it names none, or several: that is for its own connection to say
      return false;
    }
  };
  for (const TokenConfig& other : entries_)
    if (name_of(other) != name && other.module == entry.module && names_it(other))
      refuse(name_of(other));
  const Lock lock(mutex_);
  for (const auto& [other, its_token] : tokens_)
    if (other != name && its_token == described) refuse(other);
  tokens_[name] = described;
}

}  // namespace trent::hsm
