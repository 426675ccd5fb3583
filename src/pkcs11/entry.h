// SPDX-License-Identifier: Apache-2.0
// The boundary between C and C++: every function of the lists is made by Entry, which finds the
// session, and turns whatever is thrown into a CK_RV.
#pragma once

#include <chrono>
#include <mutex>
#include <string_view>

#include "pkcs11/failure.h"
#include "pkcs11/session.h"
#include "process/fork.h"

namespace trent::pkcs11 {

template <class Body>
CK_RV guarded(HandleRole role, std::string_view name, Body body) {
  const auto start = std::chrono::steady_clock::now();
  try {
    process::ForkGuard fork;
    return body();
  } catch (...) {
    return rv_of_exception(role, name, start);
  }
}

// The function's C++ name, for the debug log.
template <auto Function>
constexpr std::string_view entry_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("Function = ") + 11);
  return text.substr(0, text.find_first_of("];"));
}

// The C function of each kind of C++ function; see Entry.
template <class Type, auto Function, HandleRole role>
struct EntryOf;

template <class... Arguments, auto Function, HandleRole role>
struct EntryOf<CK_RV (*)(Arguments...), Function, role> {
  static CK_RV call(Arguments... arguments) {
    return guarded(role, entry_name<Function>(), [&] { return Function(arguments...); });
  }
};

template <class... Arguments, auto Function, HandleRole role>
struct EntryOf<CK_RV (*)(Library&, Arguments...), Function, role> {
  static CK_RV call(Arguments... arguments) {
    return guarded(role, entry_name<Function>(),
                   [&] { return Function(*Library::current(), arguments...); });
  }
};

template <class... Arguments, auto Function, HandleRole role>
struct EntryOf<CK_RV (*)(Session&, Arguments...), Function, role> {
  static CK_RV call(CK_SESSION_HANDLE handle, Arguments... arguments) {
    return guarded(role, entry_name<Function>(), [&] {
      std::shared_ptr<Library> library = Library::current();
      std::shared_ptr<Session> session = library->session(handle);
      std::lock_guard lock(session->mutex);
      require(!session->closed, CKR_SESSION_HANDLE_INVALID);
      return Function(*session, arguments...);
    });
  }
};

// Entry<&f>::call is the C function of
//   CK_RV f(Session&, arguments...)   CK_RV (CK_SESSION_HANDLE, arguments...)
//   CK_RV f(Library&, arguments...)   CK_RV (arguments...), between C_Initialize and C_Finalize
//   CK_RV f(arguments...)             CK_RV (arguments...), at any time
template <auto Function, HandleRole role = HandleRole::Key>
struct Entry : EntryOf<decltype(Function), Function, role> {};

// A function that Trent does not have.
template <class Function>
struct Unsupported;

template <class... Arguments>
struct Unsupported<CK_RV (*)(Arguments...)> {
  static CK_RV call(Arguments...) {
    return guarded(HandleRole::Key, "unsupported", []() -> CK_RV {
      Library::current();
      return CKR_FUNCTION_NOT_SUPPORTED;
    });
  }
};

}  // namespace trent::pkcs11
