// SPDX-License-Identifier: Apache-2.0
// One account, one token.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "config/config.h"
#include "hsm/login.h"

namespace trent::hsm {

// Which tokens the [[token]] entries of one configuration turned out to be: no two may be the same,
// for the keys of two accounts would lie under one roof.
class TokenNames {
 public:
  explicit TokenNames(std::vector<TokenConfig> entries) : entries_(std::move(entries)) {}
  // Throws ValidationException if another entry has this token, or names it.
  void claim(const TokenConfig& entry, const Module& module, const FoundToken& token);

 private:
  const std::vector<TokenConfig> entries_;
  Mutex mutex_;
  std::map<std::string, std::string> tokens_ GUARDED_BY(mutex_);  // by entry
};

}  // namespace trent::hsm
