// SPDX-License-Identifier: Apache-2.0
// What GetParametersForImport hands out and ImportKeyMaterial takes back: a wrapping key pair,
// whose private half in the token says in its label what it is for, and the import token that names
// it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"
#include "catalog/record.h"
#include "hsm/key_ref.h"

namespace trent::kms {

// AlgorithmSpec, as far as Trent has it.
struct WrappingAlgorithm {
  std::string_view name;
  Hash hash;
  bool aes_between;  // RSA_AES_KEY_WRAP: an AES key under RSA, and the material under that
};
// Null: it has none of that name.
const WrappingAlgorithm* find_wrapping_algorithm(std::string_view name);

// CKA_LABEL of a wrapping key: trent/import/<key id>/<algorithm>/<milliseconds since 1970>
struct ImportParameters {
  static constexpr std::string_view kPrefix = "trent/import/";
  static constexpr std::chrono::hours kValidity{24};

  std::string key_id;
  const WrappingAlgorithm* algorithm = nullptr;
  catalog::Timestamp valid_to;

  std::string label() const;
  // nullopt: it is no such label.
  static std::optional<ImportParameters> parse(std::string_view label);
};

// 32 random bytes that nobody else has, behind a version and the time until which they are good.
// CKA_ID of the wrapping key is their hash: so who can read the token cannot make one.
class ImportToken {
 public:
  explicit ImportToken(catalog::Timestamp valid_to);
  // nullopt: it is none.
  static std::optional<ImportToken> parse(ByteView bytes);

  ByteView bytes() const { return bytes_; }
  // What it says; the label of the wrapping key is what holds.
  catalog::Timestamp valid_to() const;
  hsm::Fingerprint wrapping_key_id() const;

 private:
  static constexpr std::size_t kSize = 1 + 8 + 32;

  ImportToken() = default;

  std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace trent::kms
