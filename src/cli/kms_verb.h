// SPDX-License-Identifier: Apache-2.0
// A KMS operation as a verb of the command: options, output and all from the operation's fields.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "cli/kms_endpoint.h"
#include "cli/options.h"
#include "cli/paging.h"
#include "kms/model/json.h"

namespace trent::cli {

// What the operation does not say of itself.
struct KmsVerb {
  std::string_view name;  // "re-encrypt"
  const char* group;
  const char* summary;
  const char* help;  // what the options do not say, and examples
};

std::span<const KmsVerb> kms_verbs();

// What `--output raw` writes.
enum class Raw {
  Nothing,  // the operation has no response
  Lines,    // identifiers, one a line
  Binary,   // bytes that no terminal should get
  Data,     // what somebody once encrypted: text or not
  None,     // there is not one obvious value: a usage error
};

struct Answer {
  kms::Json json;  // null: the operation has no response
  SecretBytes raw;
  // What `--output list` writes, if the operation lists something; to be called while the
  // endpoint lives.
  std::function<std::string()> list = {};
};

// One operation on one command line.
class KmsCommand {
 public:
  // Adds the operation's options.
  KmsCommand(const kms::model::Operation& operation, Options& options);

  const kms::model::Operation& operation() const { return operation_; }
  Raw raw() const;
  // Whether the response holds plaintext.
  bool is_secret() const;

  // --cli-input-json: of the fields for which no option was given. Throws UsageError.
  void take_input(const std::string& argument);

  // --generate-cli-skeleton.
  kms::Json skeleton_of_request() const;
  kms::Json skeleton_of_response() const;

  // Once the options are loaded.
  Answer run(KmsEndpoint& endpoint);

 private:
  void add_option(const kms::model::Field& field);
  void read_typed();
  void name_keys();
  void require_fields(const kms::Json& input) const;
  void enforce(const KmsEndpoint& endpoint);
  void add_raw(const void* response, SecretBytes& raw) const;
  kms::Json list_pages(KmsEndpoint& endpoint, SecretBytes& raw, kms::Json& items);

  const kms::model::Operation& operation_;
  Options& options_;
  const std::shared_ptr<void> request_;
  Paging paging_;
  // Of create-key, beside the operation's fields.
  bool enforce_ = false;
  std::optional<std::string> so_pin_source_;
  // Lists of structures, as they were typed.
  std::vector<std::pair<const kms::model::Field*, std::unique_ptr<std::vector<std::string>>>>
      structures_;
  // Of one structure, or a date: what was given.
  std::vector<std::pair<const kms::model::Field*, std::unique_ptr<std::optional<std::string>>>>
      single_;
};

// `--output list`: a line for each item. `request` is the operation's.
std::string listing_text(KmsEndpoint& endpoint, const kms::model::Operation& operation,
                         const void* request, const kms::Json& items);

}  // namespace trent::cli
