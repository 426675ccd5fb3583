// SPDX-License-Identifier: Apache-2.0
// Trent's objects in the token, read and changed behind its back.
#pragma once

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "softhsm.h"

namespace trent::test {

inline std::string key_label(const std::string& key) {
  return "trent/key/" + key;
}

struct Object {
  CK_OBJECT_HANDLE handle;
  std::string value;
};

inline std::vector<Object> records(const RawSession& raw, const std::string& label) {
  CK_OBJECT_CLASS data = CKO_DATA;
  std::string name = label;
  std::vector<Object> found;
  for (auto handle :
       raw.find({{CKA_CLASS, &data, sizeof data}, {CKA_LABEL, name.data(), name.size()}}))
    found.push_back({handle, raw.attribute(handle, CKA_VALUE)});
  return found;
}

// A data object of Trent's.
inline CK_OBJECT_HANDLE put(const RawSession& raw, std::string label, std::string value,
                            std::string application = "trent") {
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof data},
                               {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes},
                               {CKA_APPLICATION, application.data(), application.size()},
                               {CKA_LABEL, label.data(), label.size()},
                               {CKA_VALUE, value.data(), value.size()}};
  CK_OBJECT_HANDLE handle = 0;
  check_rv(softhsm()->C_CreateObject(raw.handle(), attributes, std::size(attributes), &handle),
           "C_CreateObject");
  return handle;
}

// Of symmetric and HMAC keys.
inline std::vector<CK_OBJECT_HANDLE> materials(const RawSession& raw, const std::string& label) {
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_BBOOL yes = CK_TRUE;
  std::string name = label;
  return raw.find({{CKA_CLASS, &secret_key, sizeof secret_key},
                   {CKA_TOKEN, &yes, sizeof yes},
                   {CKA_LABEL, name.data(), name.size()}});
}

inline void destroy(const RawSession& raw, CK_OBJECT_HANDLE handle) {
  check_rv(softhsm()->C_DestroyObject(raw.handle(), handle), "C_DestroyObject");
}

}  // namespace trent::test
