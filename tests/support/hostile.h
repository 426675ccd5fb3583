// SPDX-License-Identifier: Apache-2.0
// A token that is not like SoftHSM: what real ones do otherwise, each played by fault.so.
#pragma once

#include <p11-kit/pkcs11.h>

#include <chrono>
#include <string_view>

namespace trent::test {

struct Hostile {
  // What C_SetAttributeValue(CKA_SENSITIVE) does: it, CKR_ATTRIBUTE_READ_ONLY, or CKR_OK and
  // nothing.
  enum class Setting { Works, Refused, Pretended };

  bool unwrap_shows = false;  // SENSITIVE=true is taken and ignored: by C_UnwrapKey, for which
  bool derive_shows = false;  // EXTRACTABLE=false is, too; by C_DeriveKey; by C_GenerateKey
  bool generate_shows = false;
  Setting setting = Setting::Works;
  bool no_extractable = false;     // EXTRACTABLE=true and SENSITIVE=false are refused at unwrap
  bool wants_length = false;       // no C_UnwrapKey without CKA_VALUE_LEN
  bool tells_length = false;       // CKA_VALUE_LEN of what was unwrapped is right
  CK_MECHANISM_TYPE kwp = 0x210A;  // the number of RFC 5649; 0: it has none
  bool device_error = false;       // CKR_DEVICE_ERROR for a payload that does not unwrap
  bool no_derive = false;          // no CKM_AES_ECB_ENCRYPT_DATA
  bool no_agreement = false;       // no CKM_ECDH1_DERIVE
  bool gives_away = false;         // CKM_EXTRACT_KEY_FROM_KEY and the like work, but not with
  bool keeps_allowed = false;      // a key whose CKA_ALLOWED_MECHANISMS forbid it
  bool no_copies = false;          // no C_CopyObject
  bool no_trust = false;           // nobody makes a key that is CKA_TRUSTED
  bool forgets_trust = false;      // CKA_WRAP_WITH_TRUSTED is taken and ignored, and with it the
  bool forgets_templates = false;  // next: CKA_UNWRAP_TEMPLATE and CKA_WRAP_TEMPLATE
  bool no_data = false;            // no CKO_DATA token objects
  bool no_read_only = false;       // sessions are read-write or refused
  bool overstates = false;         // it says that it has given more than there was room for
  CK_ULONG longest = 0;            // of a secret, in bytes; 0: as SoftHSM
  std::chrono::microseconds latency{0};  // of every call
};

// From $TRENT_HOSTILE: words as the members' names, with - for _; "kwp=0x80000171", "longest=64",
// "latency=1000", "setting=refused". Aborts for a word that it does not know.
Hostile parse_hostile(std::string_view words);

// The functions that such a token has of its own, over those of `real`.
struct HostileCalls {
  const Hostile& hostile;
  CK_FUNCTION_LIST& real;

  CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* data, CK_NOTIFY notify,
                     CK_SESSION_HANDLE* session) const;
  CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, CK_ULONG count,
                      CK_OBJECT_HANDLE* object) const;
  CK_RV copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE source, CK_ATTRIBUTE* attributes,
                    CK_ULONG count, CK_OBJECT_HANDLE* object) const;
  CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE* attributes, CK_ULONG count) const;
  CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG max,
                     CK_ULONG* count) const;
  CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE* attributes, CK_ULONG count) const;
  CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* attributes,
                     CK_ULONG count, CK_OBJECT_HANDLE* key) const;
  CK_RV derive_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE base,
                   CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* key) const;
  CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE wrapping,
                 CK_OBJECT_HANDLE key, CK_BYTE* wrapped, CK_ULONG* size) const;
  CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE unwrapping,
                   CK_BYTE* wrapped, CK_ULONG size, CK_ATTRIBUTE* attributes, CK_ULONG count,
                   CK_OBJECT_HANDLE* key) const;
};

}  // namespace trent::test
