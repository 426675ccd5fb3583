// SPDX-License-Identifier: Apache-2.0
// From a command line to a request, and from a response to what is printed.
#include "cli/kms_verb.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "blob/shorthand.h"
#include "cli/errors.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "hsm/pin.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"
#include "policy/date.h"

namespace trent::cli {

namespace {

using kms::model::Field;
using kms::model::Fields;
using kms::model::Overloaded;
using kms::model::Type;

// What a paged response is a list of.
const Field& items_of(const kms::model::Operation& operation) {
  return *std::ranges::find_if(operation.response,
                               [](const Field& field) { return field.shape->type == Type::List; });
}

std::size_t count_blobs(const kms::model::Operation& operation) {
  return static_cast<std::size_t>(std::ranges::count_if(
      operation.response, [](const Field& field) { return field.shape->type == Type::Blob; }));
}

// The text that names what a structure is about: its GrantId, KeyMaterialId or KeyId, or else its
// first text.
const std::string* identifier(Fields fields, const void* object) {
  const auto text_in = [&](const Field& field) -> const std::string* {
    return std::visit(Overloaded{[](std::string* text) -> const std::string* { return text; },
                                 [](const kms::model::Structure& inner) {
                                   return identifier(inner.fields, inner.object);
                                 },
                                 [](const auto&) -> const std::string* { return nullptr; }},
                      member(field, object));
  };
  for (const char* name : {"GrantId", "KeyMaterialId", "KeyId"})
    if (const Field* field = find_field(fields, name)) return text_in(*field);
  for (const Field& field : fields)
    if (const std::string* text = text_in(field)) return text;
  return nullptr;
}

// JSON as it is typed, of values with commas between them.
kms::Json parse_list(const std::string& text) {
  try {
    return parse_json<kms::Json>("[" + text + "]");
  } catch (const std::runtime_error&) {
    throw Error(ErrorCode::Serialization,
                "It is not JSON, has a name twice, or is nested too deep.");
  }
}

// Structures as they are typed: NAME=VALUE,NAME=VALUE for each, or JSON.
kms::Json structures(const std::vector<std::string>& arguments) {
  kms::Json list = kms::Json::array();
  std::string json;
  for (const std::string& argument : arguments) {
    const std::string text = text_value(argument);
    const auto first = text.find_first_not_of(" \t\r\n");
    // The parser of the command line takes a list in brackets apart at its commas.
    if (!json.empty() || (first != text.npos && (text[first] == '{' || text[first] == '['))) {
      json += (json.empty() ? "" : ",") + text;
      continue;
    }
    kms::Json members = kms::Json::object();
    for (const auto& [name, value] : blob::parse_shorthand(text))
      members[kms::Json::string_t(name)] = value;
    list.push_back(std::move(members));
  }
  for (kms::Json& each : parse_list(json)) {
    if (!each.is_array()) {
      list.push_back(std::move(each));
      continue;
    }
    for (kms::Json& inner : each) list.push_back(std::move(inner));
  }
  return list;
}

// One structure: JSON, or the AWS CLI's shorthand for a structure of maps, NAME={KEY=VALUE,...},
// or for one of texts, NAME=VALUE,NAME=VALUE.
kms::Json structure(const std::string& argument) {
  const std::string text = text_value(argument);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    kms::Json list = parse_list(text);
    if (list.size() == 1) return std::move(list.front());
    throw Error(ErrorCode::Serialization, "It is more than one JSON object.");
  }
  kms::Json members = kms::Json::object();
  const auto put = [](kms::Json& json, const std::string& pairs) {
    for (const auto& [name, value] : blob::parse_shorthand(pairs))
      json[kms::Json::string_t(name)] = value;
  };
  const auto open = text.find("={");
  if (open == text.npos || !text.ends_with('}')) {
    put(members, text);
    return members;
  }
  kms::Json& map = members[kms::Json::string_t(text.substr(0, open))] = kms::Json::object();
  put(map, text.substr(open + 2, text.size() - open - 3));
  return members;
}

// A date as AWS's command takes it, as the wire has it: seconds since 1970.
kms::Json date(const std::string& argument) {
  const auto date = policy::parse_date(text_value(argument));
  if (!date)
    throw Error(ErrorCode::Serialization,
                "It is no date as 2027-01-31T12:00:00Z, and no seconds since 1970.");
  return static_cast<double>(date->seconds) + static_cast<double>(date->nanoseconds) / 1e9;
}

[[noreturn]] void refuse_member(const kms::model::Operation& operation, std::string_view name) {
  for (const kms::model::Missing& missing : operation.missing)
    if (name == missing.name)
      throw UsageError(std::string(name) +
                       " in --cli-input-json is not available: " + missing.reason);
  std::string known;
  for (const Field& field : operation.request)
    known += (known.empty() ? "" : ", ") + std::string(field.name);
  throw UsageError("Parameter validation failed: Unknown parameter in input: \"" + printable(name) +
                   "\", must be one of: " + known);
}

// What KMS would not read, in the words of `aws`: a name that is mistyped is not passed over.
void refuse_unknown_members(const Field& field, void* request, const kms::Json& value) {
  const Fields fields =
      std::visit(Overloaded{[](const kms::model::Structure& inner) { return inner.fields; },
                            [](const kms::model::Structures& list) { return list.fields; },
                            [](const auto&) { return Fields(); }},
                 field.in(request));
  if (fields.empty()) return;
  const auto look_at = [&](const kms::Json& object, const std::string& where) {
    if (!object.is_object()) return;
    std::string known;
    for (const Field& each : fields) known += (known.empty() ? "" : ", ") + std::string(each.name);
    for (const auto& [name, member] : object.items())
      if (find_field(fields, name) == nullptr)
        throw UsageError("Parameter validation failed: Unknown parameter in " + where + ": \"" +
                         printable(name) + "\", must be one of: " + known);
  };
  if (!value.is_array()) return look_at(value, std::string(field.name));
  for (std::size_t i = 0; i < value.size(); ++i)
    look_at(value[i], std::string(field.name) + "[" + std::to_string(i) + "]");
}

// Of a value in --cli-input-json. Blobs may be text, dates are as `aws` takes them.
kms::Json as_on_the_wire(const Field& field, const kms::Json& value, Binary binary) {
  if (!value.is_string()) return value;
  const std::string_view text = value.get_ref<const kms::Json::string_t&>();
  if (field.shape->type == Type::Blob && binary == Binary::AsTyped)
    return secret_to_base64(as_bytes(text));
  return field.shape->type == Type::Timestamp ? date(std::string(text)) : value;
}

kms::Json skeleton(Fields fields, void* object, bool with_names);

// A value of the field's type: the first of an enumeration; its name, where `aws` prints that.
kms::Json skeleton(const Field& field, void* object, bool with_names) {
  using Json = kms::Json;
  const auto text = [&](const kms::model::Shape* shape, std::string_view name) {
    if (with_names) return Json(Json::string_t(name));
    return Json(Json::string_t(shape == nullptr || shape->values.empty() ? std::string_view()
                                                                         : shape->values.front()));
  };
  return std::visit(
      Overloaded{[&](const kms::model::Structure& inner) {
                   return skeleton(inner.fields, inner.object, with_names);
                 },
                 [&](const kms::model::Structures& list) {
                   return Json::array({skeleton(list.fields, list.add(list.list), with_names)});
                 },
                 [&](std::vector<std::string>*) {
                   const kms::model::Shape* member = field.shape->member;
                   return Json::array(
                       {text(member, member == nullptr ? field.name : member->name)});
                 },
                 [](kms::EncryptionContext*) {
                   return Json({{"KeyName", ""}});
                 },
                 [](bool*) { return Json(true); }, [](std::int64_t*) { return Json(0); },
                 [](std::optional<std::int64_t>*) { return Json(0); },
                 [](kms::Timestamp*) { return Json("1970-01-01T00:00:00"); },
                 [](std::optional<kms::Timestamp>*) { return Json("1970-01-01T00:00:00"); },
                 [&](std::string*) { return text(field.shape, field.name); },
                 [&](std::optional<std::string>*) { return text(field.shape, field.name); },
                 [](const auto*) { return Json(); }},  // a blob
      field.in(object));
}

kms::Json skeleton(Fields fields, void* object, bool with_names) {
  kms::Json out = kms::Json::object();
  for (const Field& field : fields)
    out[kms::Json::string_t(field.name)] = skeleton(field, object, with_names);
  return out;
}

}  // namespace

