// SPDX-License-Identifier: Apache-2.0
// GenerateRandom.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

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
constexpr Missing kMissing[] = {
    {"CustomKeyStoreId", "Leave it out: the bytes are of the token's generator."},
    {"Recipient", "Leave it out: there are no enclaves."}};

}  // namespace

const Operation& operations::generate_random() {
  static const Operation stated =
      operation<&generate>({"GenerateRandom", kPermissions, kErrors, true, kMissing});
  return stated;
}
const Operation& GenerateRandomRequest::operation() {
  return operations::generate_random();
}

Fields GenerateRandomRequest::fields() {
  using R = GenerateRandomRequest;
  static constexpr Field fields[] = {
      field<R, &R::number_of_bytes>("NumberOfBytes", kNumberOfBytes)};
  return fields;
}

Fields GenerateRandomResponse::fields() {
  using R = GenerateRandomResponse;
  static constexpr Field fields[] = {field<R, &R::plaintext>("Plaintext", kPlaintext)};
  return fields;
}

}  // namespace trent::kms
