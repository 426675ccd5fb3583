// SPDX-License-Identifier: Apache-2.0
// An operation that KMS refuses, as `aws` reports it.
#pragma once

#include <stdexcept>
#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "cli/errors.h"
#include "cli/kms_endpoint.h"

namespace trent::cli {

// The whole report, of one or two lines, and the exit code.
struct ServiceError : std::runtime_error {
  ServiceError(const kms::model::Operation& operation, const Error& error)
      : ServiceError(operation, error.name(), error.message(), error.advice(),
                     error.is_in_configuration() ? kConfiguration : kService) {}
  ServiceError(const kms::model::Operation& operation, const ForeignError& error)
      : ServiceError(operation, printable(error.name), printable(error.what()), error.advice,
                     kService) {}

  const int exit_code;

 private:
  ServiceError(const kms::model::Operation& operation, std::string_view name,
               std::string_view message, std::string_view advice, int code)
      : runtime_error("An error occurred (" + std::string(name) + ") when calling the " +
                      std::string(operation.name) + " operation: " + std::string(message) +
                      (advice.empty() ? "" : "\n" + std::string(advice))),
        exit_code(code) {}
};

// What `call` returns; throws ServiceError.
template <class Call>
auto reported(const kms::model::Operation& operation, Call call) {
  try {
    return call();
  } catch (const Error& error) {
    throw ServiceError(operation, error);
  } catch (const ForeignError& error) {
    throw ServiceError(operation, error);
  }
}

template <class Request>
typename Request::Response call_reported(KmsEndpoint& endpoint, const Request& request) {
  return reported(Request::operation(), [&] { return endpoint.call(request); });
}

}  // namespace trent::cli
