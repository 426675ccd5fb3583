// SPDX-License-Identifier: Apache-2.0
// `trent purge`: destroys the keys whose waiting period is over, and imported material that has
// expired. Beside DeleteImportedKeyMaterial, nothing else in Trent destroys the material of a key.
#pragma once

#include <string>
#include <vector>

#include "kms/contents.h"
#include "kms/service.h"

namespace trent::kms {

struct PurgeOptions {
  bool dry_run = false;  // only tell
  // Somebody looked at this computer's clock. Or else only those keys are destroyed whose deletion
  // date is past by the dates in the token, too: there is no way back.
  bool clock_is_right = false;
};

struct PurgedKey {
  std::string key_id;
  catalog::Timestamp deletion;
  std::size_t materials = 0;           // that are in the token
  std::vector<std::string> aliases{};  // names
  std::size_t grants = 0;
  bool adopted = false;  // what it was adopted from stays
  bool destroyed = false;
  std::string kept{};  // why it was not destroyed; empty in a dry run, or if it was
};

// Of a key that stays.
struct PurgedMaterial {
  std::string key_id;
  blob::KeyMaterialId id{};
  catalog::Timestamp valid_to;
  bool destroyed = false;
  std::string kept{};  // as of a key
};

// A primary key whose replicas are gone: its own waiting period begins.
struct BegunDeletion {
  std::string key_id;
  std::optional<catalog::Timestamp> deletion{};  // none in a dry run
};

struct PurgeReport {
  std::string arn_prefix;  // "arn:aws:kms:REGION:ACCOUNT:"
  std::vector<PurgedKey> keys;
  std::vector<PurgedMaterial> materials;
  std::vector<BegunDeletion> begun;
  std::vector<std::string> problems;  // what was in the way of everything: sentences
};

// Each token of the configuration. One that was killed has lost nothing that was not to be
// destroyed, and the next one goes on.
std::vector<PurgeReport> purge(Service& service, const PurgeOptions& options);

// Whether the token itself tells that the time is past, give or take a day: something in it was
// made or changed since.
bool is_past_by_token(catalog::Timestamp time, const Contents& contents);
// Why not, to whoever looks at the clock then.
std::string doubt_of_clock(const catalog::KeyRecord& record, const Contents& contents);

}  // namespace trent::kms
