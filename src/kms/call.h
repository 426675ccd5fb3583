// SPDX-License-Identifier: Apache-2.0
// One request on its way through KMS: the caller, and the way from an identifier to a key. An
// operation gets keys here only, so none is used without the permission being asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blob/blob.h"
#include "hsm/change_lock.h"
#include "kms/algorithm.h"
#include "kms/caller.h"
#include "kms/grant.h"
#include "kms/key.h"
#include "kms/model/operation.h"
#include "kms/service.h"

namespace trent::kms {

class Call {
 public:
  // Throws InvalidGrantTokenException if the request names a grant that there is not.
  Call(Service& service, const Caller& caller, const model::Operation& operation,
       const void* request, Trace& trace);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The account that bare key ids and aliases belong to, and new keys.
  Account& home() const { return service_.accounts().home(caller_.account, caller_.region); }

  // Asks whether the caller may, where no key is concerned yet ("kms:CreateKey"), or this one, or
  // this alias of the account. Throws AccessDeniedException.
  void permit(std::string_view permission);
  // `granted`: something else than a policy allows it, unless a policy denies it.
  void permit(std::string_view permission, const Key& key, bool granted = false);
  void permit_alias(std::string_view permission, const Account& account, const std::string& alias);
  // Whether the caller might, if the key had that policy.
  bool could(std::string_view permission, const Key& key, const policy::Policy& key_policy) const;

  // The request concerns a key that permission was not asked for: it has made it.
  void made(const std::string& key_arn) { trace_.keys.push_back(key_arn); }
  // A key that is to be made is like this one, as far as policies ask.
  void copies(const Key& key) { source_ = key; }
  // Plaintext comes into the memory of this process that could have stayed in the token.
  void in_host() { trace_.in_host = true; }

  enum class Accept { All, KeyIdOnly };  // whether an alias will do
  // The key, in whatever state it is. Throws NotFoundException, in KMS's words.
  Key look_at(const std::string& key_id, std::string_view permission, Accept accept = Accept::All);
  // The key, to be used now: KMS's errors if its state, usage or algorithm does not allow that.
  Key use(const std::string& key_id, std::string_view permission,
          catalog::KeyUsage usage = catalog::KeyUsage::EncryptDecrypt,
          std::string_view algorithm = kSymmetricDefault);

  struct KeyOfBlob {
    Key key;
    std::optional<Hash> oaep;  // an RSA key's: the ciphertext is no blob
    blob::Blob blob;           // otherwise
  };
  // The key that a ciphertext is under, to be used now. If `key_id` names one, it must be the
  // blob's own (IncorrectKeyException); if not, the blob does (AccessDeniedException if it is
  // unknown: KMS does not tell whether such a key exists). Ciphertext of an RSA key tells neither
  // key nor algorithm. `ignored`: a key that is named need not be the ciphertext's, for nothing is
  // done with that.
  KeyOfBlob use_key_of(ByteView ciphertext, const std::optional<std::string>& key_id,
                       std::string_view permission, std::string_view algorithm = kSymmetricDefault,
                       bool ignored = false);

  // What a key id or key ARN names, before the token is asked whether it is there.
  struct Named {
    Account& account;
    std::string key_id;
  };
  Named locate(const std::string& key_id) const;
  // As the token has it now, for whoever is to change something. Throws NotFoundException if it is
  // deleted, too.
  Key find(const hsm::ChangeLock& lock, const Named& named, std::string_view permission);
  // Changes the record of a key, under the lock of its token. `change` gets the record as it is at
  // that moment, and the ARN. Returns the ARN.
  std::string change_key(
      const std::string& key_id, std::string_view permission,
      const std::function<void(catalog::KeyRecord& record, const std::string& arn)>& change);
  // The same under a lock that is held.
  std::string change_key(
      const hsm::ChangeLock& lock, const Named& named, std::string_view permission,
      const std::function<void(catalog::KeyRecord& record, const std::string& arn)>& change);

  // The grant that allowed what was last asked for; null: none had to.
  const GrantPointer& by_grant() const { return by_grant_; }
  // A key of this account, or one by its id or ARN, for which no permission was asked yet.
  static Key key_in(Account& account, const std::string& key_id);
  Key named_key(const std::string& key_id) const { return resolve(key_id, Accept::KeyIdOnly); }
  Accounts& accounts() const { return service_.accounts(); }
  Authorization& authorization() const { return service_.authorization(); }

  const Caller& caller() const { return caller_; }
  const Config& config() const { return service_.config(); }

  // KMS's answer to a request that would have succeeded, but says DryRun.
  void end_dry_run(bool is_dry_run) const;

 private:
  Asked ask_for(std::string_view permission, const Key* key, std::string resource,
                const std::string& account) const;
  Verdict decide(const Asked& asked);
  [[noreturn]] void deny(const Asked& asked, const Verdict& verdict) const;
  // For a ciphertext whose key is not there, or not for the caller: KMS does not tell which.
  [[noreturn]] void deny_ciphertext(std::string_view permission,
                                    const blob::KeyMaterialId& material) const;
  Key resolve(const std::string& key_id, Accept accept) const;
  Key key_of_material(const blob::KeyMaterialId& material, std::string_view permission) const;

  Service& service_;
  const Caller& caller_;
  const model::Operation& operation_;
  const void* const request_;
  Key source_;                            // of ReEncrypt, once it is found; of ReplicateKey
  std::vector<NamedGrant> named_grants_;  // by their tokens
  GrantPointer by_grant_;
  Trace& trace_;
  std::string_view asked_;  // the permission that was asked for last, for a key
};

}  // namespace trent::kms