KmsCommand::KmsCommand(const kms::model::Operation& operation, Options& options)
    : operation_(operation), options_(options), request_(operation.new_request()) {
  for (const Field& field : operation.request) add_option(field);
  if (operation.is_paged()) paging_options(options, paging_);
  // A ciphertext, of a dry run that ignores it.
  for (const Field& field : operation.request)
    if (field.dispensable != nullptr)
      options.release("--" + kms::model::hyphenated(field.name), "--dry-run-modifiers");
  if (&operation != &kms::operations::create_key()) return;
  options.flag(enforce_, "--enforce-in-token",
               "Nothing that is under the key can be decrypted, only\nmoved to another such key");
  options.path(so_pin_source_, "--so-pin-source",
               "With it: the security officer's PIN, in file:PATH or\nenv:NAME");
}

void KmsCommand::add_option(const Field& field) {
  if (operation_.is_paged() && (field.name == "Limit" || field.name == "Marker")) return;
  const std::string name = "--" + kms::model::hyphenated(field.name);
  const char* flag = name.c_str();
  const char* help = *field.help != '\0' ? field.help : field.shape->help;
  const Need need = field.need == kms::model::Need::Required ? Need::Required : Need::Optional;
  std::visit(
      Overloaded{
          [&](std::string* target) { options_.text(*target, flag, need, help); },
          [&](std::optional<std::string>* target) { options_.text(*target, flag, need, help); },
          [&](Bytes* target) { options_.binary(*target, flag, need, help); },
          [&](SecretBytes* target) { options_.binary(*target, flag, need, help); },
          [&](std::optional<std::int64_t>* target) { options_.number(*target, flag, need, help); },
          [&](bool* target) {
            options_.flag(*target, (name + ",!--no-" + name.substr(2)).c_str(), help);
          },
          [&](std::vector<std::string>* target) { options_.list(*target, flag, need, help); },
          [&](kms::EncryptionContext* target) { options_.context(*target, flag, help); },
          [&](const kms::model::Structures&) {
            structures_.emplace_back(&field, std::make_unique<std::vector<std::string>>());
            options_.list(*structures_.back().second, flag, need, help);
          },
          [&](const kms::model::Structure&) {
            single_.emplace_back(&field, std::make_unique<std::optional<std::string>>());
            options_.text(*single_.back().second, flag, need, help);
          },
          [&](std::optional<kms::Timestamp>*) {
            single_.emplace_back(&field, std::make_unique<std::optional<std::string>>());
            options_.text(*single_.back().second, flag, need, help);
          },
          [&](const auto&) { throw std::logic_error("no option for " + std::string(field.name)); }},
      field.in(request_.get()));
}

