#include "hsm/session.h"

#include <iterator>
#include <utility>

namespace trent::hsm {

Session::Session(std::shared_ptr<Module> module, CK_SLOT_ID slot)
    : module_(std::move(module)),
      use_(module_->use()),
      slot_(slot),
      generation_(module_->generation()) {
  auto open = [&](CK_FLAGS flags) {
    return module_->try_call<&CK_FUNCTION_LIST::C_OpenSession>(slot, flags, nullptr, nullptr,
                                                               &handle_);
  };
  CK_RV rv = open(CKF_SERIAL_SESSION | CKF_RW_SESSION);
  // Its keys can be used all the same; what would change it says CKR_SESSION_READ_ONLY.
  if (rv == CKR_TOKEN_WRITE_PROTECTED) rv = open(CKF_SERIAL_SESSION);
  if (rv != CKR_OK) throw token_error("C_OpenSession", rv);
}

Session::Session(Session&& other) noexcept
    : module_(std::move(other.module_)),
      use_(std::move(other.use_)),
      slot_(other.slot_),
      generation_(other.generation_),
      handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}

Session::~Session() {
  if (handle_ != CK_INVALID_HANDLE && current())
    module_->try_call<&CK_FUNCTION_LIST::C_CloseSession>(handle_);
}

std::vector<CK_OBJECT_HANDLE> Session::find(CK_ATTRIBUTE_PTR attributes, CK_ULONG count) const {
  std::vector<CK_OBJECT_HANDLE> found;
  call<&CK_FUNCTION_LIST::C_FindObjectsInit>(attributes, count);
  CK_OBJECT_HANDLE chunk[64];
  CK_ULONG given = 0;
  do {
    call<&CK_FUNCTION_LIST::C_FindObjects>(&chunk[0], CK_ULONG{std::size(chunk)}, &given);
    // A token's word is not enough to read past the end.
    if (given > std::size(chunk)) throw token_error("C_FindObjects", CKR_GENERAL_ERROR);
    found.insert(found.end(), &chunk[0], &chunk[0] + given);
  } while (given > 0);
  call<&CK_FUNCTION_LIST::C_FindObjectsFinal>();
  return found;
}

TemporaryObject::TemporaryObject(TemporaryObject&& other) noexcept
    : session_(other.session_), handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}

TemporaryObject::~TemporaryObject() {
  if (handle_ != CK_INVALID_HANDLE) session_->try_call<&CK_FUNCTION_LIST::C_DestroyObject>(handle_);
}

void TemporaryObject::destroy() {
  CK_OBJECT_HANDLE handle = std::exchange(handle_, CK_INVALID_HANDLE);
  session_->call<&CK_FUNCTION_LIST::C_DestroyObject>(handle);
}

}  // namespace trent::hsm
