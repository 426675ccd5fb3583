// create-key, describe-key, list-keys, enable-key, disable-key, schedule-key-deletion,
// cancel-key-deletion
#include <memory>

#include "cli/output.h"
#include "cli/paging.h"
#include "cli/verb.h"
#include "kms/inventory.h"

namespace trent::cli {

namespace {

// The operations that manage a key take no alias, so that none is retargeted under them.
void managed_key_option(Options& options, std::string& target) {
  options.text(target, "--key-id", Need::Required, "Key ID or key ARN (no alias)");
}

std::function<Answer(kms::Service&)> define_create_key(Options& options) {
  auto request = std::make_shared<kms::CreateKeyRequest>();
  options.text(request->description, "--description", Need::Optional, "What the key is for");
  options.text(request->key_spec, "--key-spec", Need::Optional, "Default: SYMMETRIC_DEFAULT");
  options.text(request->key_usage, "--key-usage", Need::Optional, "Default: ENCRYPT_DECRYPT");
  options.text(request->origin, "--origin", Need::Optional, "Default: AWS_KMS");
  return [request](kms::Service& service) {
    kms::CreateKeyResponse response = service.create_key(*request);
    return Answer{response, line(response.key_metadata.key_id)};
  };
}

std::function<Answer(kms::Service&)> define_describe_key(Options& options) {
  auto request = std::make_shared<kms::DescribeKeyRequest>();
  key_id_option(options, request->key_id);
  grant_tokens_option(options, request->grant_tokens);
  return [request](kms::Service& service) {
    kms::DescribeKeyResponse response = service.describe_key(*request);
    return Answer{response, line(response.key_metadata.key_id)};
  };
}

std::function<Answer(kms::Service&)> define_list_keys(Options& options) {
  auto paging = std::make_shared<Paging>();
  paging_options(options, *paging);
  return [paging](kms::Service& service) {
    Answer answer;
    std::vector<std::string> ids;
    answer.json = list_pages(
        *paging,
        [&](std::optional<std::int64_t> limit, const std::optional<std::string>& marker) {
          return service.list_keys({limit, marker});
        },
        &kms::ListKeysResponse::keys, "Keys",
        [&](const kms::KeyListEntry& key) {
          append_line(answer.raw, key.key_id);
          ids.push_back(key.key_id);
        });
    answer.text = [&service, ids = std::move(ids)] {
      std::string text;
      auto keys = kms::listed_keys(service);
      for (const std::string& id : ids) {
        const auto& [metadata, aliases] = keys[id];
        std::string names;
        for (const std::string& alias : aliases) names += (names.empty() ? "" : ",") + alias;
        text += text_line({id, metadata.key_state, metadata.key_spec, names, metadata.description});
      }
      return text;
    };
    return answer;
  };
}

std::function<Answer(kms::Service&)> define_enable_key(Options& options) {
  auto request = std::make_shared<kms::EnableKeyRequest>();
  managed_key_option(options, request->key_id);
  return [request](kms::Service& service) {
    service.enable_key(*request);
    return Answer{};
  };
}

std::function<Answer(kms::Service&)> define_disable_key(Options& options) {
  auto request = std::make_shared<kms::DisableKeyRequest>();
  managed_key_option(options, request->key_id);
  return [request](kms::Service& service) {
    service.disable_key(*request);
    return Answer{};
  };
}

std::function<Answer(kms::Service&)> define_schedule_key_deletion(Options& options) {
  auto request = std::make_shared<kms::ScheduleKeyDeletionRequest>();
  managed_key_option(options, request->key_id);
  options.number(request->pending_window_in_days, "--pending-window-in-days", Need::Optional,
                 "7 to 30; default: 30");
  return [request](kms::Service& service) {
    kms::ScheduleKeyDeletionResponse response = service.schedule_key_deletion(*request);
    return Answer{response, line(response.key_id)};
  };
}

std::function<Answer(kms::Service&)> define_cancel_key_deletion(Options& options) {
  auto request = std::make_shared<kms::CancelKeyDeletionRequest>();
  managed_key_option(options, request->key_id);
  return [request](kms::Service& service) {
    kms::CancelKeyDeletionResponse response = service.cancel_key_deletion(*request);
    return Answer{response, line(response.key_id)};
  };
}

constexpr KmsVerb kVerbs[] = {
    {"create-key", "CreateKey", "Make a key in the token", R"(
The key never leaves the token. --output raw prints its key ID.

Examples:
  trent create-key --description "customer data"
  KEY=$(trent create-key --output raw)
  trent create-alias --alias-name alias/app --target-key-id "$KEY"
)",
     Raw::Lines, define_create_key},
    {"describe-key", "DescribeKey", "What is known of a key", R"(
--output raw prints the key ID.

Examples:
  trent describe-key --key-id alias/app
)",
     Raw::Lines, define_describe_key},
    {"list-keys", "ListKeys", "All keys", R"(
All pages are printed. --output text prints a line for each key: its ID, state,
spec, aliases and description, with tabs between them. --output raw prints the key
IDs, one a line.

Examples:
  trent list-keys
  trent list-keys --output text
  trent list-keys --max-items 10
)",
     Raw::Lines, define_list_keys, true},
    {"enable-key", "EnableKey", "Let a disabled key be used again", R"(
Examples:
  trent enable-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)",
     Raw::Nothing, define_enable_key},
    {"disable-key", "DisableKey", "Refuse every use of a key, until it is enabled", R"(
Examples:
  trent disable-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)",
     Raw::Nothing, define_disable_key},
    {"schedule-key-deletion", "ScheduleKeyDeletion", "Delete a key after a waiting period", R"(
From now on the key cannot be used. Until the waiting period is over,
cancel-key-deletion brings it back; then it is gone for every operation.

Its material stays in the token until somebody runs `trent check --repair` after
that date: that destroys it, and nothing that was encrypted with it can ever be
read again. No other operation does. conf/ has a systemd timer that runs it daily.

Examples:
  trent schedule-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab \
      --pending-window-in-days 7
)",
     Raw::Lines, define_schedule_key_deletion},
    {"cancel-key-deletion", "CancelKeyDeletion", "Keep a key that was to be deleted", R"(
The key is disabled afterwards: use enable-key to use it again.

Examples:
  trent cancel-key-deletion --key-id 1234abcd-12ab-34cd-56ef-1234567890ab
)",
     Raw::Lines, define_cancel_key_deletion},
};

}  // namespace

std::span<const KmsVerb> key_verbs() {
  return kVerbs;
}

}  // namespace trent::cli
