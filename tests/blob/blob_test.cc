// SPDX-License-Identifier: Apache-2.0
// The blob format: known answers, and everything that must be refused.
#include "blob/blob.h"

#include <openssl/cms.h>
#include <openssl/evp.h>

#include <optional>

#include "check.h"
#include "vectors.h"

namespace {

using namespace trent;
using namespace trent::blob;
using nlohmann::json;
using trent::test::enforced_vectors;
using trent::test::hex;
using trent::test::vectors;

template <class Array>
Array array(const Bytes& bytes) {
  Array out{};
  CHECK_EQ(bytes.size(), out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Bytes bytes_of(ByteView view) {
  return {view.begin(), view.end()};
}

// What the token does, done with OpenSSL.
Bytes encrypt(const char* cipher_name, ByteView key, ByteView in) {
  OpensslGuard guard;
  std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(private_libctx(), cipher_name, nullptr), EVP_CIPHER_free);
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx(EVP_CIPHER_CTX_new(),
                                                                      EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX_set_flags(ctx.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  CHECK_EQ(EVP_EncryptInit_ex2(ctx.get(), cipher.get(), key.data(), nullptr, nullptr), 1);
  EVP_CIPHER_CTX_set_padding(ctx.get(), 0);
  Bytes out(in.size() + 32);
  int size = 0;
  int rest = 0;
  CHECK_EQ(EVP_EncryptUpdate(ctx.get(), out.data(), &size, in.data(), static_cast<int>(in.size())),
           1);
  CHECK_EQ(EVP_EncryptFinal_ex(ctx.get(), out.data() + size, &rest), 1);
  out.resize(static_cast<std::size_t>(size + rest));
  return out;
}

EncryptionContext context_of(const json& vector) {
  return vector.at("encryption_context").get<EncryptionContext>();
}

Parameters parameters_of(const json& vector) {
  Parameters p;
  p.kind = Kind{vector.at("kind").get<std::uint8_t>()};
  p.key_material_id = array<KeyMaterialId>(hex(vector.at("key_material_id")));
  p.plaintext_length = hex(vector.at("plaintext")).size();
  p.zero_padded = vector.at("name").get<std::string>().find("zero-pads") != std::string::npos ||
                  (hex(vector.at("header"))[37] & 0x80) != 0;
  p.salt = array<Salt>(hex(vector.at("salt")));
  return p;
}

Bytes some_blob(std::size_t plaintext_length, bool zero_padded = false) {
  Parameters p;
  p.plaintext_length = plaintext_length;
  p.zero_padded = zero_padded;
  p.key_material_id.fill(0x11);
  p.salt.fill(0x22);
  return make_blob(make_header(p), Bytes(payload_size(plaintext_length), 0x33));
}

bool accepted(ByteView blob) {
  try {
    parse_blob(blob);
    return true;
  } catch (const Error& e) {
    CHECK_EQ(e.code(), ErrorCode::InvalidCiphertext);
    return false;
  }
}

// By KMS's rule the error for bytes that are simply wrong carries no message.
void check_refused(ByteView blob) {
  try {
    parse_blob(blob);
  } catch (const Error& e) {
    CHECK_EQ(e.code(), ErrorCode::InvalidCiphertext);
    CHECK_EQ(e.message(), "");
    CHECK_EQ(e.text(), Error(ErrorCode::InvalidCiphertext, {}).text());
    return;
  }
  throw test::Failure("accepted: " + to_hex(blob));
}

Error error_of(ByteView blob) {
  try {
    parse_blob(blob);
  } catch (const Error& e) {
    return e;
  }
  throw test::Failure("accepted: " + to_hex(blob));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void vectors_derive() {
  CHECK(vectors().size() >= 34);
  for (const json& v : vectors()) {
    Bytes key = hex(v.at("key"));
    Bytes context = canonical_context(context_of(v));
    CHECK_EQ(context, hex(v.at("context")));
    CHECK_EQ(canonical_context(parse_encryption_context(v.at("encryption_context").dump())),
             context);

    CHECK_EQ(encrypt("AES-256-ECB", key, key_material_id_input(v.at("key_id").get<std::string>())),
             hex(v.at("key_material_id")));

    Header header = make_header(parameters_of(v));
    CHECK_EQ(bytes_of(header), hex(v.at("header")));
    Sha256 derivation_data = wrapping_key_input(header, context);
    CHECK_EQ(bytes_of(derivation_data), hex(v.at("h")));
    Bytes wrapping_key = encrypt("AES-256-ECB", key, derivation_data);
    CHECK_EQ(wrapping_key, hex(v.at("wrapping_key")));

    Bytes content = hex(v.at("plaintext"));
    if (parameters_of(v).zero_padded) content.resize((content.size() + 7) / 8 * 8);
    Bytes payload = encrypt("AES-256-WRAP-PAD", wrapping_key, content);
    CHECK_EQ(payload, hex(v.at("payload")));
    CHECK_EQ(make_blob(header, payload), hex(v.at("blob")));
  }
}

void vectors_parse() {
  std::size_t zero_padded = 0;
  for (const json& v : vectors()) {
    Bytes bytes = hex(v.at("blob"));
    Blob blob = parse_blob(bytes);
    Parameters expected = parameters_of(v);
    CHECK_EQ(blob.parameters.kind, expected.kind);
    CHECK_EQ(bytes_of(blob.parameters.key_material_id), hex(v.at("key_material_id")));
    CHECK_EQ(blob.parameters.plaintext_length, expected.plaintext_length);
    CHECK_EQ(blob.parameters.zero_padded, expected.zero_padded);
    CHECK_EQ(bytes_of(blob.parameters.salt), hex(v.at("salt")));
    CHECK_EQ(bytes_of(blob.header), hex(v.at("header")));
    CHECK_EQ(blob.payload, hex(v.at("payload")));
    zero_padded += blob.parameters.zero_padded;
  }
  CHECK(zero_padded >= 1);
}

void vectors_of_suite_5404() {
  CHECK(enforced_vectors().size() >= 9);
  for (const json& v : enforced_vectors()) {
    const Bytes key = hex(v.at("key"));
    const Bytes mac_key = hex(v.at("mac_key"));
    const Bytes context = canonical_context(context_of(v));
    const std::string key_id = v.at("key_id").get<std::string>();
    const Sha256 trial = key_material_id_input(key_id);
    Bytes shown = encrypt("AES-256-WRAP-PAD", key, trial);
    append(shown, hmac_sha256(mac_key, trial));
    CHECK_EQ(bytes_of(key_material_id(key_id, shown)), hex(v.at("key_material_id")));

    Parameters p = parameters_of(v);
    p.suite = Suite::Enforced;
    const Header header = make_header(p);
    CHECK_EQ(bytes_of(header), hex(v.at("header")));
    Bytes content = hex(v.at("plaintext"));
    if (p.zero_padded) content.resize((content.size() + 7) / 8 * 8);
    const Bytes payload = encrypt("AES-256-WRAP-PAD", key, content);
    CHECK_EQ(payload, hex(v.at("payload")));
    const Tag tag = array<Tag>(bytes_of(hmac_sha256(mac_key, tag_input(header, context, payload))));
    CHECK_EQ(bytes_of(tag), hex(v.at("tag")));
    const Bytes bytes = make_blob(header, payload, &tag);
    CHECK_EQ(bytes, hex(v.at("blob")));
    CHECK_EQ(bytes.size(), blob_size(p.plaintext_length, Suite::Enforced));

    const Blob blob = parse_blob(bytes);
    CHECK(blob.parameters.suite == Suite::Enforced);
    CHECK_EQ(blob.parameters.plaintext_length, p.plaintext_length);
    CHECK_EQ(blob.parameters.zero_padded, p.zero_padded);
    CHECK_EQ(bytes_of(blob.header), bytes_of(header));
    CHECK_EQ(blob.payload, payload);
    CHECK_EQ(bytes_of(blob.tag), bytes_of(tag));
  }
}

// Every bit belongs to something that is compared, or bound by the tag.
void every_bit_of_suite_5404_counts() {
  const Bytes good = hex(enforced_vectors().at(0).at("blob"));
  const Blob before = parse_blob(good);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    if (!accepted(flipped)) continue;
    const Blob after = parse_blob(flipped);
    CHECK_EQ(make_blob(after.header, after.payload, &after.tag), flipped);
    CHECK(after.header != before.header || after.payload != before.payload ||
          after.tag != before.tag);
  }
}

void other_forms_of_suite_5404_are_refused() {
  const Bytes good = hex(enforced_vectors().at(0).at("blob"));
  for (std::size_t size = 0; size < good.size(); ++size) check_refused(ByteView(good).first(size));
  Bytes longer = good;
  longer.push_back(0);
  check_refused(longer);
  // The tag under another type, or of another length.
  for (const std::size_t at : {good.size() - 34, good.size() - 33}) {
    Bytes other = good;
    other[at] ^= 1;
    check_refused(other);
  }
  // With the suite of the other: one has a tag, the other has none.
  Bytes direct = good;
  direct[4] = 0x01;
  check_refused(direct);
  Bytes without_tag = some_blob(32);
  without_tag[4] = 0x04;
  check_refused(without_tag);
  // Without the tag, and with a length that says so.
  Bytes cut(good.begin(), good.end() - 34);
  cut[57] -= 34;
  check_refused(cut);
  for (const std::uint8_t other : {0x00, 0x02, 0x03, 0x05, 0x06, 0x14}) {
    Bytes suite = good;
    suite[4] = other;
    check_refused(suite);
  }
}

void tag_must_fit_its_header() {
  Parameters p;
  p.plaintext_length = 32;
  const Tag tag{};
  CHECK_ERROR(KMSInternal, make_blob(make_header(p), Bytes(40), &tag));
  p.suite = Suite::Enforced;
  CHECK_ERROR(KMSInternal, make_blob(make_header(p), Bytes(40)));
  CHECK_EQ(make_blob(make_header(p), Bytes(40), &tag).size(), blob_size(32, Suite::Enforced));
  CHECK(blob_size(kMaxPlaintext, Suite::Enforced) <= kMaxBlob);
}

// OpenSSL's own CMS code reads the structure and, asked to write it, writes the same bytes.
void check_cms(ByteView der) {
  const unsigned char* p = der.data();
  std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> cms(
      d2i_CMS_ContentInfo(nullptr, &p, static_cast<long>(der.size())), CMS_ContentInfo_free);
  CHECK(cms != nullptr);
  CHECK(p == der.data() + der.size());
  CHECK_EQ(OBJ_obj2nid(CMS_get0_type(cms.get())), NID_pkcs7_encrypted);
  unsigned char* out = nullptr;
  int size = i2d_CMS_ContentInfo(cms.get(), &out);
  std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      out, [](unsigned char* b) { OPENSSL_free(b); });
  CHECK(size > 0);
  CHECK_EQ(bytes_of({out, static_cast<std::size_t>(size)}), bytes_of(der));
}

void every_length_round_trips() {
  for (std::size_t length = 1; length <= kMaxPlaintext; ++length) {
    for (bool zero_padded : {false, true}) {
      if (zero_padded && length % 8 == 0) continue;
      Bytes bytes = some_blob(length, zero_padded);
      CHECK_EQ(payload_size(length), 8 * ((length + 7) / 8) + 8);
      CHECK_EQ(bytes.size(), blob_size(length));
      CHECK(bytes.size() <= kMaxBlob);
      check_cms(ByteView(bytes).subspan(kHeaderSize));

      Blob blob = parse_blob(bytes);
      CHECK_EQ(blob.parameters.plaintext_length, length);
      CHECK_EQ(blob.parameters.zero_padded, zero_padded);
      CHECK_EQ(blob.content_length(), zero_padded ? (length + 7) / 8 * 8 : length);
      CHECK_EQ(bytes_of(make_header(blob.parameters)), bytes_of(blob.header));
      CHECK_EQ(make_blob(blob.header, blob.payload), bytes);
    }
  }
}

// The table of docs/blob-format.md.
void sizes_are_those_of_the_documentation() {
  const std::pair<std::size_t, std::size_t> sizes[] = {
      {1, 122}, {8, 122}, {16, 130}, {32, 146}, {64, 178}, {512, 636}, {4096, 4220}};
  for (auto [plaintext, blob] : sizes) CHECK_EQ(some_blob(plaintext).size(), blob);
  std::size_t least = kMaxBlob;
  std::size_t most = 0;
  for (std::size_t length = 1; length <= kMaxPlaintext; ++length) {
    least = std::min(least, blob_size(length) - length);
    most = std::max(most, blob_size(length) - length);
  }
  CHECK_EQ(least, 114U);
  CHECK_EQ(most, 131U);
}

// Each bit is either fixed by the format, or an input of the unwrapping that it will fail.
void every_flipped_bit_counts() {
  for (const json& v : vectors()) {
    const Bytes original = hex(v.at("blob"));
    const Bytes header = hex(v.at("header"));
    const Bytes payload = hex(v.at("payload"));
    const std::size_t framing_end = original.size() - payload.size();
    // A long payload is the same to the parser wherever it is changed.
    constexpr std::size_t kStart = 64;
    for (std::size_t i = 0; i < original.size(); i += i < framing_end + kStart ? 1 : 61) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes flipped = original;
        flipped[i] ^= static_cast<std::uint8_t>(1 << bit);
        bool fixed = i < 2 || i == 3 || i == 4 || (i >= 54 && i < framing_end);
        bool free = (i >= 5 && i < 37) || (i >= 38 && i < 54) || i >= framing_end;
        bool taken = accepted(flipped);
        CHECK(!(fixed && taken));
        CHECK(!(free && !taken));
        if (!taken) continue;
        Blob blob = parse_blob(flipped);
        CHECK((bytes_of(blob.header) != header) != (blob.payload != payload));
      }
    }
  }
}

void every_truncation_is_refused() {
  for (const json& v : vectors()) {
    const Bytes original = hex(v.at("blob"));
    for (std::size_t size = 0; size < original.size(); ++size)
      check_refused(ByteView(original).first(size));
  }
}

void every_extension_is_refused() {
  for (const json& v : vectors()) {
    Bytes longer = hex(v.at("blob"));
    for (int i = 0; i < 40; ++i) {
      longer.push_back(static_cast<std::uint8_t>(i % 2));
      check_refused(longer);
    }
  }
}

void set_der_length(Bytes& blob) {
  auto size = static_cast<std::uint32_t>(blob.size() - kHeaderSize);
  for (std::size_t i = 0; i < 4; ++i) blob[54 + i] = static_cast<std::uint8_t>(size >> 8 * (3 - i));
}

// Also with a length field that fits, so that it is the CMS part that is found to be wrong.
void truncated_and_extended_der_is_refused() {
  for (const json& v : vectors()) {
    const Bytes original = hex(v.at("blob"));
    for (std::size_t size = kHeaderSize; size <= original.size() + 40; ++size) {
      Bytes changed = original;
      changed.resize(size);
      set_der_length(changed);
      if (size != original.size()) check_refused(changed);
    }
    CHECK(accepted(original));
  }
}

void other_padding_bytes_are_refused() {
  Bytes blob = some_blob(32);
  for (int padding = 0; padding < 256; ++padding) {
    blob[37] = static_cast<std::uint8_t>(padding);
    bool good = (padding & 0x78) == 0 && padding != 0x80;
    CHECK_EQ(accepted(blob), good);
  }
}

void other_kinds_are_refused() {
  Bytes blob = some_blob(32);
  for (int kind = 0; kind < 256; ++kind) {
    blob[2] = static_cast<std::uint8_t>(kind);
    CHECK_EQ(accepted(blob), kind >= 1 && kind <= 3);
  }
}

// A header over DER that is put together here, with the choices that BER and CMS leave open.
struct Variant {
  std::string version = "020100";
  std::string algorithm = "0609608648016503040130";  // id-aes256-wrap-pad
  std::string parameters;
  bool long_length = false;       // 81 xx where xx would do
  bool explicit_content = false;  // [0] EXPLICIT OCTET STRING
  std::string attributes;         // after the content
  std::size_t payload = 40;

