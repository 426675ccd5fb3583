// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt and ReEncrypt with KMS keys: see kms_operation.h.
#include "pkcs11/kms_operation.h"

#include "blob/blob.h"
#include "pkcs11/mechanism.h"

namespace trent::pkcs11 {

namespace {

bool takes_ciphertext(Kind kind, const KmsOperation& operation) {
  return kind == Kind::Decrypt || operation.re_encrypt;
}

CK_RV bad_length(Kind kind) {
  return kind == Kind::Decrypt ? CKR_ENCRYPTED_DATA_LEN_RANGE : CKR_DATA_LEN_RANGE;
}

// A key that is private, disabled, gone or of another kind is refused at the beginning, where the
// standard expects it.
void require_usable(Session& session, const KmsKey& key, KeyPart part) {
  require(session.logged_in(), CKR_USER_NOT_LOGGED_IN);
  kms::KeyMetadata metadata =
      session.slot().call(kms::DescribeKeyRequest{key.key_id, {}}).key_metadata;
  require(metadata.enabled, CKR_KEY_FUNCTION_NOT_PERMITTED);
  require((part == KeyPart::Secret) == (key.part == KeyPart::Secret), CKR_KEY_TYPE_INCONSISTENT);
  require(key.part == part && !metadata.encryption_algorithms.empty(),
          CKR_KEY_FUNCTION_NOT_PERMITTED);
}

}  // namespace

KmsOperation start_kms_operation(Session& session, Kind kind, const CK_MECHANISM& mechanism,
                                 const KmsKey& key) {
  KmsOperation operation;
  operation.key_id = key.key_id;
  operation.logouts = session.slot().logouts;
  if (mechanism.mechanism == CKM_RSA_PKCS_OAEP) {
    operation.algorithm = oaep_algorithm(mechanism);
    const KeyPart part = kind == Kind::Encrypt ? KeyPart::Public : KeyPart::Private;
    require_usable(session, key, part);
    return operation;
  }
  operation.re_encrypt = mechanism.mechanism == CKM_TRENT_REENCRYPT;
  // CKA_ALLOWED_MECHANISMS: nothing else works with a KMS key.
  require(is_trents(mechanism.mechanism), CKR_MECHANISM_INVALID);
  require(!operation.re_encrypt || kind == Kind::Encrypt, CKR_MECHANISM_INVALID);
  if (operation.re_encrypt) {
    CK_TRENT_REENCRYPT_PARAMS params = re_encrypt_params(mechanism);
    operation.source_context = encryption_context(params.pSourceMechanism);
    operation.context = encryption_context(params.pDestinationMechanism);
    if (params.hSourceKey != CK_INVALID_HANDLE) {
      auto source =
          session.library().objects().get(session.slot().id(), params.hSourceKey, HandleRole::Key);
      require(source->kms_key() != nullptr, CKR_KEY_TYPE_INCONSISTENT);
      operation.source_key_id = source->kms_key()->key_id;
    }
  } else {
    operation.context = encryption_context(&mechanism);
  }
  require_usable(session, key, KeyPart::Secret);
  return operation;
}

void add_input(Kind kind, KmsOperation& operation, ByteView input) {
  std::size_t limit = takes_ciphertext(kind, operation) ? blob::kMaxBlob : blob::kMaxPlaintext;
  require(input.size() <= limit - operation.input.size(), bad_length(kind));
  operation.input.insert(operation.input.end(), input.begin(), input.end());
  operation.output.reset();
}

const SecretBytes& finish_kms_operation(Session& session, Kind kind, KmsOperation& operation) {
  if (operation.output) return *operation.output;
  require(!operation.input.empty(), bad_length(kind));
  Slot& slot = session.slot();
  const SecretBytes& input = operation.input;
  Bytes ciphertext;
  if (operation.re_encrypt) {
    kms::ReEncryptRequest request;
    request.ciphertext_blob = {input.begin(), input.end()};
    request.source_key_id = operation.source_key_id;
    request.source_encryption_context = operation.source_context;
    request.destination_key_id = operation.key_id;
    request.destination_encryption_context = operation.context;
    ciphertext = slot.call(request).ciphertext_blob;
  } else if (kind == Kind::Encrypt) {
    kms::EncryptRequest request;
    request.key_id = operation.key_id;
    request.plaintext = input;
    request.encryption_context = operation.context;
    request.encryption_algorithm = operation.algorithm;
    ciphertext = slot.call(request).ciphertext_blob;
  } else {
    kms::DecryptRequest request;
    request.ciphertext_blob = {input.begin(), input.end()};
    request.encryption_context = operation.context;
    request.key_id = operation.key_id;
    request.encryption_algorithm = operation.algorithm;
    operation.output = std::move(slot.call(request).plaintext);
    return *operation.output;
  }
  operation.output.emplace(ciphertext.begin(), ciphertext.end());
  return *operation.output;
}

}  // namespace trent::pkcs11
