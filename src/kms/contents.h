// SPDX-License-Identifier: Apache-2.0
// What is in a token: records and key materials, sorted by what is to be thought of them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/alias_record.h"
#include "catalog/grant_record.h"
#include "catalog/key_record.h"
#include "hsm/data_object.h"
#include "hsm/key_survey.h"
#include "hsm/token.h"
#include "kms/remembered.h"

namespace trent::kms {

struct Contents {
  using Materials = std::multimap<std::string, hsm::KeyState>;  // by the label of the record
  struct Expired {
    catalog::KeyRecord record;
    hsm::DataObject object;
  };

  std::map<std::string, catalog::KeyRecord> keys;  // by label
  std::map<std::string, Expired> expired;          // by label: whose deletion date is past
  std::vector<catalog::AliasRecord> aliases;
  std::vector<catalog::GrantRecord> grants;
  std::vector<hsm::DataObject> superseded;  // what interrupted changes left of records
  std::vector<std::string> damaged;         // sentences
  Materials materials;                      // of all keys, those without a record included
  // By the label of the key's record: what has the name of the object that it was adopted from. It
  // is somebody else's, and never left over.
  Materials adopted;
  // Labels of records of which not every revision is clear: what belongs to them is needed to
  // put them right, and never left over.
  std::set<std::string> doubtful;
  // When something was last made or changed, as far as the records tell.
  catalog::Timestamp newest;
  // Of all records that can be read.
  RememberedRecords revisions;

  // Materials of keys that have no record.
  std::vector<const hsm::KeyState*> recordless() const;
  // Materials of a key whose record does not name them, but for the unfinished ones.
  std::vector<const hsm::KeyState*> unnamed() const;
  // Those that a rotation or an import made which was interrupted: no record names them, and none
  // did, or it says that they were deleted before.
  std::vector<const hsm::KeyState*> unfinished() const;
  // Imported ones that the record says were deleted.
  std::vector<const hsm::KeyState*> deleted() const;
  // Materials that the record names, and that have their name of before that still.
  std::vector<const hsm::KeyState*> staged() const;
};

// Two searches of the token, and a few calls for each object of Trent's.
Contents look_into(hsm::Token& token);

}  // namespace trent::kms
