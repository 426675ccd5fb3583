// SPDX-License-Identifier: Apache-2.0
// Key specs: what KMS says of the keys of each, and what such a key is in the token.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "catalog/key_properties.h"
#include "hsm/key_kind.h"

namespace trent::kms {

using catalog::from_wire_name;
using catalog::KeyOrigin;
using catalog::KeySpec;
using catalog::KeyUsage;

using Algorithms = std::span<const std::string_view>;

struct KeySpecRow {
  KeySpec spec;
  std::span<const KeyUsage> usages;       // that CreateKey may be asked for
  std::optional<KeyUsage> default_usage;  // nullopt: it has to be asked for
  // Of keys of this spec, for each usage: KMS calls them EncryptionAlgorithms ...
  Algorithms encryption{};
  Algorithms signing{};
  Algorithms key_agreement{};
  Algorithms mac{};
  // One of the two.
  const hsm::KeyKind* secret_key = nullptr;
  const hsm::KeyPairKind* key_pair = nullptr;

  // Those of keys of that usage.
  Algorithms algorithms(KeyUsage usage) const;
};

const KeySpecRow& key_spec(KeySpec spec);
std::span<const KeySpecRow> key_specs();

}  // namespace trent::kms
