#include "base/encoding.h"
#include "base/error.h"
#include "kms/implementation.h"
#include "kms/validation.h"

namespace trent::kms {

namespace {

struct DataKey {
  Key key;
  blob::Header header;
  Sha256 h;
  std::size_t length;
};

// Everything up to the token's part, which is where the two operations differ.
DataKey prepare(Service::Implementation& kms, const GenerateDataKeyRequest& request,
                std::string_view operation) {
  Validation()
      .key_id("keyId", request.key_id)
      .one_of("keySpec", request.key_spec, {"AES_256", "AES_128"})
      .range("numberOfBytes", request.number_of_bytes, 1, 1024)
      .grant_tokens(request.grant_tokens)
      .check();
  if (request.key_spec.has_value() == request.number_of_bytes.has_value())
    throw Error(ErrorCode::Validation, "Please specify either number of bytes or key spec.");
  Bytes context = blob::canonical_context(request.encryption_context);
  DataKey data_key{kms.resolve(request.key_id), {}, {}, 0};
  require_usable(data_key.key, operation, {});
  require_no_grant_tokens(request.grant_tokens);
  if (request.dry_run) throw_dry_run();

  blob::Kind kind = blob::Kind::DataKeyBySpec;
  if (request.number_of_bytes) {
    kind = blob::Kind::DataKeyByLength;
    data_key.length = static_cast<std::size_t>(*request.number_of_bytes);
  } else {
    data_key.length = request.key_spec == "AES_128" ? 16 : 32;
  }
  data_key.header = new_header(data_key.key, kind, data_key.length);
  data_key.h = blob::wrapping_key_input(data_key.header, context);
  return data_key;
}

}  // namespace

GenerateDataKeyResponse Service::generate_data_key(const GenerateDataKeyRequest& request) {
  hsm::ForkGuard fork;
  DataKey data_key = prepare(*implementation_, request, "GenerateDataKey");
  const Key& key = data_key.key;
  auto base_key = base_key_ref(*key.record, key.record->current);
  SecretBytes plaintext = hsm::generate_random(key.account->token, data_key.length);
  Bytes payload = hsm::wrap(key.account->token, {base_key, data_key.h}, plaintext);
  return {blob::make_blob(data_key.header, payload), std::move(plaintext), key.arn(),
          to_hex(key.record->current)};
}

GenerateDataKeyWithoutPlaintextResponse Service::generate_data_key_without_plaintext(
    const GenerateDataKeyWithoutPlaintextRequest& request) {
  hsm::ForkGuard fork;
  DataKey data_key = prepare(*implementation_, request, "GenerateDataKeyWithoutPlaintext");
  const Key& key = data_key.key;
  auto base_key = base_key_ref(*key.record, key.record->current);
  Bytes payload = hsm::wrap_new_secret(key.account->token, {base_key, data_key.h}, data_key.length);
  return {blob::make_blob(data_key.header, payload), key.arn(), to_hex(key.record->current)};
}

}  // namespace trent::kms
