// SPDX-License-Identifier: Apache-2.0
// `--output list`. Those of keys and aliases say of each what a person wants to know, too.
#include <map>
#include <set>

#include "cli/kms_verb.h"
#include "cli/output.h"
#include "kms/object_requests.h"
#include "kms/operations/operations.h"

namespace trent::cli {

namespace {

std::string text_of(const kms::Json& item, const char* member) {
  const auto found = item.find(member);
  if (found == item.end()) return {};
  const auto& text = found->get_ref<const kms::Json::string_t&>();
  return {text.begin(), text.end()};
}

// The keys that the items name, so that each is looked at once.
std::set<std::string> names_in(const kms::Json& items, const char* member) {
  std::set<std::string> names;
  for (const kms::Json& item : items) names.insert(text_of(item, member));
  names.erase("");  // an alias without a key
  return names;
}

std::string keys_text(KmsEndpoint& endpoint, const kms::Json& items) {
  std::string text;
  auto keys = endpoint.describe(names_in(items, "KeyId"), true);
  for (const kms::Json& item : items) {
    const std::string id = text_of(item, "KeyId");
    const auto& [metadata, aliases] = keys[id];
    std::string names;
    for (const std::string& alias : aliases) names += (names.empty() ? "" : ",") + alias;
    text += text_line({id, metadata.key_state, metadata.key_spec, names, metadata.description});
  }
  return text;
}

std::string aliases_text(KmsEndpoint& endpoint, const kms::ListAliasesRequest& request,
                         const kms::Json& items) {
  std::string text;
  std::map<std::string, kms::KeyAndAliases> keys;
  if (!request.key_id)
    keys = endpoint.describe(names_in(items, "TargetKeyId"), false);
  else if (!items.empty())  // the key may be of another account, where its id alone is no name
    keys[text_of(items[0], "TargetKeyId")].metadata =
        endpoint.call(kms::DescribeKeyRequest{*request.key_id, {}}).key_metadata;
  for (const kms::Json& item : items) {
    const std::string target = text_of(item, "TargetKeyId");
    const kms::KeyMetadata& key = keys[target].metadata;
    text += text_line(
        {text_of(item, "AliasName"), target, key.key_state, key.key_spec, key.description});
  }
  return text;
}

// The members of an item in order, or the item itself.
std::string item_text(const kms::Json& item) {
  if (!item.is_object()) {
    const auto& text = item.get_ref<const kms::Json::string_t&>();
    return text_line({std::string_view(text)});
  }
  std::vector<std::string> members;
  for (const auto& [name, value] : item.items())
    members.push_back(value.is_string() ? text_of(item, name.c_str())
                                        : std::string(std::string_view(value.dump())));
  return text_line({members.begin(), members.end()});
}

}  // namespace

std::string listing_text(KmsEndpoint& endpoint, const kms::model::Operation& operation,
                         const void* request, const kms::Json& items) {
  if (&operation == &kms::operations::list_keys()) return keys_text(endpoint, items);
  if (&operation == &kms::operations::list_aliases())
    return aliases_text(endpoint, *static_cast<const kms::ListAliasesRequest*>(request), items);
  std::string text;
  for (const kms::Json& item : items) text += item_text(item);
  return text;
}

}  // namespace trent::cli
