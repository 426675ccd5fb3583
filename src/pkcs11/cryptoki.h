// SPDX-License-Identifier: Apache-2.0
// PKCS#11 as Trent offers it: p11-kit's header, which ends with version 2.40, and what version 3.0
// adds to it (OASIS PKCS#11 Specification v3.0, sections 3 and 5; pkcs11f.h for the order).
#pragma once

#include <p11-kit/pkcs11.h>

#include "trent/pkcs11.h"

struct CK_INTERFACE {
  CK_CHAR* pInterfaceName;
  CK_VOID_PTR pFunctionList;
  CK_FLAGS flags;
};
using CK_INTERFACE_PTR = CK_INTERFACE*;
using CK_INTERFACE_PTR_PTR = CK_INTERFACE**;

inline constexpr CK_FLAGS kInterfaceForkSafe = 1;  // CKF_INTERFACE_FORK_SAFE

// Version and 68 functions of version 2.40, then the 24 new ones, without padding between.
struct CK_FUNCTION_LIST_3_0 {
  CK_FUNCTION_LIST v2;
  CK_RV (*C_GetInterfaceList)(CK_INTERFACE_PTR, CK_ULONG_PTR);
  CK_RV (*C_GetInterface)(CK_CHAR*, CK_VERSION*, CK_INTERFACE_PTR_PTR, CK_FLAGS);
  CK_RV(*C_LoginUser)
  (CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR, CK_ULONG);
  CK_RV (*C_SessionCancel)(CK_SESSION_HANDLE, CK_FLAGS);

  using MessageInit = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
  using MessageFinal = CK_RV (*)(CK_SESSION_HANDLE);
  using CipherMessage = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG,
                                  CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
  using CipherMessageBegin = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR,
                                       CK_ULONG);
  using CipherMessageNext = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR,
                                      CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR, CK_FLAGS);
  using SignatureMessageBegin = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG);
  using SignMessage = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG,
                                CK_BYTE_PTR, CK_ULONG_PTR);
  using VerifyMessage = CK_RV (*)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG,
                                  CK_BYTE_PTR, CK_ULONG);

  MessageInit C_MessageEncryptInit;
  CipherMessage C_EncryptMessage;
  CipherMessageBegin C_EncryptMessageBegin;
  CipherMessageNext C_EncryptMessageNext;
  MessageFinal C_MessageEncryptFinal;
  MessageInit C_MessageDecryptInit;
  CipherMessage C_DecryptMessage;
  CipherMessageBegin C_DecryptMessageBegin;
  CipherMessageNext C_DecryptMessageNext;
  MessageFinal C_MessageDecryptFinal;
  MessageInit C_MessageSignInit;
  SignMessage C_SignMessage;
  SignatureMessageBegin C_SignMessageBegin;
  SignMessage C_SignMessageNext;
  MessageFinal C_MessageSignFinal;
  MessageInit C_MessageVerifyInit;
  VerifyMessage C_VerifyMessage;
  SignatureMessageBegin C_VerifyMessageBegin;
  VerifyMessage C_VerifyMessageNext;
  MessageFinal C_MessageVerifyFinal;
};
static_assert(sizeof(CK_FUNCTION_LIST) == 69 * sizeof(void*));
static_assert(sizeof(CK_FUNCTION_LIST_3_0) == 93 * sizeof(void*));

inline constexpr CK_ATTRIBUTE_TYPE kAttributeUniqueId = 0x4;  // CKA_UNIQUE_ID
inline constexpr CK_FLAGS kFlagFindObjects = 0x40;            // CKF_FIND_OBJECTS
