// SPDX-License-Identifier: Apache-2.0
// DeriveSharedSecret.
#include "base/error.h"
#include "kms/call.h"
#include "kms/key_spec.h"
#include "kms/material.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::string key_agreement_algorithm;
  Bytes public_key;  // the peer's, DER SubjectPublicKeyInfo
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required),
        field<Request, &Request::key_agreement_algorithm>("KeyAgreementAlgorithm",
                                                          kKeyAgreementAlgorithm, Need::Required),
        field<Request, &Request::public_key>("PublicKey", kPublicKey, Need::Required),
        field<Request, &Request::grant_tokens>("GrantTokens", kGrantTokenList),
        field<Request, &Request::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

struct Response {
  std::string key_id;
  SecretBytes shared_secret;  // the x coordinate
  std::string key_agreement_algorithm;
  std::string key_origin;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::key_id>("KeyId", kKeyId),
        field<Response, &Response::shared_secret>("SharedSecret", kPlaintext),
        field<Response, &Response::key_agreement_algorithm>("KeyAgreementAlgorithm",
                                                            kKeyAgreementAlgorithm),
        field<Response, &Response::key_origin>("KeyOrigin", kOrigin)};
    return fields;
  }
};

Response derive(Call& call, const Request& request) {
  const Key key = call.use(request.key_id, "kms:DeriveSharedSecret", KeyUsage::KeyAgreement,
                           request.key_agreement_algorithm);
  call.check_grant_tokens(request.grant_tokens);
  const PublicKey peer(request.public_key);
  if (as_text(peer.curve()) != key_spec(key.record->spec).key_pair->curve)
    throw Error(ErrorCode::Validation,
                "PublicKey is not a public key on the curve of key spec " +
                    std::string(wire_name(key.record->spec)) + ".",
                "Give the peer's key as DER SubjectPublicKeyInfo: `openssl pkey -pubout -outform "
                "DER`.");
  call.end_dry_run(request.dry_run);
  return {key.arn(), hsm::agree(key.account->token, private_key_ref(*key.record), peer),
          request.key_agreement_algorithm, std::string(wire_name(key.record->origin))};
}

constexpr std::string_view kPermissions[] = {"kms:DeriveSharedSecret"};
constexpr ErrorCode kErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,          ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidGrantToken, ErrorCode::InvalidKeyUsage,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};
constexpr Missing kMissing[] = {{"Recipient", "Leave it out: there are no enclaves."}};

}  // namespace

const Operation& operations::derive_shared_secret() {
  static const Operation stated =
      operation<&derive>({"DeriveSharedSecret", kPermissions, kErrors, true, kMissing});
  return stated;
}

}  // namespace trent::kms
