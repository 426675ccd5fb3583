// Responses as KMS puts them on the wire (awsJson1_1): member names of the KMS API Reference, in
// the order of its service model, blobs in base64, timestamps as epoch seconds, and members that
// are not set left out. Operations without a response have an empty body there, so none here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/bytes.h"
#include "kms/requests.h"

namespace trent::kms {

// A response may hold plaintext, so what it is made of, and what dump() returns, is wiped.
using Json = nlohmann::basic_json<nlohmann::ordered_map, std::vector, SecretString, bool,
                                  std::int64_t, std::uint64_t, double, CleansingAllocator>;

// Found by the conversion `Json j = response`.
void to_json(Json& json, const KeyMetadata& metadata);
void to_json(Json& json, const KeyListEntry& entry);
void to_json(Json& json, const AliasListEntry& entry);
void to_json(Json& json, const CreateKeyResponse& response);
void to_json(Json& json, const DescribeKeyResponse& response);
void to_json(Json& json, const ListKeysResponse& response);
void to_json(Json& json, const ScheduleKeyDeletionResponse& response);
void to_json(Json& json, const CancelKeyDeletionResponse& response);
void to_json(Json& json, const ListAliasesResponse& response);
void to_json(Json& json, const EncryptResponse& response);
void to_json(Json& json, const DecryptResponse& response);
void to_json(Json& json, const ReEncryptResponse& response);
void to_json(Json& json, const GenerateDataKeyResponse& response);
void to_json(Json& json, const GenerateDataKeyWithoutPlaintextResponse& response);
void to_json(Json& json, const GenerateRandomResponse& response);

}  // namespace trent::kms
