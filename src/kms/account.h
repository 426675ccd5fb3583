// SPDX-License-Identifier: Apache-2.0
// The accounts that the configuration names: a token is the keys of one AWS account in one region.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "config/config.h"
#include "hsm/token.h"
#include "hsm/token_names.h"

namespace trent::kms {

struct Account {
  Account(const TokenConfig& config, const hsm::PinPrompt& prompt,
          std::chrono::milliseconds refresh, std::shared_ptr<hsm::TokenNames> names);

  std::string arn(std::string_view resource) const { return prefix + std::string(resource); }
  std::string key_arn(std::string_view key_id) const { return arn("key/" + std::string(key_id)); }

  std::string id;
  std::string region;
  std::string prefix;  // arn:aws:kms:REGION:ACCOUNT:
  hsm::Token token;
  catalog::Catalog catalog;
};

class Accounts {
 public:
  Accounts(const Config& config, const hsm::PinPrompt& prompt);

  // In the order of the configuration.
  auto begin() const { return accounts_.begin(); }
  auto end() const { return accounts_.end(); }
  std::size_t size() const { return accounts_.size(); }
  Account& operator[](std::size_t index) const { return *accounts_[index]; }

  // The token of that account in that region, or else the first of the account, or else of the
  // configuration.
  Account& home(const std::string& id, const std::string& region = {}) const;
  // Null if there is none.
  Account* find_region(const std::string& id, const std::string& region) const;
  // Those of the account in its other regions.
  std::vector<Account*> other_regions(const Account& account) const;
  // Throws NotFoundException if the region or account of an ARN is none of ours.
  Account& find(const std::string& id, const std::string& region,
                const std::string& not_found) const;

 private:
  std::vector<std::unique_ptr<Account>> accounts_;
};

}  // namespace trent::kms
