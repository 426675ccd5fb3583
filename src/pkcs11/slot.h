// SPDX-License-Identifier: Apache-2.0
// A slot: one token of the configuration, with the KMS keys of its account.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hsm/token.h"
#include "kms/enforced.h"
#include "kms/service.h"
#include "pkcs11/cryptoki.h"

namespace trent::pkcs11 {

// Thread-safe. Opens nothing before it is asked for something.
class Slot {
 public:
  // The token number `id` of the service's configuration.
  Slot(CK_SLOT_ID id, kms::Service& service);

  CK_SLOT_ID id() const { return id_; }
  const Config& library_config() const { return service_.config(); }
  hsm::Token& token() { return account_.token; }

  // Does the operation, as the one who calls through this slot: bare key ids and aliases are those
  // of its account.
  template <class Request>
  typename Request::Response call(const Request& request) {
    return service_.call(caller(), request);
  }
  // C_LoginUser gave this name; empty: the principal of the configuration calls again.
  void set_user(const std::string& name);
  const TokenConfig& config() { return token().config(); }

  bool is_enforced(const kms::KeyMetadata& key) { return kms::is_enforced(service_, key); }

  // CKA_LABEL of a key: its first alias, without "alias/", or else its id. Names that others change
  // are seen `refresh` later.
  std::string label(const std::string& key_id);
  void forget_labels();

  // Held while the login, or the number of sessions on which it depends, changes.
  std::mutex login_mutex;
  // How often it is open; what C_GetTokenInfo tells.
  std::atomic<CK_ULONG> sessions = 0;
  std::atomic<CK_ULONG> rw_sessions = 0;
  // C_Login went through here (and was passed on, unless the configuration has the PIN).
  std::atomic<bool> logged_in = false;
  // C_Logout went through here: where the configuration has the PIN, sessions are logged in before.
  std::atomic<bool> logged_out = false;
  // How often C_Logout did: it ends the operations with KMS keys that were begun before.
  std::atomic<std::uint64_t> logouts = 0;

 private:
  kms::Caller caller();

  CK_SLOT_ID id_;
  kms::Service& service_;
  kms::Account& account_;
  const kms::Caller configured_;
  std::mutex caller_mutex_;
  kms::Caller caller_;
  std::mutex labels_mutex_;
  std::map<std::string, std::string> aliases_;  // the first of each key, by key id
  std::optional<std::chrono::steady_clock::time_point> aliases_read_;
};

}  // namespace trent::pkcs11
