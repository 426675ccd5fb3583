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
};

// All data objects of `application` with this label.
std::vector<DataObject> find_data(Token& token, const std::string& application,
                                  const std::string& label);

// All data objects of `application`, whatever their label.
std::vector<DataObject> list_data(Token& token, const std::string& application);

// An object that was found before, read again; nullopt if it is gone, or the handle is of an
// earlier connection. Tokens reuse handles: compare the label.
std::optional<DataObject> read_data(Token& token, const DataHandle& handle);

// Creates a private token object, and sees that the token has kept it. If this throws, there is
// none.
DataHandle create_data(Token& token, const std::string& application, const std::string& label,
                       const std::string& value);

// Destroys the object if it is still there.
void destroy_data(Token& token, const std::string& application, const DataObject& object);

}  // namespace trent::hsm
