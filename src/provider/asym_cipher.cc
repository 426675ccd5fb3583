// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt and ReEncrypt as OpenSSL's asymmetric cipher of the types KMS and RSA:
// EVP_PKEY_encrypt() and EVP_PKEY_decrypt(), `openssl pkeyutl -encrypt` and `-decrypt`. With the
// parameter reencrypt, the input of encrypt is a ciphertext, and its plaintext is moved to this key
// inside the token.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string_view>

#include "provider/buffers.h"
#include "provider/errors.h"
#include "provider/key.h"
#include "provider/oaep.h"
#include "provider/params.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

constexpr const char* kReEncrypt = "reencrypt";
constexpr const char* kSourceKeyId = "source-key-id";
constexpr const char* kSourceEncryptionContext = "source-encryption-context";
constexpr const char* kSourceEncryptionAlgorithm = "source-encryption-algorithm";
constexpr const char* kEncryptionAlgorithm = "encryption-algorithm";
// What users of RSA keys are used to. With symmetric keys it is on the list of parameters only
// because `openssl` would refuse it without a reason otherwise.
constexpr const char* kRsaPaddingMode = "rsa_padding_mode";
constexpr const char* kKeyMaterialId = "key-material-id";
constexpr const char* kSourceKeyArn = "source-key-arn";
constexpr const char* kSourceKeyMaterialId = "source-key-material-id";

// The requests stand ready here, so that an operation only adds the data.
struct AsymCipher {
  const Core* core;
  Key key{core};
  OaepSettings oaep{};  // of RSA keys
  bool decrypting = false;
  bool reencrypting = false;
  const char* source_parameter = nullptr;  // the last source-... that was set
  Given given{};
  kms::EncryptRequest encrypt{};
  kms::ReEncryptRequest reencrypt{};
  kms::DecryptRequest decrypt{};
  // Which keys the last operation used.
  std::string key_arn{};
  std::string key_material_id{};
  std::string source_key_arn{};
  std::string source_key_material_id{};
};

AsymCipher& as_cipher(void* ctx) {
  return *static_cast<AsymCipher*>(ctx);
}

bool is_rsa(const AsymCipher& cipher) {
  return cipher.key.public_key != nullptr;
}

void* newctx(void* provctx) {
  const Core& core = from_context(provctx).core();
  return make<AsymCipher>(core, "EVP_PKEY_CTX", &core);
}

void freectx(void* ctx) {
  delete static_cast<AsymCipher*>(ctx);
}

void* dupctx(void* ctx) {
  const AsymCipher& cipher = as_cipher(ctx);
  return make<AsymCipher>(*cipher.core, "EVP_PKEY_CTX_dup", cipher);
}

const OSSL_PARAM* settable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {
      OSSL_PARAM_utf8_string(kEncryptionContext, nullptr, 0),
      OSSL_PARAM_utf8_string(kReEncrypt, nullptr, 0),
      OSSL_PARAM_utf8_string(kSourceKeyId, nullptr, 0),
      OSSL_PARAM_utf8_string(kSourceEncryptionContext, nullptr, 0),
      OSSL_PARAM_utf8_string(kSourceEncryptionAlgorithm, nullptr, 0),
      OSSL_PARAM_utf8_string(kEncryptionAlgorithm, nullptr, 0),
      OSSL_PARAM_utf8_string(kGrantTokens, nullptr, 0),
      OSSL_PARAM_utf8_string(kDryRun, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, nullptr, 0),
      OSSL_PARAM_utf8_string(kRsaPaddingMode, nullptr, 0),
      OSSL_PARAM_END};
  return params;
}

void set_param(AsymCipher& cipher, const OSSL_PARAM& param) {
  const std::string_view name = param.key;
  cipher.given.add(param);
  if (name == kEncryptionContext) {
    read_member(param, cipher.encrypt);
    read_member(param, cipher.decrypt);
    cipher.reencrypt.destination_encryption_context = cipher.encrypt.encryption_context;
  } else if (name == kReEncrypt) {
    cipher.reencrypting = get_flag(param);
  } else if (name == kSourceKeyId || name == kSourceEncryptionContext ||
             name == kSourceEncryptionAlgorithm) {
    read_member(param, cipher.reencrypt);
    cipher.source_parameter = param.key;
  } else if (name == kGrantTokens || name == kDryRun) {
    read_member(param, cipher.encrypt);
    read_member(param, cipher.reencrypt);
    read_member(param, cipher.decrypt);
  } else if (name == kEncryptionAlgorithm) {
    read_member(param, cipher.encrypt);
    read_member(param, cipher.decrypt);
    cipher.reencrypt.destination_encryption_algorithm = cipher.encrypt.encryption_algorithm;
  } else if (is_rsa(cipher) && set_oaep_param(cipher.oaep, param)) {
    return;
  } else if (name == OSSL_ASYM_CIPHER_PARAM_PAD_MODE || name == kRsaPaddingMode) {
    throw Error(ErrorCode::Validation, "A symmetric KMS key has no padding mode.",
                "Leave the padding out.");
  } else {
    throw_unknown(param);
  }
}

