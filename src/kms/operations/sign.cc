// SPDX-License-Identifier: Apache-2.0
// Sign and Verify.
#include "base/error.h"
#include "hsm/public_key_object.h"
#include "kms/algorithm.h"
#include "kms/call.h"
#include "kms/key_spec.h"
#include "kms/material.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

// The key, the algorithm, and what is signed with it: a digest, or the message.
struct Prepared {
  Key key;
  SigningAlgorithm algorithm;
  Bytes input;
};

Prepared prepare(Call& call, const SignRequest& request, std::string_view permission) {
  Key key = call.use(request.key_id, permission, KeyUsage::SignVerify, request.signing_algorithm);
  const SigningAlgorithm algorithm = signing_algorithm(request.signing_algorithm);
  const std::string type = request.message_type.value_or("RAW");
  const bool takes_message = algorithm.scheme == SignatureScheme::Eddsa;
  if (type == "EXTERNAL_MU" || (takes_message && type != "RAW"))
    throw Error(
        ErrorCode::Validation,
        "MessageType " + type + " is not valid for " + request.signing_algorithm + ".",
        takes_message ? "Give the message itself, with MessageType RAW." : "Give RAW or DIGEST.");
  Bytes message(request.message.begin(), request.message.end());
  if (takes_message) return {std::move(key), algorithm, std::move(message)};
  if (type == "RAW") return {std::move(key), algorithm, digest(algorithm.hash, message)};
  if (message.size() != hash_size(algorithm.hash))
    throw Error(ErrorCode::Validation,
                "Digest is invalid length for algorithm " + request.signing_algorithm + ".",
                "It has " + std::to_string(hash_size(algorithm.hash)) + " bytes.");
  return {std::move(key), algorithm, std::move(message)};
}

SignResponse sign_message(Call& call, const SignRequest& request) {
  const Prepared prepared = prepare(call, request, "kms:Sign");
  call.end_dry_run(request.dry_run);
  const Key& key = prepared.key;
  return {key.arn(),
          hsm::sign(key.account->token, private_key_ref(*key.record), prepared.algorithm.scheme,
                    prepared.algorithm.hash, prepared.input),
          request.signing_algorithm};
}

// By the public key alone, which needs no token unless that is asked for.
bool verifies(Call& call, const Prepared& prepared, ByteView signature) {
  const PublicKey& key = public_key_of(prepared.key);
  const auto [scheme, hash] = prepared.algorithm;
  return call.config().public_keys_in_token ? hsm::verifies(prepared.key.account->token, key,
                                                            scheme, hash, prepared.input, signature)
                                            : key.verifies(scheme, hash, prepared.input, signature);
}

VerifyResponse check(Call& call, const VerifyRequest& request) {
  const Prepared prepared = prepare(call, request, "kms:Verify");
  if (!verifies(call, prepared, request.signature))
    throw Error(ErrorCode::KMSInvalidSignature, {},
                "The signature is not one of this message with this key and algorithm.");
  call.end_dry_run(request.dry_run);
  return {prepared.key.arn(), true, request.signing_algorithm};
}

constexpr std::string_view kSignPermissions[] = {"kms:Sign"};
constexpr std::string_view kVerifyPermissions[] = {"kms:Verify"};
constexpr ErrorCode kSignErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::DryRunOperation};
constexpr ErrorCode kVerifyErrors[] = {
    ErrorCode::NotFound,          ErrorCode::Disabled,        ErrorCode::KeyUnavailable,
    ErrorCode::DependencyTimeout, ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken,
    ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState, ErrorCode::KMSInvalidSignature,
    ErrorCode::DryRunOperation};

}  // namespace

const Operation& operations::sign() {
  static const Operation stated =
      operation<&sign_message>({"Sign", kSignPermissions, kSignErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& SignRequest::operation() {
  return operations::sign();
}

const Operation& operations::verify() {
  static const Operation stated =
      operation<&check>({"Verify", kVerifyPermissions, kVerifyErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& VerifyRequest::operation() {
  return operations::verify();
}

Fields SignRequest::fields() {
  using R = SignRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::message>("Message", kPlaintext, Need::Required),
      field<R, &R::message_type>("MessageType", kMessageType),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::signing_algorithm>("SigningAlgorithm", kSigningAlgorithm, Need::Required),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields SignResponse::fields() {
  using R = SignResponse;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId), field<R, &R::signature>("Signature", kCiphertext),
      field<R, &R::signing_algorithm>("SigningAlgorithm", kSigningAlgorithm)};
  return fields;
}

Fields VerifyRequest::fields() {
  using R = VerifyRequest;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::message>("Message", kPlaintext, Need::Required),
      field<R, &R::message_type>("MessageType", kMessageType),
      field<R, &R::signature>("Signature", kCiphertext, Need::Required),
      field<R, &R::signing_algorithm>("SigningAlgorithm", kSigningAlgorithm, Need::Required),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields VerifyResponse::fields() {
  using R = VerifyResponse;
  static constexpr Field fields[] = {
      field<R, &R::key_id>("KeyId", kKeyId),
      field<R, &R::signature_valid>("SignatureValid", kBoolean),
      field<R, &R::signing_algorithm>("SigningAlgorithm", kSigningAlgorithm)};
  return fields;
}

}  // namespace trent::kms
