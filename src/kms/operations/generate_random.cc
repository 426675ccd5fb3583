// GenerateRandom.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

namespace {

GenerateRandomResponse generate(Call& call, const GenerateRandomRequest& request) {
  if (!request.number_of_bytes) throw Error(ErrorCode::Validation, "NumberOfBytes is required.");
  call.permit("kms:GenerateRandom");
  return {
      hsm::generate_random(call.home().token, static_cast<std::size_t>(*request.number_of_bytes))};
}

constexpr std::string_view kPermissions[] = {"kms:GenerateRandom"};
constexpr ErrorCode kErrors[] = {ErrorCode::DependencyTimeout, ErrorCode::KMSInternal,
                                 ErrorCode::UnsupportedOperation};
constexpr model::Missing kMissing[] = {
    {"CustomKeyStoreId", "Leave it out: the bytes are of the token's generator."},
    {"Recipient", "Leave it out: there are no enclaves."}};

}  // namespace

const model::Operation& operations::generate_random() {
  static const auto operation =
      model::operation<&generate>({"GenerateRandom", kPermissions, kErrors, true, kMissing});
  return operation;
}
const model::Operation& GenerateRandomRequest::operation() {
  return operations::generate_random();
}

model::Fields GenerateRandomRequest::fields() {
  using R = GenerateRandomRequest;
  static constexpr model::Field fields[] = {model::field<R, &R::number_of_bytes>(
      "NumberOfBytes", model::kNumberOfBytes, model::Need::Required)};
  return fields;
}

model::Fields GenerateRandomResponse::fields() {
  using R = GenerateRandomResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::plaintext>("Plaintext", model::kPlaintext)};
  return fields;
}

}  // namespace trent::kms
