// SPDX-License-Identifier: Apache-2.0
// Operations of Trent's own, for doors where keys are objects with a label that wrap other objects
// (PKCS#11). AWS KMS has none of them: blobs, checks and errors are those of the operations of KMS
// that they are made of, and their permissions, too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/wrapping.h"
#include "kms/requests.h"

namespace trent::kms {

// CreateKey and CreateAlias in one. Nobody ever sees a key that cannot have the name: the alias is
// created before the record that makes the key.
struct CreateNamedKeyRequest {
  std::string alias_name;                     // "alias/..."
  std::optional<std::string> key_spec = {};   // as for CreateKey
  std::optional<std::string> key_usage = {};  // likewise
  std::string description = {};               // likewise

  using Response = CreateKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

// CreateAlias of the new name, unless it is the key's already, and DeleteAlias of the old one if
// that is still the key's (it may be empty). One that throws has changed nothing. There are two
// records, and readers take no lock: for a moment they may see both names, and never none.
struct RenameKeyRequest {
  std::string key_id;
  std::string old_alias;
  std::string new_alias;

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

// All keys of the caller's account at once: the List operations would go through the token once a
// page.
struct KeyAndAliases {
  KeyMetadata metadata;
  std::vector<std::string> aliases;  // "alias/...", in alphabetical order

  static model::Fields fields() { return {}; }
};
struct ListEverythingResponse {
  std::vector<KeyAndAliases> keys;  // in the order of their ids

  static model::Fields fields() { return {}; }
};
struct ListEverythingRequest {
  bool continued = false;  // a List operation has just listed them: the token is not listed again

  using Response = ListEverythingResponse;
  static model::Fields fields() { return {}; }
  static const model::Operation& operation();
};

// Encrypt, of an object in the token of the caller's account.
struct WrapKeyResponse {
  Bytes ciphertext_blob;

  static model::Fields fields();
};
// Throws UnsupportedOperationException if the KMS key is in another token.
struct WrapKeyRequest {
  std::string key_id;
  EncryptionContext encryption_context;
  // Of its value, in bytes: 1..4096; nullopt: not known, but the object is an AES key.
  std::optional<std::int64_t> length;
  hsm::ApplicationObject object;

  using Response = WrapKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

// Decrypt, into an object of that token.
struct UnwrapKeyResponse {
  hsm::ApplicationObject object;

  static model::Fields fields() { return {}; }
};
struct UnwrapKeyRequest {
  std::string key_id;
  EncryptionContext encryption_context;
  Bytes ciphertext_blob;
  const hsm::ApplicationTemplate* destination = nullptr;

  using Response = UnwrapKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

}  // namespace trent::kms
