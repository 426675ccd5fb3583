// SPDX-License-Identifier: Apache-2.0
// The tokens of the pkcs11 target: every input finds them as the first one did.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "pkcs11/cryptoki.h"
#include "softhsm.h"

extern "C" {
CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list);
CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count);
CK_RV C_GetInterface(CK_CHAR* name, CK_VERSION* version, CK_INTERFACE_PTR_PTR interface,
                     CK_FLAGS flags);
}

namespace trent::fuzz {

CK_FUNCTION_LIST_3_0& p11();

// Each slot has these; their handles are in this order.
enum WorldObject { kKmsOne, kKmsTwo, kAes, kSecret, kPrivate, kPublic, kData, kWorldObjects };

// Slot 0: the application logs in. Slot 1: the configuration has the PIN.
inline constexpr CK_SLOT_ID kSlotOfApplication = 0;
inline constexpr CK_SLOT_ID kSlotWithPin = 1;
inline constexpr CK_ULONG kSlots = 2;

class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Looked for when they are first asked for.
  const std::vector<CK_OBJECT_HANDLE>& objects(CK_SLOT_ID slot);
  // 32 bytes, encrypted with kKmsOne: without a context, and with {"k":"v"}.
  const Bytes& blob(CK_SLOT_ID slot) const { return blobs_[slot]; }
  const Bytes& bound_blob(CK_SLOT_ID slot) const { return bound_blobs_[slot]; }

  // An object or a PIN was changed in its place: the names of the files do not show it.
  void touch() { touched_ = true; }
  // The library was finalised or initialised.
  void restarted() { restarted_ = true; }
  // After an input, when its sessions are closed.
  void restore();

 private:
  void make_objects(CK_SLOT_ID slot);
  void start();
  void stop();
  void find_objects(CK_SLOT_ID slot);
  std::vector<std::string> files() const;

  test::SoftHsm token_;
  std::filesystem::path tokens_, copy_;
  std::vector<std::string> files_;  // of all objects
  std::vector<CK_OBJECT_HANDLE> objects_[kSlots];
  Bytes blobs_[kSlots], bound_blobs_[kSlots];
  // Without it SoftHSM forgets the handles of the slot between two inputs.
  std::optional<CK_SESSION_HANDLE> keeper_;
  bool touched_ = false;
  bool restarted_ = false;
};

}  // namespace trent::fuzz
