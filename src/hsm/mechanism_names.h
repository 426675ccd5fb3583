// SPDX-License-Identifier: Apache-2.0
// CK_MECHANISM_TYPE: names, for people.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>

namespace trent::hsm {

// RFC 5649 under the numbers that tokens have for it; which it is, the self-test finds out.
// 0x210A is what the PKCS#11 v3.0 header names CKM_AES_KEY_WRAP_PAD and SoftHSM takes for
// RFC 5649; 0x210B is CKM_AES_KEY_WRAP_KWP, which is RFC 5649 on NSS (there 0x210A is RFC 3394
// over PKCS#7 padding). The vendors' own numbers come from before there was one in the standard.
inline constexpr CK_MECHANISM_TYPE kAesKeyWrapPad = 0x210A;
inline constexpr CK_MECHANISM_TYPE kAesKeyWrapKwp = 0x210B;
inline constexpr CK_MECHANISM_TYPE kLunaAesKwp = 0x80000171;
inline constexpr CK_MECHANISM_TYPE kCloudHsmAesKeyWrapZeroPad = 0x8000216F;

// "CKM_AES_ECB_ENCRYPT_DATA"; numbers without a name here come as "CKM 0x80000001".
std::string mechanism_name(CK_MECHANISM_TYPE type);

}  // namespace trent::hsm
