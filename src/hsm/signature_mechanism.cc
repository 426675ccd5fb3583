// SPDX-License-Identifier: Apache-2.0
// Mechanisms that take a digest: the hash is Trent's own, which every token can be given.
#include "hsm/signature_mechanism.h"

#include "hsm/key_kind.h"

namespace trent::hsm {

namespace {

struct PssHash {
  CK_MECHANISM_TYPE hash;
  CK_RSA_PKCS_MGF_TYPE mgf;
};
PssHash pss_hash(Hash hash) {
  if (hash == Hash::Sha256) return {CKM_SHA256, CKG_MGF1_SHA256};
  if (hash == Hash::Sha384) return {CKM_SHA384, CKG_MGF1_SHA384};
  return {CKM_SHA512, CKG_MGF1_SHA512};
}

}  // namespace

SignatureMechanism::SignatureMechanism(SignatureScheme scheme, Hash hash, ByteView input) {
  switch (scheme) {
    case SignatureScheme::Pkcs1: {
      mechanism_.mechanism = CKM_RSA_PKCS;
      const ByteView head = digest_info_head(hash);
      input_.assign(head.begin(), head.end());
      break;
    }
    case SignatureScheme::Pss: {
      const PssHash pss = pss_hash(hash);
      pss_ = {pss.hash, pss.mgf, hash_size(hash)};
      mechanism_ = {CKM_RSA_PKCS_PSS, &pss_, sizeof pss_};
      break;
    }
    case SignatureScheme::Ecdsa:
      mechanism_.mechanism = CKM_ECDSA;
      break;
    case SignatureScheme::Eddsa:
      mechanism_.mechanism = kEddsa;
      break;
  }
  append(input_, input);
}

}  // namespace trent::hsm
