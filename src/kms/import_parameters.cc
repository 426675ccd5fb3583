// SPDX-License-Identifier: Apache-2.0
// Import tokens, and the labels of wrapping keys.
#include "kms/import_parameters.h"

#include <algorithm>
#include <charconv>

#include "base/openssl.h"

namespace trent::kms {

namespace {

using std::chrono::milliseconds;

constexpr WrappingAlgorithm kAlgorithms[] = {
    {"RSAES_OAEP_SHA_1", Hash::Sha1, false},
    {"RSAES_OAEP_SHA_256", Hash::Sha256, false},
    {"RSA_AES_KEY_WRAP_SHA_1", Hash::Sha1, true},
    {"RSA_AES_KEY_WRAP_SHA_256", Hash::Sha256, true},
};

constexpr std::uint8_t kTokenVersion = 1;
// What is later overflows the clock, in the year 2262.
constexpr std::int64_t kLatest =
    std::chrono::duration_cast<milliseconds>(catalog::Timestamp::max().time_since_epoch()).count();

std::int64_t in_milliseconds(catalog::Timestamp time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}
catalog::Timestamp from(std::int64_t time) {
  return catalog::Timestamp(milliseconds(time));
}

}  // namespace

const WrappingAlgorithm* find_wrapping_algorithm(std::string_view name) {
  const auto found = std::ranges::find(kAlgorithms, name, &WrappingAlgorithm::name);
  return found == std::end(kAlgorithms) ? nullptr : &*found;
}

std::string ImportParameters::label() const {
  return std::string(kPrefix) + key_id + "/" + std::string(algorithm->name) + "/" +
         std::to_string(in_milliseconds(valid_to));
}

std::optional<ImportParameters> ImportParameters::parse(std::string_view label) {
  if (!label.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = label.substr(kPrefix.size());
  const std::size_t first = rest.find('/');
  const std::size_t last = rest.rfind('/');
  if (first == rest.npos || first == last) return std::nullopt;
  ImportParameters parameters;
  parameters.key_id = rest.substr(0, first);
  parameters.algorithm = find_wrapping_algorithm(rest.substr(first + 1, last - first - 1));
  std::int64_t time = 0;
  const char* end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data() + last + 1, end, time);
  if (parameters.key_id.empty() || parameters.algorithm == nullptr || error != std::errc() ||
      stop != end || time < 0 || time > kLatest)
    return std::nullopt;
  parameters.valid_to = from(time);
  // One name for one thing: no zeros before the time.
  if (parameters.label() != label) return std::nullopt;
  return parameters;
}

ImportToken::ImportToken(catalog::Timestamp valid_to) {
  bytes_[0] = kTokenVersion;
  const auto time = static_cast<std::uint64_t>(in_milliseconds(valid_to));
  for (std::size_t i = 0; i < 8; ++i)
    bytes_[1 + i] = static_cast<std::uint8_t>(time >> (8 * (7 - i)));
  fill_random(std::span(bytes_).subspan(9));
}

std::optional<ImportToken> ImportToken::parse(ByteView bytes) {
  if (bytes.size() != kSize || bytes[0] != kTokenVersion) return std::nullopt;
  ImportToken token;
  std::ranges::copy(bytes, token.bytes_.begin());
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < 8; ++i) time = time << 8 | bytes[1 + i];
  if (time > static_cast<std::uint64_t>(kLatest)) return std::nullopt;
  return token;
}

catalog::Timestamp ImportToken::valid_to() const {
  std::int64_t time = 0;
  for (std::size_t i = 0; i < 8; ++i) time = time << 8 | bytes_[1 + i];
  return from(time);
}

hsm::Fingerprint ImportToken::wrapping_key_id() const {
  return sha256({bytes_});
}

}  // namespace trent::kms
