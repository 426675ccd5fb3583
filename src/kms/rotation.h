// SPDX-License-Identifier: Apache-2.0
// Rotation: a key gets new material, which is its current one from then on; with the old ones it
// goes on to decrypt (KMS Developer Guide, "Rotate AWS KMS keys").
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kms/multi_region.h"
#include "kms/service.h"

namespace trent::kms {

// KMS API Reference, RotateKeyOnDemand.
inline constexpr std::ptrdiff_t kMaxOnDemandRotations = 25;
inline constexpr std::chrono::minutes kNearAutomaticRotation{20};

// Throws UnsupportedOperationException if keys like this one have but one material, whatever their
// state.
void require_rotatable(const catalog::KeyRecord& record, const std::string& key_arn);

// Gives the key new material, if `allow` does not throw: it gets the record as it is at that
// moment, and may be called several times. Throws NotFoundException if the key is gone. The change
// of the record is what makes the material the current one, at once for everybody; what a crash
// leaves before it bears catalog::staged_label().
void rotate(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
            catalog::RotationType type,
            const std::function<void(const catalog::KeyRecord& record)>& allow);

// The same for a multi-Region key, whose new material is in the token of each region before it is
// the current one of any, so that nothing is encrypted under it that another region cannot decrypt.
// If a replica cannot have it, nothing is changed. Throws UnsupportedOperationException if `key` is
// not the primary one.
void rotate_everywhere(const LockedRegions& regions, const Key& key, catalog::RotationType type,
                       const std::function<void(const catalog::KeyRecord& record)>& allow);

// The same for a key of origin EXTERNAL: the material that was imported for it becomes the current
// one. Throws KMSInvalidStateException if there is none.
void rotate_to_imported(const hsm::ChangeLock& lock, Account& account, const std::string& key_id,
                        const std::function<void(const catalog::KeyRecord& record)>& allow);

// The same for a multi-Region key. Throws KMSInvalidStateException if one of its replicas does not
// have the material either.
void rotate_everywhere_to_imported(
    const LockedRegions& regions, const Key& key,
    const std::function<void(const catalog::KeyRecord& record)>& allow);

// For `trent rotate-due`.
struct DueRotation {
  std::string key_id;
  catalog::Timestamp due;
  bool rotated = false;
  std::string problem;  // why not; a sentence, or empty
};
struct DueReport {
  std::string arn_prefix;  // "arn:aws:kms:REGION:ACCOUNT:"
  std::vector<DueRotation> keys;
  std::vector<std::string> problems;  // what was in the way of everything: sentences
};
// Rotates the enabled keys whose automatic rotation is due, in each token of the configuration.
std::vector<DueReport> rotate_due(Service& service, bool dry_run);

}  // namespace trent::kms
