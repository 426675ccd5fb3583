// SPDX-License-Identifier: Apache-2.0
// C_Initialize, C_Finalize, C_GetInfo.
#include <cstdint>
#include <cstring>
#include <string>

#include "pkcs11/functions/functions.h"
#include "pkcs11/padded.h"

namespace trent::pkcs11 {

namespace {

// p11-kit's x-init-reserved and NSS's library parameters arrive as a string: the path of a
// trent.toml.
std::string configuration_path(CK_VOID_PTR reserved) {
  if (reserved == nullptr) return {};
  // No string lies in the first page: this is somebody's test whether pReserved is looked at.
  constexpr std::uintptr_t kFirstPage = 4096;
  require(reinterpret_cast<std::uintptr_t>(reserved) >= kFirstPage, CKR_ARGUMENTS_BAD);
  return static_cast<const char*>(reserved);
}

}  // namespace

CK_RV initialize(CK_VOID_PTR init_args) {
  std::string path;
  if (init_args != nullptr) {
    const auto& args = *static_cast<const CK_C_INITIALIZE_ARGS*>(init_args);
    int callbacks = (args.CreateMutex != nullptr) + (args.DestroyMutex != nullptr) +
                    (args.LockMutex != nullptr) + (args.UnlockMutex != nullptr);
    require(callbacks == 0 || callbacks == 4, CKR_ARGUMENTS_BAD);
    // The backend, which is shared with the rest of the process, locks with the system's mutexes.
    require(callbacks == 0 || (args.flags & CKF_OS_LOCKING_OK) != 0, CKR_CANT_LOCK);
    path = configuration_path(args.pReserved);
  }
  Library::initialise(path);
  return CKR_OK;
}

CK_RV finalize(CK_VOID_PTR reserved) {
  require(reserved == nullptr, CKR_ARGUMENTS_BAD);
  Library::finalise();
  return CKR_OK;
}

CK_RV get_info(Library&, CK_INFO* info) {
  require(info != nullptr, CKR_ARGUMENTS_BAD);
  *info = {};
  info->cryptokiVersion = {3, 0};
  fill_padded(info->manufacturerID, "Trent");
  fill_padded(info->libraryDescription, "Trent KMS");
  info->libraryVersion = library_version();
  return CKR_OK;
}

}  // namespace trent::pkcs11