  Bytes tlv(std::uint8_t tag, std::initializer_list<Bytes> parts) const {
    Bytes content;
    for (const Bytes& part : parts) append(content, part);
    Bytes out{tag};
    if (long_length || content.size() > 127) out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(content.size()));
    append(out, content);
    return out;
  }

  Bytes blob() const {
    const Bytes encrypted_data = from_hex("06092a864886f70d010706").value();
    const Bytes data = from_hex("06092a864886f70d010701").value();
    const Bytes identifier = from_hex(algorithm + parameters).value();
    const Bytes octets(payload, 0x33);
    Bytes content = explicit_content ? tlv(0xa0, {tlv(0x04, {octets})}) : tlv(0x80, {octets});
    Bytes info = tlv(0x30, {data, tlv(0x30, {identifier}), content});
    Bytes der = tlv(0x30, {encrypted_data, tlv(0xa0, {tlv(0x30, {from_hex(version).value(), info,
                                                                 from_hex(attributes).value()})})});
    Bytes out = some_blob(32);
    out.resize(kHeaderSize);
    append(out, der);
    set_der_length(out);
    return out;
  }
};

void only_one_encoding_is_accepted() {
  CHECK_EQ(Variant().blob(), some_blob(32));
  CHECK(accepted(Variant().blob()));
  Variant v;
  v.version = "020102";
  check_refused(v.blob());
  v = {};
  v.version = "02020000";
  check_refused(v.blob());
  v = {};
  v.parameters = "0500";  // NULL
  check_refused(v.blob());
  v = {};
  v.algorithm = "060960864801650304012d";  // id-aes256-wrap, RFC 3394
  check_refused(v.blob());
  v = {};
  v.long_length = true;
  check_refused(v.blob());
  v = {};
  v.explicit_content = true;
  check_refused(v.blob());
  v = {};
  v.attributes = "a100";
  check_refused(v.blob());
  for (std::size_t payload : {0, 8, 39, 41, 47}) {
    v = {};
    v.payload = payload;
    check_refused(v.blob());
  }
  v = {};
  v.payload = 16;
  CHECK(accepted(v.blob()));
}

