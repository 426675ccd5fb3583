// SPDX-License-Identifier: Apache-2.0
// The constraints of the model, checked.
#include "kms/model/validation.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"

namespace trent::kms::model {

void Validation::fault(const std::string& path, const std::string& value,
                       const std::string& constraint) {
  faults_.push_back("Value " + value + "at '" + path +
                    "' failed to satisfy constraint: " + constraint);
}

void Validation::missing(const std::string& path) {
  fault(path, "null ", "Member must not be null");
  missing_.insert(path);
}

template <class Path>
void Validation::size(const Shape& shape, std::size_t size, const Path& path) {
  const auto length = static_cast<std::int64_t>(size);
  if (shape.min != Shape::kNone && length < shape.min)
    fault(path(), "",
          "Member must have length greater than or equal to " + std::to_string(shape.min));
  if (shape.max != Shape::kNone && length > shape.max)
    fault(path(), "", "Member must have length less than or equal to " + std::to_string(shape.max));
}

template <class Path>
void Validation::text(const Shape& shape, const std::string& text, const Path& path) {
  if (!shape.values.empty()) {
    if (std::ranges::find(shape.values, std::string_view(text)) != shape.values.end()) return;
    std::string set;
    for (const std::string_view each : shape.values)
      set.append(set.empty() ? "" : ", ").append(each);
    // A value of any length may come in; only a short one is worth repeating.
    constexpr std::size_t kShort = 64;
    fault(path(), text.size() <= kShort ? "'" + text + "' " : "",
          "Member must satisfy enum value set: [" + set + "]");
    return;
  }
  if (!is_utf8(text)) return fault(path(), "", "Member must be UTF-8 text");
  size(shape, count_characters(text), path);
  if (shape.matches != nullptr && !text.empty() && !shape.matches(text))
    fault(path(), "",
          "Member must satisfy regular expression pattern: " + std::string(shape.pattern));
}

void Validation::check(const Field& field, const void* object, const std::string& path) {
  const auto here = [&] { return path + lower_camel(field.name); };
  if (!missing_.empty() && missing_.contains(here())) return;
  if (field.dispensable != nullptr && field.dispensable(object)) return;
  const Shape& shape = *field.shape;
  const auto number = [&](std::int64_t value) {
    const auto shown = [&] { return "'" + std::to_string(value) + "' "; };
    if (shape.min != Shape::kNone && value < shape.min)
      fault(here(), shown(),
            "Member must have value greater than or equal to " + std::to_string(shape.min));
    if (shape.max != Shape::kNone && value > shape.max)
      fault(here(), shown(),
            "Member must have value less than or equal to " + std::to_string(shape.max));
  };
  const auto element = [&](std::size_t index) {
    return here() + "." + std::to_string(index + 1) + ".member";
  };
  std::visit(Overloaded{[&](const std::string* value) {
                          if (field.need == Need::Required || !value->empty())
                            text(shape, *value, here);
                        },
                        [&](const std::optional<std::string>* value) {
                          if (*value) text(shape, **value, here);
                        },
                        [&](const Bytes* value) { size(shape, value->size(), here); },
                        [&](const SecretBytes* value) { size(shape, value->size(), here); },
                        [&](const std::int64_t* value) { number(*value); },
                        [&](const std::optional<std::int64_t>* value) {
                          if (*value) number(**value);
                        },
                        [&](const std::vector<std::string>* list) {
                          size(shape, list->size(), here);
                          for (std::size_t i = 0; i < list->size(); ++i)
                            text(*shape.member, (*list)[i], [&] { return element(i); });
                        },
                        [&](const Structure& structure) {
                          check(structure.fields, structure.object, here() + ".");
                        },
                        [&](const Structures& list) {
                          size(shape, list.size(list.list), here);
                          for (std::size_t i = 0; i < list.size(list.list); ++i)
                            check(list.fields, list.at(list.list, i), element(i) + ".");
                        },
                        [](const auto*) {}},
             member(field, object));
}

void Validation::check(Fields fields, const void* object, const std::string& path) {
  for (const Field& field : fields) check(field, object, path);
}

void Validation::finish() const {
  if (faults_.empty()) return;
  std::string text = std::to_string(faults_.size()) + " validation error" +
                     (faults_.size() == 1 ? "" : "s") + " detected: ";
  // A request of a thousand bad members is answered, but not with a thousand lines.
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(faults_.size(), kShown); ++i)
    text += (i == 0 ? "" : "; ") + faults_[i];
  if (faults_.size() > kShown) text += "; ...";
  throw Error(ErrorCode::Validation, text);
}

void validate(Fields fields, const void* request) {
  Validation validation;
  validation.check(fields, request);
  validation.finish();
}

}  // namespace trent::kms::model
