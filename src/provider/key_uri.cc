// SPDX-License-Identifier: Apache-2.0
// DER and PEM by OpenSSL, in the private context.
#include "provider/key_uri.h"

#include <openssl/asn1t.h>
#include <openssl/pem.h>

#include <memory>

#include "base/encoding.h"
#include "base/error.h"
#include "base/openssl.h"

namespace trent::provider {

namespace {

constexpr std::string_view kVersion = "KMS Key URI v1.0";
// Twice the longest that names a key.
constexpr std::size_t kMaxUri = 4096;

struct KeyUri {
  ASN1_VISIBLESTRING* version;
  ASN1_UTF8STRING* uri;
};

ASN1_SEQUENCE(KeyUri) = {ASN1_SIMPLE(KeyUri, version, ASN1_VISIBLESTRING),
                         ASN1_SIMPLE(KeyUri, uri, ASN1_UTF8STRING)} static_ASN1_SEQUENCE_END(KeyUri)

                            const ASN1_ITEM
                        * item() {
  return ASN1_ITEM_rptr(KeyUri);
}

struct Free {
  void operator()(KeyUri* value) const {
    ASN1_item_free(reinterpret_cast<ASN1_VALUE*>(value), item());
  }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
template <class T>
using Own = std::unique_ptr<T, Free>;

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

}  // namespace

std::string write_key_uri(const std::string& uri) {
  const OpensslGuard guard;
  const Own<KeyUri> value(reinterpret_cast<KeyUri*>(ASN1_item_new(item())));
  const Own<BIO> out(BIO_new(BIO_s_mem()));
  unsigned char* der = nullptr;
  int size = 0;
  if (value &&
      ASN1_STRING_set(value->version, kVersion.data(), static_cast<int>(kVersion.size())) &&
      ASN1_STRING_set(value->uri, uri.data(), static_cast<int>(uri.size())))
    size = ASN1_item_i2d(reinterpret_cast<const ASN1_VALUE*>(value.get()), &der, item());
  const Own<unsigned char> own(der);
  const char* text = nullptr;
  if (size <= 0 || !out ||
      PEM_write_bio(out.get(), std::string(kKeyUriLabel).c_str(), "", der, size) <= 0)
    throw Error(ErrorCode::KMSInternal, "OpenSSL failed to write a key's URI.",
                "Check the OpenSSL installation.");
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::optional<std::string> read_key_uri(ByteView der) {
  const OpensslGuard guard;
  const unsigned char* at = der.data();
  const Own<KeyUri> value(reinterpret_cast<KeyUri*>(
      ASN1_item_d2i(nullptr, &at, static_cast<long>(der.size()), item())));
  if (!value || at != der.data() + der.size() || text_of(value->version) != kVersion)
    return std::nullopt;
  const std::string uri(text_of(value->uri));
  // A NUL byte would end it early for some.
  if (uri.size() > kMaxUri || !is_utf8(uri) || uri.find('\0') != std::string::npos)
    return std::nullopt;
  return uri;
}

std::optional<Bytes> key_uri_in_pem(const std::string& block) {
  const OpensslGuard guard;
  const Own<BIO> in(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  if (!in || PEM_read_bio(in.get(), &label, &header, &der, &size) != 1) return std::nullopt;
  const Own<char> own_label(label);
  const Own<char> own_header(header);
  const Own<unsigned char> own(der);
  if (label != kKeyUriLabel || *header != '\0') return std::nullopt;
  return Bytes(der, der + size);
}

}  // namespace trent::provider
