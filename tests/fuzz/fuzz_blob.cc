// SPDX-License-Identifier: Apache-2.0
// parse_blob() accepts exactly what make_header() and make_blob() write.
#include <openssl/cms.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "blob/blob.h"
#include "fuzz.h"

using namespace trent;
using fuzz::require;

// OpenSSL reads the CMS part as we do.
static bool is_cms(ByteView der) {
  const unsigned char* p = der.data();
  std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> cms(
      d2i_CMS_ContentInfo(nullptr, &p, static_cast<long>(der.size())), CMS_ContentInfo_free);
  return cms && p == der.data() + der.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  blob::Blob blob;
  try {
    blob = blob::parse_blob(input);
  } catch (const Error& e) {
    require(e.code() == ErrorCode::InvalidCiphertext, "bad blobs are InvalidCiphertextException");
    return 0;
  }
  const blob::Parameters& p = blob.parameters;
  require(p.plaintext_length >= 1 && p.plaintext_length <= blob::kMaxPlaintext,
          "length is 1..4096");
  require(blob.payload.size() == blob::payload_size(p.plaintext_length), "payload fits the length");
  require(size == blob::blob_size(p.plaintext_length, p.suite),
          "size of the blob is known beforehand");
  require(!p.zero_padded || p.plaintext_length % 8 != 0, "zero-padded content had to be padded");
  require(blob.content_length() + 8 <= blob.payload.size(), "content fits the payload");
  require(blob::make_header(p) == blob.header, "header is written as it was read");
  const bool tagged = p.suite == blob::Suite::Enforced;
  require(std::ranges::equal(
              blob::make_blob(blob.header, blob.payload, tagged ? &blob.tag : nullptr), input),
          "blob is written as it was read");
  const std::size_t tag_size = tagged ? 2 + blob.tag.size() : 0;
  require(is_cms(input.subspan(blob::kHeaderSize).first(size - blob::kHeaderSize - tag_size)),
          "OpenSSL reads the CMS part");
  return 0;
}
