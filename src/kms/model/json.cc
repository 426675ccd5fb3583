// SPDX-License-Identifier: Apache-2.0
// JSON in and out, by the fields of a structure.
#include "kms/model/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "base/encoding.h"
#include "base/error.h"
#include "kms/model/shapes.h"

namespace trent::kms::model {

namespace {

Error serialization(const std::string& what) {
  return Error(ErrorCode::Serialization, what);
}

double epoch_seconds(Timestamp time) {
  // Three decimals, as KMS sends. Cut off and not rounded, as in the records of the catalog: the
  // same time looks the same wherever it comes from.
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<double>(milliseconds.count()) / 1000;
}

// What an audit record leaves out, and how it spells names.
enum class For { Wire, Audit };

bool is_set(Fields fields, const void* object, For whom);

// What is nobody's business but the caller's. Who has a grant token may use it.
bool is_kept_from_audit(const Shape& shape) {
  return shape.sensitive || shape.type == Type::Blob || shape.name == kGrantToken.name ||
         shape.name == kGrantTokenList.name;
}

bool is_set(const Field& field, const void* object, For whom) {
  const Shape& shape = *field.shape;
  if (whom == For::Audit && is_kept_from_audit(shape)) return false;
  return std::visit(
      Overloaded{
          [&](const std::string* text) {
            return !text->empty() || shape.min == 0 || field.need == Need::Required;
          },
          [](const std::optional<std::string>* text) { return text->has_value(); },
          [](const std::optional<std::int64_t>* number) { return number->has_value(); },
          [](const std::optional<Timestamp>* time) { return time->has_value(); },
          // In a request, false is what there is without it.
          [&](const bool* value) { return whom == For::Wire || *value; },
          [](const std::vector<std::string>* list) { return !list->empty(); },
          [](const EncryptionContext* map) { return !map->empty(); },
          [&](const Structure& inner) { return is_set(inner.fields, inner.object, whom); },
          [&](const Structures& list) { return whom == For::Wire || list.size(list.list) != 0; },
          [](const auto*) { return true; }},
      member(field, object));
}

// Of a structure, whether it says anything: an empty list does not.
bool is_set(Fields fields, const void* object, For whom) {
  return std::ranges::any_of(fields, [&](const Field& field) {
    const Member value = member(field, object);
    const auto* list = std::get_if<Structures>(&value);
    return list == nullptr ? is_set(field, object, whom) : list->size(list->list) != 0;
  });
}

// Characters that stand for themselves in a string, but for those outside of ASCII.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();
bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

// JSON as text. Nothing of it is anywhere else: what goes over the wire may be secret.
template <For whom>
class TextSink {
 public:
  using Text = std::conditional_t<whom == For::Wire, SecretString, std::string>;

  TextSink() {
    // More than most need. For blocks of a KiB and more, malloc() does more than for smaller ones.
    constexpr std::size_t kUsual = 1000;
    out_.reserve(kUsual);
  }

  void begin(char bracket) {
    separate();
    out_ += bracket;
  }
  void end(char bracket) { out_ += bracket; }
  void name(std::string_view name) {
    value(name);
    out_ += ':';
  }
  void value(std::string_view text) {
    separate();
    const std::size_t start = out_.size();
    out_ += '"';
    bool is_ascii = true;
    for (std::string_view rest = text;;) {
      const auto special = std::ranges::find_if_not(rest, is_plain);
      out_.append(rest.begin(), special);
      if (special == rest.end()) break;
      const auto c = static_cast<unsigned char>(*special);
      if (c < 0x80)
        escape(c);
      else
        out_ += *special;
      is_ascii = is_ascii && c < 0x80;
      rest = {special + 1, rest.end()};
    }
    out_ += '"';
    if (is_ascii || is_utf8(text)) return;
    if constexpr (whom == For::Wire) {
      throw std::invalid_argument("a text is no UTF-8");
    } else {  // there is a record of whatever was asked
      out_.resize(start);
      out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  }
  void value(ByteView blob) {
    separate();
    out_ += '"';
    out_.append(secret_to_base64(blob));
    out_ += '"';
  }
  void value(bool value) {
    separate();
    out_.append(value ? "true" : "false");
  }
  void value(std::int64_t number) {
    separate();
    digits(number);
  }
  void value(double number) {
    separate();
    const std::size_t start = out_.size();
    digits(number, std::chars_format::fixed);
    if (out_.find('.', start) == out_.npos) out_.append(".0");
  }

  Text take() && { return std::move(out_); }

 private:
  void separate() {
    constexpr std::string_view kNothingBefore = "{[:";
    if (!out_.empty() && kNothingBefore.find(out_.back()) == kNothingBefore.npos) out_ += ',';
  }
  void escape(unsigned char c) {
    constexpr std::string_view kLetters = "\"\"\\\\\bb\ff\nn\rr\tt";
    constexpr char kHex[] = "0123456789abcdef";
    out_ += '\\';
    for (std::size_t i = 0; i < kLetters.size(); i += 2)
      if (static_cast<unsigned char>(kLetters[i]) == c) {
        out_ += kLetters[i + 1];
        return;
      }
    out_.append("u00");
    out_ += kHex[c >> 4];
    out_ += kHex[c & 15];
  }
  template <class... Arguments>
  void digits(Arguments... arguments) {
    std::array<char, 400> text;  // no double is longer
    const auto end = std::to_chars(text.data(), text.data() + text.size(), arguments...).ptr;
    out_.append(text.data(), end);
  }

  Text out_;
};

// JSON as values.
class ValueSink {
 public:
  void begin(char bracket) {
    open_.push_back(put(bracket == '{' ? Json::object() : Json::array()));
  }
  void end(char) { open_.pop_back(); }
  void name(std::string_view name) { name_ = name; }
  void value(ByteView blob) { put(secret_to_base64(blob)); }
  template <class T>
  void value(const T& value) {
    put(value);
  }

