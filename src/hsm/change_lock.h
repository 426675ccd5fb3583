// SPDX-License-Identifier: Apache-2.0
// Who may change the objects of a token.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "hsm/host_lock.h"

namespace trent::hsm {

class Token;

// Held by whoever creates or destroys token objects, for the whole of an operation: one thread of
// one process of this host at a time. Who has it hands it down; taking it twice waits for ever.
//
// SoftHSM keeps a counter of changes in a file. A process that makes a change counts it as seen
// together with those that other processes made just before: it then never finds their objects
// (Generation::commit, 2.6.1). So whoever holds the lock searches the token once before the first
// change: the operations do when they find what they are to change, others call look().
// Between hosts there is no SoftHSM, and the catalog's revisions keep the peace.
class ChangeLock {
 public:
  explicit ChangeLock(Token& token);
  // Of several tokens at once, for changes that belong together: in their order. All tokens of a
  // SoftHSM have one lock.
  static std::vector<ChangeLock> of_all(const std::vector<Token*>& tokens);

  // A search that finds nothing.
  void look() const;

 private:
  ChangeLock(Token& token, std::shared_ptr<const HostLock> lock)
      : token_(token), lock_(std::move(lock)) {}

  Token& token_;
  std::shared_ptr<const HostLock> lock_;
};

// Held over a search that must not be misled by a change in the middle: see ChangeLock, of which
// any number of these may stand in the place.
class NoChange {
 public:
  explicit NoChange(Token& token);

 private:
  HostLock lock_;
};

}  // namespace trent::hsm
