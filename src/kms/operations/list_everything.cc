// SPDX-License-Identifier: Apache-2.0
// ListEverything: the keys of an account with their aliases.
#include <map>

#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

ListEverythingResponse list(Call& call, const ListEverythingRequest& request) {
  call.permit("kms:ListKeys");
  call.permit("kms:ListAliases");
  Account& account = call.home();
  const auto listing = account.catalog.list(request.continued);
  ListEverythingResponse response;
  std::map<std::string_view, std::size_t> positions;
  for (const auto& record : listing->keys) {
    if (is_deleted(*record)) continue;
    positions.emplace(record->key_id, response.keys.size());
    response.keys.push_back({metadata({&account, record}), {}});
  }
  for (const auto& alias : listing->aliases)
    if (const auto key = positions.find(alias->target); key != positions.end())
      response.keys[key->second].aliases.push_back(alias->name);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:ListKeys", "kms:ListAliases"};

}  // namespace

const Operation& ListEverythingRequest::operation() {
  static const Operation stated = model::operation<&list>(
      {"ListEverything", kPermissions, operations::list_keys().errors, true});
  return stated;
}

}  // namespace trent::kms
