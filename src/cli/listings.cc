// SPDX-License-Identifier: Apache-2.0
// `--output text` of lists. Those of keys and aliases say of each what a person wants to know, too.
#include <map>

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

std::map<std::string, kms::KeyAndAliases> listed_keys(kms::Service& service) {
  std::map<std::string, kms::KeyAndAliases> keys;
  for (kms::KeyAndAliases& key : service.call(kms::ListEverythingRequest{true}).keys)
    keys.emplace(key.metadata.key_id, std::move(key));
  return keys;
}

std::string keys_text(kms::Service& service, const kms::Json& items) {
  std::string text;
  auto keys = listed_keys(service);
  for (const kms::Json& item : items) {
    const std::string id = text_of(item, "KeyId");
    const auto& [metadata, aliases] = keys[id];
    std::string names;
    for (const std::string& alias : aliases) names += (names.empty() ? "" : ",") + alias;
    text += text_line({id, metadata.key_state, metadata.key_spec, names, metadata.description});
  }
  return text;
}

std::string aliases_text(kms::Service& service, const kms::ListAliasesRequest& request,
                         const kms::Json& items) {
  std::string text;
  // The key may be of another account, which the listing says nothing of.
  auto keys = request.key_id ? std::map<std::string, kms::KeyAndAliases>() : listed_keys(service);
  if (request.key_id && !items.empty())
    keys[text_of(items[0], "TargetKeyId")].metadata =
        service.call(kms::DescribeKeyRequest{*request.key_id, {}}).key_metadata;
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

std::string listing_text(kms::Service& service, const kms::model::Operation& operation,
                         const void* request, const kms::Json& items) {
  if (&operation == &kms::operations::list_keys()) return keys_text(service, items);
  if (&operation == &kms::operations::list_aliases())
    return aliases_text(service, *static_cast<const kms::ListAliasesRequest*>(request), items);
  std::string text;
  for (const kms::Json& item : items) text += item_text(item);
  return text;
}

}  // namespace trent::cli
