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

DeriveSharedSecretResponse derive(Call& call, const DeriveSharedSecretRequest& request) {
  const Key key = call.use(request.key_id, "kms:DeriveSharedSecret", KeyUsage::KeyAgreement,
                           request.key_agreement_algorithm);
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
  static const Operation stated = operation<&derive>(
      {"DeriveSharedSecret", kPermissions, kErrors, true, kMissing, kAcrossAccounts});
  return stated;
}
const Operation& DeriveSharedSecretRequest::operation() {
  return operations::derive_shared_secret();
}

Fields DeriveSharedSecretRequest::fields() {
  using R = DeriveSharedSecretRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::key_agreement_algorithm>("KeyAgreementAlgorithm", kKeyAgreementAlgorithm,
                                            Need::Required),
      field<R, &R::public_key>("PublicKey", kPublicKey, Need::Required),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields DeriveSharedSecretResponse::fields() {
  using R = DeriveSharedSecretResponse;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId),
      field<R, &R::shared_secret>("SharedSecret", kPlaintext),
      field<R, &R::key_agreement_algorithm>("KeyAgreementAlgorithm", kKeyAgreementAlgorithm),
      field<R, &R::key_origin>("KeyOrigin", kOrigin)};
  return fields;
}

}  // namespace trent::kms
