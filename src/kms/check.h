// SPDX-License-Identifier: Apache-2.0
// `trent check`: what the token can do, and whether each of its objects is what its id says.
#pragma once

#include <string>
#include <vector>

#include "hsm/abilities.h"
#include "kms/remembered.h"
#include "kms/service.h"

namespace trent::kms {

struct TokenReport {
  std::string arn_prefix;    // "arn:aws:kms:REGION:ACCOUNT:"
  std::string token;         // label, manufacturer, model, serial
  hsm::Abilities abilities;  // without rows if the token was not to be had
  std::size_t keys = 0;
  std::size_t materials = 0;
  std::size_t aliases = 0;
  std::size_t grants = 0;
  std::vector<std::string> enforced;  // ids of the keys that are enforced in the token
  std::vector<std::string> warnings;  // what is not in the token, and dangerous
  std::vector<std::string> problems;  // one sentence each; empty: all is well
  std::vector<std::string> repaired;  // what `repair` did

  std::string serial;                  // empty if the token was not to be had
  std::vector<std::string> went_back;  // since `memory`: one sentence each
  RememberedRecords records;           // to be remembered instead
};

struct CheckOptions {
  // Removes superseded revisions of records and what interrupted rotations have made, and gives a
  // record to proven key material that has none. All of it is invisible to every other operation.
  // Nothing else is ever removed: what looks like remains may be what is left of a key.
  bool repair = false;
  // What is known of the tokens from before.
  Memory memory{};
};

std::vector<TokenReport> check(Service& service, const CheckOptions& options);

}  // namespace trent::kms
