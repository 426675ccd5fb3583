// The KMS: every operation, whatever door it came through.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "kms/requests.h"

namespace trent::hsm {
class Token;
class TokenNames;
}  // namespace trent::hsm

namespace trent::kms {

// Asks a person for the PIN of the token that is described (its label). nullopt: nobody to ask;
// empty: he gave none. Called again when a PIN was refused, up to three times for one operation;
// never when the configuration has a pin-source.
using PinPrompt = std::function<std::optional<SecretBytes>(const std::string& token_label)>;

// Thread-safe. Opens nothing until an operation needs the token; survives fork.
//
// Each operation does what its namesake in the KMS API Reference does, and throws trent::Error
// with that operation's errors. Nothing is left in the token by an operation that throws.
class Service {
 public:
  // `names`: shared by the Services that a door makes of one configuration.
  explicit Service(Config config, const PinPrompt& prompt = {},
                   std::shared_ptr<hsm::TokenNames> names = nullptr);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  const Config& config() const;

  // Who calls: the principal of the configuration, unless a door knows another one (C_LoginUser).
  // The requests that follow are that one's; empty: the configuration's again. Neither changes the
  // account that bare key ids and aliases belong to.
  void set_principal(std::string principal);

  CreateKeyResponse create_key(const CreateKeyRequest&);
  DescribeKeyResponse describe_key(const DescribeKeyRequest&);
  ListKeysResponse list_keys(const ListKeysRequest&);
  void enable_key(const EnableKeyRequest&);
  void disable_key(const DisableKeyRequest&);
  ScheduleKeyDeletionResponse schedule_key_deletion(const ScheduleKeyDeletionRequest&);
  CancelKeyDeletionResponse cancel_key_deletion(const CancelKeyDeletionRequest&);

  void create_alias(const CreateAliasRequest&);
  void update_alias(const UpdateAliasRequest&);
  void delete_alias(const DeleteAliasRequest&);
  ListAliasesResponse list_aliases(const ListAliasesRequest&);

  EncryptResponse encrypt(const EncryptRequest&);
  DecryptResponse decrypt(const DecryptRequest&);
  ReEncryptResponse re_encrypt(const ReEncryptRequest&);
  GenerateDataKeyResponse generate_data_key(const GenerateDataKeyRequest&);
  GenerateDataKeyWithoutPlaintextResponse generate_data_key_without_plaintext(
      const GenerateDataKeyWithoutPlaintextRequest&);
  GenerateRandomResponse generate_random(const GenerateRandomRequest&);

  // The token of the caller's own account, for a door that offers the token's other functions too.
  hsm::Token& token();

  // What `trent check` finds: see kms/check.h.
  struct Implementation;
  Implementation& implementation() { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace trent::kms