void KmsCommand::read_typed() {
  kms::model::Validation missing;
  const auto read = [&](const Field& field, const auto& parse) {
    const auto refuse = [&](const std::string& what) {
      throw UsageError("Error parsing parameter '--" + kms::model::hyphenated(field.name) +
                       "': " + what);
    };
    try {
      kms::Json json = kms::Json::object();
      kms::Json& value = json[kms::Json::string_t(field.name)] = parse();
      refuse_unknown_members(field, request_.get(), value);
      const kms::Json::string_t text = json.dump();
      kms::model::read_json({&field, 1}, request_.get(), kms::model::parse_json(text).root(),
                            missing);
    } catch (const UsageError& error) {
      refuse(error.what());
    } catch (const Error& error) {
      refuse(error.text());
    }
  };
  for (const auto& [field, arguments] : structures_)
    if (!arguments->empty()) read(*field, [list = arguments.get()] { return structures(*list); });
  for (const auto& [field, argument] : single_) {
    const auto parse = field->shape->type == Type::Timestamp ? &date : &structure;
    if (*argument) read(*field, [parse, text = argument.get()] { return parse(**text); });
  }
  missing.finish();
}

// What comes through no network, and so is no field.
void KmsCommand::enforce(const KmsEndpoint& endpoint) {
  if (enforce_ != so_pin_source_.has_value())
    throw UsageError("--enforce-in-token and --so-pin-source belong together: give both.");
  if (!enforce_) return;
  if (!endpoint.is_token())
    throw UsageError(
        "--enforce-in-token takes the security officer's PIN, which goes over no network: use it "
        "where the token is, without --endpoint-url and TRENT_ENDPOINT.");
  if (!so_pin_source_->starts_with("file:") && !so_pin_source_->starts_with("env:"))
    throw UsageError("--so-pin-source takes file:PATH or env:NAME.");
  try {
    static_cast<kms::CreateKeyRequest*>(request_.get())->so_pin = hsm::read_pin(*so_pin_source_);
  } catch (const Error& error) {
    throw UsageError("--so-" + error.message());
  }
}

