// SPDX-License-Identifier: Apache-2.0
// One C_SignInit and one C_Sign: a signature, or a MAC.
#pragma once

#include "hsm/session.h"

namespace trent::hsm {

// Buffer: Bytes, or SecretBytes where the result is a secret.
template <class Buffer = Bytes>
Buffer sign_with(const Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism,
                 ByteView input) {
  session.call<&CK_FUNCTION_LIST::C_SignInit>(&mechanism, key);
  Buffer out(1024);
  auto size = static_cast<CK_ULONG>(out.size());
  session.call<&CK_FUNCTION_LIST::C_Sign>(const_cast<CK_BYTE_PTR>(input.data()),
                                          CK_ULONG{input.size()}, out.data(), &size);
  if (size > out.size()) throw token_error("C_Sign", CKR_GENERAL_ERROR);
  out.resize(size);
  return out;
}

}  // namespace trent::hsm
