#include "kms/service.h"

#include <optional>
#include <set>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/debug.h"
#include "hsm/token_names.h"
#include "kms/implementation.h"
#include "kms/key_id.h"

namespace trent::kms {

Account::Account(const TokenConfig& config, const PinPrompt& prompt,
                 std::chrono::milliseconds refresh, std::shared_ptr<hsm::TokenNames> names)
    : id(config.account),
      region(config.region),
      prefix(arn_prefix(config.region, config.account)),
      token(config, prompt, std::move(names)),
      catalog(token, refresh) {}

Service::Implementation::Implementation(Config given, const PinPrompt& prompt,
                                        std::shared_ptr<hsm::TokenNames> names)
    : config(std::move(given)) {
  if (!names) names = std::make_shared<hsm::TokenNames>(config.tokens);
  for (const TokenConfig& token : config.tokens)
    accounts.push_back(std::make_unique<Account>(token, prompt, config.refresh, names));
  home_ = accounts.front().get();
  for (const auto& account : accounts)
    if (config.principal.find(":" + account->id + ":") != std::string::npos) home_ = account.get();
}

Service::Service(Config config, const PinPrompt& prompt, std::shared_ptr<hsm::TokenNames> names)
    : implementation_(
          std::make_unique<Implementation>(std::move(config), prompt, std::move(names))) {}

Service::~Service() = default;

const Config& Service::config() const {
  return implementation_->config;
}

void Service::set_principal(std::string principal) {
  std::lock_guard lock(implementation_->principal_mutex);
  implementation_->principal = std::move(principal);
}

void Service::Implementation::log_request(const std::string& key_arn) {
  if (!hsm::debug_enabled()) return;
  std::lock_guard lock(principal_mutex);
  if (!principal.empty())
    hsm::debug_call("request", key_arn + " for " + principal, CKR_OK, std::chrono::nanoseconds(0));
}

hsm::Token& Service::token() {
  return implementation_->home().token;
}

Account& Service::Implementation::account_of(const std::string& id, const std::string& region,
                                             const std::string& not_found) {
  for (const auto& account : accounts) {
    if (account->id != id) continue;
    if (account->region != region)
      throw Error(ErrorCode::NotFound, "Invalid arn " + region,
                  "The keys of account " + id + " are in region " + account->region + ".");
    return *account;
  }
  throw Error(ErrorCode::NotFound, not_found,
              "No [[token]] of the configuration has account " + id + ".");
}

Service::Implementation::Named Service::Implementation::locate(const std::string& text) {
  KeyIdentifier id = parse_key_identifier(text);
  if (id.is_alias())
    throw Error(ErrorCode::NotFound, "Invalid keyId '" + text + "'",
                "This operation takes a key id or a key ARN; `trent describe-key --key-id " + text +
                    "` shows it.");
  if (!id.is_arn()) return {home(), id.name};
  return {account_of(id.account, id.region, "Key '" + text + "' does not exist"), id.name};
}

Key Service::Implementation::resolve(const std::string& text, Accept accept) {
  KeyIdentifier id = parse_key_identifier(text);
  if (!id.is_alias() || accept == Accept::KeyIdOnly) {
    Named named = locate(text);
    Key key{&named.account, named.account.catalog.key(named.key_id)};
    if (!key.record || is_deleted(*key.record)) throw no_such_key(named.account, named.key_id);
    log_request(key.arn());
    return key;
  }
  auto missing = [](const std::string& arn) { return "Alias " + arn + " is not found."; };
  Account& account = id.is_arn() ? account_of(id.account, id.region, missing(text)) : home();
  Key key{&account, nullptr};
  if (auto alias = account.catalog.alias(id.name)) key.record = account.catalog.key(alias->target);
  if (!key.record || is_deleted(*key.record))
    throw Error(ErrorCode::NotFound, missing(account.arn(id.name)),
                "`trent list-aliases` shows the aliases that there are.");
  log_request(key.arn());
  return key;
}

Key Service::Implementation::find(const hsm::ChangeLock& lock, const Named& named) {
  Key key{&named.account, named.account.catalog.key(lock, named.key_id)};
  if (!key.record || is_deleted(*key.record)) throw no_such_key(named.account, named.key_id);
  log_request(key.arn());
  return key;
}

Key Service::Implementation::key_of_blob(const std::optional<std::string>& key_id,
                                         ByteView ciphertext) {
  // A key that is named is looked for first, whatever the ciphertext is.
  Key key;
  if (key_id) key = resolve(*key_id);
  blob::KeyMaterialId material = blob::parse_blob(ciphertext).parameters.key_material_id;
  if (key.record) {
    if (!key.record->has_material(material))
      throw Error(ErrorCode::IncorrectKey,
                  "The key ID in the request does not identify a CMK that can perform this "
                  "operation.",
                  "The ciphertext is of another key; leave the key ID out, and the ciphertext "
                  "itself names its key.");
    return key;
  }
  std::optional<Error> not_looked;
  for (const auto& account : accounts) {
    try {
      auto record = account->catalog.key_of_material(material);
      if (record && !is_deleted(*record)) return {account.get(), std::move(record)};
    } catch (const Error& error) {
      // Another token may have the key.
      if (!not_looked) not_looked = error;
    }
  }
  if (not_looked) throw Error(*not_looked);
  throw Error(ErrorCode::AccessDenied,
              "The ciphertext refers to a customer master key that does not exist, does not exist "
              "in this region, or you are not allowed to access.",
              "Its key material is " + to_hex(material) +
                  "; check that the configuration names the token that has it.");
}

Error no_such_key(const Account& account, const std::string& key_id) {
  return Error(ErrorCode::NotFound, "Key '" + account.key_arn(key_id) + "' does not exist",
               "`trent list-keys` shows the keys that there are.");
}

bool is_deleted(const catalog::KeyRecord& record) {
  return record.state == "PendingDeletion" && record.deletion &&
         *record.deletion <= std::chrono::system_clock::now();
}

DeletedTargets::DeletedTargets(std::shared_ptr<const catalog::Listing> listing)
    : listing_(std::move(listing)) {
  for (const auto& record : listing_->keys)
    if (is_deleted(*record)) keys_.insert(record->key_id);
}

void require_usable(const Key& key, std::string_view operation,
                    const std::optional<std::string>& algorithm) {
  const catalog::KeyRecord& record = *key.record;
  if (record.state == "PendingDeletion")
    throw Error(ErrorCode::KMSInvalidState, key.arn() + " is pending deletion.",
                "`trent cancel-key-deletion` keeps the key.");
  if (record.state == "Disabled")
    throw Error(ErrorCode::Disabled, key.arn() + " is disabled.",
                "`trent enable-key` makes it usable again.");
  if (record.usage != "ENCRYPT_DECRYPT")
    throw Error(ErrorCode::InvalidKeyUsage, key.arn() + " key usage is " + record.usage +
                                                " which is not valid for " +
                                                std::string(operation) + ".");
  if (algorithm.value_or(kSymmetricDefault) != kSymmetricDefault)
    throw Error(ErrorCode::InvalidKeyUsage,
                "Algorithm " + *algorithm + " is incompatible with key spec " + record.spec + ".");
}

void require_no_grant_tokens(const std::vector<std::string>& tokens) {
  if (!tokens.empty())
    throw Error(ErrorCode::InvalidGrantToken, {},
                "No grant has this token: grants are not available yet.");
}

void throw_dry_run() {
  throw Error(ErrorCode::DryRunOperation,
              "The request would have succeeded, but the DryRun option is set.");
}

KeyMetadata metadata(const Key& key) {
  const catalog::KeyRecord& record = *key.record;
  KeyMetadata out;
  out.aws_account_id = key.account->id;
  out.key_id = record.key_id;
  out.arn = key.arn();
  out.creation_date = record.created;
  out.enabled = record.state == "Enabled";
  out.description = record.description;
  out.key_usage = record.usage;
  out.key_state = record.state;
  out.deletion_date = record.deletion;
  out.origin = record.origin;
  out.key_manager = "CUSTOMER";
  out.key_spec = record.spec;
  out.encryption_algorithms = {kSymmetricDefault};
  out.multi_region = false;
  out.current_key_material_id = to_hex(record.current);
  return out;
}

hsm::BaseKeyRef base_key_ref(const catalog::KeyRecord& record, const blob::KeyMaterialId& id) {
  return {catalog::key_label(record.key_id), id, blob::key_material_id_input(record.key_id)};
}

blob::Header new_header(const Key& key, blob::Kind kind, std::size_t length, bool padded_already) {
  blob::Parameters parameters;
  parameters.kind = kind;
  parameters.key_material_id = key.record->current;
  parameters.plaintext_length = length;
  hsm::Token& token = key.account->token;
  parameters.zero_padded = length % 8 != 0 && (padded_already || hsm::profile_of(token).zero_pads);
  fill_random(parameters.salt);
  // Some tokens wrap secrets that they cannot unwrap again (NSS: above 256 bytes), or take none
  // (AWS CloudHSM: above 64).
  if (length > hsm::kEveryTokenTakes && hsm::longest_secret(token) < length)
    throw Error(ErrorCode::UnsupportedOperation,
                "The token cannot unwrap secrets of " + std::to_string(length) + " bytes again.",
                "Encrypt a data key with it, and the data with the data key.");
  return blob::make_header(parameters);
}

}  // namespace trent::kms
