// SPDX-License-Identifier: Apache-2.0
// DescribeKey.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/multi_region.h"
#include "kms/operations/operations.h"

namespace trent::kms {

using namespace model;

namespace {

DescribeKeyResponse describe(Call& call, const DescribeKeyRequest& request) {
  const Key key = call.look_at(request.key_id, "kms:DescribeKey");
  DescribeKeyResponse response{metadata(key)};
  if (is_multi_region(key))
    add_regions(related_keys(call.accounts(), key), key, response.key_metadata);
  return response;
}

constexpr std::string_view kPermissions[] = {"kms:DescribeKey"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal};

}  // namespace

const Operation& operations::describe_key() {
  static const Operation stated =
      operation<&describe>({"DescribeKey", kPermissions, kErrors, true, {}, kAcrossAccounts});
  return stated;
}
const Operation& DescribeKeyRequest::operation() {
  return operations::describe_key();
}

Fields DescribeKeyRequest::fields() {
  using R = DescribeKeyRequest;
  static constexpr Field fields[] = {field<R, &R::key_id>("KeyId", kKeyId, Need::Required),
                                     field<R, &R::grant_tokens>("GrantTokens", kGrantTokenList)};
  return fields;
}

Fields DescribeKeyResponse::fields() {
  using R = DescribeKeyResponse;
  static constexpr Field fields[] = {field<R, &R::key_metadata>("KeyMetadata", kKeyMetadata)};
  return fields;
}

Fields XksKeyConfiguration::fields() {
  using R = XksKeyConfiguration;
  static constexpr Field fields[] = {field<R, &R::id>("Id", kXksKeyId)};
  return fields;
}

Fields MultiRegionKey::fields() {
  using R = MultiRegionKey;
  static constexpr Field fields[] = {field<R, &R::arn>("Arn", kArn),
                                     field<R, &R::region>("Region", kRegion)};
  return fields;
}

Fields MultiRegionConfiguration::fields() {
  using R = MultiRegionConfiguration;
  static constexpr Field fields[] = {
      field<R, &R::multi_region_key_type>("MultiRegionKeyType", kMultiRegionKeyType),
      field<R, &R::primary_key>("PrimaryKey", kMultiRegionKey),
      field<R, &R::replica_keys>("ReplicaKeys", kMultiRegionKeyList)};
  return fields;
}

Fields KeyMetadata::fields() {
  using M = KeyMetadata;
  static constexpr Field fields[] = {
      field<M, &M::aws_account_id>("AWSAccountId", kAwsAccountId),
      field<M, &M::key_id>("KeyId", kKeyId, Need::Required), field<M, &M::arn>("Arn", kArn),
      field<M, &M::creation_date>("CreationDate", kDate),
      field<M, &M::enabled>("Enabled", kBoolean),
      field<M, &M::description>("Description", kDescription),
      field<M, &M::key_usage>("KeyUsage", kKeyUsage),
      field<M, &M::key_state>("KeyState", kKeyState),
      field<M, &M::deletion_date>("DeletionDate", kDate), field<M, &M::valid_to>("ValidTo", kDate),
      field<M, &M::origin>("Origin", kOrigin),
      field<M, &M::expiration_model>("ExpirationModel", kExpirationModel),
      field<M, &M::key_manager>("KeyManager", kKeyManager),
      // Its deprecated name is still sent, and older SDKs read only that.
      field<M, &M::key_spec>("CustomerMasterKeySpec", kCustomerMasterKeySpec),
      field<M, &M::key_spec>("KeySpec", kKeySpec),
      field<M, &M::encryption_algorithms>("EncryptionAlgorithms", kEncryptionAlgorithmList),
      field<M, &M::signing_algorithms>("SigningAlgorithms", kSigningAlgorithmList),
      field<M, &M::key_agreement_algorithms>("KeyAgreementAlgorithms", kKeyAgreementAlgorithmList),
      field<M, &M::multi_region>("MultiRegion", kNullableBoolean),
      field<M, &M::multi_region_configuration>("MultiRegionConfiguration",
                                               kMultiRegionConfiguration),
      field<M, &M::pending_deletion_window_in_days>("PendingDeletionWindowInDays",
                                                    kPendingWindowInDays),
      field<M, &M::mac_algorithms>("MacAlgorithms", kMacAlgorithmList),
      field<M, &M::xks_key_configuration>("XksKeyConfiguration", kXksKeyConfiguration),
      field<M, &M::current_key_material_id>("CurrentKeyMaterialId", kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
