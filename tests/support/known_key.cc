// SPDX-License-Identifier: Apache-2.0
// A key with material that the test knows: see known_key.h.
#include "known_key.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "base/openssl.h"
#include "catalog/catalog.h"
#include "config/config.h"
#include "hsm/base_key.h"
#include "softhsm.h"

namespace trent::test {

void import_known_key(ByteView value, const std::string& key_id) {
  catalog::KeyRecord record;
  record.key_id = key_id;
  record.created = std::chrono::system_clock::now();
  record.origin = catalog::KeyOrigin::External;
  const SecretBytes id = aes_ecb(value, blob::key_material_id_input(key_id));
  std::copy(id.begin(), id.end(), record.current.begin());
  record.materials.push_back({record.current, record.created});
  record.materials.back().import.emplace();

  hsm::Token token(load_config().tokens.front(), {});
  catalog::Catalog catalog(token, std::chrono::milliseconds(0));
  if (catalog.key(key_id)) return;
  const std::string label = catalog::key_label(key_id);
  hsm::Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, record.current)
      .bytes(CKA_VALUE, value);
  hsm::add_usage(attributes, {.derive = true});
  const RawSession session;
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_CreateObject(session.handle(), attributes.data(), attributes.size(), &handle),
      "C_CreateObject");
  catalog.create_key(hsm::ChangeLock(token), record);
}

namespace {

SecretBytes encrypt(const char* cipher_name, ByteView key, ByteView input) {
  const OpensslGuard guard;
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(private_libctx(), cipher_name, nullptr), EVP_CIPHER_free);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX_set_flags(ctx.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  SecretBytes out(input.size() + 16);
  int size = 0;
  if (EVP_EncryptInit_ex2(ctx.get(), cipher.get(), key.data(), nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(ctx.get(), 0) != 1 ||
      EVP_EncryptUpdate(ctx.get(), out.data(), &size, input.data(),
                        static_cast<int>(input.size())) != 1)
    throw std::runtime_error(std::string(cipher_name) + " failed");
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

SecretBytes aes_ecb(ByteView key, ByteView input) {
  return encrypt(key.size() == 16 ? "AES-128-ECB" : "AES-256-ECB", key, input);
}

SecretBytes key_wrap_pad(ByteView key, ByteView input) {
  return encrypt("AES-256-WRAP-PAD", key, input);
}

}  // namespace trent::test
