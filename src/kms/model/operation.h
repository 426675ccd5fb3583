// SPDX-License-Identifier: Apache-2.0
// An operation of KMS as data: what a door, a policy, an audit record and the documentation need to
// know of it. docs/architecture.md says who reads it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "kms/model/field.h"

namespace trent::kms {
class Call;
}

namespace trent::kms::model {

// A member that KMS has and Trent does not have yet.
struct Missing {
  std::string_view name;
  const char* reason;  // a sentence for whoever gives it
};

struct Operation {
  std::string_view name;  // "ReEncrypt"
  // What the caller must be allowed to do, in the order in which it is asked: "kms:ReEncryptFrom".
  std::span<const std::string_view> permissions;
  std::span<const ErrorCode> errors;  // those that KMS's model lists, in its order
  bool read_only;                     // as CloudTrail says of it
  std::span<const Missing> missing;
  bool across_accounts;  // whether a key of another account will do ("Cross-account use")

  Fields request;
  Fields response;  // none: the operation has no response
  std::shared_ptr<void> (*new_request)();
  std::shared_ptr<void> (*new_response)();
  void (*run)(Call& call, const void* request, void* response);

  bool has_response() const { return !response.empty(); }
  // Whether the response comes in pages.
  bool is_paged() const { return find_field(request, "Marker") != nullptr; }
};

// The response of operations that have none.
struct Nothing {
  static Fields fields() { return {}; }
};

// What the handler does not say of an operation.
struct Facts {
  std::string_view name;
  std::span<const std::string_view> permissions;
  std::span<const ErrorCode> errors;
  bool read_only = false;
  std::span<const Missing> missing{};
  bool across_accounts = false;
};

// For Facts::across_accounts.
inline constexpr bool kAcrossAccounts = true;

namespace detail {

template <auto Handler>
struct Handle;
template <class Request, class Response, Response (*Handler)(Call&, const Request&)>
struct Handle<Handler> {
  static Operation operation(const Facts& facts) {
    return {facts.name,
            facts.permissions,
            facts.errors,
            facts.read_only,
            facts.missing,
            facts.across_accounts,
            Request::fields(),
            Response::fields(),
            [] { return std::shared_ptr<void>(std::make_shared<Request>()); },
            [] { return std::shared_ptr<void>(std::make_shared<Response>()); },
            [](Call& call, const void* request, void* response) {
              *static_cast<Response*>(response) =
                  Handler(call, *static_cast<const Request*>(request));
            }};
  }
};

}  // namespace detail

// The operation that `Handler` performs: Response handler(Call&, const Request&).
template <auto Handler>
Operation operation(const Facts& facts) {
  return detail::Handle<Handler>::operation(facts);
}

}  // namespace trent::kms::model
