// SPDX-License-Identifier: Apache-2.0
// GetPublicKey.
#include "base/error.h"
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::vector<std::string> grant_tokens;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required),
        field<Request, &Request::grant_tokens>("GrantTokens", kGrantTokenList)};
    return fields;
  }
};

struct Response {
  std::string key_id;
  Bytes public_key;  // DER SubjectPublicKeyInfo
  std::string key_spec;
  std::string key_usage;
  std::vector<std::string> encryption_algorithms;
  std::vector<std::string> signing_algorithms;
  std::vector<std::string> key_agreement_algorithms;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::key_id>("KeyId", kKeyId),
        field<Response, &Response::public_key>("PublicKey", kPublicKey),
        field<Response, &Response::key_spec>("CustomerMasterKeySpec", kCustomerMasterKeySpec),
        field<Response, &Response::key_spec>("KeySpec", kKeySpec),
        field<Response, &Response::key_usage>("KeyUsage", kKeyUsage),
        field<Response, &Response::encryption_algorithms>("EncryptionAlgorithms",
                                                          kEncryptionAlgorithmList),
        field<Response, &Response::signing_algorithms>("SigningAlgorithms", kSigningAlgorithmList),
        field<Response, &Response::key_agreement_algorithms>("KeyAgreementAlgorithms",
                                                             kKeyAgreementAlgorithmList)};
    return fields;
  }
};

Response get(Call& call, const Request& request) {
  const Key key = call.look_at(request.key_id, "kms:GetPublicKey");
  if (catalog::is_pending_deletion(key.record->state)) throw pending_deletion(key.arn());
  if (key.record->materials.empty()) throw pending_import(key.arn());
  KeyMetadata told = metadata(key);
  if (!told.public_key)
    throw Error(ErrorCode::UnsupportedOperation,
                key.arn() + " key spec is " + std::string(wire_name(key.record->spec)) +
                    " which is not valid for GetPublicKey.",
                "Only RSA and elliptic curve keys have a public key.");
  return {key.arn(),
          told.public_key->der(),
          std::move(told.key_spec),
          std::move(told.key_usage),
          std::move(told.encryption_algorithms),
          std::move(told.signing_algorithms),
          std::move(told.key_agreement_algorithms)};
}

constexpr std::string_view kPermissions[] = {"kms:GetPublicKey"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound,
                                 ErrorCode::Disabled,
                                 ErrorCode::KeyUnavailable,
                                 ErrorCode::DependencyTimeout,
                                 ErrorCode::UnsupportedOperation,
                                 ErrorCode::InvalidArn,
                                 ErrorCode::InvalidGrantToken,
                                 ErrorCode::InvalidKeyUsage,
                                 ErrorCode::KMSInternal,
                                 ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::get_public_key() {
  static const Operation stated =
      operation<&get>({"GetPublicKey", kPermissions, kErrors, true, {}, kAcrossAccounts});
  return stated;
}

}  // namespace trent::kms
