// SPDX-License-Identifier: Apache-2.0
// One request and one response per KMS operation, with the fields of the KMS API Reference
// (https://docs.aws.amazon.com/kms/latest/APIReference/). Members that a caller may leave out are
// optional: one that is given but empty (a script's variable that is not set) is refused, and never
// taken for one that was left out. Where KMS does not tell the two apart, the member is plain:
// lists, encryption contexts, flags, a key's description.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/public_key.h"
#include "blob/context.h"
#include "kms/model/operation.h"
#include "kms/tag.h"

namespace trent::kms {

// Help for options whose name does not say enough.
// The operations that manage a key take no alias, so that none is retargeted under them.
inline constexpr const char* kManagedKeyHelp = "Key ID or key ARN (no alias)";
inline constexpr const char* kNewContextHelp =
    "Public names and values the ciphertext is bound to:\nNAME=VALUE,NAME=VALUE or JSON";
inline constexpr const char* kDryRunHelp =
    "Only find out whether it would succeed: that is\nDryRunOperationException, exit code 254";
inline constexpr const char* kOldContextHelp = "Exactly the pairs that were given at encryption";

// EncryptionAlgorithmSpec, KeySpec, KeyState ... are carried as KMS spells them.
inline constexpr const char* kSymmetricDefault = "SYMMETRIC_DEFAULT";

struct XksKeyConfiguration {
  std::string id;  // empty: it has none

  static model::Fields fields();
};

// One of several related keys.
struct MultiRegionKey {
  std::string arn;
  std::string region;

  static model::Fields fields();
};

struct MultiRegionConfiguration {
  std::string multi_region_key_type;  // PRIMARY or REPLICA; empty: it is no multi-Region key
  MultiRegionKey primary_key;
  std::vector<MultiRegionKey> replica_keys;

  static model::Fields fields();
};

struct KeyMetadata {
  std::string aws_account_id;
  std::string key_id;  // the bare id, unlike in the responses of cryptographic operations
  std::string arn;
  Timestamp creation_date;
  bool enabled = false;
  std::string description;
  std::string key_usage;  // ENCRYPT_DECRYPT
  std::string key_state;  // Enabled, Disabled, PendingDeletion, ...
  std::optional<Timestamp> deletion_date;
  std::optional<Timestamp> valid_to;  // of imported material: when the first of it expires
  std::string origin;                 // AWS_KMS
  std::string expiration_model;       // of imported material; else empty
  std::string key_manager;            // CUSTOMER
  std::string key_spec;               // SYMMETRIC_DEFAULT
  // Those of its usage; the others are empty.
  std::vector<std::string> encryption_algorithms;
  std::vector<std::string> signing_algorithms;
  std::vector<std::string> key_agreement_algorithms;
  std::vector<std::string> mac_algorithms;
  bool multi_region = false;
  MultiRegionConfiguration multi_region_configuration;  // of DescribeKey, and of who makes one
  // Of a primary key whose waiting period begins when its replicas are gone.
  std::optional<std::int64_t> pending_deletion_window_in_days;
  XksKeyConfiguration xks_key_configuration;
  std::string current_key_material_id;  // 64 hex digits, symmetric keys only
  // Not on KMS's wire, which has GetPublicKey; for doors that show keys as objects. Null: none.
  std::shared_ptr<const PublicKey> public_key;

  static model::Fields fields();
};

struct CreateKeyResponse {
  KeyMetadata key_metadata;

  static model::Fields fields();
};

struct CreateKeyRequest {
  std::optional<std::string> policy = {};  // JSON; default: see default_key_policy()
  std::string description;                 // 0..8192 characters
  std::optional<std::string> key_usage;    // default ENCRYPT_DECRYPT
  std::optional<std::string> key_spec;     // default SYMMETRIC_DEFAULT
  std::optional<std::string> origin;       // default AWS_KMS
  bool bypass_policy_lockout_safety_check = false;
  std::vector<Tag> tags;
  std::optional<std::string> xks_key_id;  // with origin EXTERNAL_KEY_STORE
  bool multi_region = false;
  // The security officer's PIN: the key is enforced in the token. Not among the fields: AWS KMS has
  // no such keys, and it goes over no network.
  std::optional<SecretBytes> so_pin = {};

