// SPDX-License-Identifier: Apache-2.0
// From an identifier to a key, with the permission asked on the way.
#include "kms/call.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "hsm/debug.h"
#include "kms/key_id.h"
#include "process/log.h"

namespace trent::kms {

namespace {

constexpr std::string_view kService = "kms:";
constexpr std::string_view kNoResource = "*";

// What KMS calls the operation in messages about the key: "ReEncryptTo".
std::string_view in_messages(std::string_view permission) {
  return permission.substr(kService.size());
}

// Whether the key has this material. Another process may have rotated it since its record was read.
bool has_material(Key& key, const blob::KeyMaterialId& id) {
  if (key.record->has_material(id)) return true;
  auto now = key.account->catalog.key_now(key.record->key_id);
  if (!now || !now->has_material(id) || is_deleted(*now)) return false;
  key.record = std::move(now);
  return true;
}

// Of related keys the one in this region, also while its material waits to be imported there. One
// that cannot be asked does not stop the others.
Key in_region_of(Account& home, Key found, const blob::KeyMaterialId& material) {
  const std::string& key_id = found.record->key_id;
  if (found.account == &home || found.account->id != home.id || !catalog::is_multi_region(key_id))
    return found;
  try {
    Key related{&home, home.catalog.key(key_id)};
    if (related.record && related.record->has_material(material) && !is_deleted(*related.record))
      return related;
  } catch (const Error&) {  // see above
  }
  return found;
}

}  // namespace

Call::Call(Service& service, const Caller& caller, const model::Operation& operation,
           const void* request, Trace& trace)
    : service_(service), caller_(caller), operation_(operation), request_(request), trace_(trace) {
  const model::Field* tokens = model::find_field(operation.request, "GrantTokens");
  if (tokens == nullptr) return;
  const auto list = member(*tokens, request);
  for (const std::string& token : **std::get_if<std::vector<std::string>*>(&list))
    named_grants_.push_back(grant_of_token(service.accounts(), token));
}

Asked Call::ask_for(std::string_view permission, const Key* key, std::string resource,
                    const std::string& account) const {
  return {caller_,       operation_,          request_, permission,
          key,           std::move(resource), account,  source_.record ? &source_ : nullptr,
          &named_grants_};
}

Verdict Call::decide(const Asked& asked) {
  // A permission that the table does not name is one that no policy's author knows of.
  if (std::ranges::find(operation_.permissions, asked.permission) == operation_.permissions.end())
    throw Error(ErrorCode::KMSInternal, std::string(operation_.name) +
                                            " does not say that it needs " +
                                            std::string(asked.permission) + ".");
  if (asked.resource != kNoResource) {
    // A change that another writer was faster with asks again.
    const bool is_repeated =
        asked_ == asked.permission && !trace_.keys.empty() && trace_.keys.back() == asked.resource;
    if (!is_repeated) trace_.keys.push_back(asked.resource);
    asked_ = asked.permission;
  }
  Verdict verdict = service_.authorization().decide(asked);
  by_grant_ = verdict.grant;
  if (const auto& ask = service_.watchers().permit; ask && verdict.allowed)
    ask(caller_, asked.permission, asked.resource);
  if (process::log_enabled() && asked.key != nullptr &&
      caller_.authentication != Caller::Authentication::Configuration)
    hsm::debug_call("request", asked.resource + " for " + caller_.principal, CKR_OK,
                    std::chrono::nanoseconds(0));
  return verdict;
}

bool Call::could(std::string_view permission, const Key& key,
                 const policy::Policy& key_policy) const {
  const Asked asked = ask_for(permission, &key, key.arn(), key.account->id);
  return service_.authorization().decide(asked, key_policy).allowed;
}

void Call::deny(const Asked& asked, const Verdict& verdict) const {
  throw Error(ErrorCode::AccessDenied,
              "User: " + caller_.principal +
                  " is not authorized to perform: " + std::string(asked.permission) +
                  " on resource: " + asked.resource + " " + verdict.because,
              verdict.advice);
}

void Call::deny_ciphertext(std::string_view permission, const blob::KeyMaterialId& material) const {
  throw Error(ErrorCode::AccessDenied,
              "User: " + caller_.principal +
                  " is not authorized to perform: " + std::string(permission) +
                  " on the resource associated with this ciphertext because the resource does not "
                  "exist in this Region, no resource-based policies allow access, or a "
                  "resource-based policy explicitly denies access",
              "Its key material is " + to_hex(material) +
                  "; check that the configuration names the token that has it, and the policy of "
                  "its key.");
}

void Call::permit(std::string_view permission) {
  const Asked asked = ask_for(permission, nullptr, std::string(kNoResource), home().id);
  if (const Verdict verdict = decide(asked); !verdict.allowed) deny(asked, verdict);
}

void Call::permit(std::string_view permission, const Key& key, bool granted) {
  Asked asked = ask_for(permission, &key, key.arn(), key.account->id);
  asked.granted = granted;
  if (const Verdict verdict = decide(asked); !verdict.allowed) deny(asked, verdict);
}

void Call::permit_alias(std::string_view permission, const Account& account,
                        const std::string& alias) {
  const Asked asked = ask_for(permission, nullptr, account.arn(alias), account.id);
  if (const Verdict verdict = decide(asked); !verdict.allowed) deny(asked, verdict);
}

Call::Named Call::locate(const std::string& text) const {
  KeyIdentifier id = parse_key_identifier(text);
  if (id.is_alias())
    throw invalid_key_id(
        text, "This operation takes a key id or a key ARN; `trent describe-key --key-id " + text +
                  "` shows it.");
  if (!id.is_arn()) return {home(), id.name};
  return {service_.accounts().find(id.account, id.region, "Key '" + text + "' does not exist"),
          id.name};
}

Key Call::key_in(Account& account, const std::string& key_id) {
  Key key{&account, account.catalog.key(key_id)};
  if (!key.record || is_deleted(*key.record)) throw no_such_key(account, key_id);
  return key;
}

Key Call::resolve(const std::string& text, Accept accept) const {
  KeyIdentifier id = parse_key_identifier(text);
  if (!id.is_alias() || accept == Accept::KeyIdOnly) {
    const Named named = locate(text);
    return key_in(named.account, named.key_id);
  }
  auto missing = [](const std::string& arn) { return "Alias " + arn + " is not found."; };
  Account& account =
      id.is_arn() ? service_.accounts().find(id.account, id.region, missing(text)) : home();
  Key key{&account, nullptr};
  if (auto alias = account.catalog.alias(id.name)) key.record = account.catalog.key(alias->target);
  if (!key.record || is_deleted(*key.record))
    throw Error(ErrorCode::NotFound, missing(account.arn(id.name)),
                "`trent list-aliases` shows the aliases that there are.");
  return key;
}

Key Call::look_at(const std::string& key_id, std::string_view permission, Accept accept) {
  Key key = resolve(key_id, accept);
  permit(permission, key);
  return key;
}

Key Call::use(const std::string& key_id, std::string_view permission, catalog::KeyUsage usage,
              std::string_view algorithm) {
  Key key = look_at(key_id, permission);
  require_usable(key, in_messages(permission), usage, algorithm);
  return key;
}

Key Call::key_of_material(const blob::KeyMaterialId& material, std::string_view permission) const {
  // Of related multi-Region keys, which have the same material, the one of the caller's region.
  std::vector<Account*> accounts{&home()};
  for (const auto& account : service_.accounts())
    if (account.get() != accounts.front()) accounts.push_back(account.get());
  std::optional<Error> not_looked;
  using Find =
      std::shared_ptr<const catalog::KeyRecord> (catalog::Catalog::*)(const blob::KeyMaterialId&);
  // No token lists its records before all were asked what takes one search.
  for (const Find find :
       {&catalog::Catalog::key_of_material, &catalog::Catalog::listed_key_of_material})
    for (Account* account : accounts) {
      try {
        auto record = (account->catalog.*find)(material);
        if (record && !is_deleted(*record))
          return in_region_of(*accounts.front(), {account, std::move(record)}, material);
      } catch (const Error& error) {
        // Another token may have the key.
        if (!not_looked) not_looked = error;
      }
    }
  if (not_looked) throw Error(*not_looked);
  deny_ciphertext(permission, material);
}

Call::KeyOfBlob Call::use_key_of(ByteView ciphertext, const std::optional<std::string>& key_id,
                                 std::string_view permission, std::string_view algorithm,
                                 bool ignored) {
  constexpr auto kUsage = catalog::KeyUsage::EncryptDecrypt;
  KeyOfBlob found;
  // A key that is named is looked for first, whatever the ciphertext is.
  if (key_id) found.key = look_at(*key_id, permission);
  const bool other_kind = key_id && found.key.record->spec != catalog::KeySpec::SymmetricDefault;
  const std::optional<Hash> oaep = oaep_hash(algorithm);
  if (key_id && (ignored || (other_kind && oaep))) {
    require_usable(found.key, in_messages(permission), kUsage, algorithm);
    found.oaep = oaep;
    source_ = found.key;
    return found;
  }
  try {
    found.blob = blob::parse_blob(ciphertext);
  } catch (const Error&) {
    // It names no other key: it may be of this one, but not by this algorithm.
    if (other_kind) require_usable(found.key, in_messages(permission), kUsage, algorithm);
    if (key_id || !oaep) throw;
    throw Error(ErrorCode::Validation,
                "KeyId is required for ciphertexts of algorithm " + std::string(algorithm) + ".",
                "They do not name their key.");
  }
  const blob::KeyMaterialId& material = found.blob.parameters.key_material_id;
  if (!key_id) {
    found.key = key_of_material(material, permission);
    if (!decide(ask_for(permission, &found.key, found.key.arn(), found.key.account->id)).allowed)
      deny_ciphertext(permission, material);
  } else if (!has_material(found.key, material)) {
    throw Error(ErrorCode::IncorrectKey,
                "The key ID in the request does not identify a CMK that can perform this "
                "operation.",
                "The ciphertext is of another key; leave the key ID out, and the ciphertext "
                "itself names its key.");
  }
  require_usable(found.key, in_messages(permission), kUsage, algorithm);
  source_ = found.key;
  return found;
}

Key Call::find(const hsm::ChangeLock& lock, const Named& named, std::string_view permission) {
  Key key{&named.account, named.account.catalog.key(lock, named.key_id)};
  if (!key.record || is_deleted(*key.record)) throw no_such_key(named.account, named.key_id);
  permit(permission, key);
  return key;
}

std::string Call::change_key(
    const std::string& key_id, std::string_view permission,
    const std::function<void(catalog::KeyRecord& record, const std::string& arn)>& change) {
  const Named named = locate(key_id);
  return change_key(hsm::ChangeLock(named.account.token), named, permission, change);
}

std::string Call::change_key(
    const hsm::ChangeLock& lock, const Named& named, std::string_view permission,
    const std::function<void(catalog::KeyRecord& record, const std::string& arn)>& change) {
  std::string arn = named.account.key_arn(named.key_id);
  const bool found =
      named.account.catalog.change_key(lock, named.key_id, [&](catalog::KeyRecord& record) {
        if (is_deleted(record)) throw no_such_key(named.account, named.key_id);
        // Lives as long as the record, which is the catalog's.
        permit(permission, {&named.account, std::shared_ptr<const catalog::KeyRecord>(
                                                std::shared_ptr<void>(), &record)});
        change(record, arn);
      });
  if (!found) throw no_such_key(named.account, named.key_id);
  return arn;
}

void Call::end_dry_run(bool is_dry_run) const {
  if (is_dry_run)
    throw Error(ErrorCode::DryRunOperation,
                "The request would have succeeded, but the DryRun option is set.");
}

}  // namespace trent::kms
