// SPDX-License-Identifier: Apache-2.0
// A SoftHSM token in a directory of its own, for tests that run against a real token.
//
// SoftHSM is one instance per process, and several processes on one token disturb each other, so:
// one SoftHsm per test executable, made first thing in main().
#pragma once

#include <p11-kit/pkcs11.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"

namespace trent::test {

inline constexpr const char* kSoftHsmModule = "/usr/lib/softhsm/libsofthsm2.so";
inline constexpr const char* kTokenLabel = "kms";
inline constexpr const char* kUserPin = "1234";
inline constexpr const char* kSoPin = "12345678";
inline constexpr const char* kAccount = "111122223333";
inline constexpr const char* kRegion = "local";

class SoftHsm {
 public:
  struct Options {
    // What Trent loads: SoftHSM itself or a module that forwards to it (spy, fault).
    std::string module = kSoftHsmModule;
    bool reset_on_fork = false;  // SoftHSM's library.reset_on_fork
    std::string toml{};          // more lines for the top of trent.toml
  };

  // Makes the directory and the token, writes trent.toml, sets SOFTHSM2_CONF and TRENT_CONF.
  // SoftHSM is left finalised.
  SoftHsm() : SoftHsm(Options{}) {}
  explicit SoftHsm(const Options& options);
  // Removes the directory, in the process that made it.
  ~SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  // The parsed trent.toml.
  Config config() const { return load_config(); }

 private:
  std::filesystem::path directory_;
  int owner_;  // process id
};

// SoftHSM's own function list, without Trent and p11-kit in between. Never closed.
CK_FUNCTION_LIST* softhsm();

// Throws unless rv is CKR_OK.
void check_rv(CK_RV rv, const char* what);

// One more token for the SoftHSM that there is, with the same PINs. Leaves SoftHSM finalised.
void make_token(const std::string& label);

// A session that looks into the token behind Trent's back, in the same process. Leaves SoftHSM
// initialised and the user logged in, for Trent may be using it.
class RawSession {
 public:
  explicit RawSession(const std::string& label = kTokenLabel);
  ~RawSession();
  RawSession(const RawSession&) = delete;
  RawSession& operator=(const RawSession&) = delete;

  CK_SESSION_HANDLE handle() const { return session_; }
  // All objects that match, token and session objects alike, but for those by which Trent knows
  // that its handles are its own (src/hsm/sentinel.h).
  std::vector<CK_OBJECT_HANDLE> find(std::vector<CK_ATTRIBUTE> match = {}) const;
  std::size_t count(std::vector<CK_ATTRIBUTE> match = {}) const {
    return find(std::move(match)).size();
  }
  std::size_t count_session_objects() const;
  // Empty if the object does not have the attribute or will not show it.
  std::string attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

 private:
  CK_SESSION_HANDLE session_;
};

// The slot with our token, or another one. SoftHSM must be initialised.
CK_SLOT_ID token_slot(const std::string& label = kTokenLabel);

}  // namespace trent::test
