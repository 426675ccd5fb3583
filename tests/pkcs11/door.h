// SPDX-License-Identifier: Apache-2.0
// The PKCS#11 door as an application meets it: trent.so, loaded at run time.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "hsm/rv.h"
#include "pkcs11/cryptoki.h"
#include "softhsm.h"

namespace trent::test {

#define CHECK_RV(call, expected) CHECK_EQ(trent::hsm::rv_name(call), trent::hsm::rv_name(expected))
#define CHECK_OK(call) CHECK_RV(call, CKR_OK)

inline void* trent_so() {
  static void* const library = [] {
    std::string path = std::string(std::getenv("TRENT_BUILD")) + "/src/trent.so";
    void* loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) throw std::runtime_error(dlerror());
    return loaded;
  }();
  return library;
}

template <class Function>
Function trent_symbol(const char* name) {
  return reinterpret_cast<Function>(dlsym(trent_so(), name));
}

using GetInterface = CK_RV (*)(CK_CHAR*, CK_VERSION*, CK_INTERFACE_PTR_PTR, CK_FLAGS);
using GetInterfaceList = CK_RV (*)(CK_INTERFACE_PTR, CK_ULONG_PTR);

inline CK_FUNCTION_LIST_3_0& p11_3_0() {
  CK_INTERFACE* interface = nullptr;
  check_rv(trent_symbol<GetInterface>("C_GetInterface")(nullptr, nullptr, &interface, 0),
           "C_GetInterface");
  return *static_cast<CK_FUNCTION_LIST_3_0*>(interface->pFunctionList);
}

inline CK_FUNCTION_LIST& p11() {
  return p11_3_0().v2;
}

// C_Initialize ... C_Finalize.
struct Initialized {
  explicit Initialized(CK_VOID_PTR args = nullptr) { check_rv(p11().C_Initialize(args), "init"); }
  ~Initialized() { p11().C_Finalize(nullptr); }
  Initialized(const Initialized&) = delete;
  Initialized& operator=(const Initialized&) = delete;
};

inline CK_SESSION_HANDLE open_session(CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION) {
  CK_SESSION_HANDLE session = 0;
  check_rv(p11().C_OpenSession(0, flags, nullptr, nullptr, &session), "C_OpenSession");
  return session;
}

// An attribute template that owns its values.
class Attrs {
 public:
  Attrs& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    return text(type, std::string(reinterpret_cast<const char*>(&value), sizeof value));
  }
  Attrs& flag(CK_ATTRIBUTE_TYPE type, bool value) {
    return text(type, std::string(1, value ? '\1' : '\0'));
  }
  Attrs& text(CK_ATTRIBUTE_TYPE type, std::string value) {
    types_.push_back(type);
    values_.push_back(std::move(value));
    return *this;
  }
  CK_ATTRIBUTE_PTR data() {
    attributes_.clear();
    for (std::size_t i = 0; i < types_.size(); ++i)
      attributes_.push_back({types_[i], values_[i].data(), values_[i].size()});
    return attributes_.data();
  }
  CK_ULONG size() const { return types_.size(); }

 private:
  std::vector<CK_ATTRIBUTE_TYPE> types_;
  std::vector<std::string> values_;
  std::vector<CK_ATTRIBUTE> attributes_;
};

inline std::vector<CK_OBJECT_HANDLE> find(CK_SESSION_HANDLE session, Attrs search = {}) {
  check_rv(p11().C_FindObjectsInit(session, search.data(), search.size()), "C_FindObjectsInit");
  std::vector<CK_OBJECT_HANDLE> found;
  for (CK_ULONG n = 1; n == 1;) {
    CK_OBJECT_HANDLE one = 0;
    check_rv(p11().C_FindObjects(session, &one, 1, &n), "C_FindObjects");
    if (n == 1) found.push_back(one);
  }
  check_rv(p11().C_FindObjectsFinal(session), "C_FindObjectsFinal");
  return found;
}

inline std::string attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE wanted{type, nullptr, 0};
  check_rv(p11().C_GetAttributeValue(session, object, &wanted, 1), "C_GetAttributeValue");
  std::string value(wanted.ulValueLen, '\0');
  wanted.pValue = value.data();
  check_rv(p11().C_GetAttributeValue(session, object, &wanted, 1), "C_GetAttributeValue");
  return value;
}

inline CK_RV try_generate_key(CK_SESSION_HANDLE session, Attrs attributes, CK_OBJECT_HANDLE* key) {
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  return p11().C_GenerateKey(session, &mechanism, attributes.data(), attributes.size(), key);
}

inline CK_OBJECT_HANDLE create_kms_key(CK_SESSION_HANDLE session, const std::string& label = {}) {
  Attrs attributes;
  attributes.flag(CKA_TOKEN, true).number(CKA_VALUE_LEN, 32);
  if (!label.empty()) attributes.text(CKA_LABEL, label);
  CK_OBJECT_HANDLE key = 0;
  check_rv(try_generate_key(session, attributes, &key), "C_GenerateKey");
  return key;
}

inline CK_BYTE_PTR bytes(const std::string& text) {
  return reinterpret_cast<CK_BYTE_PTR>(const_cast<char*>(text.data()));
}

// With an encryption context if it is not empty.
class Symmetric {
 public:
  explicit Symmetric(std::string context = {}) : context_(std::move(context)) {}
  CK_MECHANISM* operator&() {
    params_ = {bytes(context_), context_.size()};
    mechanism_ = {CKM_TRENT_SYMMETRIC_DEFAULT, nullptr, 0};
    if (!context_.empty()) mechanism_ = {CKM_TRENT_SYMMETRIC_DEFAULT, &params_, sizeof params_};
    return &mechanism_;
  }

 private:
  std::string context_;
  CK_TRENT_SYMMETRIC_PARAMS params_{};
  CK_MECHANISM mechanism_{};
};

// In one call with room enough.
inline std::string encrypt(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key,
                           const std::string& in) {
  std::string out(8192, '\0');
  CK_ULONG size = out.size();
  check_rv(p11().C_EncryptInit(session, mechanism, key), "C_EncryptInit");
  check_rv(p11().C_Encrypt(session, bytes(in), in.size(), bytes(out), &size), "C_Encrypt");
  return out.substr(0, size);
}

inline CK_RV try_decrypt(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key,
                         const std::string& in, std::string* plaintext) {
  plaintext->resize(8192);
  CK_ULONG size = plaintext->size();
  CK_RV rv = p11().C_DecryptInit(session, mechanism, key);
  if (rv == CKR_OK) rv = p11().C_Decrypt(session, bytes(in), in.size(), bytes(*plaintext), &size);
  plaintext->resize(rv == CKR_OK ? size : 0);
  return rv;
}

inline std::string decrypt(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key,
                           const std::string& in) {
  std::string plaintext;
  check_rv(try_decrypt(session, mechanism, key, in, &plaintext), "C_Decrypt");
  return plaintext;
}

}  // namespace trent::test
