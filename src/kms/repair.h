// SPDX-License-Identifier: Apache-2.0
// `trent check --repair`: ends what was interrupted, and destroys keys whose deletion date is past.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kms/contents.h"
#include "kms/key.h"

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
  std::vector<std::string> done;            // sentences
  std::map<std::string, std::string> kept;  // why an expired key was not destroyed, by its label
};

// Acts on those of the `remains` of an earlier look that are still there under the lock.
// `clock_is_right`: somebody looked at this computer's clock. Or else only those keys are destroyed
// whose deletion date is past by the dates in the token, too: there is no way back.
Repairs repair(Account& account, const Remains& remains, bool clock_is_right);

}  // namespace trent::kms
