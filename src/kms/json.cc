#include "kms/json.h"

#include <chrono>

#include "base/encoding.h"

namespace trent::kms {

namespace {

Json epoch_seconds(Timestamp time) {
  // Three decimals, as KMS sends. Cut off and not rounded, as in the records of the catalog: the
  // same time looks the same wherever it comes from.
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<double>(milliseconds.count()) / 1000;
}

void put_if_set(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

}  // namespace

void to_json(Json& json, const KeyMetadata& metadata) {
  json = Json::object();
  json["AWSAccountId"] = metadata.aws_account_id;
  json["KeyId"] = metadata.key_id;
  json["Arn"] = metadata.arn;
  json["CreationDate"] = epoch_seconds(metadata.creation_date);
  json["Enabled"] = metadata.enabled;
  json["Description"] = metadata.description;
  json["KeyUsage"] = metadata.key_usage;
  json["KeyState"] = metadata.key_state;
  if (metadata.deletion_date) json["DeletionDate"] = epoch_seconds(*metadata.deletion_date);
  json["Origin"] = metadata.origin;
  json["KeyManager"] = metadata.key_manager;
  // Its deprecated name is still sent, and older SDKs read only that.
  json["CustomerMasterKeySpec"] = metadata.key_spec;
  json["KeySpec"] = metadata.key_spec;
  if (!metadata.encryption_algorithms.empty())
    json["EncryptionAlgorithms"] = metadata.encryption_algorithms;
  json["MultiRegion"] = metadata.multi_region;
  put_if_set(json, "CurrentKeyMaterialId", metadata.current_key_material_id);
}

void to_json(Json& json, const KeyListEntry& entry) {
  json = Json::object();
  json["KeyId"] = entry.key_id;
  json["KeyArn"] = entry.key_arn;
}

void to_json(Json& json, const AliasListEntry& entry) {
  json = Json::object();
  json["AliasName"] = entry.alias_name;
  json["AliasArn"] = entry.alias_arn;
  put_if_set(json, "TargetKeyId", entry.target_key_id);
  json["CreationDate"] = epoch_seconds(entry.creation_date);
  json["LastUpdatedDate"] = epoch_seconds(entry.last_updated_date);
}

void to_json(Json& json, const CreateKeyResponse& response) {
  json = Json::object();
  json["KeyMetadata"] = response.key_metadata;
}

void to_json(Json& json, const DescribeKeyResponse& response) {
  json = Json::object();
  json["KeyMetadata"] = response.key_metadata;
}

void to_json(Json& json, const ListKeysResponse& response) {
  json = Json::object();
  json["Keys"] = response.keys;
  put_if_set(json, "NextMarker", response.next_marker);
  json["Truncated"] = response.truncated;
}

void to_json(Json& json, const ScheduleKeyDeletionResponse& response) {
  json = Json::object();
  json["KeyId"] = response.key_id;
  json["DeletionDate"] = epoch_seconds(response.deletion_date);
  json["KeyState"] = response.key_state;
  json["PendingWindowInDays"] = response.pending_window_in_days;
}

void to_json(Json& json, const CancelKeyDeletionResponse& response) {
  json = Json::object();
  json["KeyId"] = response.key_id;
}

void to_json(Json& json, const ListAliasesResponse& response) {
  json = Json::object();
  json["Aliases"] = response.aliases;
  put_if_set(json, "NextMarker", response.next_marker);
  json["Truncated"] = response.truncated;
}

// Unlike the other cryptographic operations, Encrypt does not send the key material id.
void to_json(Json& json, const EncryptResponse& response) {
  json = Json::object();
  json["CiphertextBlob"] = to_base64(response.ciphertext_blob);
  json["KeyId"] = response.key_id;
  json["EncryptionAlgorithm"] = response.encryption_algorithm;
}

void to_json(Json& json, const DecryptResponse& response) {
  json = Json::object();
  json["KeyId"] = response.key_id;
  json["Plaintext"] = secret_to_base64(response.plaintext);
  json["EncryptionAlgorithm"] = response.encryption_algorithm;
  put_if_set(json, "KeyMaterialId", response.key_material_id);
}

void to_json(Json& json, const ReEncryptResponse& response) {
  json = Json::object();
  json["CiphertextBlob"] = to_base64(response.ciphertext_blob);
  json["SourceKeyId"] = response.source_key_id;
  json["KeyId"] = response.key_id;
  json["SourceEncryptionAlgorithm"] = response.source_encryption_algorithm;
  json["DestinationEncryptionAlgorithm"] = response.destination_encryption_algorithm;
  put_if_set(json, "SourceKeyMaterialId", response.source_key_material_id);
  put_if_set(json, "DestinationKeyMaterialId", response.destination_key_material_id);
}

void to_json(Json& json, const GenerateDataKeyResponse& response) {
  json = Json::object();
  json["CiphertextBlob"] = to_base64(response.ciphertext_blob);
  json["Plaintext"] = secret_to_base64(response.plaintext);
  json["KeyId"] = response.key_id;
  put_if_set(json, "KeyMaterialId", response.key_material_id);
}

void to_json(Json& json, const GenerateDataKeyWithoutPlaintextResponse& response) {
  json = Json::object();
  json["CiphertextBlob"] = to_base64(response.ciphertext_blob);
  json["KeyId"] = response.key_id;
  put_if_set(json, "KeyMaterialId", response.key_material_id);
}

void to_json(Json& json, const GenerateRandomResponse& response) {
  json = Json::object();
  json["Plaintext"] = secret_to_base64(response.plaintext);
}

}  // namespace trent::kms