int set_ctx_params(void* ctx, const OSSL_PARAM params[]) {
  if (params == nullptr) return 1;
  AsymCipher& cipher = as_cipher(ctx);
  return guarded(*cipher.core, "EVP_PKEY_CTX_set_params", [&] {
    AsymCipher changed = cipher;  // by all of them, or by none
    for (; params->key != nullptr; ++params) set_param(changed, *params);
    cipher = std::move(changed);
  });
}

int init(void* ctx, void* keydata, const OSSL_PARAM params[], bool decrypting) {
  AsymCipher& cipher = as_cipher(ctx);
  const Key& key = *static_cast<const Key*>(keydata);
  return guarded(*cipher.core, decrypting ? "EVP_PKEY_decrypt_init" : "EVP_PKEY_encrypt_init",
                 [&] {
                   if (decrypting) require_private(key, "decrypt");
                   require_known_pair(key);
                   cipher = AsymCipher{cipher.core, key};
                   cipher.decrypting = decrypting;
                   cipher.encrypt.key_id = key.id;
                   cipher.reencrypt.destination_key_id = key.id;
                   cipher.decrypt.key_id = key.id;
                 }) == 1 &&
         set_ctx_params(ctx, params) == 1;
}

int encrypt_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  return init(ctx, keydata, params, false);
}

int decrypt_init(void* ctx, void* keydata, const OSSL_PARAM params[]) {
  return init(ctx, keydata, params, true);
}

// Parameters come one by one and in any order, so that only the operation sees them all.
void complete_parameters(AsymCipher& cipher) {
  if (cipher.decrypting && cipher.reencrypting)
    throw Error(ErrorCode::Validation, "The parameter reencrypt is for encryption only.",
                "Encrypt with the key that the ciphertext is to be moved to.");
  if (cipher.source_parameter != nullptr && !cipher.reencrypting)
    throw Error(ErrorCode::Validation,
                std::string("The parameter ") + cipher.source_parameter + " is for ReEncrypt only.",
                "Set reencrypt to 1, or leave it out.");
  if (is_rsa(cipher) && !cipher.encrypt.encryption_algorithm) {
    const std::string algorithm = kms_algorithm(cipher.oaep);
    cipher.encrypt.encryption_algorithm = algorithm;
    cipher.decrypt.encryption_algorithm = algorithm;
    cipher.reencrypt.destination_encryption_algorithm = algorithm;
  }
}

// What an RSA key makes and takes has the length of its modulus.
std::size_t modulus_size(const AsymCipher& cipher) {
  return cipher.key.spec->key_pair->modulus_bits / 8;
}

// Between symmetric keys a ciphertext keeps its size, or gets that of the destination's suite.
std::size_t moved_size(const AsymCipher& cipher, ByteView ciphertext) {
  if (is_rsa(cipher)) return modulus_size(cipher);
  const auto& source = cipher.reencrypt.source_encryption_algorithm;
  if (source.value_or(kms::kSymmetricDefault) != kms::kSymmetricDefault) return blob::kMaxBlob;
  if (const auto plaintext = plaintext_size(ciphertext))
    return ciphertext_size(*plaintext, cipher.key.suite);
  return std::clamp<std::size_t>(ciphertext.size(), 1, blob::kMaxBlob);
}

std::size_t encrypted_size(const AsymCipher& cipher, std::size_t plaintext) {
  return is_rsa(cipher) ? modulus_size(cipher) : ciphertext_size(plaintext, cipher.key.suite);
}

// nullopt: that is for Decrypt to say.
std::optional<std::size_t> decrypted_size(const AsymCipher& cipher, ByteView ciphertext) {
  return is_rsa(cipher) ? modulus_size(cipher) : plaintext_size(ciphertext);
}

// Wipes a request's plaintext when the operation is over, however it ends.
struct WipeAtEnd {
  SecretBytes& secret;
  ~WipeAtEnd() { SecretBytes().swap(secret); }
};

kms::EncryptResponse run_encrypt(AsymCipher& cipher, ByteView plaintext) {
  const WipeAtEnd wipe{cipher.encrypt.plaintext};
  cipher.encrypt.plaintext.assign(plaintext.begin(), plaintext.end());
  return cipher.key.service->call(cipher.encrypt);
}

kms::ReEncryptResponse run_re_encrypt(AsymCipher& cipher, ByteView ciphertext) {
  cipher.reencrypt.ciphertext_blob.assign(ciphertext.begin(), ciphertext.end());
  return cipher.key.service->call(cipher.reencrypt);
}

