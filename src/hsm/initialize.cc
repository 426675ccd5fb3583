// SPDX-License-Identifier: Apache-2.0
// A new SoftHSM token: see initialize.h.
#include "hsm/initialize.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "hsm/host_lock.h"
#include "hsm/login.h"

namespace trent::hsm {

namespace {

CK_SLOT_ID find_free_slot(const Module& module) {
  CK_ULONG count = 0;
  module.call<&CK_FUNCTION_LIST::C_GetSlotList>(CK_BBOOL{CK_TRUE}, nullptr, &count);
  std::vector<CK_SLOT_ID> slots(count);
  module.call<&CK_FUNCTION_LIST::C_GetSlotList>(CK_BBOOL{CK_TRUE}, slots.data(), &count);
  slots.resize(count);
  for (CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    module.call<&CK_FUNCTION_LIST::C_GetTokenInfo>(slot, &info);
    if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) return slot;
  }
  throw Error(ErrorCode::KeyUnavailable, module.name() + " has no uninitialised token.",
              "Make one with the HSM's own tool, and name it by `uri` in the configuration.");
}

}  // namespace

void initialize_token(const std::string& module_name, const std::string& label, ByteView so_pin,
                      ByteView user_pin) {
  const HostLock startup(HostLock::Purpose::Start, module_name);
  auto module = Module::open(module_name);
  CK_SLOT_ID slot = find_free_slot(*module);
  std::vector<CK_UTF8CHAR> padded(32, ' ');  // blank-padded, PKCS#11 v3.0 section 5.5
  if (label.empty() || label.size() > padded.size())
    throw Error(ErrorCode::Validation, "A token label has 1 to 32 bytes.", "Choose another.");
  std::copy(label.begin(), label.end(), padded.begin());
  auto pin = [](ByteView view) { return const_cast<CK_UTF8CHAR_PTR>(view.data()); };
  module->call<&CK_FUNCTION_LIST::C_InitToken>(slot, pin(so_pin),
                                               static_cast<CK_ULONG>(so_pin.size()), padded.data());
  Session session(module, slot);
  session.call<&CK_FUNCTION_LIST::C_Login>(CK_USER_TYPE{CKU_SO}, pin(so_pin),
                                           static_cast<CK_ULONG>(so_pin.size()));
  session.call<&CK_FUNCTION_LIST::C_InitPIN>(pin(user_pin), static_cast<CK_ULONG>(user_pin.size()));
  session.call<&CK_FUNCTION_LIST::C_Logout>();
  keep_copy(session);
}

}  // namespace trent::hsm
