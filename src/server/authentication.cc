// SPDX-License-Identifier: Apache-2.0
// From a request and its connection to a caller.
#include "server/authentication.h"

#include <algorithm>

#include "base/arn.h"
#include "base/encoding.h"
#include "hsm/hmac_secret.h"

namespace trent::server {

namespace {

using Authentication = kms::Caller::Authentication;

AuthenticationError unrecognized(const char* reason) {
  return {"UnrecognizedClientException", "The security token included in the request is invalid.",
          reason};
}

void require_unexpired(const Principal& principal, std::chrono::system_clock::time_point now) {
  if (principal.expires && now >= *principal.expires)
    throw AuthenticationError("ExpiredTokenException",
                              "The security token included in the request is expired", "expired");
}

bool is_hash_of(const Sha256& hash, std::string_view token) {
  const Sha256 other = sha256({as_bytes(token)});
  return CRYPTO_memcmp(hash.data(), other.data(), hash.size()) == 0;
}

// The token of "Bearer TOKEN"; the scheme's name is of any case (RFC 9110).
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); i++) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  return authorization.substr(std::min(authorization.find_first_not_of(' '), authorization.size()));
}

// That a request is signed for, whatever the signature; empty: it does not say.
std::string region_of(const Request& request) {
  try {
    return read_signature(request).region;
  } catch (const AuthenticationError&) {
    return {};
  }
}

kms::Caller caller_of(const Principal& principal, Authentication authentication, const Peer& peer) {
  kms::Caller caller{principal.arn, principal.account, authentication, peer.address};
  if (authentication == Authentication::Signature) caller.access_key_id = principal.access_key_id;
  return caller;
}

}  // namespace

Authenticator::Authenticator(Credentials credentials, kms::Accounts& accounts,
                             std::chrono::seconds skew)
    : credentials_(std::move(credentials)), accounts_(accounts) {
  rules_.skew = skew;
  for (const auto& account : accounts_) rules_.regions.push_back(account->region);
  // Without a secret, it would be known to all.
  for (const Principal& principal : credentials_.principals)
    if (!principal.secret.empty() || secret_in_token(principal))
      access_keys_.emplace(principal.access_key_id, &principal);
  SecretBytes random(20);
  fill_random(random);
  nobody_.secret = to_hex(random);
}

std::shared_ptr<const SecretBytes> Authenticator::signing_key(const Principal& principal,
                                                              const Signature& signature) const {
  // No part of it can hold a slash.
  const std::string name = principal.access_key_id + "/" + signature.date + "/" + signature.region;
  return signing_keys_.get(name, [&] {
    SecretBytes date_key;
    if (const auto label = secret_in_token(principal)) {
      auto signed_date = hsm::sign_with_hmac_secret(accounts_.home(principal.account).token, *label,
                                                    as_bytes(signature.date));
      // Whoever deletes an access key may do it in the token first.
      if (!signed_date) throw unrecognized("no_secret");
      date_key = *std::move(signed_date);
    } else {
      date_key = derive_date_key(principal.secret, signature.date);
    }
    return derive_signing_key(date_key, signature.region, signature.service);
  });
}

kms::Caller Authenticator::by_signature(const Request& request, const Peer& peer, Time now) const {
  const Signature signature = read_signature(request);
  check_rules(signature, request, rules_, now);
  // Whether there is such an access key is not to be told by the time that it takes.
  const auto found = access_keys_.find(signature.access_key_id);
  const bool is_known = found != access_keys_.end() && !found->second->is_disabled;
  const Principal& principal = is_known ? *found->second : nobody_;
  const bool is_right = is_signed_with(*signing_key(principal, signature), signature, request);
  if (!is_known) throw unrecognized("unknown_key");
  if (!is_right) throw wrong_signature();

  // Other accounts may have tokens in other regions.
  if (accounts_.home(principal.account).id == principal.account &&
      accounts_.find_region(principal.account, signature.region) == nullptr)
    throw wrong_region();
  const bool token_is_right =
      principal.session_token_hash
          ? is_hash_of(*principal.session_token_hash, signature.security_token)
          : signature.security_token.empty();
  if (!token_is_right) throw unrecognized("session");
  require_unexpired(principal, now);
  kms::Caller caller = caller_of(principal, Authentication::Signature, peer);
  caller.region = signature.region;
  return caller;
}

const Principal& Authenticator::by_bearer_token(std::string_view token, const Peer& peer,
                                                Time now) const {
  // Everybody on the way could take it and use it.
  if (!peer.is_encrypted && peer.address != "unix") throw missing_authentication("bearer");
  const Sha256 hash = sha256({as_bytes(token)});
  const Principal* found = nullptr;
  for (const Principal& principal : credentials_.principals)
    if (principal.bearer_hash &&
        CRYPTO_memcmp(principal.bearer_hash->data(), hash.data(), hash.size()) == 0)
      found = &principal;
  if (found == nullptr || found->is_disabled) throw unrecognized("bearer");
  require_unexpired(*found, now);
  return *found;
}

const Principal* Authenticator::by_certificate(const Peer& peer) const {
  for (const Principal& principal : credentials_.principals)
    if (!principal.certificate.empty() && !principal.is_disabled &&
        std::ranges::find(peer.certificate_names, principal.certificate) !=
            peer.certificate_names.end())
      return &principal;
  return nullptr;
}

const Principal* Authenticator::by_uid(const Peer& peer) const {
  for (const Principal& principal : credentials_.principals)
    if (peer.uid && principal.uid == peer.uid && !principal.is_disabled) return &principal;
  return nullptr;
}

kms::Caller Authenticator::authenticate(const Request& request, const Peer& peer, const Ways& ways,
                                        Time now) const {
  const std::string* authorization = single_header(request, "authorization");
  const bool is_shown = authorization != nullptr || is_presigned(request);
  if (is_shown && !ways.insecure_as) {
    const auto token = authorization == nullptr ? std::nullopt : bearer_token(*authorization);
    if (token && ways.bearer)
      return caller_of(by_bearer_token(*token, peer, now), Authentication::BearerToken, peer);
    if (!token && ways.signature) return by_signature(request, peer, now);
    throw missing_authentication(token ? "bearer" : "missing");
  }

  const char* reason = "missing";
  if (ways.certificate && !peer.certificate_names.empty()) {
    reason = "certificate";
    if (const Principal* principal = by_certificate(peer)) {
      require_unexpired(*principal, now);
      return caller_of(*principal, Authentication::Certificate, peer);
    }
  }
  if (ways.unix_user && peer.uid) {
    reason = "user";
    if (const Principal* principal = by_uid(peer)) {
      require_unexpired(*principal, now);
      return caller_of(*principal, Authentication::UnixUser, peer);
    }
  }
  if (!ways.insecure_as) throw missing_authentication(reason);
  const std::string arn =
      *ways.insecure_as == "root" ? root_arn(accounts_[0].id) : *ways.insecure_as;
  const auto parts = parse_arn(arn);
  kms::Caller caller{arn, std::string(parts ? parts->account : accounts_[0].id),
                     Authentication::Nobody, peer.address};
  if (is_shown) caller.region = region_of(request);
  return caller;
}

}  // namespace trent::server
