// SPDX-License-Identifier: Apache-2.0
// How PKCS#11 is told what KMS calls a signing algorithm.
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/public_key.h"

namespace trent::hsm {

// The mechanism, and what it is given to sign or verify.
class SignatureMechanism {
 public:
  // `input`: a digest of that hash, or a message (Eddsa).
  SignatureMechanism(SignatureScheme scheme, Hash hash, ByteView input);
  SignatureMechanism(const SignatureMechanism&) = delete;
  SignatureMechanism& operator=(const SignatureMechanism&) = delete;

  CK_MECHANISM& mechanism() { return mechanism_; }
  const Bytes& input() const { return input_; }

 private:
  CK_MECHANISM mechanism_{};
  CK_RSA_PKCS_PSS_PARAMS pss_{};
  Bytes input_;
};

}  // namespace trent::hsm