void KmsCommand::take_input(const std::string& argument) {
  const auto refuse = [](const std::string& what) {
    throw UsageError("Error parsing parameter '--cli-input-json': " + what);
  };
  kms::Json input;
  try {
    input = parse_json<kms::Json>(text_value(argument));
  } catch (const UsageError& error) {
    refuse(error.what());
  } catch (const std::runtime_error& error) {
    refuse("Invalid JSON received: " + std::string(error.what()) + ".");
  }
  if (!input.is_object()) refuse("It is no JSON object.");
  kms::Json members = kms::Json::object();
  for (const auto& [name, value] : input.items()) {
    const Field* field = find_field(operation_.request, name);
    if (field == nullptr) refuse_member(operation_, name);
    refuse_unknown_members(*field, request_.get(), value);
    if (options_.is_given("--" + kms::model::hyphenated(name))) continue;
    if (operation_.is_paged() && name == "Limit" && value.is_number_integer()) {
      paging_.limit = value.get<std::int64_t>();
    } else if (operation_.is_paged() && name == "Marker" && value.is_string()) {
      paging_.marker = std::string(std::string_view(value.get_ref<const kms::Json::string_t&>()));
    } else {
      members[name] = as_on_the_wire(*field, value, options_.binary());
    }
  }
  require_fields(input);
  try {
    const kms::Json::string_t text = members.dump();
    kms::model::Validation missing;  // an option may have it
    kms::model::read_json(operation_.request, request_.get(), kms::model::parse_json(text).root(),
                          missing);
  } catch (const Error& error) {
    refuse(error.text());
  } catch (const kms::Json::exception& error) {
    refuse("It is not UTF-8.");
  }
}

// In the words of `aws`.
void KmsCommand::require_fields(const kms::Json& input) const {
  std::string missing;
  for (const Field& field : operation_.request)
    if (field.need == kms::model::Need::Required && field.dispensable == nullptr &&
        !input.contains(field.name) &&
        !options_.is_given("--" + kms::model::hyphenated(field.name)))
      missing += (missing.empty() ? "\"" : "\", \"") + std::string(field.name);
  if (!missing.empty())
    throw UsageError(
        "Parameter validation failed: Missing required parameter in input: " + missing + '"');
}

kms::Json KmsCommand::skeleton_of_request() const {
  return skeleton(operation_.request, operation_.new_request().get(), false);
}

kms::Json KmsCommand::skeleton_of_response() const {
  return skeleton(operation_.response, operation_.new_response().get(), true);
}

