// What the operations share: the accounts, and the way from an identifier to a key.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "blob/blob.h"
#include "catalog/catalog.h"
#include "hsm/token.h"
#include "hsm/wrapping.h"
#include "kms/service.h"
#include "process/fork.h"

namespace trent::kms {

// One token of the configuration: the keys of one AWS account in one region.
struct Account {
  Account(const TokenConfig& config, const PinPrompt& prompt, std::chrono::milliseconds refresh,
          std::shared_ptr<hsm::TokenNames> names);

  std::string arn(std::string_view resource) const { return prefix + std::string(resource); }
  std::string key_arn(std::string_view key_id) const { return arn("key/" + std::string(key_id)); }

  std::string id;
  std::string region;
  std::string prefix;  // arn:aws:kms:REGION:ACCOUNT:
  hsm::Token token;
  catalog::Catalog catalog;
};

// A key that was found, and where.
struct Key {
  Account* account = nullptr;
  std::shared_ptr<const catalog::KeyRecord> record;

  std::string arn() const { return account->key_arn(record->key_id); }
};

struct Service::Implementation {
  Implementation(Config config, const PinPrompt& prompt, std::shared_ptr<hsm::TokenNames> names);

  enum class Accept { All, KeyIdOnly };  // whether an alias will do
  // Throws NotFoundException, in KMS's words.
  Key resolve(const std::string& key_id, Accept accept = Accept::All);
  // What a key id or key ARN names, before the token is asked whether it is there.
  struct Named {
    Account& account;
    std::string key_id;
  };
  Named locate(const std::string& key_id);
  // As the token has it now. Throws NotFoundException if it is deleted, too.
  Key find(const hsm::ChangeLock& lock, const Named& named);
  // TRENT_DEBUG tells who asks for which key, where it is not the configuration's principal.
  void log_request(const std::string& key_arn);

  // The account that `name` of a bare alias, or a new key, belongs to: the caller's.
  Account& home() { return *home_; }
  // Throws NotFoundException if the region or account of an ARN is none of ours.
  Account& account_of(const std::string& account, const std::string& region,
                      const std::string& not_found);

  // The key of a blob: the one that `key_id` names, which must be the blob's own
  // (IncorrectKeyException), or the one that the blob names (AccessDeniedException if it is
  // unknown: KMS does not tell whether such a key exists).
  Key key_of_blob(const std::optional<std::string>& key_id, ByteView ciphertext);

  Config config;
  std::vector<std::unique_ptr<Account>> accounts;

  std::mutex principal_mutex;
  std::string principal;  // of set_principal(); empty: the configuration's

 private:
  Account* home_ = nullptr;
};

// The answer where there is no such key.
Error no_such_key(const Account& account, const std::string& key_id);

// True once the waiting period of a deletion is over: the key is as good as gone.
bool is_deleted(const catalog::KeyRecord& record);

// Tells the aliases of deleted keys, which are as good as gone. One whose key is missing is not:
// the key may come back.
class DeletedTargets {
 public:
  explicit DeletedTargets(std::shared_ptr<const catalog::Listing> listing);
  bool has(const catalog::AliasRecord& alias) const { return keys_.contains(alias.target); }

 private:
  std::shared_ptr<const catalog::Listing> listing_;
  std::set<std::string_view> keys_;
};

// State, usage and algorithm, in the order in which KMS checks them. `operation` is what KMS calls
// it in messages ("Encrypt", "ReEncryptTo"); `algorithm` is nullopt where the operation has none.
void require_usable(const Key& key, std::string_view operation,
                    const std::optional<std::string>& algorithm);

// There are no grants yet, so no token can be a good one.
void require_no_grant_tokens(const std::vector<std::string>& tokens);

// KMS's answer to a request that would have succeeded, but says DryRun.
[[noreturn]] void throw_dry_run();

KeyMetadata metadata(const Key& key);

// The names that CreateAlias takes: throws ValidationException, InvalidAliasNameException.
void check_new_alias_name(const std::string& name);
// Creates the alias, or takes over that of a deleted key. Throws AlreadyExistsException.
void create_alias_record(const hsm::ChangeLock& lock, Account& account, const std::string& name,
                         const std::string& key_id, catalog::Timestamp now);

// How the token finds a material of a key.
hsm::BaseKeyRef base_key_ref(const catalog::KeyRecord& record, const blob::KeyMaterialId& id);

// A fresh header for a secret of `length` bytes under the current material of `key`.
// `padded_already`: the content is known to have its zero bytes already (ReEncrypt).
blob::Header new_header(const Key& key, blob::Kind kind, std::size_t length,
                        bool padded_already = false);

}  // namespace trent::kms
