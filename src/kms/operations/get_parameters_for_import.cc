// SPDX-License-Identifier: Apache-2.0
// GetParametersForImport.
#include "base/error.h"
#include "hsm/import.h"
#include "kms/call.h"
#include "kms/import.h"
#include "kms/import_parameters.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

struct Request {
  std::string key_id;
  std::string wrapping_algorithm;
  std::string wrapping_key_spec;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Request, &Request::key_id>("KeyId", kKeyId, Need::Required, kManagedKeyHelp),
        field<Request, &Request::wrapping_algorithm>("WrappingAlgorithm", kWrappingAlgorithm,
                                                     Need::Required),
        field<Request, &Request::wrapping_key_spec>("WrappingKeySpec", kWrappingKeySpec,
                                                    Need::Required)};
    return fields;
  }
};

struct Response {
  std::string key_id;
  Bytes import_token;
  Bytes public_key;  // DER SubjectPublicKeyInfo
  Timestamp parameters_valid_to;

  static Fields fields() {
    static constexpr Field fields[] = {
        field<Response, &Response::key_id>("KeyId", kKeyId),
        field<Response, &Response::import_token>("ImportToken", kCiphertext),
        field<Response, &Response::public_key>("PublicKey", kPlaintext),
        field<Response, &Response::parameters_valid_to>("ParametersValidTo", kDate)};
    return fields;
  }
};

const WrappingAlgorithm& wrapping_algorithm(const std::string& name) {
  const WrappingAlgorithm* algorithm = find_wrapping_algorithm(name);
  if (algorithm == nullptr)
    throw Error(ErrorCode::UnsupportedOperation,
                "The wrapping algorithm " + name + " is not available.",
                "Use RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1 or "
                "RSA_AES_KEY_WRAP_SHA_256.");
  return *algorithm;
}

const hsm::KeyPairKind& wrapping_key_kind(const std::string& name) {
  const auto spec = from_wire_name<KeySpec>(name);
  if (!spec)
    throw Error(ErrorCode::UnsupportedOperation,
                "The wrapping key spec " + name + " is not available.",
                "Use RSA_2048, RSA_3072 or RSA_4096.");
  return *key_spec(*spec).key_pair;
}

void prepare(Call& call, const Call::Named& named) {
  const std::string arn = named.account.key_arn(named.key_id);
  const hsm::ChangeLock lock(named.account.token);
  const Key key = call.find(lock, named, "kms:GetParametersForImport");
  require_external(*key.record, arn);
  if (catalog::is_pending_deletion(key.record->state)) throw pending_deletion(arn);
  remove_expired_parameters(lock, named.account);
}

Response get(Call& call, const Request& request) {
  const Call::Named named = call.locate(request.key_id);
  Account& account = named.account;
  const std::string arn = account.key_arn(named.key_id);
  prepare(call, named);
  const WrappingAlgorithm& algorithm = wrapping_algorithm(request.wrapping_algorithm);
  const hsm::KeyPairKind& kind = wrapping_key_kind(request.wrapping_key_spec);
  // Nobody has to wait for an RSA key, which may take seconds: this changes no record.
  const ImportParameters parameters{named.key_id, &algorithm,
                                    catalog::now() + ImportParameters::kValidity};
  const ImportToken token(parameters.valid_to);
  Bytes public_key =
      hsm::make_import_key(account.token, parameters.label(), token.wrapping_key_id(), kind,
                           algorithm.hash, host_import(call.config()));
  const ByteView bytes = token.bytes();
  return {arn, {bytes.begin(), bytes.end()}, std::move(public_key), parameters.valid_to};
}

constexpr std::string_view kPermissions[] = {"kms:GetParametersForImport"};
constexpr ErrorCode kErrors[] = {ErrorCode::InvalidArn,        ErrorCode::UnsupportedOperation,
                                 ErrorCode::DependencyTimeout, ErrorCode::NotFound,
                                 ErrorCode::KMSInternal,       ErrorCode::KMSInvalidState};

}  // namespace

const Operation& operations::get_parameters_for_import() {
  static const Operation stated =
      operation<&get>({"GetParametersForImport", kPermissions, kErrors});
  return stated;
}

}  // namespace trent::kms
