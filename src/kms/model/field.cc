// SPDX-License-Identifier: Apache-2.0
// Names of fields, and how other places spell them.
#include "kms/model/field.h"

#include <algorithm>

namespace trent::kms::model {

namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

const Field* find_field(Fields fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string lower_camel(std::string_view name) {
  std::string out(name);
  // "AWSAccountId" is awsAccountId.
  for (std::size_t i = 0; i < out.size() && is_upper(name[i]); ++i)
    if (i == 0 || i + 1 == out.size() || is_upper(name[i + 1])) out[i] = to_lower(name[i]);
  return out;
}

std::string hyphenated(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins_word =
        is_upper(name[i]) && i > 0 &&
        (!is_upper(name[i - 1]) || (i + 1 < name.size() && !is_upper(name[i + 1])));
    if (begins_word) out += '-';
    out += to_lower(name[i]);
  }
  return out;
}

}  // namespace trent::kms::model