Raw KmsCommand::raw() const {
  if (!operation_.has_response()) return Raw::Nothing;
  switch (count_blobs(operation_)) {
    case 0:
      return Raw::Lines;
    case 1:
      return is_secret() && find_field(operation_.request, "CiphertextBlob") != nullptr
                 ? Raw::Data
                 : Raw::Binary;
    default:
      return Raw::None;
  }
}

bool KmsCommand::is_secret() const {
  return std::ranges::any_of(operation_.response,
                             [](const Field& field) { return field.shape->sensitive; });
}

void KmsCommand::add_raw(const void* response, SecretBytes& raw) const {
  if (count_blobs(operation_) == 1) {
    for (const Field& field : operation_.response)
      std::visit(Overloaded{[&](Bytes* blob) { raw.assign(blob->begin(), blob->end()); },
                            [&](SecretBytes* blob) { raw = std::move(*blob); }, [](const auto&) {}},
                 member(field, response));
  } else if (operation_.is_paged()) {
    std::visit(Overloaded{[&](std::vector<std::string>* list) {
                            for (const std::string& item : *list) append_line(raw, item);
                          },
                          [&](const kms::model::Structures& list) {
                            for (std::size_t i = 0; i < list.size(list.list); ++i)
                              append_line(raw, *identifier(list.fields, list.at(list.list, i)));
                          },
                          [](const auto&) {}},
               member(items_of(operation_), response));
  } else if (const std::string* text = identifier(operation_.response, response)) {
    append_line(raw, *text);
  }
}

// One call of the operation for each page, as --limit, --max-items and their like want them.
kms::Json KmsCommand::list_pages(KmsEndpoint& endpoint, SecretBytes& raw, kms::Json& items) {
  const kms::Json::string_t name(items_of(operation_).name);
  return cli::list_pages(
      paging_, name,
      [&](std::optional<std::int64_t> limit, const std::optional<std::string>& marker) {
        for (const Field& field : operation_.request)
          std::visit(Overloaded{[&](std::optional<std::int64_t>* target) { *target = limit; },
                                [&](std::optional<std::string>* target) {
                                  if (field.name == "Marker") *target = marker;
                                },
                                [](const auto&) {}},
                     field.in(request_.get()));
        const std::shared_ptr<void> response = operation_.new_response();
        endpoint.run(operation_, request_.get(), response.get());
        add_raw(response.get(), raw);
        kms::Json page = kms::model::to_json(operation_.response, response.get());
        if (const auto found = page.find(name); found != page.end())
          items.insert(items.end(), found->begin(), found->end());
        return page;
      });
}

// Where a key is named, kms:NAME is NAME, as in the URIs for openssl.
void KmsCommand::name_keys() {
  for (const Field& field : operation_.request) {
    if (field.shape != &kms::model::kKeyId && field.shape != &kms::model::kAliasName) continue;
    std::visit(Overloaded{[](std::string* text) { *text = name_in_uri(*text); },
                          [](std::optional<std::string>* text) {
                            if (*text) *text = name_in_uri(**text);
                          },
                          [](const auto&) {}},
               field.in(request_.get()));
  }
}

Answer KmsCommand::run(KmsEndpoint& endpoint) {
  read_typed();
  name_keys();
  enforce(endpoint);
  Answer answer;
  if (operation_.is_paged()) {
    kms::Json items = kms::Json::array();
    answer.json = list_pages(endpoint, answer.raw, items);
    answer.list = [&endpoint, this, items = std::move(items)] {
      return listing_text(endpoint, operation_, request_.get(), items);
    };
    return answer;
  }
  const std::shared_ptr<void> response = operation_.new_response();
  endpoint.run(operation_, request_.get(), response.get());
  if (!operation_.has_response()) return answer;
  answer.json = kms::model::to_json(operation_.response, response.get());
  add_raw(response.get(), answer.raw);
  return answer;
}

}  // namespace trent::cli
