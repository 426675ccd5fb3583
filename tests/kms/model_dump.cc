// SPDX-License-Identifier: Apache-2.0
// Prints the tables of all operations as JSON, for model_oracle.py and compatibility.py.
#include <iostream>

#include "kms/model/json.h"
#include "kms/operations/operations.h"

namespace {

using namespace trent::kms;
using nlohmann::ordered_json;

ordered_json of_fields(model::Fields fields, void* object);

ordered_json of_shape(const model::Shape& shape) {
  ordered_json out{{"shape", shape.name}, {"sensitive", shape.sensitive}};
  if (shape.min != model::Shape::kNone) out["min"] = shape.min;
  if (shape.max != model::Shape::kNone) out["max"] = shape.max;
  if (!shape.values.empty()) out["enum"] = shape.values;
  if (shape.member != nullptr) out["member"] = of_shape(*shape.member);
  return out;
}

ordered_json of_fields(model::Fields fields, void* object) {
  ordered_json list = ordered_json::array();
  for (const model::Field& field : fields) {
    ordered_json out = of_shape(*field.shape);
    out["name"] = field.name;
    out["required"] = field.need == model::Need::Required;
    std::visit(model::Overloaded{[&](const model::Structure& structure) {
                                   out["fields"] = of_fields(structure.fields, structure.object);
                                 },
                                 [&](const model::Structures& structures) {
                                   void* item = structures.add(structures.list);
                                   out["fields"] = of_fields(structures.fields, item);
                                 },
                                 [](const auto&) {}},
               field.in(object));
    list.push_back(std::move(out));
  }
  return list;
}

}  // namespace

int main() {
  ordered_json all = ordered_json::object();
  for (const model::Operation* operation : operations::all()) {
    ordered_json& out = all[std::string(operation->name)];
    out["request"] = of_fields(operation->request, operation->new_request().get());
    out["response"] = of_fields(operation->response, operation->new_response().get());
    out["missing"] = ordered_json::array();
    out["reasons"] = ordered_json::object();
    for (const model::Missing& missing : operation->missing) {
      out["missing"].push_back(missing.name);
      out["reasons"][std::string(missing.name)] = missing.reason;
    }
    out["errors"] = ordered_json::array();
    for (const trent::ErrorCode error : operation->errors)
      out["errors"].push_back(trent::error_name(error));
  }
  std::cout << all.dump(1) << '\n';
}
