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

struct GenerateRequest {
  SecretBytes message;
  std::string key_id;
  std::string mac_algorithm;
  std::vector<std::string> grant_tokens;
  bool dry_run = false;

  static Fields fields() {
    using R = GenerateRequest;
    static constexpr Field fields[] = {
        field<R, &R::message>("Message", kPlaintext, Need::Required),
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
        field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm, Need::Required),
        field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

struct GenerateResponse {
  Bytes mac;
  std::string mac_algorithm;
  std::string key_id;

  static Fields fields() {
    using R = GenerateResponse;
    static constexpr Field fields[] = {field<R, &R::mac>("Mac", kCiphertext),
                                       field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm),
                                       field<R, &R::key_id>("KeyId", kKeyId)};
    return fields;
  }
};

// The same, with the MAC.
struct VerifyRequest : GenerateRequest {
  Bytes mac;

  static Fields fields() {
    using R = VerifyRequest;
    static constexpr Field fields[] = {
        field<R, &R::message>("Message", kPlaintext, Need::Required),
        field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
        field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm, Need::Required),
        field<R, &R::mac>("Mac", kCiphertext, Need::Required),
        field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList),
        field<R, &R::dry_run>("DryRun", kNullableBoolean, Need::Optional, kDryRunHelp)};
    return fields;
  }
};

struct VerifyResponse {
  std::string key_id;
  bool mac_valid = true;  // else there is an error instead
  std::string mac_algorithm;

  static Fields fields() {
    using R = VerifyResponse;
    static constexpr Field fields[] = {field<R, &R::key_id>("KeyId", kKeyId),
                                       field<R, &R::mac_valid>("MacValid", kBoolean),
                                       field<R, &R::mac_algorithm>("MacAlgorithm", kMacAlgorithm)};
    return fields;
  }
};

Key prepare(Call& call, const GenerateRequest& request, std::string_view permission) {
  Key key =
      call.use(request.key_id, permission, KeyUsage::GenerateVerifyMac, request.mac_algorithm);
  call.check_grant_tokens(request.grant_tokens);
  return key;
}

Bytes mac_of(const Key& key, ByteView message) {
  return hsm::generate_mac(key.account->token, mac_key_ref(*key.record, key.record->current),
                           message);
}

GenerateResponse generate(Call& call, const GenerateRequest& request) {
  const Key key = prepare(call, request, "kms:GenerateMac");
  call.end_dry_run(request.dry_run);
  return {mac_of(key, request.message), request.mac_algorithm, key.arn()};
}

VerifyResponse check(Call& call, const VerifyRequest& request) {
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
  static const Operation stated =
      operation<&generate>({"GenerateMac", kGeneratePermissions, kGenerateErrors, true});
  return stated;
}

const Operation& operations::verify_mac() {
  static const Operation stated =
      operation<&check>({"VerifyMac", kVerifyPermissions, kVerifyErrors, true});
  return stated;
}

}  // namespace trent::kms