  Json take() && { return std::move(root_); }

 private:
  Json* put(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& in = *open_.back();
    if (!in.is_array()) return &(in[name_] = std::move(value));
    in.push_back(std::move(value));
    return &in.back();
  }

  Json root_;
  std::vector<Json*> open_;
  Json::string_t name_;
};

template <class Sink>
void write(Fields fields, const void* object, For whom, Sink& out);

// The value of a field that is set.
template <class Sink>
void write(const Field& field, const void* object, For whom, Sink& out) {
  std::visit(
      Overloaded{[&](const std::string* text) { out.value(std::string_view(*text)); },
                 [&](const std::optional<std::string>* text) {
                   // It is refused with a PIN, but that was given.
                   const bool has_pin = whom == For::Audit && field.shape->name == kXksKeyId.name &&
                                        (*text)->find("pin-") != std::string::npos;
                   out.value(has_pin ? "(not shown: it has a PIN)" : std::string_view(**text));
                 },
                 [&](const Bytes* blob) { out.value(ByteView(*blob)); },
                 [&](const SecretBytes* blob) { out.value(ByteView(*blob)); },
                 [&](const std::int64_t* number) { out.value(*number); },
                 [&](const std::optional<std::int64_t>* number) { out.value(**number); },
                 [&](const bool* value) { out.value(*value); },
                 [&](const Timestamp* time) { out.value(epoch_seconds(*time)); },
                 [&](const std::optional<Timestamp>* time) { out.value(epoch_seconds(**time)); },
                 [&](const std::vector<std::string>* list) {
                   out.begin('[');
                   for (const std::string& text : *list) out.value(std::string_view(text));
                   out.end(']');
                 },
                 [&](const EncryptionContext* map) {
                   out.begin('{');
                   for (const auto& [name, text] : *map) {
                     out.name(name);
                     out.value(std::string_view(text));
                   }
                   out.end('}');
                 },
                 [&](const Structure& inner) { write(inner.fields, inner.object, whom, out); },
                 [&](const Structures& list) {
                   out.begin('[');
                   for (std::size_t i = 0; i < list.size(list.list); ++i)
                     write(list.fields, list.at(list.list, i), whom, out);
                   out.end(']');
                 }},
      member(field, object));
}

template <class Sink>
void write(Fields fields, const void* object, For whom, Sink& out) {
  out.begin('{');
  for (const Field& field : fields) {
    if (!is_set(field, object, whom)) continue;
    if (whom == For::Audit)
      out.name(lower_camel(field.name));
    else
      out.name(field.name);
    write(field, object, whom, out);
  }
  out.end('}');
}

template <class Sink>
auto write(Fields fields, const void* object, For whom) {
  Sink sink;
  write(fields, object, whom, sink);
  return std::move(sink).take();
}

// Reads one member, which is not null.
class Reader {
 public:
  // `path` is that of the structure.
  Reader(const Field& field, const std::string& path, const JsonValue& value,
         Validation& validation)
      : field_(field), path_(path), value_(value), validation_(validation) {}

  void operator()(std::string* out) const { *out = text(value_); }
  void operator()(std::optional<std::string>* out) const { *out = text(value_); }
  void operator()(Bytes* out) const { *out = blob(from_base64); }
  void operator()(SecretBytes* out) const { *out = blob(secret_from_base64); }
  void operator()(std::int64_t* out) const { *out = integer(); }
  void operator()(std::optional<std::int64_t>* out) const { *out = integer(); }
  void operator()(bool* out) const {
    const auto* value = value_.get<bool>();
    if (value == nullptr) refuse("a boolean");
    *out = *value;
  }
  void operator()(Timestamp* out) const { *out = timestamp(); }
  void operator()(std::optional<Timestamp>* out) const { *out = timestamp(); }
  void operator()(std::vector<std::string>* out) const {
    if (!value_.is<JsonValue::Array>()) refuse("a list of strings");
    for (const JsonValue& element : value_.children()) out->push_back(text(element));
  }
  void operator()(EncryptionContext* out) const {
    if (!value_.is<JsonValue::Object>()) refuse("an object of strings");
    for (const JsonValue& element : value_.children()) out->emplace(element.name(), text(element));
  }
  void operator()(const Structure& out) const {
    if (!value_.is<JsonValue::Object>()) refuse("an object");
    read_json(out.fields, out.object, value_, validation_, here() + ".");
  }
  void operator()(const Structures& out) const {
    if (!value_.is<JsonValue::Array>()) refuse("a list of objects");
    std::size_t count = 0;
    for (const JsonValue& element : value_.children()) {
      if (!element.is<JsonValue::Object>()) refuse("a list of objects");
      read_json(out.fields, out.add(out.list), element, validation_,
                here() + "." + std::to_string(++count) + ".member.");
    }
  }

