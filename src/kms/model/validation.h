// SPDX-License-Identifier: Apache-2.0
// What KMS checks before it looks at any key: the constraints of the model, in KMS's words.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kms/model/field.h"

namespace trent::kms::model {

// Collects the faults of one request and reports them together:
// "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must ..."
class Validation {
 public:
  // Every field of the object. A required text or blob that is empty is one that is too short.
  void check(Fields fields, const void* object, const std::string& path = {});
  // One field: its path in messages is the name that KMS gives it ("keyId").
  void check(const Field& field, const void* object, const std::string& path = {});
  // A required member that the caller left out: nothing else is said of it.
  void missing(const std::string& path);

  // Throws ValidationException if there was any fault.
  void finish() const;

 private:
  // `path` makes the path, which most requests have no need of.
  template <class Path>
  void text(const Shape& shape, const std::string& text, const Path& path);
  template <class Path>
  void size(const Shape& shape, std::size_t size, const Path& path);
  void fault(const std::string& path, const std::string& value, const std::string& constraint);

  std::vector<std::string> faults_;
  std::set<std::string> missing_;
};

// Throws ValidationException, in KMS's words.
void validate(Fields fields, const void* request);

}  // namespace trent::kms::model
