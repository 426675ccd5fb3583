// SPDX-License-Identifier: Apache-2.0
// Grants: when one applies, and their tokens.
#include "kms/grant.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/openssl.h"
#include "kms/context_pairs.h"
#include "kms/grant_shapes.h"

namespace trent::kms {

namespace {

// A token is version, account, grant id, nonce and authentication code, in base64.
constexpr std::uint8_t kGrantTokenVersion = 1;
constexpr std::size_t kAccountLength = 12;
constexpr std::size_t kGrantIdLength = 32;
constexpr std::size_t kNonceLength = 16;
constexpr std::size_t kSigned = 1 + kAccountLength + kGrantIdLength + kNonceLength;

SecretBytes code_of(const catalog::GrantRecord& grant, ByteView signed_part) {
  return hmac_sha256(grant.secret, signed_part);
}

Error invalid_token() {
  return Error(ErrorCode::InvalidGrantToken, {},
               "No grant has this token: it was retired or revoked, or the token is cut off. "
               "`trent list-grants` shows the grants of a key.");
}

// "ReEncryptTo" of "kms:ReEncryptTo"
std::string_view operation_of(std::string_view permission) {
  return permission.substr(permission.find(':') + 1);
}

bool is_met(const catalog::GrantConstraints& constraints, const Asked& asked) {
  // It is for services of AWS, of which none calls here.
  if (!constraints.source_arn.empty()) return false;
  const EncryptionContext* context = encryption_context(asked);
  // Where a request can have no encryption context, KMS passes over the constraint.
  if (context == nullptr) return true;
  if (!constraints.context_equals.empty()) return *context == constraints.context_equals;
  return has_pairs(*context, constraints.context_subset);
}

}  // namespace

bool is_grant_operation(std::string_view permission) {
  return std::ranges::find(model::detail::kGrantOperations, operation_of(permission)) !=
         model::detail::kGrantOperations.end();
}

bool applies(const catalog::GrantRecord& grant, const Asked& asked,
             const policy::Principal& principal) {
  return asked.key != nullptr && grant.key_id == asked.key->record->key_id &&
         (grant.grantee == principal.arn ||
          (!principal.role.empty() && grant.grantee == principal.role)) &&
         std::ranges::find(grant.operations, operation_of(asked.permission)) !=
             grant.operations.end() &&
         is_met(grant.constraints, asked);
}

std::string new_grant_token(const Account& account, const catalog::GrantRecord& grant) {
  Bytes token{kGrantTokenVersion};
  token.insert(token.end(), account.id.begin(), account.id.end());
  const auto id = from_hex(grant.grant_id);
  token.insert(token.end(), id->begin(), id->end());
  std::array<std::uint8_t, kNonceLength> nonce{};
  fill_random(nonce);
  token.insert(token.end(), nonce.begin(), nonce.end());
  const SecretBytes code = code_of(grant, token);
  token.insert(token.end(), code.begin(), code.end());
  return to_base64(token);
}

NamedGrant grant_of_token(const Accounts& accounts, const std::string& text) {
  const auto token = from_base64(text);
  if (!token || token->size() != kSigned + Sha256{}.size() || token->front() != kGrantTokenVersion)
    throw invalid_token();
  const ByteView all(*token);
  const std::string account_id(as_text(all.subspan(1, kAccountLength)));
  const std::string grant_id = to_hex(all.subspan(1 + kAccountLength, kGrantIdLength));
  std::optional<Error> not_looked;
  for (const auto& account : accounts) {
    if (account->id != account_id) continue;
    GrantPointer grant;
    try {
      grant = account->catalog.grant(grant_id);
    } catch (const Error& error) {
      if (!not_looked) not_looked = error;
    }
    if (!grant) continue;  // it may be of a key in another region
    const SecretBytes code = code_of(*grant, all.first(kSigned));
    if (CRYPTO_memcmp(code.data(), all.subspan(kSigned).data(), code.size()) != 0) break;
    return {account.get(), std::move(grant)};
  }
  if (not_looked) throw Error(*not_looked);
  throw invalid_token();
}

}  // namespace trent::kms
