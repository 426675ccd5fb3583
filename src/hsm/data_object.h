// SPDX-License-Identifier: Apache-2.0
// CKO_DATA objects: the token as a store of small named records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace trent::hsm {

class Token;

// Names one object in the token until the connection is lost; the numbers mean nothing outside.
struct DataHandle {
  unsigned long object = 0;
  std::uint64_t connection = 0;
  friend bool operator==(const DataHandle&, const DataHandle&) = default;
};

struct DataObject {
  DataHandle handle;
  std::string label;
  std::string value;
  std::string fault{};  // why it could not be read, in words; empty: it was
};

// All data objects of `application` with this label; those that cannot be read have a fault.
std::vector<DataObject> find_data(Token& token, const std::string& application,
                                  const std::string& label);

// All data objects of `application`, whatever their label.
std::vector<DataObject> list_data(Token& token, const std::string& application);

// An object that was found before, read again; nullopt if it is gone, or the handle is of an
// earlier connection. Tokens reuse handles: compare the label.
std::optional<DataObject> read_data(Token& token, const DataHandle& handle);

// Creates a private token object, and sees that the token has kept it. If this throws, there is
// none, unless the token failed to remove it as well.
DataHandle create_data(Token& token, const std::string& application, const std::string& label,
                       const std::string& value);

// Destroys the object. Of any number of processes that do so at the same time exactly one gets
// true; false: it was gone. Throws if neither is sure, as when the token reports a failure.
bool destroy_data(Token& token, const std::string& application, const DataObject& object);

}  // namespace trent::hsm
