// SPDX-License-Identifier: Apache-2.0
// A public key of a stranger's (DeriveSharedSecret) or of a record's: DER that is one is used
// without a fault, and what is none is refused.
#include "base/public_key.h"

#include "base/error.h"
#include "fuzz.h"

using namespace trent;
using fuzz::require;

namespace {

// prime256v1, as DeriveSharedSecret compares it.
constexpr std::uint8_t kP256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

void agree(const PublicKey& peer) {
  const Bytes point = peer.point();
  require(point.size() == 65 && point.front() == 4, "a point of P-256 has two coordinates");
  require(PublicKey(ec_public_key(kP256, point)).point() == point, "its DER can be written again");
  const EphemeralKey one(peer);
  require(one.agree_with(peer).size() == 32, "a secret of P-256 has 32 bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const PublicKey key(Bytes(data, data + size));
  const Bytes signature(64, 1);
  if (!key.is_valid()) {
    require(key.modulus().empty() && key.curve().empty() && key.point().empty(),
            "what is no key shows nothing");
    try {
      key.verifies(SignatureScheme::Ecdsa, Hash::Sha256, Bytes(32), signature);
    } catch (const Error& error) {
      require(error.code() == ErrorCode::KMSInternal, "and verifies nothing");
      return 0;
    }
    require(false, "what is no key is not used");
  }
  for (const SignatureScheme scheme : {SignatureScheme::Pkcs1, SignatureScheme::Pss,
                                       SignatureScheme::Ecdsa, SignatureScheme::Eddsa})
    require(!key.verifies(scheme, Hash::Sha256, Bytes(32), signature), "no signature is right");
  if (key.curve() == Bytes(std::begin(kP256), std::end(kP256))) agree(key);
  return 0;
}