void payload_above_the_limit_is_refused() {
  CHECK(accepted(some_blob(kMaxPlaintext)));
  // The next size, made from the largest by adding 8 to each of its lengths.
  Bytes blob = some_blob(kMaxPlaintext);
  for (std::size_t i : {58, 73, 77, 84, 112}) {
    CHECK_EQ(blob[i + 1], 0x82);
    blob[i + 3] = static_cast<std::uint8_t>(blob[i + 3] + 8);
  }
  blob.resize(blob.size() + 8);
  set_der_length(blob);
  check_cms(ByteView(blob).subspan(kHeaderSize));
  check_refused(blob);
}

void ciphertext_of_aws_kms_is_named() {
  // A ReEncrypt result (format v2) and a data key (v1), as AWS's open-source test fixtures have
  // them.
  for (const char* text :
       {"AQICAHhTIzkciiF5TDB8qaCjctFmv6Dx+4yjarauOA4MtH0jwgFrAysFMwuTXIlzPuKZBKlPAAAAfjB8BgkqhkiG9w"
        "0BBwagbzBtAgEAMGgGCSqGSIb3DQEHATAeBglghkgBZQMEAS4wEQQMPOLzNZ+AMDyjR071AgEQgDvqeTDjLIQknoII"
        "XMr3Q3/HepXoFcbGIzT8zhJYUlEFYm5P972/EWbYRlMQdsftQ4SUkLpL0+R3PS+7FA==",
        "AQEBAHhA84wnXjEJdBbBBylRUFcZZK2j7xwh6UyLoL28nQ+0FAAAAH4wfAYJKoZIhvcNAQcGoG8wbQIBADBoBgkqhk"
        "iG9w0BBwEwHgYJYIZIAWUDBAEuMBEEDDZHkVcgNcLlqyV+WAIBEIA7VjO1ApTiR2S0MV2bPr7Gbd5750hoJEbholI5"
        "LPxoBkpGeojsVQlv3W57Qfwgro7XDvtYokdCe3QtHxM="}) {
    Error e = error_of(from_base64(text).value());
    CHECK_EQ(e.code(), ErrorCode::InvalidCiphertext);
    CHECK(contains(e.message(), "its key is in AWS KMS"));
    CHECK(contains(e.advice(), "aws kms decrypt"));
  }
}

