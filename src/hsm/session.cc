// SPDX-License-Identifier: Apache-2.0
// Sessions and temporary objects, which are closed and destroyed with their owner.
#include "hsm/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace trent::hsm {

namespace {

// SoftHSM keeps these as they are also in a private object; strings and bytes it encrypts.
bool is_plain(CK_ATTRIBUTE_TYPE type) {
  return type == CKA_CLASS || type == CKA_TOKEN || type == CKA_PRIVATE || type == CKA_KEY_TYPE;
}

}  // namespace

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
      handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)),
      login_expected_(other.login_expected_) {}

Session::~Session() {
  if (handle_ != CK_INVALID_HANDLE && current())
    module_->try_call<&CK_FUNCTION_LIST::C_CloseSession>(handle_);
}

bool Session::is_of_user() const {
  CK_SESSION_INFO info{};
  call<&CK_FUNCTION_LIST::C_GetSessionInfo>(&info);
  return info.state == CKS_RW_USER_FUNCTIONS || info.state == CKS_RO_USER_FUNCTIONS;
}

CK_RV Session::try_find(std::vector<CK_ATTRIBUTE>& search,
                        std::vector<CK_OBJECT_HANDLE>& found) const {
  const CK_RV rv = try_call<&CK_FUNCTION_LIST::C_FindObjectsInit>(
      search.data(), static_cast<CK_ULONG>(search.size()));
  if (rv != CKR_OK) return rv;
  CK_OBJECT_HANDLE chunk[64];
  CK_ULONG given = 0;
  do {
    call<&CK_FUNCTION_LIST::C_FindObjects>(&chunk[0], CK_ULONG{std::size(chunk)}, &given);
    // A token's word is not enough to read past the end.
    if (given > std::size(chunk)) throw token_error("C_FindObjects", CKR_GENERAL_ERROR);
    found.insert(found.end(), &chunk[0], &chunk[0] + given);
  } while (given > 0);
  call<&CK_FUNCTION_LIST::C_FindObjectsFinal>();
  if (found.empty() && login_expected_ && !is_of_user())
    throw token_error("C_FindObjects", CKR_USER_NOT_LOGGED_IN);
  return CKR_OK;
}

std::optional<bool> Session::has(CK_OBJECT_HANDLE object,
                                 const std::vector<CK_ATTRIBUTE>& wanted) const {
  for (const CK_ATTRIBUTE& attribute : wanted) {
    Bytes value(attribute.ulValueLen);
    CK_ATTRIBUTE read{attribute.type, value.data(), attribute.ulValueLen};
    const CK_RV rv = try_call<&CK_FUNCTION_LIST::C_GetAttributeValue>(object, &read, CK_ULONG{1});
    switch (rv) {
      case CKR_OK:
        break;
      case CKR_GENERAL_ERROR:
        return std::nullopt;
      case CKR_BUFFER_TOO_SMALL:
      case CKR_ATTRIBUTE_TYPE_INVALID:
      case CKR_ATTRIBUTE_SENSITIVE:
      case CKR_OBJECT_HANDLE_INVALID:  // destroyed meanwhile
        return false;
      default:
        throw token_error("C_GetAttributeValue", rv);
    }
    const auto* expected = static_cast<const std::uint8_t*>(attribute.pValue);
    if (read.ulValueLen != value.size() || !std::equal(value.begin(), value.end(), expected))
      return false;
  }
  return true;
}

std::vector<CK_OBJECT_HANDLE> Session::find(std::vector<CK_ATTRIBUTE> search,
                                            std::vector<CK_OBJECT_HANDLE>* unreadable) const {
  std::vector<CK_OBJECT_HANDLE> found;
  const CK_RV rv = try_find(search, found);
  if (rv == CKR_OK) return found;
  // One object that SoftHSM cannot decrypt, as in a file of another token, and it finds no other by
  // its label, id or value. So what may be encrypted is compared here.
  const auto rest =
      std::stable_partition(search.begin(), search.end(),
                            [](const CK_ATTRIBUTE& attribute) { return is_plain(attribute.type); });
  const std::vector<CK_ATTRIBUTE> wanted(rest, search.end());
  if (rv != CKR_GENERAL_ERROR || wanted.empty()) throw token_error("C_FindObjectsInit", rv);
  search.erase(rest, search.end());
  try_call<&CK_FUNCTION_LIST::C_FindObjectsFinal>();  // SoftHSM has left it active
  if (try_find(search, found) != CKR_OK) throw token_error("C_FindObjectsInit", rv);
  std::erase_if(found, [&](CK_OBJECT_HANDLE object) {
    const auto matches = has(object, wanted);
    if (!matches && unreadable != nullptr) unreadable->push_back(object);
    return !matches.value_or(false);
  });
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
