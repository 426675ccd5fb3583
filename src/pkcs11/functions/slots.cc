// SPDX-License-Identifier: Apache-2.0
// Slots, tokens and mechanisms.
#include <algorithm>
#include <vector>

#include "pkcs11/functions/functions.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/padded.h"

namespace trent::pkcs11 {

namespace {

// PKCS#11 v3.0 section 5.2: NULL asks for the number, too little room is an error that tells it.
template <class T>
CK_RV answer_list(const std::vector<T>& items, T* list, CK_ULONG_PTR count) {
  require(count != nullptr, CKR_ARGUMENTS_BAD);
  CK_ULONG room = *count;
  *count = items.size();
  if (list == nullptr) return CKR_OK;
  if (room < items.size()) return CKR_BUFFER_TOO_SMALL;
  std::copy(items.begin(), items.end(), list);
  return CKR_OK;
}

bool is_present(Slot& slot) {
  try {
    slot.token().find();
    return true;
  } catch (const Error& error) {
    Library::complain(error);
    return false;
  }
}

hsm::FoundToken find_present(Slot& slot) {
  try {
    return slot.token().find();
  } catch (const Error&) {
    throw Failure(CKR_TOKEN_NOT_PRESENT);
  }
}

template <auto Function, class... Arguments>
CK_RV call_backend(Slot& slot, Arguments... arguments) {
  CK_SLOT_ID backend = find_present(slot).slot;
  return hsm::Module::open(slot.config().module)->try_call<Function>(backend, arguments...);
}

}  // namespace

CK_RV get_slot_list(Library& library, CK_BBOOL token_present, CK_SLOT_ID* list,
                    CK_ULONG_PTR count) {
  std::vector<CK_SLOT_ID> ids;
  for (const auto& slot : library.slots())
    if (token_present == CK_FALSE || is_present(*slot)) ids.push_back(slot->id());
  return answer_list(ids, list, count);
}

CK_RV get_slot_info(Library& library, CK_SLOT_ID id, CK_SLOT_INFO* info) {
  Slot& slot = library.slot(id);
  require(info != nullptr, CKR_ARGUMENTS_BAD);
  *info = {};
  std::string description = "Trent KMS, account " + slot.config().account;
  info->flags = CKF_REMOVABLE_DEVICE;
  if (is_present(slot)) {
    description += ", region " + slot.config().region;
    CK_SLOT_INFO backend{};
    CK_RV rv = call_backend<&CK_FUNCTION_LIST::C_GetSlotInfo>(slot, &backend);
    require(rv == CKR_OK, rv);
    info->flags |= CKF_TOKEN_PRESENT | (backend.flags & CKF_HW_SLOT);
  } else {
    // The URI's path: "pkcs11:token=kms" is looked for.
    const std::string& uri = slot.config().uri;
    description += ", not found: " + uri.substr(uri.find(':') + 1);
  }
  fill_padded(info->slotDescription, description);
  fill_padded(info->manufacturerID, "Trent");
  info->hardwareVersion = info->firmwareVersion = library_version();
  return CKR_OK;
}

CK_RV get_token_info(Library& library, CK_SLOT_ID id, CK_TOKEN_INFO* info) {
  Slot& slot = library.slot(id);
  require(info != nullptr, CKR_ARGUMENTS_BAD);
  CK_TOKEN_INFO backend = find_present(slot).info;
  *info = backend;
  // The label is the backend's, and so are sizes and times. Model and serial tell Trent's token
  // from the backend's own where a program sees both.
  fill_padded(info->manufacturerID, "Trent");
  fill_padded(info->model, "Trent KMS");
  fill_padded(info->serialNumber, slot.config().account);
  info->flags &= ~CKF_DUAL_CRYPTO_OPERATIONS & ~CKF_RESTORE_KEY_NOT_NEEDED;
  if (slot.token().has_pin()) {
    // Trent logs in; whatever the state of the PIN, it is not the application's to see to. So this
    // is a token that has its own way to the PIN, and programs neither ask for one nor (as
    // pkcs11-provider does for want of CKF_LOGIN_REQUIRED) think that it keeps nothing private.
    info->flags &= CKF_RNG | CKF_WRITE_PROTECTED | CKF_CLOCK_ON_TOKEN;
    info->flags |= CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_SO_PIN_LOCKED |
                   CKF_LOGIN_REQUIRED | CKF_PROTECTED_AUTHENTICATION_PATH;
  }
  info->ulMaxSessionCount = info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
  info->ulSessionCount = slot.sessions;
  info->ulRwSessionCount = slot.rw_sessions;
  return CKR_OK;
}

CK_RV wait_for_slot_event(Library&, CK_FLAGS flags, CK_SLOT_ID* slot, CK_VOID_PTR reserved) {
  require(slot != nullptr && reserved == nullptr, CKR_ARGUMENTS_BAD);
  // The slots never change; a caller that wants to wait would wait for ever.
  return (flags & CKF_DONT_BLOCK) != 0 ? CKR_NO_EVENT : CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV get_mechanism_list(Library& library, CK_SLOT_ID id, CK_MECHANISM_TYPE* list,
                         CK_ULONG_PTR count) {
  Slot& slot = library.slot(id);
  require(count != nullptr, CKR_ARGUMENTS_BAD);
  CK_ULONG size = 0;
  CK_RV rv = call_backend<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, nullptr, &size);
  require(rv == CKR_OK, rv);
  std::vector<CK_MECHANISM_TYPE> mechanisms(size);
  rv = call_backend<&CK_FUNCTION_LIST::C_GetMechanismList>(slot, mechanisms.data(), &size);
  require(rv == CKR_OK, rv);
  mechanisms.resize(size);
  std::erase_if(mechanisms, [](CK_MECHANISM_TYPE type) { return carries_handles(type); });
  for (const TrentMechanism& mechanism : kTrentMechanisms) mechanisms.push_back(mechanism.type);
  return answer_list(mechanisms, list, count);
}

CK_RV get_mechanism_info(Library& library, CK_SLOT_ID id, CK_MECHANISM_TYPE type,
                         CK_MECHANISM_INFO* info) {
  Slot& slot = library.slot(id);
  require(info != nullptr, CKR_ARGUMENTS_BAD);
  if (carries_handles(type)) return CKR_MECHANISM_INVALID;
  const TrentMechanism* mechanism = find_trents(type);
  if (mechanism == nullptr)
    return call_backend<&CK_FUNCTION_LIST::C_GetMechanismInfo>(slot, type, info);
  // Where the key is made, there the work is done: in a device, or not.
  const hsm::KeyKind& kind = *kms::key_spec(mechanism->key_spec).secret_key;
  CK_MECHANISM_INFO backend{};
  CK_RV rv = call_backend<&CK_FUNCTION_LIST::C_GetMechanismInfo>(slot, kind.generation, &backend);
  require(rv == CKR_OK, rv);
  // AES key sizes are in bytes.
  *info = {kind.length, kind.length, mechanism->functions | (backend.flags & CKF_HW)};
  return CKR_OK;
}

CK_RV init_pin(Session& session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len) {
  if (session.slot().token().has_pin()) return CKR_FUNCTION_NOT_SUPPORTED;
  return session.call_with_pin<&CK_FUNCTION_LIST::C_InitPIN>(pin, pin_len);
}

CK_RV set_pin(Session& session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
              CK_ULONG new_len) {
  // A new PIN would lock out everybody who has the old one in a file.
  if (session.slot().token().has_pin()) return CKR_FUNCTION_NOT_SUPPORTED;
  require(session.is_read_write(), CKR_SESSION_READ_ONLY);
  return session.call_with_pin<&CK_FUNCTION_LIST::C_SetPIN>(old_pin, old_len, new_pin, new_len);
}

}  // namespace trent::pkcs11
