// SPDX-License-Identifier: Apache-2.0
// From the words before the cursor to the candidates: verbs, options and enumerations as they are
// defined, and keys and aliases as they are in the token.
#include "cli/completion.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string_view>

#include "base/encoding.h"
#include "base/file.h"
#include "cli/errors.h"
#include "cli/in_time.h"
#include "cli/kms_endpoint.h"
#include "cli/output.h"
#include "cli/values.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "kms/requests.h"

namespace trent::cli {

namespace {

using kms::model::Field;
using kms::model::Operation;

// Longer than a person likes to wait: an HSM that takes this long offers no names.
constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::int64_t kPageSize = 1000;

constexpr std::string_view kAliasPrefix = "alias/";
// As much of "arn:" as tells it from an alias, and from a key ID in hexadecimal.
constexpr std::string_view kArnPrefix = "ar";

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

class Candidates {
 public:
  // `before` is a part of the word that stays as it is, "--key-id=", and `typed` the rest of it.
  Candidates(std::string before, std::string typed)
      : before_(std::move(before)), typed_(std::move(typed)) {}

  const std::string& typed() const { return typed_; }
  const std::string& lines() const { return lines_; }

  void add(std::string_view word, const std::string& about) {
    // What a terminal or a shell could take for something else is left out.
    if (!word.starts_with(typed_) || printable(word) != word) return;
    lines_ += before_ + std::string(word) + '\t' + printable(first_line(about)) + '\n';
  }
  void set_lines(std::string lines) { lines_ = std::move(lines); }
  void add_files(std::string_view scheme) {
    lines_ = ":files\t" + before_ + std::string(scheme) + '\n';
  }