  using Response = CreateKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct DescribeKeyResponse {
  KeyMetadata key_metadata;

  static model::Fields fields();
};

struct DescribeKeyRequest {
  std::string key_id;  // key id, key ARN, alias name or alias ARN
  std::vector<std::string> grant_tokens;

  using Response = DescribeKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct KeyListEntry {
  std::string key_id;
  std::string key_arn;

  static model::Fields fields();
};

struct ListKeysResponse {
  std::vector<KeyListEntry> keys;
  bool truncated = false;
  std::string next_marker;  // only if truncated

  static model::Fields fields();
};

struct ListKeysRequest {
  std::optional<std::int64_t> limit;  // 1..1000, default 100
  std::optional<std::string> marker;  // next_marker of the page before

  using Response = ListKeysResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct CreateAliasRequest {
  std::string alias_name;     // "alias/..."
  std::string target_key_id;  // key id or key ARN

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct UpdateAliasRequest {
  std::string alias_name;
  std::string target_key_id;

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct DeleteAliasRequest {
  std::string alias_name;

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct AliasListEntry {
  std::string alias_name;
  std::string alias_arn;
  std::string target_key_id;  // bare key id
  Timestamp creation_date;
  Timestamp last_updated_date;

  static model::Fields fields();
};

struct ListAliasesResponse {
  std::vector<AliasListEntry> aliases;
  bool truncated = false;
  std::string next_marker;

  static model::Fields fields();
};

struct ListAliasesRequest {
  std::optional<std::string> key_id;  // key id or key ARN; default: all aliases
  std::optional<std::int64_t> limit;  // 1..1000, default 50
  std::optional<std::string> marker;

  using Response = ListAliasesResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct EncryptResponse {
  Bytes ciphertext_blob;
  std::string key_id;  // key ARN
  std::string encryption_algorithm;
  // Not on KMS's wire for Encrypt; for the doors that show it (OpenSSL's key-material-id).
  std::string key_material_id;

  static model::Fields fields();
};

struct EncryptRequest {
  std::string key_id;
  SecretBytes plaintext;  // 1..4096 bytes
  EncryptionContext encryption_context;
  std::vector<std::string> grant_tokens;
  std::optional<std::string> encryption_algorithm;  // default SYMMETRIC_DEFAULT
  bool dry_run = false;

  using Response = EncryptResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct DecryptResponse {
  std::string key_id;  // key ARN
  SecretBytes plaintext;
  std::string encryption_algorithm;
  std::string key_material_id;

  static model::Fields fields();
};

struct DecryptRequest {
  Bytes ciphertext_blob;  // 1..6144 bytes; none: a dry run that ignores it
  EncryptionContext encryption_context;
  std::vector<std::string> grant_tokens;
  std::optional<std::string> key_id;                // the blob names the key, too
  std::optional<std::string> encryption_algorithm;  // default SYMMETRIC_DEFAULT
  bool dry_run = false;
  std::vector<std::string> dry_run_modifiers = {};  // IGNORE_CIPHERTEXT

  using Response = DecryptResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct ReEncryptResponse {
  Bytes ciphertext_blob;
  std::string source_key_id;  // key ARN
  std::string key_id;         // key ARN of the destination
  std::string source_encryption_algorithm;
  std::string destination_encryption_algorithm;
  std::string source_key_material_id;
  std::string destination_key_material_id;

  static model::Fields fields();
};

struct ReEncryptRequest {
  Bytes ciphertext_blob;  // as for Decrypt
  EncryptionContext source_encryption_context;
  std::optional<std::string> source_key_id;  // the blob names the key, too
  std::string destination_key_id;
  EncryptionContext destination_encryption_context;             // never inherited from the source
  std::optional<std::string> source_encryption_algorithm;       // default SYMMETRIC_DEFAULT
  std::optional<std::string> destination_encryption_algorithm;  // likewise
  std::vector<std::string> grant_tokens;
  bool dry_run = false;
  std::vector<std::string> dry_run_modifiers = {};  // as for Decrypt

  using Response = ReEncryptResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct GenerateDataKeyResponse {
  Bytes ciphertext_blob;
  SecretBytes plaintext;
  std::string key_id;
  std::string key_material_id;

  static model::Fields fields();
};

// Exactly one of key_spec and number_of_bytes.
struct GenerateDataKeyRequest {
  std::string key_id;
  EncryptionContext encryption_context;
  std::optional<std::string> key_spec;          // AES_128 or AES_256
  std::optional<std::int64_t> number_of_bytes;  // 1..1024
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  using Response = GenerateDataKeyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct GenerateDataKeyWithoutPlaintextResponse {
  Bytes ciphertext_blob;
  std::string key_id;
  std::string key_material_id;

  static model::Fields fields();
};

// The same as for GenerateDataKey.
struct GenerateDataKeyWithoutPlaintextRequest : GenerateDataKeyRequest {
  using Response = GenerateDataKeyWithoutPlaintextResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct SignResponse {
  std::string key_id;
  Bytes signature;  // DER for ECDSA
  std::string signing_algorithm;

  static model::Fields fields();
};

struct SignRequest {
  std::string key_id;
  SecretBytes message;                      // 1..4096 bytes
  std::optional<std::string> message_type;  // default RAW; DIGEST
  std::vector<std::string> grant_tokens;
  std::string signing_algorithm;
  bool dry_run = false;

  using Response = SignResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct VerifyResponse {
  std::string key_id;
  bool signature_valid = true;  // else there is an error instead
  std::string signing_algorithm;

  static model::Fields fields();
};

// The same, with the signature.
struct VerifyRequest : SignRequest {
  Bytes signature;

  using Response = VerifyResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct GenerateMacResponse {
  Bytes mac;
  std::string mac_algorithm;
  std::string key_id;

  static model::Fields fields();
};

struct GenerateMacRequest {
  SecretBytes message;  // 1..4096 bytes
  std::string key_id;
  std::string mac_algorithm;
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  using Response = GenerateMacResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct VerifyMacResponse {
  std::string key_id;
  bool mac_valid = true;  // else there is an error instead
  std::string mac_algorithm;

  static model::Fields fields();
};

// The same, with the MAC.
struct VerifyMacRequest : GenerateMacRequest {
  Bytes mac;

  using Response = VerifyMacResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct DeriveSharedSecretResponse {
  std::string key_id;
  SecretBytes shared_secret;  // the x coordinate
  std::string key_agreement_algorithm;
  std::string key_origin;

  static model::Fields fields();
};

struct DeriveSharedSecretRequest {
  std::string key_id;
  std::string key_agreement_algorithm;  // ECDH
  Bytes public_key;                     // the peer's, DER SubjectPublicKeyInfo
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  using Response = DeriveSharedSecretResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct GenerateRandomResponse {
  SecretBytes plaintext;

  static model::Fields fields();
};

struct GenerateRandomRequest {
  std::optional<std::int64_t> number_of_bytes;  // 1..1024, required by KMS

  using Response = GenerateRandomResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct EnableKeyRequest {
  std::string key_id;  // key id or key ARN

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct DisableKeyRequest {
  std::string key_id;

  using Response = model::Nothing;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct ScheduleKeyDeletionResponse {
  std::string key_id;                      // key ARN
  std::optional<Timestamp> deletion_date;  // none yet of a primary key that has replicas
  std::string key_state;
  std::int64_t pending_window_in_days = 0;

  static model::Fields fields();
};

struct ScheduleKeyDeletionRequest {
  std::string key_id;
  std::optional<std::int64_t> pending_window_in_days;  // 7..30, default 30

  using Response = ScheduleKeyDeletionResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

struct CancelKeyDeletionResponse {
  std::string key_id;  // key ARN

  static model::Fields fields();
};

struct CancelKeyDeletionRequest {
  std::string key_id;

  using Response = CancelKeyDeletionResponse;
  static model::Fields fields();
  static const model::Operation& operation();
};

}  // namespace trent::kms
