// SPDX-License-Identifier: Apache-2.0
// Sessions and the objects that live in them, as values that clean up after themselves.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "hsm/attributes.h"
#include "hsm/module.h"

namespace trent::hsm {

// An open session, read-write unless the token is write-protected: some tokens (AWS CloudHSM) have
// no others.
class Session {
 public:
  Session(std::shared_ptr<Module> module, CK_SLOT_ID slot);
  ~Session();
  Session(Session&& other) noexcept;
  Session& operator=(Session&&) = delete;

  CK_SESSION_HANDLE handle() const { return handle_; }
  const Module& module() const { return *module_; }
  CK_SLOT_ID slot() const { return slot_; }
  // False once its handles may name somebody else's objects: after fork, or a new initialisation.
  bool current() const { return generation_ == module_->generation(); }
  // One more session with the same token.
  Session another() const { return {module_, slot_}; }

  template <auto Function, class... Arguments>
  void call(Arguments... arguments) const {
    module_->call<Function>(handle_, arguments...);
  }
  template <auto Function, class... Arguments>
  CK_RV try_call(Arguments... arguments) const {
    return module_->try_call<Function>(handle_, arguments...);
  }

  // Whether the user is logged in.
  bool is_of_user() const;
  // From now on a search that finds nothing fails (CKR_USER_NOT_LOGGED_IN) unless the user is
  // logged in: an application that shares the module may log out, which hides private objects.
  void expect_login() { login_expected_ = true; }

  // All handles that match. Of objects that the token cannot read nobody knows whether they match:
  // they are passed over, or added to `unreadable`. Throws KMSInternalException if the token says
  // that it has given more than there was room for.
  std::vector<CK_OBJECT_HANDLE> find(std::vector<CK_ATTRIBUTE> search,
                                     std::vector<CK_OBJECT_HANDLE>* unreadable = nullptr) const;
  std::vector<CK_OBJECT_HANDLE> find(Attributes& attributes,
                                     std::vector<CK_OBJECT_HANDLE>* unreadable = nullptr) const {
    return find({attributes.data(), attributes.data() + attributes.size()}, unreadable);
  }

  // Value of one attribute. Throws if it is missing, sensitive or longer than `limit`.
  template <class Buffer>
  Buffer read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, std::size_t limit) const;

 private:
  CK_RV try_find(std::vector<CK_ATTRIBUTE>& search, std::vector<CK_OBJECT_HANDLE>& found) const;
  // Whether the object has these attributes; nullopt: the token cannot read them.
  std::optional<bool> has(CK_OBJECT_HANDLE object, const std::vector<CK_ATTRIBUTE>& wanted) const;

  std::shared_ptr<Module> module_;
  std::shared_ptr<const void> use_;
  CK_SLOT_ID slot_;
  std::uint64_t generation_;
  CK_SESSION_HANDLE handle_ = CK_INVALID_HANDLE;
  bool login_expected_ = false;
};

// A session object that is destroyed at the latest when it goes out of scope. An operation that
// throws loses its session anyway, and with it the object; one that succeeds calls destroy(), so
// that a token that fails to destroy is an error like any other.
class TemporaryObject {
 public:
  TemporaryObject(const Session& session, CK_OBJECT_HANDLE handle)
      : session_(&session), handle_(handle) {}
  ~TemporaryObject();
  TemporaryObject(TemporaryObject&& other) noexcept;
  TemporaryObject& operator=(TemporaryObject&&) = delete;

  CK_OBJECT_HANDLE handle() const { return handle_; }
  void destroy();
  // It is meant to stay.
  void release() { handle_ = CK_INVALID_HANDLE; }

 private:
  const Session* session_;
  CK_OBJECT_HANDLE handle_;
};

template <class Buffer>
Buffer Session::read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, std::size_t limit) const {
  // One call where the value fits, two where it does not.
  Buffer value;
  value.resize(std::min<std::size_t>(limit, 2048));
  for (;;) {
    CK_ATTRIBUTE attribute{type, value.data(), static_cast<CK_ULONG>(value.size())};
    CK_RV rv = try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &attribute, CK_ULONG{1});
    if (rv == CKR_OK && attribute.ulValueLen <= value.size()) {
      value.resize(attribute.ulValueLen);
      return value;
    }
    if (rv != CKR_BUFFER_TOO_SMALL || value.size() >= limit)
      throw token_error("C_GetAttributeValue", rv == CKR_OK ? CKR_GENERAL_ERROR : rv);
    value.resize(limit);
  }
}

}  // namespace trent::hsm
