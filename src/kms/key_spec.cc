// SPDX-License-Identifier: Apache-2.0
// The key specs that Trent has (KMS Developer Guide, "Key spec reference").
#include "kms/key_spec.h"

#include <algorithm>

#include "kms/model/shapes.h"

namespace trent::kms {

namespace {

template <class Enum>
constexpr bool has_all_names(const model::Shape& shape) {
  return std::ranges::all_of(catalog::kWireNames<Enum>, [&](std::string_view name) {
    return std::ranges::find(shape.values, name) != shape.values.end();
  });
}
static_assert(has_all_names<catalog::KeyState>(model::kKeyState));
static_assert(has_all_names<KeyUsage>(model::kKeyUsage));
static_assert(has_all_names<KeySpec>(model::kKeySpec));
static_assert(has_all_names<KeyOrigin>(model::kOrigin));

constexpr KeyUsage kEncryption[] = {KeyUsage::EncryptDecrypt};
constexpr std::string_view kSymmetricAlgorithms[] = {"SYMMETRIC_DEFAULT"};

constexpr KeySpecRow kRows[] = {{KeySpec::SymmetricDefault, kEncryption, KeyUsage::EncryptDecrypt,
                                 kSymmetricAlgorithms, hsm::kBaseKey}};
static_assert(std::size(kRows) == catalog::kWireNames<KeySpec>.size());

}  // namespace

const KeySpecRow& key_spec(KeySpec spec) {
  return *std::ranges::find(kRows, spec, &KeySpecRow::spec);
}

}  // namespace trent::kms
