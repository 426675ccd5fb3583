// What KMS checks before it looks at any key: lengths, ranges and enumerations of the model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trent::kms {

// Collects the faults of one request and reports them in KMS's words:
// "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must ..."
class Validation {
 public:
  Validation& length(std::string_view member, std::size_t size, std::size_t low, std::size_t high);
  // As length(), for a member that may have been left out.
  Validation& optional_length(std::string_view member, const std::optional<std::string>& value,
                              std::size_t low, std::size_t high) {
    return value ? length(member, value->size(), low, high) : *this;
  }
  Validation& range(std::string_view member, std::optional<std::int64_t> value, std::int64_t low,
                    std::int64_t high);
  Validation& one_of(std::string_view member, const std::optional<std::string>& value,
                     const std::vector<std::string_view>& allowed);
  Validation& key_id(std::string_view member, std::string_view value) {
    return length(member, value.size(), 1, 2048);
  }
  Validation& optional_key_id(std::string_view member, const std::optional<std::string>& value) {
    return optional_length(member, value, 1, 2048);
  }
  Validation& encryption_algorithm(std::string_view member,
                                   const std::optional<std::string>& value);
  Validation& grant_tokens(const std::vector<std::string>& tokens);

  // Throws ValidationException if there was any fault.
  void check() const;

 private:
  void fault(std::string_view member, const std::string& value, const std::string& constraint);

  std::vector<std::string> faults_;
};

}  // namespace trent::kms
