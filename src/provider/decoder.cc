// SPDX-License-Identifier: Apache-2.0
// Files with the PEM label KMS KEY URI, for programs that want one with a private key in it. In two
// steps, as OpenSSL's own decoders work: from PEM to DER, and from DER to a key of each type.
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include "provider/errors.h"
#include "provider/key.h"
#include "provider/key_uri.h"
#include "provider/pin_prompt.h"
#include "provider/provider.h"

namespace trent::provider {

namespace {

constexpr std::size_t kMaxFile = 16384;

void* newctx(void* provctx) {
  return provctx;
}
void freectx(void*) {}

// One block, and what stands before it: the next one is for whoever reads on. Empty at the end, and
// if it is too long for a key's URI.
std::string read_block(const Core& core, OSSL_CORE_BIO* in) {
  std::string block;
  bool whole = false;
  while (!whole) {
    const std::string line = core.read_line(in);
    if (line.empty()) return {};
    if (line.starts_with("-----BEGIN ")) block.clear();
    if (block.size() < kMaxFile) block += line;
    whole = line.starts_with("-----END ");
  }
  return block;
}

// As for all decoders, 1 without a call of `take` is "not mine".
int decode_pem(void* provctx, OSSL_CORE_BIO* in, int, OSSL_CALLBACK* take, void* taker,
               OSSL_PASSPHRASE_CALLBACK*, void*) {
  const Core& core = from_context(provctx).core();
  std::optional<Bytes> der;
  if (guarded(core, "OSSL_DECODER", [&] { der = key_uri_in_pem(read_block(core, in)); }) != 1)
    return 0;
  if (!der) return 1;
  int type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM object[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                       const_cast<char*>(kKeyUriStructure), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der->data(), der->size()),
      OSSL_PARAM_construct_end()};
  return take(object, taker);
}

template <const char* const& type>
int decode_der(void* provctx, OSSL_CORE_BIO* in, int selection, OSSL_CALLBACK* take, void* taker,
               OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  Provider& provider = from_context(provctx);
  return guarded(provider.core(), "OSSL_DECODER", [&] {
    const auto uri = read_key_uri(provider.core().read_all(in, kMaxFile));
    if (!uri || !uri->starts_with("kms:")) return;
    const PassphraseScope prompt(passphrase, passphrase_argument);
    const bool is_private = selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    const Key key =
        describe_key(provider.core(), provider.service(), name_in_uri(*uri), is_private);
    if (std::string_view(key_type(*key.spec)) == type) hand_out(key, take, taker);
  });
}

template <auto Decode>
const OSSL_DISPATCH functions[] = {
    entry<OSSL_FUNC_decoder_newctx_fn>(OSSL_FUNC_DECODER_NEWCTX, newctx),
    entry<OSSL_FUNC_decoder_freectx_fn>(OSSL_FUNC_DECODER_FREECTX, freectx),
    entry<OSSL_FUNC_decoder_decode_fn>(OSSL_FUNC_DECODER_DECODE, Decode),
    {0, nullptr}};

constexpr const char* kFromDer = "provider=trent,input=der,structure=KMSKeyURI";

}  // namespace

const OSSL_ALGORITHM decoder_algorithms[] = {
    {"DER", "provider=trent,input=pem", functions<decode_pem>, "KMS KEY URI"},
    {kKmsType, kFromDer, functions<decode_der<kKmsType>>, "KMS KEY URI"},
    {kRsaType, kFromDer, functions<decode_der<kRsaType>>, "KMS KEY URI"},
    {kEcType, kFromDer, functions<decode_der<kEcType>>, "KMS KEY URI"},
    {kEd25519Type, kFromDer, functions<decode_der<kEd25519Type>>, "KMS KEY URI"},
    {nullptr, nullptr, nullptr, nullptr}};

}  // namespace trent::provider
