// SPDX-License-Identifier: Apache-2.0
// The accounts that the configuration names.
#include "kms/account.h"

#include "base/error.h"
#include "kms/key_id.h"

namespace trent::kms {

Account::Account(const TokenConfig& config, const hsm::PinPrompt& prompt,
                 std::chrono::milliseconds refresh, std::shared_ptr<hsm::TokenNames> names)
    : id(config.account),
      region(config.region),
      prefix(arn_prefix(config.region, config.account)),
      token(config, prompt, std::move(names)),
      catalog(token, refresh) {}

Accounts::Accounts(const Config& config, const hsm::PinPrompt& prompt) {
  const auto names = std::make_shared<hsm::TokenNames>(config.tokens);
  for (const TokenConfig& token : config.tokens)
    accounts_.push_back(std::make_unique<Account>(token, prompt, config.refresh, names));
}

Account* Accounts::find_region(const std::string& id, const std::string& region) const {
  for (const auto& account : accounts_)
    if (account->id == id && account->region == region) return account.get();
  return nullptr;
}

std::vector<Account*> Accounts::other_regions(const Account& account) const {
  std::vector<Account*> others;
  for (const auto& other : accounts_)
    if (other->id == account.id && other.get() != &account) others.push_back(other.get());
  return others;
}

Account& Accounts::home(const std::string& id, const std::string& region) const {
  if (Account* account = find_region(id, region)) return *account;
  for (const auto& account : accounts_)
    if (account->id == id) return *account;
  return *accounts_.front();
}

Account& Accounts::find(const std::string& id, const std::string& region,
                        const std::string& not_found) const {
  if (Account* account = find_region(id, region)) return *account;
  std::string regions;
  for (const auto& account : accounts_)
    if (account->id == id) regions += (regions.empty() ? "" : " and ") + account->region;
  if (!regions.empty())
    throw Error(ErrorCode::NotFound, "Invalid arn " + region,
                "The keys of account " + id + " are in region " + regions + ".");
  throw Error(ErrorCode::NotFound, not_found,
              "No [[token]] of the configuration has account " + id + ".");
}

}  // namespace trent::kms
