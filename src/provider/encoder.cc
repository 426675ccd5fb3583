// SPDX-License-Identifier: Apache-2.0
// Keys as text. A KMS key has no encoding that could be written to a file, so what `openssl
// storeutl` and `openssl pkey` print is what a person wants to know about it:
//  - with -text (EVP_PKEY_print_private) everything, a line per property, and the public key;
//  - without (PEM_write_bio_PrivateKey) one line, which begins with the key's URI, and a PEM block
//    with that URI: such a file can be used where one with a key is wanted. A cipher for it is an
//    error: whoever gives one means to have a file with the key in it.
// Public keys are exported, and written by others. To ask for that of a symmetric key is an error,
// and ours says why; without an encoder there would be none.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <chrono>

#include "base/encoding.h"
#include "base/error.h"
#include "base/utc.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/key_uri.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

// OpenSSL pairs every newctx with a freectx; an encoder needs no more than the provider.
void* newctx(void* provctx) {
  return provctx;
}
void freectx(void*) {}

std::string aliases_of(const Key& key) {
  std::string names;
  kms::ListAliasesRequest request{key.arn, {}, {}};
  bool more = true;
  while (more) {
    const kms::ListAliasesResponse response = key.service->call(request);
    for (const kms::AliasListEntry& alias : response.aliases)
      names += (names.empty() ? "" : ", ") + alias.alias_name;
    request.marker = response.next_marker;
    more = response.truncated;
  }
  return names;
}

std::string utc(kms::Timestamp time) {
  return format_utc(std::chrono::system_clock::to_time_t(time), "%F %T UTC");
}

std::string describe(const Key& key) {
  const kms::KeyMetadata data =
      key.service->call(kms::DescribeKeyRequest{key.arn, {}}).key_metadata;
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += std::string(name) + ": " + value + "\n";
  };
  line("Key ARN", data.arn);
  line("Aliases", aliases_of(key));
  line("State", data.key_state);
  line("Key spec", data.key_spec);
  line("Key usage", data.key_usage);
  line("Origin", data.origin);
  // Text that somebody typed must not reach into the lines, or the terminal, of somebody else.
  line("Description", printable(data.description));
  line("Created", utc(data.creation_date));
  if (data.deletion_date) line("To be deleted", utc(*data.deletion_date));
  line("Key material", data.current_key_material_id);
  if (key.public_key) text += key.public_key->text();
  return text;
}

std::string describe_in_one_line(const Key& key) {
  const kms::KeyMetadata data =
      key.service->call(kms::DescribeKeyRequest{key.arn, {}}).key_metadata;
  const std::string aliases = aliases_of(key);
  return "kms:" + data.arn + "  " + data.key_state + "  " + data.key_spec +
         (aliases.empty() ? "" : "  ") + aliases + "\n";
}

// RFC 7468 lets text stand before a block. The key's ARN: an alias may be another key's tomorrow.
std::string name_in_file(const Key& key) {
  return describe_in_one_line(key) + write_key_uri("kms:" + key.arn);
}

std::string refuse(const Key&) {
  throw Error(ErrorCode::UnsupportedOperation,
              "The key is symmetric: there is no public key that could be written.");
}

const OSSL_PARAM* settable_ctx_params(void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, nullptr, 0),
                                      OSSL_PARAM_END};
  return params;
}

int refuse_cipher(void* provctx, const OSSL_PARAM params[]) {
  const OSSL_PARAM* cipher = OSSL_PARAM_locate_const(params, OSSL_ENCODER_PARAM_CIPHER);
  if (cipher == nullptr || cipher->data == nullptr) return 1;
  return guarded(from_context(provctx).core(), "OSSL_ENCODER", [] {
    throw Error(ErrorCode::UnsupportedOperation, "A KMS key never leaves its token.",
                "There is nothing to encrypt; without a cipher, what is written is a line about "
                "the key.");
  });
}

template <std::string (*Describe)(const Key&)>
int encode(void* provctx, OSSL_CORE_BIO* out, const void* keydata, const OSSL_PARAM*, int,
           OSSL_PASSPHRASE_CALLBACK*, void*) {
  const Core& core = from_context(provctx).core();
  return guarded(core, "OSSL_ENCODER", [&] {
    if (keydata == nullptr)
      throw Error(ErrorCode::UnsupportedOperation, "A KMS key never leaves its token.");
    core.write(out, Describe(*static_cast<const Key*>(keydata)));
  });
}

}  // namespace

const OSSL_DISPATCH text_encoder_functions[] = {
    entry<OSSL_FUNC_encoder_newctx_fn>(OSSL_FUNC_ENCODER_NEWCTX, newctx),
    entry<OSSL_FUNC_encoder_freectx_fn>(OSSL_FUNC_ENCODER_FREECTX, freectx),
    entry<OSSL_FUNC_encoder_encode_fn>(OSSL_FUNC_ENCODER_ENCODE, encode<describe>),
    {0, nullptr}};

const OSSL_DISPATCH uri_encoder_functions[] = {
    entry<OSSL_FUNC_encoder_newctx_fn>(OSSL_FUNC_ENCODER_NEWCTX, newctx),
    entry<OSSL_FUNC_encoder_freectx_fn>(OSSL_FUNC_ENCODER_FREECTX, freectx),
    entry<OSSL_FUNC_encoder_settable_ctx_params_fn>(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS,
                                                    settable_ctx_params),
    entry<OSSL_FUNC_encoder_set_ctx_params_fn>(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, refuse_cipher),
    entry<OSSL_FUNC_encoder_encode_fn>(OSSL_FUNC_ENCODER_ENCODE, encode<name_in_file>),
    {0, nullptr}};

const OSSL_DISPATCH public_key_encoder_functions[] = {
    entry<OSSL_FUNC_encoder_newctx_fn>(OSSL_FUNC_ENCODER_NEWCTX, newctx),
    entry<OSSL_FUNC_encoder_freectx_fn>(OSSL_FUNC_ENCODER_FREECTX, freectx),
    entry<OSSL_FUNC_encoder_encode_fn>(OSSL_FUNC_ENCODER_ENCODE, encode<refuse>),
    {0, nullptr}};

}  // namespace trent::provider
