#include "kms/validation.h"

#include <algorithm>

#include "base/error.h"

namespace trent::kms {

void Validation::fault(std::string_view member, const std::string& value,
                       const std::string& constraint) {
  faults_.push_back("Value " + value + "at '" + std::string(member) +
                    "' failed to satisfy constraint: " + constraint);
}

Validation& Validation::length(std::string_view member, std::size_t size, std::size_t low,
                               std::size_t high) {
  if (size < low)
    fault(member, "", "Member must have length greater than or equal to " + std::to_string(low));
  if (size > high)
    fault(member, "", "Member must have length less than or equal to " + std::to_string(high));
  return *this;
}

Validation& Validation::range(std::string_view member, std::optional<std::int64_t> value,
                              std::int64_t low, std::int64_t high) {
  if (!value) return *this;
  std::string shown = "'" + std::to_string(*value) + "' ";
  if (*value < low)
    fault(member, shown, "Member must have value greater than or equal to " + std::to_string(low));
  if (*value > high)
    fault(member, shown, "Member must have value less than or equal to " + std::to_string(high));
  return *this;
}

Validation& Validation::one_of(std::string_view member, const std::optional<std::string>& value,
                               const std::vector<std::string_view>& allowed) {
  if (!value || std::find(allowed.begin(), allowed.end(), *value) != allowed.end()) return *this;
  std::string set;
  for (std::string_view each : allowed) set.append(set.empty() ? "" : ", ").append(each);
  // A value of any length may come in; only a short one is worth repeating.
  std::string shown = value->size() <= 64 ? "'" + *value + "' " : "";
  fault(member, shown, "Member must satisfy enum value set: [" + set + "]");
  return *this;
}

Validation& Validation::encryption_algorithm(std::string_view member,
                                             const std::optional<std::string>& value) {
  return one_of(member, value,
                {"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"});
}

Validation& Validation::grant_tokens(const std::vector<std::string>& tokens) {
  length("grantTokens", tokens.size(), 0, 10);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    length("grantTokens." + std::to_string(i + 1) + ".member", tokens[i].size(), 1, 8192);
  return *this;
}

void Validation::check() const {
  if (faults_.empty()) return;
  std::string text = std::to_string(faults_.size()) + " validation error" +
                     (faults_.size() == 1 ? "" : "s") + " detected: ";
  for (std::size_t i = 0; i < faults_.size(); ++i) text += (i == 0 ? "" : "; ") + faults_[i];
  throw Error(ErrorCode::Validation, text);
}

}  // namespace trent::kms
