// SPDX-License-Identifier: Apache-2.0
// Policies in the language of AWS IAM (IAM User Guide, "IAM JSON policy reference"), and what they
// decide. Knows nothing of tokens, of KMS's operations, or of where a policy comes from.
//
// What is not known to it denies: a document with a member that it does not know is refused as a
// whole, and a condition with an operator or a key that nobody knows holds in a Deny and fails in
// an Allow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace trent::policy {

// A sentence that says which statement is wrong, and how.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Kind {
  Resource,  // of a key: its statements have a Principal
  Identity,  // of a user or a role: its statements have none
};

// The condition keys of a request. Names are compared without regard to case.
class Context {
 public:
  virtual ~Context() = default;
  struct Values {
    bool known = true;  // false: nobody could say whether the request has such a key
    // nullopt: the request does not have it. Numbers, dates (ISO 8601 or seconds) and truth values
    // are as text, binary values in base64.
    std::optional<std::vector<std::string>> values = {};
  };
  virtual Values find(std::string_view key) const = 0;
};

// Who asks.
struct Principal {
  std::string arn;      // arn:aws:iam::111122223333:user/alice; of a session, the session's
  std::string account;  // 12 digits
  // Of an assumed-role session: the role's ARN, which policies name as well; else empty.
  std::string role = {};
  // Of a service ("kms.amazonaws.com"): then `arn` is empty.
  std::string service = {};
};

// What is asked.
struct Query {
  const Principal& principal;
  std::string_view action;    // kms:ReEncryptFrom
  std::string_view resource;  // an ARN, or "*" where no resource is concerned
  const Context& context;
};

// The statement that decided.
struct Reason {
  std::size_t statement = 0;  // from 0
  std::string sid = {};       // may be empty
};

struct Decision {
  // Each is the first statement that says so; nullopt: none does.
  std::optional<Reason> deny;
  // Allows the principal itself, by name, by its role's name or by "*".
  std::optional<Reason> allow;
  // Allows the account, which may then allow its principals by their own policies. A root user is
  // its account: for it this is `allow`. Only resource policies have it.
  std::optional<Reason> allow_account;
};

// Immutable once parsed, so that many threads may ask it.
class Policy {
 public:
  // Throws Malformed.
  static Policy parse(std::string_view json, Kind kind);
  Policy(Policy&&) noexcept;
  Policy& operator=(Policy&&) noexcept;
  ~Policy();

  Decision decide(const Query& query) const;

 private:
  struct Document;
  explicit Policy(std::unique_ptr<const Document> document);
  std::unique_ptr<const Document> document_;
};

}  // namespace trent::policy
