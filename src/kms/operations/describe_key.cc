// DescribeKey.
#include "kms/call.h"
#include "kms/model/shapes.h"
#include "kms/operations/operations.h"

namespace trent::kms {

namespace {

DescribeKeyResponse describe(Call& call, const DescribeKeyRequest& request) {
  call.check_grant_tokens(request.grant_tokens);
  return {metadata(call.look_at(request.key_id, "kms:DescribeKey"))};
}

constexpr std::string_view kPermissions[] = {"kms:DescribeKey"};
constexpr ErrorCode kErrors[] = {ErrorCode::NotFound, ErrorCode::InvalidArn,
                                 ErrorCode::DependencyTimeout, ErrorCode::KMSInternal};

}  // namespace

const model::Operation& operations::describe_key() {
  static const auto operation =
      model::operation<&describe>({"DescribeKey", kPermissions, kErrors, true});
  return operation;
}
const model::Operation& DescribeKeyRequest::operation() {
  return operations::describe_key();
}

model::Fields DescribeKeyRequest::fields() {
  using R = DescribeKeyRequest;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_id>("KeyId", model::kKeyId, model::Need::Required),
      model::field<R, &R::grant_tokens>("GrantTokens", model::kGrantTokenList)};
  return fields;
}

model::Fields DescribeKeyResponse::fields() {
  using R = DescribeKeyResponse;
  static constexpr model::Field fields[] = {
      model::field<R, &R::key_metadata>("KeyMetadata", model::kKeyMetadata)};
  return fields;
}

model::Fields KeyMetadata::fields() {
  using M = KeyMetadata;
  static constexpr model::Field fields[] = {
      model::field<M, &M::aws_account_id>("AWSAccountId", model::kAwsAccountId),
      model::field<M, &M::key_id>("KeyId", model::kKeyId, model::Need::Required),
      model::field<M, &M::arn>("Arn", model::kArn),
      model::field<M, &M::creation_date>("CreationDate", model::kDate),
      model::field<M, &M::enabled>("Enabled", model::kBoolean),
      model::field<M, &M::description>("Description", model::kDescription),
      model::field<M, &M::key_usage>("KeyUsage", model::kKeyUsage),
      model::field<M, &M::key_state>("KeyState", model::kKeyState),
      model::field<M, &M::deletion_date>("DeletionDate", model::kDate),
      model::field<M, &M::origin>("Origin", model::kOrigin),
      model::field<M, &M::key_manager>("KeyManager", model::kKeyManager),
      // Its deprecated name is still sent, and older SDKs read only that.
      model::field<M, &M::key_spec>("CustomerMasterKeySpec", model::kCustomerMasterKeySpec),
      model::field<M, &M::key_spec>("KeySpec", model::kKeySpec),
      model::field<M, &M::encryption_algorithms>("EncryptionAlgorithms",
                                                 model::kEncryptionAlgorithmList),
      model::field<M, &M::multi_region>("MultiRegion", model::kNullableBoolean),
      model::field<M, &M::current_key_material_id>("CurrentKeyMaterialId", model::kBackingKeyId)};
  return fields;
}

}  // namespace trent::kms