 private:
  std::string here() const { return path_ + lower_camel(field_.name); }
  [[noreturn]] void refuse(const char* wanted) const {
    throw serialization("The member " + std::string(field_.name) + " must be " + wanted + ".");
  }
  std::string text(const JsonValue& value) const {
    const auto* text = value.get<std::string_view>();
    if (text == nullptr) refuse(&value == &value_ ? "a string" : "made of strings");
    return std::string(*text);
  }
  template <class Container>
  Container blob(std::optional<Container> (*decode)(std::string_view)) const {
    if (const auto* text = value_.get<std::string_view>())
      if (auto bytes = decode(*text)) return *std::move(bytes);
    refuse("a string of base64");
  }
  std::int64_t integer() const {
    if (value_.is<std::uint64_t>()) refuse("a number of 64 bits");
    const auto* number = value_.get<std::int64_t>();
    if (number == nullptr) refuse("a whole number");
    return *number;
  }
  double number() const {
    if (const auto* number = value_.get<std::int64_t>()) return static_cast<double>(*number);
    if (const auto* number = value_.get<std::uint64_t>()) return static_cast<double>(*number);
    if (const auto* number = value_.get<double>()) return *number;
    refuse("a number of seconds since 1970");
  }
  Timestamp timestamp() const {
    const double seconds = number();
    // What is later overflows the clock.
    constexpr double kYear2262 = 9214646400.0;
    if (!(seconds >= 0 && seconds < kYear2262)) refuse("a date before the year 2262");
    return Timestamp(std::chrono::milliseconds(std::llround(seconds * 1000)));
  }

  const Field& field_;
  const std::string& path_;
  const JsonValue& value_;
  Validation& validation_;
};

// Whether a member that Trent does not have says what is the case without it.
bool says_nothing(const JsonValue& value) {
  if (const auto* flag = value.get<bool>()) return !*flag;
  const bool has_members = value.is<JsonValue::Array>() || value.is<JsonValue::Object>();
  return value.is<JsonValue::Null>() || (has_members && value.children().empty());
}

}  // namespace

JsonDocument parse_json(std::string_view text) {
  try {
    return JsonDocument(text);
  } catch (const std::runtime_error&) {
    throw serialization("The request is not JSON, has a name twice, or is nested too deep.");
  }
}

void read_json(Fields fields, void* object, const JsonValue& json, Validation& validation,
               const std::string& path) {
  if (!json.is<JsonValue::Object>()) throw serialization("The request is not a JSON object.");
  std::vector<const Field*> absent;
  for (const Field& field : fields) {
    const JsonValue* found = json.find(field.name);
    if (found != nullptr && !found->is<JsonValue::Null>())
      std::visit(Reader(field, path, *found, validation), field.in(object));
    else if (field.need == Need::Required)
      absent.push_back(&field);
  }
  // Whether the object goes without one depends on the others.
  for (const Field* field : absent)
    if (field->dispensable == nullptr || !field->dispensable(object))
      validation.missing(path + lower_camel(field->name));
}

void read_request(const Operation& operation, void* request, const JsonValue& json) {
  Validation validation;
  read_json(operation.request, request, json, validation);
  for (const Missing& missing : operation.missing) {
    const JsonValue* found = json.find(missing.name);
    if (found != nullptr && !says_nothing(*found))
      throw Error(ErrorCode::UnsupportedOperation,
                  std::string(missing.name) + " is not available yet.", missing.reason);
  }
  validation.check(operation.request, request);
  validation.finish();
}

SecretString write_json(Fields fields, const void* object) {
  return write<TextSink<For::Wire>>(fields, object, For::Wire);
}

bool is_set(Fields fields, const void* object) {
  return is_set(fields, object, For::Wire);
}

Json to_json(Fields fields, const void* object) {
  return write<ValueSink>(fields, object, For::Wire);
}

std::string request_parameters(const Operation& operation, const void* request) {
  return write<TextSink<For::Audit>>(operation.request, request, For::Audit);
}

std::string response_elements(const Operation& operation, const void* response) {
  return write<TextSink<For::Audit>>(operation.response, response, For::Audit);
}

}  // namespace trent::kms::model
