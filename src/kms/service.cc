#include "kms/service.h"

#include "base/error.h"

namespace trent::kms {

struct Service::Implementation {
  Config config;
};

Service::Service(Config config, PinPrompt) : implementation_(new Implementation{std::move(config)}) {}
Service::~Service() = default;
const Config& Service::config() const { return implementation_->config; }

#define STUB(response, name, request) \
  response Service::name(const request&) { throw Error(ErrorCode::KMSInternal, "not yet"); }
STUB(CreateKeyResponse, create_key, CreateKeyRequest)
STUB(DescribeKeyResponse, describe_key, DescribeKeyRequest)
STUB(ListKeysResponse, list_keys, ListKeysRequest)
STUB(void, enable_key, EnableKeyRequest)
STUB(void, disable_key, DisableKeyRequest)
STUB(ScheduleKeyDeletionResponse, schedule_key_deletion, ScheduleKeyDeletionRequest)
STUB(CancelKeyDeletionResponse, cancel_key_deletion, CancelKeyDeletionRequest)
STUB(void, create_alias, CreateAliasRequest)
STUB(void, update_alias, UpdateAliasRequest)
STUB(void, delete_alias, DeleteAliasRequest)
STUB(ListAliasesResponse, list_aliases, ListAliasesRequest)
STUB(EncryptResponse, encrypt, EncryptRequest)
STUB(DecryptResponse, decrypt, DecryptRequest)
STUB(ReEncryptResponse, re_encrypt, ReEncryptRequest)
STUB(GenerateDataKeyResponse, generate_data_key, GenerateDataKeyRequest)
STUB(GenerateDataKeyWithoutPlaintextResponse, generate_data_key_without_plaintext,
     GenerateDataKeyWithoutPlaintextRequest)
STUB(GenerateRandomResponse, generate_random, GenerateRandomRequest)

}  // namespace trent::kms
