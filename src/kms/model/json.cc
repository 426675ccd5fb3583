// SPDX-License-Identifier: Apache-2.0
// JSON in and out, by the fields of a structure.
#include "kms/model/json.h"

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "kms/model/shapes.h"

namespace trent::kms::model {

namespace {

Error serialization(const std::string& what) {
  return Error(ErrorCode::Serialization, what);
}

Json epoch_seconds(Timestamp time) {
  // Three decimals, as KMS sends. Cut off and not rounded, as in the records of the catalog: the
  // same time looks the same wherever it comes from.
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<double>(milliseconds.count()) / 1000;
}

// Whether a text is set: an empty one is where its shape allows it, or a request has to have it.
bool is_set(const Field& field, const std::string& text) {
  return !text.empty() || field.shape->min == 0 || field.need == Need::Required;
}

// What an audit record leaves out, and how it spells names.
enum class For { Wire, Audit };

Json write(Fields fields, const void* object, For whom);

// What is nobody's business but the caller's. Who has a grant token may use it.
bool is_kept_from_audit(const Shape& shape) {
  return shape.sensitive || shape.type == Type::Blob || shape.name == kGrantToken.name ||
         shape.name == kGrantTokenList.name;
}

void write(const Field& field, const void* object, For whom, Json& json) {
  const Shape& shape = *field.shape;
  if (whom == For::Audit && is_kept_from_audit(shape)) return;
  const auto put = [&](Json value) {
    const std::string name = whom == For::Audit ? lower_camel(field.name) : std::string(field.name);
    json[Json::string_t(name)] = std::move(value);
  };
  std::visit(Overloaded{[&](const std::string* value) {
                          if (is_set(field, *value)) put(*value);
                        },
                        [&](const std::optional<std::string>* value) {
                          if (*value) put(**value);
                        },
                        [&](const Bytes* value) { put(to_base64(*value)); },
                        [&](const SecretBytes* value) { put(secret_to_base64(*value)); },
                        [&](const std::int64_t* value) { put(*value); },
                        [&](const std::optional<std::int64_t>* value) {
                          if (*value) put(**value);
                        },
                        [&](const bool* value) {
                          // In a request, false is what there is without it.
                          if (whom == For::Wire || *value) put(*value);
                        },
                        [&](const Timestamp* value) { put(epoch_seconds(*value)); },
                        [&](const std::optional<Timestamp>* value) {
                          if (*value) put(epoch_seconds(**value));
                        },
                        [&](const std::vector<std::string>* list) {
                          if (!list->empty()) put(*list);
                        },
                        [&](const EncryptionContext* map) {
                          if (map->empty()) return;
                          Json members = Json::object();
                          for (const auto& [name, value] : *map)
                            members[Json::string_t(name)] = value;
                          put(std::move(members));
                        },
                        // One that says nothing is not there.
                        [&](const Structure& structure) {
                          Json members = write(structure.fields, structure.object, whom);
                          if (!members.empty()) put(std::move(members));
                        },
                        [&](const Structures& list) {
                          Json elements = Json::array();
                          for (std::size_t i = 0; i < list.size(list.list); ++i)
                            elements.push_back(write(list.fields, list.at(list.list, i), whom));
                          put(std::move(elements));
                        }},
             member(field, object));
}

Json write(Fields fields, const void* object, For whom) {
  Json json = Json::object();
  for (const Field& field : fields) write(field, object, whom, json);
  return json;
}

// Reads one member, which is not null.
class Reader {
 public:
  Reader(const Field& field, std::string path, const Json& value, Validation& validation)
      : field_(field), path_(std::move(path)), value_(value), validation_(validation) {}

