// SPDX-License-Identifier: Apache-2.0
// --output text, by the rules of awscli/text.py.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cli/formats.h"

namespace trent::cli {

namespace {

using kms::Json;
using Name = Json::string_t;

// The names of members that stand in one line; null: those that the object has.
using Columns = std::vector<Name>;

SecretString upper(std::string_view text) {
  SecretString out;
  for (const char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

class TextWriter {
 public:
  // `title` is the name of the member that the value is in; null: it is in none.
  void add(const Json& json, const Name* title, const Columns* columns = nullptr) {
    if (json.is_object())
      add_object(json, title, columns);
    else if (json.is_array())
      add_list(json, title);
    else
      add_line({scalar_text(json)});
  }

  SecretString take() && { return std::move(out_); }

 private:
  void add_line(const std::vector<SecretString>& fields) {
    bool first = true;
    for (const SecretString& field : fields) {
      if (!std::exchange(first, false)) out_ += '\t';
      out_ += field;
    }
    out_ += '\n';
  }

  void add_scalars(const std::vector<const Json*>& scalars, const Name* title) {
    std::vector<SecretString> fields;
    for (const Json* each : scalars) {
      fields.push_back(scalar_text(*each));
      if (title == nullptr) continue;
      add_line({upper(*title), fields.back()});
      fields.clear();
    }
    if (title == nullptr) add_line(fields);
  }

  void add_list(const Json& list, const Name* title) {
    if (list.empty()) return;
    std::set<Name> names;
    bool has_objects = false;
    for (const Json& each : list) {
      if (!each.is_object()) continue;
      has_objects = true;
      for (const auto& [name, value] : each.items())
        if (!value.is_structured()) names.insert(Name(name));
    }
    if (has_objects) {
      const Columns columns(names.begin(), names.end());
      for (const Json& each : list) add(each, title, &columns);
      return;
    }
    std::vector<const Json*> scalars;
    for (const Json& each : list)
      if (!each.is_structured()) scalars.push_back(&each);
    if (!scalars.empty()) add_scalars(scalars, title);
    for (const Json& each : list)
      if (each.is_structured()) add(each, title);
  }

  void add_object(const Json& object, const Name* title, const Columns* columns) {
    std::set<Name> names;
    for (const auto& [name, value] : object.items()) names.insert(Name(name));
    std::vector<SecretString> fields;
    if (columns != nullptr) {
      for (const Name& name : *columns) {
        const auto found = object.find(name);
        fields.push_back(found == object.end() ? SecretString() : scalar_text(*found));
        names.erase(name);
      }
    } else {
      for (const Name& name : names)
        if (!object[name].is_structured()) fields.push_back(scalar_text(object[name]));
    }
    if (!fields.empty()) {
      if (title != nullptr) fields.insert(fields.begin(), upper(*title));
      add_line(fields);
    }
    for (const Name& name : names)
      if (columns != nullptr || object[name].is_structured()) add(object[name], &name);
  }

  SecretString out_;
};

}  // namespace

SecretString text_format(const Json& json) {
  TextWriter text;
  text.add(json, nullptr);
  return std::move(text).take();
}

SecretString scalar_text(const Json& json) {
  if (json.is_string()) return json.get_ref<const Json::string_t&>();
  if (json.is_null()) return "None";
  if (json.is_boolean()) return json.get<bool>() ? "True" : "False";
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace trent::cli
