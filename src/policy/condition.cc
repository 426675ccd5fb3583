// SPDX-License-Identifier: Apache-2.0
// Reading conditions, and finding out whether they hold.
#include "policy/condition.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "policy/wildcard.h"

namespace trent::policy {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  throw Malformed("a value of a condition is a string, a number or a truth value.");
}

}  // namespace

Condition::Condition(std::string_view operator_name, std::string_view key,
                     const nlohmann::json& values, const Syntax& syntax) {
  std::string_view name = operator_name;
  if (take_prefix(name, "ForAllValues:")) quantifier_ = Quantifier::All;
  if (quantifier_ == Quantifier::None && take_prefix(name, "ForAnyValue:"))
    quantifier_ = Quantifier::Any;
  if_exists_ = take_suffix(name, "IfExists");
  is_null_ = name == "Null";
  const Operator* const found = find_operator(name);
  if (found == nullptr || (is_null_ && name != operator_name))
    throw Malformed(quote_for_message(operator_name) +
                    " is no condition operator. IAM's are written as StringEquals, "
                    "NumericLessThanIfExists or ForAnyValue:StringLike.");
  negated_ = found->negated;
  if (key.empty()) throw Malformed("a condition key is empty.");
  key_ = syntax.keys.number(key);
  std::vector<std::string> operands;
  if (values.is_array())
    for (const nlohmann::json& value : values) operands.push_back(text_of(value));
  else
    operands.push_back(text_of(values));
  if (operands.empty()) throw Malformed(quote_for_message(key) + " has an empty list of values.");
  matches_ = found->read(operands, syntax);
}

Truth Condition::holds_for(std::string_view value, Request& request) const {
  const Truth matches = matches_(value, request);
  return negated_ ? !matches : matches;
}

Truth Condition::holds(Request& request) const {
  const Context::Values& found = request.find(key_);
  if (!found.known) return Truth::Unknown;
  const bool exists = found.values && !found.values->empty();
  if (is_null_) return holds_for(exists ? "false" : "true", request);
  if (!exists) {
    if (if_exists_ || quantifier_ == Quantifier::All) return Truth::True;
    return truth(negated_ && quantifier_ == Quantifier::None);
  }
  const std::vector<std::string>& values = *found.values;
  if (quantifier_ == Quantifier::None)
    return values.size() == 1 ? holds_for(values.front(), request) : Truth::Unknown;
  const bool all = quantifier_ == Quantifier::All;
  Truth result = truth(all);
  for (const std::string& value : values)
    result = all ? result & holds_for(value, request) : result | holds_for(value, request);
  return result;
}

std::vector<Condition> read_conditions(const nlohmann::json& value, const Syntax& syntax) {
  if (!value.is_object()) throw Malformed("it is not an object of operators.");
  std::vector<Condition> conditions;
  for (const auto& [name, keys] : value.items()) {
    if (!keys.is_object() || keys.empty())
      throw Malformed(quote_for_message(name) +
                      R"( has no condition keys. Write {"KEY": "VALUE"}.)");
    std::set<std::size_t> given;
    for (const auto& [key, values] : keys.items())
      if (!given.insert(conditions.emplace_back(name, key, values, syntax).key()).second)
        throw Malformed(quote_for_message(name) + " has the condition key " +
                        quote_for_message(key) + " twice, for letters' case makes no difference.");
  }
  return conditions;
}

}  // namespace trent::policy
