// SPDX-License-Identifier: Apache-2.0
// The list of all operations. To add one, write its file here and add its name to the list; the
// command wants a line of help besides (src/cli/kms_verbs.cc).
#pragma once

#include <span>
#include <string_view>

#include "kms/model/operation.h"

#define TRENT_OPERATIONS(X)                   \
  X(cancel_key_deletion)                      \
  X(create_alias)                             \
  X(create_grant)                             \
  X(create_key)                               \
  X(decrypt)                                  \
  X(delete_alias)                             \
  X(delete_imported_key_material)             \
  X(derive_shared_secret)                     \
  X(describe_key)                             \
  X(disable_key)                              \
  X(disable_key_rotation)                     \
  X(enable_key)                               \
  X(enable_key_rotation)                      \
  X(encrypt)                                  \
  X(generate_data_key)                        \
  X(generate_data_key_pair)                   \
  X(generate_data_key_pair_without_plaintext) \
  X(generate_data_key_without_plaintext)      \
  X(generate_mac)                             \
  X(generate_random)                          \
  X(get_key_policy)                           \
  X(get_key_rotation_status)                  \
  X(get_parameters_for_import)                \
  X(get_public_key)                           \
  X(import_key_material)                      \
  X(list_aliases)                             \
  X(list_grants)                              \
  X(list_key_policies)                        \
  X(list_key_rotations)                       \
  X(list_keys)                                \
  X(list_resource_tags)                       \
  X(list_retirable_grants)                    \
  X(put_key_policy)                           \
  X(re_encrypt)                               \
  X(replicate_key)                            \
  X(retire_grant)                             \
  X(revoke_grant)                             \
  X(rotate_key_on_demand)                     \
  X(schedule_key_deletion)                    \
  X(sign)                                     \
  X(tag_resource)                             \
  X(untag_resource)                           \
  X(update_alias)                             \
  X(update_key_description)                   \
  X(update_primary_region)                    \
  X(verify)                                   \
  X(verify_mac)

namespace trent::kms::operations {

#define TRENT_DECLARE(name) const model::Operation& name();
TRENT_OPERATIONS(TRENT_DECLARE)
#undef TRENT_DECLARE

std::span<const model::Operation* const> all();
// By its name in KMS ("ReEncrypt"). Null if Trent has none of that name.
const model::Operation* find(std::string_view name);

}  // namespace trent::kms::operations
