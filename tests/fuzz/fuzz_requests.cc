// SPDX-License-Identifier: Apache-2.0
// Requests as JSON: whatever comes, it is one of four errors, or a request that the model allows,
// and that says the same when it is written and read again. The first byte chooses the operation.
#include "base/error.h"
#include "fuzz.h"
#include "kms/model/json.h"
#include "kms/operations/operations.h"

using namespace trent;
using fuzz::require;
namespace model = kms::model;

namespace {

bool is_of_a_request(ErrorCode code) {
  return code == ErrorCode::Serialization || code == ErrorCode::Validation ||
         code == ErrorCode::UnsupportedOperation;
}

// The request, read and written again.
SecretString read(const model::Operation& operation, std::string_view text) {
  const auto request = operation.new_request();
  const JsonDocument json = model::parse_json(text);
  model::read_request(operation, request.get(), json.root());
  const auto told = nlohmann::json::parse(model::request_parameters(operation, request.get()));
  for (const model::Field& field : operation.request)
    if (field.shape->sensitive || field.shape->type == model::Type::Blob)
      require(!told.contains(model::lower_camel(field.name)), "an audit record has no secret");
  SecretString written = model::write_json(operation.request, request.get());
  require(written == model::to_json(operation.request, request.get()).dump(),
          "both ways of writing say the same");
  return written;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto all = kms::operations::all();
  const model::Operation& operation = *all[data[0] % all.size()];
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    const SecretString once = read(operation, text);
    require(once == read(operation, once), "a request says the same when it is read again");
  } catch (const Error& error) {
    require(is_of_a_request(error.code()), "the error is one of a request's");
    require(!error.message().empty(), "the error has a message");
    require(error.text().size() < 20000, "the input is not echoed");
  }
  return 0;
}