void messages_of_the_encryption_sdk_are_named() {
  for (const char* start : {"01800378", "01800014", "020578", "020478"}) {
    Bytes message = from_hex(start).value();
    message.resize(600, 0x5a);
    Error e = error_of(message);
    CHECK_EQ(e.code(), ErrorCode::InvalidCiphertext);
    CHECK_EQ(e.message(), "");
    CHECK(contains(e.advice(), "Encryption SDK"));
  }
}

void envelope_suite_is_named() {
  Bytes blob = some_blob(32);
  blob[3] = 0x54;
  blob[4] = 0x11;
  Error e = error_of(blob);
  CHECK_EQ(e.code(), ErrorCode::InvalidCiphertext);
  CHECK(contains(e.message(), "5411"));
  CHECK(contains(e.message(), "not supported by this version"));
}

void other_bytes_are_refused_without_a_word() {
  check_refused({});
  for (std::size_t size : {1, 2, 4, 5, 57, 58, 59, 122, 256, 384, 512, 6144, 100000}) {
    check_refused(Bytes(size, 0x00));
    check_refused(Bytes(size, 0xff));
    check_refused(Bytes(size, 0x01));
  }
  check_refused(as_bytes(to_base64(some_blob(32))));
}

void impossible_headers_are_not_made() {
  Parameters p;
  for (std::size_t length : {std::size_t{0}, kMaxPlaintext + 1}) {
    p.plaintext_length = length;
    CHECK_ERROR(KMSInternal, make_header(p));
  }
  p.plaintext_length = 32;
  p.zero_padded = true;
  CHECK_ERROR(KMSInternal, make_header(p));
}

