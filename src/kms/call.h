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
#include "kms/key.h"
#include "kms/model/operation.h"
#include "kms/service.h"

namespace trent::kms {

class Call {
 public:
  // `keys`, if given, gets the ARNs of the keys that the request concerns.
  Call(Service& service, const Caller& caller, const model::Operation& operation,
       std::vector<std::string>* keys = nullptr)
      : service_(service), caller_(caller), operation_(operation), keys_(keys) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The account that bare key ids and aliases belong to, and new keys.
  Account& home() const { return service_.accounts().home(caller_.account); }

  // Asks whether the caller may, where no key is concerned yet ("kms:CreateKey"), or this one.
  void permit(std::string_view permission);
  void permit(std::string_view permission, const std::string& key_arn);

  // The request concerns a key that permission was not asked for: it has made it.
  void made(const std::string& key_arn) {
    if (keys_ != nullptr) keys_->push_back(key_arn);
  }

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
  // key nor algorithm.
  KeyOfBlob use_key_of(ByteView ciphertext, const std::optional<std::string>& key_id,
                       std::string_view permission, std::string_view algorithm = kSymmetricDefault);

  // What a key id or key ARN names, before the token is asked whether it is there.
  struct Named {
    Account& account;
    std::string key_id;
  };
  Named locate(const std::string& key_id) const;
  // As the token has it now, for whoever is to change something. Throws NotFoundException if it is
  // deleted, too.
  Key find(const hsm::ChangeLock& lock, const Named& named, std::string_view permission);
  // Changes the record of a key. `change` gets the record as it is at that moment, and the ARN.
  // Returns the ARN.
  std::string change_key(
      const std::string& key_id, std::string_view permission,
      const std::function<void(catalog::KeyRecord& record, const std::string& arn)>& change);

  const Config& config() const { return service_.config(); }

  // There are no grants yet, so no token can be a good one.
  void check_grant_tokens(const std::vector<std::string>& tokens) const;
  // KMS's answer to a request that would have succeeded, but says DryRun.
  void end_dry_run(bool is_dry_run) const;

 private:
  Key resolve(const std::string& key_id, Accept accept) const;
  Key key_of_material(const blob::KeyMaterialId& material) const;

  Service& service_;
  const Caller& caller_;
  const model::Operation& operation_;
  std::vector<std::string>* const keys_;
};

}  // namespace trent::kms
