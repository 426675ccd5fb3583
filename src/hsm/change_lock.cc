// SPDX-License-Identifier: Apache-2.0
// The lock on changes of a token, by the name that the configuration gives the token.
#include "hsm/change_lock.h"

#include <unistd.h>

#include <map>
#include <string>

#include "base/error.h"
#include "base/user_name.h"
#include "hsm/softhsm_files.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

// Whoever is asked for the PIN must not hold up the others.
std::string change_lock_name(Token& token) {
  token.log_in();
  return token.config().module + '\0' + token.config().uri;
}

// Root may write into everybody's token of SoftHSM's, but whose it is could not read that: the
// token would have keys that its user's programs do not see.
void require_own(Token& token) {
  if (geteuid() != 0) return;
  const auto others = softhsm_tokens_of_others();
  if (others.empty()) return;  // without a question to the token
  const auto found = others.find(serial_number(token));
  if (found == others.end()) return;
  const std::string owner = user_name(found->second);
  throw Error(ErrorCode::UnsupportedOperation,
              "The token belongs to " + owner + ", who could not read what root makes in it.",
              "Do it as that user: runuser -u " + owner + " -- trent ...",
              CKR_TOKEN_WRITE_PROTECTED);
}

std::string lock_name_for_change(Token& token) {
  std::string name = change_lock_name(token);
  require_own(token);
  return name;
}

}  // namespace

ChangeLock::ChangeLock(Token& token)
    : token_(token),
      lock_(std::make_shared<HostLock>(HostLock::Purpose::Change, lock_name_for_change(token))) {}

std::vector<ChangeLock> ChangeLock::of_all(const std::vector<Token*>& tokens) {
  // In the order of their files, in which everybody takes them.
  std::map<std::string, std::shared_ptr<const HostLock>> locks;
  std::vector<std::string> names;
  for (Token* token : tokens) {
    names.push_back(lock_name_for_change(*token));
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