void payload_must_fit_its_header() {
  Parameters p;
  p.plaintext_length = 30;
  Header header = make_header(p);
  for (std::size_t size : {0, 24, 32, 39, 41, 48}) {
    CHECK_ERROR(KMSInternal, make_blob(header, Bytes(size)));
  }
  CHECK_EQ(make_blob(header, Bytes(40)).size(), blob_size(30));
}

// What looks alike must not hash alike.
void wrapping_key_input_binds_header_and_context() {
  const Header header = make_header({Suite::Direct, Kind::Encrypt, {}, 32, false, {}});
  const auto input = [&](const Header& h, const EncryptionContext& c) {
    return bytes_of(wrapping_key_input(h, canonical_context(c)));
  };
  const Bytes plain = input(header, {});
  CHECK(input(header, {{"ab", "c"}}) != input(header, {{"a", "bc"}}));
  CHECK(input(header, {{"a", "b"}, {"c", "d"}}) != input(header, {{"a", "b"}, {"cd", ""}}));
  CHECK(input(header, {{"", ""}}) != plain);
  CHECK_EQ(input(header, {{"a", "1"}, {"b", "2"}}), input(header, {{"b", "2"}, {"a", "1"}}));
  for (std::size_t i = 0; i < kHeaderSize; ++i) {
    Header other = header;
    other[i] ^= 1;
    CHECK(input(other, {}) != plain);
  }
}

