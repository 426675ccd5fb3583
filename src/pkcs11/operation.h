// SPDX-License-Identifier: Apache-2.0
// The one operation that a session can have going: with a KMS key, or passed through to the
// backend. PKCS#11 v3.0 section 5.2 and the function descriptions say when it ends.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/hash.h"
#include "hsm/session.h"
#include "kms/requests.h"
#include "pkcs11/failure.h"

namespace trent::pkcs11 {

enum class Kind { Encrypt, Decrypt, Digest, Sign, SignRecover, Verify, VerifyRecover };

// How far it is, which decides what may come next.
enum class Phase {
  Started,
  OnePart,   // the length of a one-part answer was told
  Parts,     // an update was made
  LastPart,  // the length of the last part was told
};

// Encrypt, Decrypt or ReEncrypt. Collects the input; the answer is computed once, and kept until
// the caller's buffer fits.
struct KmsOperation {
  bool re_encrypt = false;
  std::string key_id;
  std::optional<std::string> algorithm;      // of RSA keys
  std::optional<std::string> source_key_id;  // of ReEncrypt
  std::uint64_t logouts = 0;                 // of the slot when it began
  kms::EncryptionContext context;
  kms::EncryptionContext source_context;

  SecretBytes input;
  std::optional<SecretBytes> output;
};

// Sign, Verify, GenerateMac or VerifyMac.
struct KmsSignature {
  // What the application hands in.
  enum class Form {
    Message,     // of any length: it is hashed here
    Whole,       // the message itself, for KMS
    Digest,      //
    DigestInfo,  // RFC 8017, section 9.2
  };
  std::string key_id;
  std::uint64_t logouts = 0;  // of the slot when it began
  std::string algorithm;      // KMS's; of DigestInfo, what is before the hash
  Form form = Form::Message;
  std::optional<Hash> hash;
  bool is_mac = false;
  bool is_ecdsa = false;
  std::size_t size = 0;  // of the signature, in bytes

  std::optional<Hasher> hasher;
  SecretBytes input;
};

// Has a backend session of its own: closing it is the one way to end an operation that every token
// knows, and must not take the application's session objects with it.
struct BackendOperation {
  hsm::Session session;
};

struct Operation {
  Kind kind;
  Phase phase = Phase::Started;
  std::variant<KmsOperation, KmsSignature, BackendOperation> what;
};

}  // namespace trent::pkcs11