 private:
  const std::string before_;
  const std::string typed_;
  std::string lines_;
};

// --- what is there ---

bool has_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

bool is_list(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

const Operation* operation_of(const CLI::App& verb) {
  for (const Operation* operation : kms::operations::all())
    if (kms::model::hyphenated(operation->name) == verb.get_name()) return operation;
  return nullptr;
}

const Field* field_of(const Operation* operation, const CLI::Option& option) {
  if (operation == nullptr) return nullptr;
  for (const Field& field : operation->request)
    if (option.check_lname(kms::model::hyphenated(field.name))) return &field;
  return nullptr;
}

// The words before the cursor.
struct Line {
  const CLI::App* verb;
  const CLI::Option* option = nullptr;  // whose value, or one more of them, may come next
  std::set<const CLI::Option*> given{};
  std::map<std::string, std::string> values{};

  std::string value(const char* option_name) const {
    const auto found = values.find(option_name);
    return found == values.end() ? std::string() : found->second;
  }
};

void read_option(Line& line, const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  line.option = line.verb->get_option_no_throw(name);
  if (line.option == nullptr) return;
  line.given.insert(line.option);
  if (equals != word.npos) line.values[name] = word.substr(equals + 1);
  if (!has_value(*line.option) || (equals != word.npos && !is_list(*line.option)))
    line.option = nullptr;
}

Line read_line(const CLI::App& app, const std::vector<std::string>& words) {
  Line line{&app};
  for (const std::string& word : words) {
    if (line.option != nullptr && !is_list(*line.option)) {
      line.values[line.option->get_name()] = word;
      line.option = nullptr;
    } else if (word.size() > 1 && word.starts_with('-')) {
      read_option(line, word);
    } else if (line.option == nullptr) {
      // `trent kms VERB` and `trent help VERB` as well; what else stands here is an argument.
      for (const CLI::App* verb : line.verb->get_subcommands({}))
        if (verb->get_name() == word) line.verb = verb;
    }
  }
  return line;
}

// --- names in the token ---

// Calls `add` for each item of all pages.
template <class Request, class Items, class Add>
void for_each_item(KmsEndpoint& endpoint, Items items, Add add) {
  Request request;
  request.limit = kPageSize;
  for (;;) {
    const typename Request::Response page = endpoint.call(request);
    for (const auto& item : page.*items) add(item);
    if (page.next_marker.empty() || page.next_marker == request.marker) return;
    request.marker = page.next_marker;
  }
}

// Where an ARN is begun, there are ARNs. The key IDs say little: their aliases say more.
std::string names(KmsEndpoint& endpoint, Candidates candidates, bool keys, bool aliases) {
  const bool arns = candidates.typed().starts_with(kArnPrefix);
  std::map<std::string, std::string> aliases_of;
  for_each_item<kms::ListAliasesRequest>(
      endpoint, &kms::ListAliasesResponse::aliases, [&](const kms::AliasListEntry& alias) {
        if (aliases) candidates.add(arns ? alias.alias_arn : alias.alias_name, alias.target_key_id);
        std::string& all = aliases_of[alias.target_key_id];
        all += (all.empty() ? "" : " ") + alias.alias_name;
      });
  if (!keys || candidates.typed().starts_with(kAliasPrefix)) return candidates.lines();
  for_each_item<kms::ListKeysRequest>(
      endpoint, &kms::ListKeysResponse::keys, [&](const kms::KeyListEntry& key) {
        candidates.add(arns ? key.key_arn : key.key_id, aliases_of[key.key_id]);
      });
  return candidates.lines();
}

void add_names(const Line& line, Candidates& candidates, bool keys, bool aliases) {
  const auto find = [&] {
    const std::unique_ptr<KmsEndpoint> endpoint =
        open_endpoint({.config = expand_home(line.value("--config")),
                       .url = line.value("--endpoint-url"),
                       .profile = line.value("--profile"),
                       .region = line.value("--region"),
                       .account = line.value("--account")},
                      Questions::Forbidden);
    return names(*endpoint, candidates, keys, aliases);
  };
  candidates.set_lines(in_time(kPatience, find).value_or(""));
}

// --- what may come ---

void add_verbs(const Line& line, Candidates& candidates) {
  for (const CLI::App* verb : line.verb->get_subcommands({}))
    candidates.add(verb->get_name(), verb->get_description());
}

void add_options(const Line& line, Candidates& candidates) {
  for (const CLI::Option* option : line.verb->get_options()) {
    if (line.given.contains(option) || option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      // --no-dry-run is there, but seldom wanted.
      const bool negated = name.starts_with("no-") && option->get_lnames().size() > 1;
      if (!negated || candidates.typed().starts_with("--no"))
        candidates.add("--" + name, option->get_description());
    }
  }
}

// "json|text|raw", or nothing.
void add_choices(const std::string& choices, Candidates& candidates) {
  if (choices.find('|') == choices.npos) return;
  for (const std::string& choice : CLI::detail::split(choices, '|')) candidates.add(choice, "");
}

// What the values of text and binary options may begin with (values.h).
void add_scheme(const std::string& type, Candidates& candidates) {
  if (type == "BLOB") candidates.add("fileb://", "The bytes in a file");
  // Most texts are no files.
  if (type == "MAP" || (type == "TEXT" && !candidates.typed().empty()))
    candidates.add("file://", "The text in a file");
}

void add_values(const Line& line, const CLI::Option& option, Candidates& candidates) {
  const std::string& typed = candidates.typed();
  if (option.get_option_text() == "PATH") return candidates.add_files("");
  for (const std::string_view scheme : {"file://", "fileb://"})
    if (typed.starts_with(scheme)) return candidates.add_files(scheme);

  const Operation* operation = operation_of(*line.verb);
  const Field* field = field_of(operation, option);
  const kms::model::Shape* shape = field == nullptr ? nullptr : field->shape;
  if (shape != nullptr && shape->member != nullptr) shape = shape->member;
  if (shape == &kms::model::kAliasName) {
    // A new one begins so.
    if (operation->name == "CreateAlias")
      candidates.add(kAliasPrefix, "");
    else
      add_names(line, candidates, false, true);
  } else if (shape == &kms::model::kKeyId || (field == nullptr && option.check_lname("key-id"))) {
    // The help says where an alias is refused.
    const bool by_alias =
        field == nullptr || std::string_view(field->help).find("or key ARN") == std::string::npos;
    add_names(line, candidates, true, by_alias);
  } else if (shape != nullptr) {
    for (const std::string_view value : shape->values) candidates.add(value, "");
  }
  add_choices(option.get_option_text(), candidates);
  add_scheme(option.get_type_name(), candidates);
}

std::string candidates_for(const CLI::App& app, const std::vector<std::string>& words,
                           const std::string& word) {
  Line line = read_line(app, words);
  const std::size_t equals = word.find('=');
  const bool is_option = word.starts_with('-');
  if (is_option && equals != word.npos && line.option == nullptr) {
    Candidates candidates(word.substr(0, equals + 1), word.substr(equals + 1));
    if (const auto* option = line.verb->get_option_no_throw(word.substr(0, equals)))
      add_values(line, *option, candidates);
    return candidates.lines();
  }
  Candidates candidates("", word);
  if (line.option != nullptr && !(is_option && is_list(*line.option))) {
    add_values(line, *line.option, candidates);
    return candidates.lines();
  }
  if (!is_option) add_verbs(line, candidates);
  const auto positionals =
      line.verb->get_options([](const CLI::Option* option) { return option->get_positional(); });
  if (!is_option && !positionals.empty())
    candidates.add_files("");
  else if (is_option || line.verb->get_subcommands({}).empty())
    add_options(line, candidates);
  return candidates.lines();
}

}  // namespace

int complete(const CLI::App& app, std::vector<std::string> words) {
  const FileDescriptor null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  dup2(null.get(), STDERR_FILENO);
  std::string word;
  if (!words.empty()) {
    word = words.back();
    words.pop_back();
  }
  write_output(as_bytes(candidates_for(app, words, word)));
  return kSuccess;
}

}  // namespace trent::cli
