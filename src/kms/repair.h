// SPDX-License-Identifier: Apache-2.0
// `trent check --repair`: ends what was interrupted.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kms/contents.h"
#include "kms/key.h"
#include "kms/service.h"

namespace trent::kms {

// What looks like the remains of an interrupted change may be one that another process is in the
// middle of. What is still there a while later is not.
class Remains {
 public:
  explicit Remains(const Contents& contents);
  bool empty() const { return seen_.empty(); }
  // Takes everything else out of what a later look found.
  void keep_only(Contents& later) const;

 private:
  std::set<std::string> seen_;
};

// look_into(), and where that shows remains, once more a while later.
Contents look_twice(hsm::Token& token);

struct Repairs {
  std::vector<std::string> done;  // sentences
  std::string not_done;           // why nothing was repaired; a sentence, or empty
};

// Acts on those of the `remains` of an earlier look that are still there under the lock. What it
// does to a key, and not to what never was one's, is an event of the audit log.
Repairs repair(Service& service, Account& account, const Remains& remains);

// The last step of rotations that were interrupted before it: materials get their names.
void name_staged(Account& account, const Contents& contents);

}  // namespace trent::kms