void key_material_id_depends_on_the_key_id() {
  CHECK(bytes_of(key_material_id_input("a")) != bytes_of(key_material_id_input("b")));
  CHECK(bytes_of(key_material_id_input("a")) !=
        bytes_of(key_material_id_input(std::string_view("a\0", 2))));
}

}  // namespace

int main() {
  return RUN_TESTS(
      "blob", TEST(vectors_derive), TEST(vectors_parse), TEST(vectors_of_suite_5404),
      TEST(every_bit_of_suite_5404_counts), TEST(other_forms_of_suite_5404_are_refused),
      TEST(tag_must_fit_its_header), TEST(every_length_round_trips),
      TEST(sizes_are_those_of_the_documentation), TEST(every_flipped_bit_counts),
      TEST(every_truncation_is_refused), TEST(every_extension_is_refused),
      TEST(truncated_and_extended_der_is_refused), TEST(other_padding_bytes_are_refused),
      TEST(other_kinds_are_refused), TEST(only_one_encoding_is_accepted),
      TEST(payload_above_the_limit_is_refused), TEST(ciphertext_of_aws_kms_is_named),
      TEST(messages_of_the_encryption_sdk_are_named), TEST(envelope_suite_is_named),
      TEST(other_bytes_are_refused_without_a_word), TEST(impossible_headers_are_not_made),
      TEST(payload_must_fit_its_header), TEST(wrapping_key_input_binds_header_and_context),
      TEST(key_material_id_depends_on_the_key_id));
}