  void operator()(std::string* out) const { *out = text(value_); }
  void operator()(std::optional<std::string>* out) const { *out = text(value_); }
  void operator()(Bytes* out) const {
    const SecretBytes bytes = blob();
    out->assign(bytes.begin(), bytes.end());
  }
  void operator()(SecretBytes* out) const { *out = blob(); }
  void operator()(std::int64_t* out) const { *out = integer(); }
  void operator()(std::optional<std::int64_t>* out) const { *out = integer(); }
  void operator()(bool* out) const {
    if (!value_.is_boolean()) refuse("a boolean");
    *out = value_.get<bool>();
  }
  void operator()(Timestamp* out) const { *out = timestamp(); }
  void operator()(std::optional<Timestamp>* out) const { *out = timestamp(); }
  void operator()(std::vector<std::string>* out) const {
    if (!value_.is_array()) refuse("a list of strings");
    for (const Json& element : value_) out->push_back(text(element));
  }
  void operator()(EncryptionContext* out) const {
    if (!value_.is_object()) refuse("an object of strings");
    for (const auto& [name, element] : value_.items())
      out->emplace(std::string(name.begin(), name.end()), text(element));
  }
  void operator()(const Structure& out) const {
    if (!value_.is_object()) refuse("an object");
    read_json(out.fields, out.object, value_, validation_, path_ + ".");
  }
  void operator()(const Structures& out) const {
    if (!value_.is_array()) refuse("a list of objects");
    std::size_t count = 0;
    for (const Json& element : value_) {
      if (!element.is_object()) refuse("a list of objects");
      read_json(out.fields, out.add(out.list), element, validation_,
                path_ + "." + std::to_string(++count) + ".member.");
    }
  }

 private:
  [[noreturn]] void refuse(const char* wanted) const {
    throw serialization("The member " + std::string(field_.name) + " must be " + wanted + ".");
  }
  std::string text(const Json& value) const {
    if (!value.is_string()) refuse(&value == &value_ ? "a string" : "made of strings");
    const auto& text = value.get_ref<const Json::string_t&>();
    return {text.begin(), text.end()};
  }
  SecretBytes blob() const {
    if (value_.is_string())
      if (auto bytes = secret_from_base64(value_.get_ref<const Json::string_t&>()))
        return *std::move(bytes);
    refuse("a string of base64");
  }
  std::int64_t integer() const {
    if (!value_.is_number_integer()) refuse("a whole number");
    if (value_.is_number_unsigned() &&
        value_.get<std::uint64_t>() >
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse("a number of 64 bits");
    return value_.get<std::int64_t>();
  }
  Timestamp timestamp() const {
    if (!value_.is_number()) refuse("a number of seconds since 1970");
    const auto seconds = value_.get<double>();
    constexpr double kYear9999 = 253402300799.0;
    if (!(seconds >= 0 && seconds <= kYear9999)) refuse("a date until the year 9999");
    return Timestamp(std::chrono::milliseconds(std::llround(seconds * 1000)));
  }

  const Field& field_;
  std::string path_;
  const Json& value_;
  Validation& validation_;
};

// Whether a member that Trent does not have says what is the case without it.
bool says_nothing(const Json& value) {
  return value.is_null() || value == Json(false) || (value.is_structured() && value.empty());
}

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return trent::parse_json<Json>(text);
  } catch (const std::runtime_error&) {  // its reason may quote a secret
    throw serialization("The request is not JSON, has a name twice, or is nested too deep.");
  }
}

Json to_json(Fields fields, const void* object) {
  return write(fields, object, For::Wire);
}

void read_json(Fields fields, void* object, const Json& json, Validation& validation,
               const std::string& path) {
  if (!json.is_object()) throw serialization("The request is not a JSON object.");
  for (const Field& field : fields) {
    const std::string here = path + lower_camel(field.name);
    const auto found = json.find(Json::string_t(field.name));
    if (found == json.end() || found->is_null()) {
      if (field.need == Need::Required) validation.missing(here);
      continue;
    }
    std::visit(Reader(field, here, *found, validation), field.in(object));
  }
}

void read_request(const Operation& operation, void* request, const Json& json) {
  Validation validation;
  read_json(operation.request, request, json, validation);
  for (const Missing& missing : operation.missing) {
    const auto found = json.find(Json::string_t(missing.name));
    if (found != json.end() && !says_nothing(*found))
      throw Error(ErrorCode::UnsupportedOperation,
                  std::string(missing.name) + " is not available yet.", missing.reason);
  }
  validation.check(operation.request, request);
  validation.finish();
}

Json request_parameters(const Operation& operation, const void* request) {
  return write(operation.request, request, For::Audit);
}

Json response_elements(const Operation& operation, const void* response) {
  return write(operation.response, response, For::Audit);
}

}  // namespace trent::kms::model