int encrypt(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer,
            const unsigned char* in, std::size_t in_size) {
  AsymCipher& cipher = as_cipher(ctx);
  const char* operation = cipher.reencrypting ? "ReEncrypt" : "Encrypt";
  return guarded(*cipher.core, operation, [&] {
    if (out != nullptr) cipher.given.clear();
    complete_parameters(cipher);
    require_given(size, "size of the output");
    const ByteView input = provider::input(in, in_size);
    const std::size_t needed =
        cipher.reencrypting ? moved_size(cipher, input) : encrypted_size(cipher, in_size);
    if (out == nullptr) {
      *size = needed;
      return;
    }
    require_room(buffer, needed);
    if (cipher.reencrypting) {
      kms::ReEncryptResponse response = run_re_encrypt(cipher, input);
      deliver(response.ciphertext_blob, out, size, buffer);
      cipher.key_arn = std::move(response.key_id);
      cipher.key_material_id = std::move(response.destination_key_material_id);
      cipher.source_key_arn = std::move(response.source_key_id);
      cipher.source_key_material_id = std::move(response.source_key_material_id);
    } else {
      kms::EncryptResponse response = run_encrypt(cipher, input);
      deliver(response.ciphertext_blob, out, size, buffer);
      cipher.key_arn = std::move(response.key_id);
      cipher.key_material_id = std::move(response.key_material_id);
    }
  });
}

int decrypt(void* ctx, unsigned char* out, std::size_t* size, std::size_t buffer,
            const unsigned char* in, std::size_t in_size) {
  AsymCipher& cipher = as_cipher(ctx);
  return guarded(*cipher.core, "Decrypt", [&] {
    if (out != nullptr) cipher.given.clear();
    complete_parameters(cipher);
    require_given(size, "size of the output");
    const ByteView ciphertext = input(in, in_size);
    if (out == nullptr) {
      *size = decrypted_size(cipher, ciphertext).value_or(blob::kMaxPlaintext);
      return;
    }
    // How long the plaintext of an RSA key is, only Decrypt finds out.
    if (!is_rsa(cipher)) require_room(buffer, plaintext_size(ciphertext).value_or(0));
    cipher.decrypt.ciphertext_blob.assign(ciphertext.begin(), ciphertext.end());
    kms::DecryptResponse response = cipher.key.service->call(cipher.decrypt);
    deliver(response.plaintext, out, size, buffer);
    cipher.key_arn = std::move(response.key_id);
    cipher.key_material_id = std::move(response.key_material_id);
  });
}

const OSSL_PARAM* gettable_ctx_params(void*, void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(kKeyArn, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kKeyMaterialId, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kSourceKeyArn, nullptr, 0),
                                      OSSL_PARAM_utf8_string(kSourceKeyMaterialId, nullptr, 0),
                                      OSSL_PARAM_END};
  return params;
}

int get_ctx_params(void* ctx, OSSL_PARAM params[]) {
  const AsymCipher& cipher = as_cipher(ctx);
  return guarded(*cipher.core, "EVP_PKEY_CTX_get_params", [&] {
    set_text(params, kKeyArn, cipher.key_arn);
    set_text(params, kKeyMaterialId, cipher.key_material_id);
    set_text(params, kSourceKeyArn, cipher.source_key_arn);
    set_text(params, kSourceKeyMaterialId, cipher.source_key_material_id);
  });
}

}  // namespace

const OSSL_DISPATCH asym_cipher_functions[] = {
    entry<OSSL_FUNC_asym_cipher_newctx_fn>(OSSL_FUNC_ASYM_CIPHER_NEWCTX, newctx),
    entry<OSSL_FUNC_asym_cipher_freectx_fn>(OSSL_FUNC_ASYM_CIPHER_FREECTX, freectx),
    entry<OSSL_FUNC_asym_cipher_dupctx_fn>(OSSL_FUNC_ASYM_CIPHER_DUPCTX, dupctx),
    entry<OSSL_FUNC_asym_cipher_encrypt_init_fn>(OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, encrypt_init),
    entry<OSSL_FUNC_asym_cipher_encrypt_fn>(OSSL_FUNC_ASYM_CIPHER_ENCRYPT, encrypt),
    entry<OSSL_FUNC_asym_cipher_decrypt_init_fn>(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, decrypt_init),
    entry<OSSL_FUNC_asym_cipher_decrypt_fn>(OSSL_FUNC_ASYM_CIPHER_DECRYPT, decrypt),
    entry<OSSL_FUNC_asym_cipher_settable_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS,
                                                        settable_ctx_params),
    entry<OSSL_FUNC_asym_cipher_set_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS,
                                                   set_ctx_params),
    entry<OSSL_FUNC_asym_cipher_gettable_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS,
                                                        gettable_ctx_params),
    entry<OSSL_FUNC_asym_cipher_get_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS,
                                                   get_ctx_params),
    {0, nullptr}};

}  // namespace trent::provider
