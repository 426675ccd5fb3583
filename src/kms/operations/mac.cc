// SPDX-License-Identifier: Apache-2.0
// GenerateMac and VerifyMac.
#include "base/error.h"
#include "kms/call.h"
#include "kms/key_spec.h"
#include "kms/material.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

Key prepare(Call& call, const GenerateMacRequest& request, std::string_view permission) {
  Key key =
      call.use(request.key_id, permission, KeyUsage::GenerateVerifyMac, request.mac_algorithm);
  return key;
}

Bytes mac_of(const Key& key, ByteView message) {
  return hsm::generate_mac(key.account->token, mac_key_ref(*key.record, key.record->current),
                           message);
}

GenerateMacResponse generate(Call& call, const GenerateMacRequest& request) {
  const Key key = prepare(call, request, "kms:GenerateMac");
  call.end_dry_run(request.dry_run);
  return {mac_of(key, request.message), request.mac_algorithm, key.arn()};
}

VerifyMacResponse check(Call& call, const VerifyMacRequest& request) {
  const Key key = prepare(call, request, "kms:VerifyMac");
  const Bytes right = mac_of(key, request.message);
  if (request.mac.size() != right.size() ||
      CRYPTO_memcmp(request.mac.data(), right.data(), right.size()) != 0)
    throw Error(ErrorCode::KMSInvalidMac, {},
                "The MAC is not the one of this message with this key and algorithm.");
  call.end_dry_run(request.dry_run);
  return {key.arn(), true, request.mac_algorithm};
}

constexpr std::string_view kGeneratePermissions[] = {"kms:GenerateMac"};
constexpr std::string_view kVerifyPermissions[] = {"kms:VerifyMac"};
constexpr ErrorCode kGenerateErrors[] = {ErrorCode::NotFound,          ErrorCode::Disabled,
                                         ErrorCode::KeyUnavailable,    ErrorCode::InvalidKeyUsage,
                                         ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
                                         ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};
constexpr ErrorCode kVerifyErrors[] = {
    ErrorCode::NotFound,        ErrorCode::Disabled,          ErrorCode::KeyUnavailable,
    ErrorCode::InvalidKeyUsage, ErrorCode::InvalidGrantToken, ErrorCode::KMSInternal,
    ErrorCode::KMSInvalidMac,   ErrorCode::KMSInvalidState,   ErrorCode::DryRunOperation};

}  // namespace

const Operation& operations::generate_mac() {
  static const Operation stated = operation<&generate>(
      {"GenerateMac", kGeneratePermissions, kGenerateErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& GenerateMacRequest::operation() {
  return operations::generate_mac();
}

const Operation& operations::verify_mac() {
  static const Operation stated = operation<&check>(
      {"VerifyMac", kVerifyPermissions, kVerifyErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& VerifyMacRequest::operation() {
  return operations::verify_mac();
}

Fields GenerateMacRequest::fields() {
  using R = GenerateMacRequest;
  static constexpr Field fields[] = {
      field<R, &R::message>("Message", kPlaintext, Need::Required),
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm, Need::Required),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields GenerateMacResponse::fields() {
  using R = GenerateMacResponse;
  static constexpr Field fields[] = {field<R, &R::mac>("Mac", kCiphertext),
                                     field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm),
                                     field<R, &R::key_id>("KeyId", kKeyId)};
  return fields;
}

Fields VerifyMacRequest::fields() {
  using R = VerifyMacRequest;
  static constexpr Field fields[] = {
      field<R, &R::message>("Message", kPlaintext, Need::Required),
      field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
      field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm, Need::Required),
      field<R, &R::mac>("Mac", kCiphertext, Need::Required),
      field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
      field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
  return fields;
}

Fields VerifyMacResponse::fields() {
  using R = VerifyMacResponse;
  static constexpr Field fields[] = {field<R, &R::key_id>("KeyId", kKeyId),
                                     field<R, &R::mac_valid>("MacValid", kBoolean),
                                     field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm)};
  return fields;
}

}  // namespace trent::kms
