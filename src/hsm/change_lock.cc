// SPDX-License-Identifier: Apache-2.0
// The lock on changes of a token, by the name that the configuration gives the token.
#include "hsm/change_lock.h"

#include <map>
#include <string>

#include "hsm/token.h"

namespace trent::hsm {

namespace {

// Whoever is asked for the PIN must not hold up the others.
std::string change_lock_name(Token& token) {
  token.log_in();
  return token.config().module + '\0' + token.config().uri;
}

}  // namespace

ChangeLock::ChangeLock(Token& token)
    : token_(token),
      lock_(std::make_shared<HostLock>(HostLock::Purpose::Change, change_lock_name(token))) {}

std::vector<ChangeLock> ChangeLock::of_all(const std::vector<Token*>& tokens) {
  // In the order of their files, in which everybody takes them.
  std::map<std::string, std::shared_ptr<const HostLock>> locks;
  std::vector<std::string> names;
  for (Token* token : tokens) {
    names.push_back(change_lock_name(*token));
    locks.emplace(HostLock::file(HostLock::Purpose::Change, names.back()), nullptr);
  }
  std::vector<ChangeLock> all;
  for (auto& [file, lock] : locks)
    for (std::size_t i = 0; lock == nullptr; ++i)
      if (HostLock::file(HostLock::Purpose::Change, names[i]) == file)
        lock = std::make_shared<HostLock>(HostLock::Purpose::Change, names[i]);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    all.push_back({*tokens[i], locks.at(HostLock::file(HostLock::Purpose::Change, names[i]))});
  return all;
}

NoChange::NoChange(Token& token)
    : lock_(HostLock::Purpose::Change, change_lock_name(token), HostLock::Kind::Shared) {}

void ChangeLock::look() const {
  token_.run(Retry::Always, [](Connection&, const Session& session) {
    Attributes nothing;
    // Differs from every token object at once: SoftHSM has nothing to decrypt.
    nothing.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).number(CKA_CLASS, CKO_DATA);
    return session.find(nothing).size();
  });
}

}  // namespace trent::hsm
