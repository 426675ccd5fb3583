// SPDX-License-Identifier: Apache-2.0
// The parts of an ARN.
#include "base/arn.h"

namespace trent {

std::optional<Arn> parse_arn(std::string_view text) {
  Arn arn;
  std::string_view prefix;
  for (std::string_view* part :
       {&prefix, &arn.partition, &arn.service, &arn.region, &arn.account}) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return std::nullopt;
    *part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (prefix != "arn") return std::nullopt;
  arn.resource = text;
  return arn;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == text.npos;
}

std::string root_arn(std::string_view account) {
  return "arn:aws:iam::" + std::string(account) + ":root";
}

bool is_principal(std::string_view text) {
  const auto arn = parse_arn(text);
  return arn && arn->partition.starts_with("aws") &&
         (arn->service == "iam" || arn->service == "sts") && arn->region.empty() &&
         is_account(arn->account) && !arn->resource.empty();
}

}  // namespace trent
