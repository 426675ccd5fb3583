// create-alias, update-alias, delete-alias, list-aliases
#include <memory>

#include "cli/output.h"
#include "cli/paging.h"
#include "cli/verb.h"
#include "kms/inventory.h"

namespace trent::cli {

namespace {

void alias_option(Options& options, std::string& target) {
  options.text(target, "--alias-name", Need::Required, "alias/NAME");
}

void target_option(Options& options, std::string& target) {
  options.text(target, "--target-key-id", Need::Required, "Key ID or key ARN");
}

std::function<Answer(kms::Service&)> define_create_alias(Options& options) {
  auto request = std::make_shared<kms::CreateAliasRequest>();
  alias_option(options, request->alias_name);
  target_option(options, request->target_key_id);
  return [request](kms::Service& service) {
    service.create_alias(*request);
    return Answer{};
  };
}

std::function<Answer(kms::Service&)> define_update_alias(Options& options) {
  auto request = std::make_shared<kms::UpdateAliasRequest>();
  alias_option(options, request->alias_name);
  target_option(options, request->target_key_id);
  return [request](kms::Service& service) {
    service.update_alias(*request);
    return Answer{};
  };
}

std::function<Answer(kms::Service&)> define_delete_alias(Options& options) {
  auto request = std::make_shared<kms::DeleteAliasRequest>();
  alias_option(options, request->alias_name);
  return [request](kms::Service& service) {
    service.delete_alias(*request);
    return Answer{};
  };
}

std::function<Answer(kms::Service&)> define_list_aliases(Options& options) {
  auto key_id = std::make_shared<std::optional<std::string>>();
  auto paging = std::make_shared<Paging>();
  options.text(*key_id, "--key-id", Need::Optional,
               "Only the aliases of this key: key ID or key ARN");
  paging_options(options, *paging);
  return [key_id, paging](kms::Service& service) {
    Answer answer;
    std::vector<kms::AliasListEntry> aliases;
    answer.json = list_pages(
        *paging,
        [&](std::optional<std::int64_t> limit, const std::optional<std::string>& marker) {
          return service.list_aliases({*key_id, limit, marker});
        },
        &kms::ListAliasesResponse::aliases, "Aliases",
        [&](const kms::AliasListEntry& alias) {
          append_line(answer.raw, alias.alias_name);
          aliases.push_back(alias);
        });
    answer.text = [&service, key_id, aliases = std::move(aliases)] {
      std::string text;
      // The key may be of another account, which the listing says nothing of.
      auto keys = *key_id ? std::map<std::string, kms::KeyAndAliases>() : kms::listed_keys(service);
      if (*key_id && !aliases.empty())
        keys[aliases[0].target_key_id].metadata = service.describe_key({**key_id, {}}).key_metadata;
      for (const kms::AliasListEntry& alias : aliases) {
        const kms::KeyMetadata& key = keys[alias.target_key_id].metadata;
        text += text_line(
            {alias.alias_name, alias.target_key_id, key.key_state, key.key_spec, key.description});
      }
      return text;
    };
    return answer;
  };
}

constexpr KmsVerb kVerbs[] = {
    {"create-alias", "CreateAlias", "Give a key a name", R"(
A key may have several aliases.

Examples:
  trent create-alias --alias-name alias/app \
      --target-key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)",
     Raw::Nothing, define_create_alias},
    {"update-alias", "UpdateAlias", "Let an alias name another key", R"(
New ciphertexts are then made with the other key. Old ones still need the old
key: move them with trent re-encrypt.

Examples:
  trent update-alias --alias-name alias/app \
      --target-key-id 0987dcba-09fe-87dc-65ba-ab0987654321
)",
     Raw::Nothing, define_update_alias},
    {"delete-alias", "DeleteAlias", "Take a name from a key", R"(
The key stays as it is.

Examples:
  trent delete-alias --alias-name alias/app
)",
     Raw::Nothing, define_delete_alias},
    {"list-aliases", "ListAliases", "All aliases, or those of one key", R"(
All pages are printed. --output text prints a line for each alias: its name, and
the ID, state, spec and description of its key, with tabs between them.
--output raw prints the names, one a line.

Examples:
  trent list-aliases
  trent list-aliases --output text
  trent list-aliases --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)",
     Raw::Lines, define_list_aliases, true},
};

}  // namespace

std::span<const KmsVerb> alias_verbs() {
  return kVerbs;
}

}  // namespace trent::cli
