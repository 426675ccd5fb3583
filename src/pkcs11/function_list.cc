// SPDX-License-Identifier: Apache-2.0
// The lists of functions, and the three functions that hand them out: all that the library exports
// of PKCS#11. (The C_ functions themselves stay inside, or a backend that looks up its own through
// the dynamic linker would find ours.)
#include <cstring>
#include <span>

#include "pkcs11/entry.h"
#include "pkcs11/functions/functions.h"
#include "pkcs11/functions/operations.h"

namespace trent::pkcs11 {

namespace {

// Declared as C functions with these names by p11-kit's header; here they are only names of list
// members.
using List = CK_FUNCTION_LIST;
using List3 = CK_FUNCTION_LIST_3_0;

template <auto Member>
struct MemberType;
template <class Class, class Type, Type Class::*Member>
struct MemberType<Member> {
  using type = Type;
};
template <auto Member>
constexpr auto unsupported = &Unsupported<typename MemberType<Member>::type>::call;

CK_RV get_function_list(CK_FUNCTION_LIST_PTR_PTR list);
CK_RV get_interface_list(CK_INTERFACE_PTR interfaces, CK_ULONG_PTR count);
CK_RV get_interface(CK_CHAR* name, CK_VERSION* version, CK_INTERFACE_PTR_PTR interface,
                    CK_FLAGS flags);

constexpr CK_FUNCTION_LIST make_list(CK_VERSION version) {
  return {
      .version = version,
      .C_Initialize = &Entry<&initialize>::call,
      .C_Finalize = &Entry<&finalize>::call,
      .C_GetInfo = &Entry<&get_info>::call,
      .C_GetFunctionList = &Entry<&get_function_list>::call,
      .C_GetSlotList = &Entry<&get_slot_list>::call,
      .C_GetSlotInfo = &Entry<&get_slot_info>::call,
      .C_GetTokenInfo = &Entry<&get_token_info>::call,
      .C_GetMechanismList = &Entry<&get_mechanism_list>::call,
      .C_GetMechanismInfo = &Entry<&get_mechanism_info>::call,
      // It would destroy every KMS key.
      .C_InitToken = unsupported<&List::C_InitToken>,
      .C_InitPIN = &Entry<&init_pin>::call,
      .C_SetPIN = &Entry<&set_pin>::call,
      .C_OpenSession = &Entry<&open_session>::call,
      .C_CloseSession = &Entry<&close_session>::call,
      .C_CloseAllSessions = &Entry<&close_all_sessions>::call,
      .C_GetSessionInfo = &Entry<&get_session_info>::call,
      .C_GetOperationState = unsupported<&List::C_GetOperationState>,
      .C_SetOperationState = unsupported<&List::C_SetOperationState>,
      .C_Login = &Entry<&login>::call,
      .C_Logout = &Entry<&logout>::call,
      .C_CreateObject = &Entry<&create_object, HandleRole::Object>::call,
      .C_CopyObject = &Entry<&copy_object, HandleRole::Object>::call,
      .C_DestroyObject = &Entry<&destroy_object, HandleRole::Object>::call,
      .C_GetObjectSize = &Entry<&get_object_size, HandleRole::Object>::call,
      .C_GetAttributeValue = &Entry<&get_attribute_value, HandleRole::Object>::call,
      .C_SetAttributeValue = &Entry<&set_attribute_value, HandleRole::Object>::call,
      .C_FindObjectsInit = &Entry<&find_objects_init, HandleRole::Object>::call,
      .C_FindObjects = &Entry<&find_objects, HandleRole::Object>::call,
      .C_FindObjectsFinal = &Entry<&find_objects_final, HandleRole::Object>::call,
      .C_EncryptInit = &Entry<&init<Kind::Encrypt, &List::C_EncryptInit>>::call,
      .C_Encrypt = &Entry<&one_part<Kind::Encrypt, &List::C_Encrypt>>::call,
      .C_EncryptUpdate = &Entry<&update<Kind::Encrypt, &List::C_EncryptUpdate>>::call,
      .C_EncryptFinal = &Entry<&last_part<Kind::Encrypt, &List::C_EncryptFinal>>::call,
      .C_DecryptInit = &Entry<&init<Kind::Decrypt, &List::C_DecryptInit>>::call,
      .C_Decrypt = &Entry<&one_part<Kind::Decrypt, &List::C_Decrypt>>::call,
      .C_DecryptUpdate = &Entry<&update<Kind::Decrypt, &List::C_DecryptUpdate>>::call,
      .C_DecryptFinal = &Entry<&last_part<Kind::Decrypt, &List::C_DecryptFinal>>::call,
      .C_DigestInit = &Entry<&digest_init>::call,
      .C_Digest = &Entry<&one_part<Kind::Digest, &List::C_Digest>>::call,
      .C_DigestUpdate = &Entry<&silent_update<Kind::Digest, &List::C_DigestUpdate>>::call,
      .C_DigestKey = &Entry<&digest_key>::call,
      .C_DigestFinal = &Entry<&last_part<Kind::Digest, &List::C_DigestFinal>>::call,
      .C_SignInit = &Entry<&init<Kind::Sign, &List::C_SignInit>>::call,
      .C_Sign = &Entry<&one_part<Kind::Sign, &List::C_Sign>>::call,
      .C_SignUpdate = &Entry<&silent_update<Kind::Sign, &List::C_SignUpdate>>::call,
      .C_SignFinal = &Entry<&last_part<Kind::Sign, &List::C_SignFinal>>::call,
      .C_SignRecoverInit = &Entry<&init<Kind::SignRecover, &List::C_SignRecoverInit>>::call,
      .C_SignRecover = &Entry<&one_part<Kind::SignRecover, &List::C_SignRecover>>::call,
      .C_VerifyInit = &Entry<&init<Kind::Verify, &List::C_VerifyInit>>::call,
      .C_Verify = &Entry<&verify>::call,
      .C_VerifyUpdate = &Entry<&silent_update<Kind::Verify, &List::C_VerifyUpdate>>::call,
      .C_VerifyFinal = &Entry<&verify_final>::call,
      .C_VerifyRecoverInit = &Entry<&init<Kind::VerifyRecover, &List::C_VerifyRecoverInit>>::call,
      .C_VerifyRecover = &Entry<&one_part<Kind::VerifyRecover, &List::C_VerifyRecover>>::call,
      .C_DigestEncryptUpdate = unsupported<&List::C_DigestEncryptUpdate>,
      .C_DecryptDigestUpdate = unsupported<&List::C_DecryptDigestUpdate>,
      .C_SignEncryptUpdate = unsupported<&List::C_SignEncryptUpdate>,
      .C_DecryptVerifyUpdate = unsupported<&List::C_DecryptVerifyUpdate>,
      .C_GenerateKey = &Entry<&generate_key>::call,
      .C_GenerateKeyPair = &Entry<&generate_key_pair>::call,
      .C_WrapKey = &Entry<&wrap_key, HandleRole::Wrap>::call,
      .C_UnwrapKey = &Entry<&unwrap_key, HandleRole::Unwrap>::call,
      .C_DeriveKey = &Entry<&derive_key>::call,
      .C_SeedRandom = &Entry<&seed_random>::call,
      .C_GenerateRandom = &Entry<&generate_random>::call,
      .C_GetFunctionStatus = &Entry<&not_parallel>::call,
      .C_CancelFunction = &Entry<&not_parallel>::call,
      .C_WaitForSlotEvent = &Entry<&wait_for_slot_event>::call,
  };
}

constexpr CK_FUNCTION_LIST_3_0 make_list_3_0() {
  return {
      .v2 = make_list({3, 0}),
      .C_GetInterfaceList = &Entry<&get_interface_list>::call,
      .C_GetInterface = &Entry<&get_interface>::call,
      .C_LoginUser = &Entry<&login_user>::call,
      .C_SessionCancel = &Entry<&session_cancel>::call,
      .C_MessageEncryptInit = unsupported<&List3::C_MessageEncryptInit>,
      .C_EncryptMessage = unsupported<&List3::C_EncryptMessage>,
      .C_EncryptMessageBegin = unsupported<&List3::C_EncryptMessageBegin>,
      .C_EncryptMessageNext = unsupported<&List3::C_EncryptMessageNext>,
      .C_MessageEncryptFinal = unsupported<&List3::C_MessageEncryptFinal>,
      .C_MessageDecryptInit = unsupported<&List3::C_MessageDecryptInit>,
      .C_DecryptMessage = unsupported<&List3::C_DecryptMessage>,
      .C_DecryptMessageBegin = unsupported<&List3::C_DecryptMessageBegin>,
      .C_DecryptMessageNext = unsupported<&List3::C_DecryptMessageNext>,
      .C_MessageDecryptFinal = unsupported<&List3::C_MessageDecryptFinal>,
      .C_MessageSignInit = unsupported<&List3::C_MessageSignInit>,
      .C_SignMessage = unsupported<&List3::C_SignMessage>,
      .C_SignMessageBegin = unsupported<&List3::C_SignMessageBegin>,
      .C_SignMessageNext = unsupported<&List3::C_SignMessageNext>,
      .C_MessageSignFinal = unsupported<&List3::C_MessageSignFinal>,
      .C_MessageVerifyInit = unsupported<&List3::C_MessageVerifyInit>,
      .C_VerifyMessage = unsupported<&List3::C_VerifyMessage>,
      .C_VerifyMessageBegin = unsupported<&List3::C_VerifyMessageBegin>,
      .C_VerifyMessageNext = unsupported<&List3::C_VerifyMessageNext>,
      .C_MessageVerifyFinal = unsupported<&List3::C_MessageVerifyFinal>,
  };
}

// Not const only because the types of PKCS#11 are not; they never change, for p11-kit and others
// copy them.
constinit CK_FUNCTION_LIST list_2_40 = make_list({2, 40});
constinit CK_FUNCTION_LIST_3_0 list_3_0 = make_list_3_0();

CK_CHAR interface_name[] = "PKCS 11";
// The default, which is what NULL asks for, first.
constinit CK_INTERFACE interfaces[] = {{&interface_name[0], &list_3_0, kInterfaceForkSafe},
                                       {&interface_name[0], &list_2_40, kInterfaceForkSafe}};

CK_VERSION version_of(const CK_INTERFACE& interface) {
  // Every function list begins with its version.
  return *static_cast<const CK_VERSION*>(interface.pFunctionList);
}

CK_RV get_function_list(CK_FUNCTION_LIST_PTR_PTR list) {
  require(list != nullptr, CKR_ARGUMENTS_BAD);
  *list = &list_2_40;
  return CKR_OK;
}

CK_RV get_interface_list(CK_INTERFACE_PTR list, CK_ULONG_PTR count) {
  require(count != nullptr, CKR_ARGUMENTS_BAD);
  CK_ULONG room = *count;
  *count = std::size(interfaces);
  if (list == nullptr) return CKR_OK;
  require(room >= *count, CKR_BUFFER_TOO_SMALL);
  std::copy(std::begin(interfaces), std::end(interfaces), list);
  return CKR_OK;
}

CK_RV get_interface(CK_CHAR* name, CK_VERSION* version, CK_INTERFACE_PTR_PTR interface,
                    CK_FLAGS flags) {
  require(interface != nullptr, CKR_ARGUMENTS_BAD);
  for (CK_INTERFACE& each : interfaces) {
    auto text = [](const CK_CHAR* chars) { return reinterpret_cast<const char*>(chars); };
    if (name != nullptr && std::strcmp(text(name), text(each.pInterfaceName)) != 0) continue;
    CK_VERSION has = version_of(each);
    if (version != nullptr && (version->major != has.major || version->minor != has.minor))
      continue;
    if ((flags & each.flags) != flags) continue;
    *interface = &each;
    return CKR_OK;
  }
  return CKR_ARGUMENTS_BAD;  // PKCS#11 v3.0 section 5.4.5 has no better one
}

}  // namespace

}  // namespace trent::pkcs11

#define TRENT_EXPORT extern "C" __attribute__((visibility("default")))

using trent::pkcs11::Entry;

TRENT_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  return Entry<&trent::pkcs11::get_function_list>::call(list);
}

TRENT_EXPORT CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count) {
  return Entry<&trent::pkcs11::get_interface_list>::call(list, count);
}

TRENT_EXPORT CK_RV C_GetInterface(CK_CHAR* name, CK_VERSION* version,
                                  CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags) {
  return Entry<&trent::pkcs11::get_interface>::call(name, version, interface, flags);
}
