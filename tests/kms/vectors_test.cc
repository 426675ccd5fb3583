// SPDX-License-Identifier: Apache-2.0
// The vectors of tests/data through the token: keys of known value, put into it as Trent keeps its
// own.
#include "vectors.h"
#include "catalog/catalog.h"
#include "check.h"
#include "hsm/wrapping.h"
#include "kms.h"
#include "known_key.h"

namespace {

using namespace trent;
using namespace trent::test;
using nlohmann::json;

Service& service() {
  static Service instance([] {
    for (const json& v : vectors()) import_known_key(hex(v.at("key")), v.at("key_id"));
    return load_config();
  }());
  return instance;
}

hsm::Token& token() {
  static hsm::Token instance(load_config().tokens.front(), {});
  return instance;
}

void decrypt_gives_the_plaintext() {
  for (const json& v : vectors())
    CHECK_EQ(decrypt(service(), hex(v.at("blob")), v.at("encryption_context")),
             std::string(as_text(hex(v.at("plaintext")))));
}

void re_encrypt_moves_the_plaintext() {
  const std::string destination = create_key(service());
  for (const json& v : vectors()) {
    const Bytes moved = re_encrypt(service(), hex(v.at("blob")), destination,
                                   v.at("encryption_context"), {{"moved", "yes"}});
    CHECK_EQ(decrypt(service(), moved, {{"moved", "yes"}}),
             std::string(as_text(hex(v.at("plaintext")))));
  }
}

// Encrypt draws a fresh salt, so its token part is given the vectors' headers. SoftHSM cannot
// wrap a secret without filling it up to 8 bytes, as the blobs of an exact token need it.
void the_token_wraps_to_the_same_bytes() {
  service();
  std::size_t compared = 0;
  for (const json& v : vectors()) {
    const blob::Blob parsed = blob::parse_blob(hex(v.at("blob")));
    const blob::Parameters& parameters = parsed.parameters;
    if (parameters.plaintext_length % 8 != 0 && !parameters.zero_padded) continue;
    const std::string key_id = v.at("key_id");
    const hsm::BaseKeyRef key{
        hsm::own_key_ref(catalog::key_label(key_id), parameters.key_material_id, hsm::kBaseKey),
        blob::key_material_id_input(key_id)};
    const Sha256 derivation_data = blob::wrapping_key_input(
        parsed.header,
        blob::canonical_context(v.at("encryption_context").get<kms::EncryptionContext>()));
    CHECK_EQ(hsm::wrap(token(), {key, derivation_data}, hex(v.at("plaintext"))),
             hex(v.at("payload")));
    ++compared;
  }
  CHECK(compared >= 24);
}

// Made with the right one-time key, as only somebody can who has the key material: the secret of a
// vector in a blob whose header tells of it what is not so.
void content_must_be_what_the_header_says() {
  service();
  const std::string key_id = vectors().at(0).at("key_id");
  const Bytes key = hex(vectors().at(0).at("key"));
  const auto blob_of = [&](bool zero_padded, const Bytes& content) {
    blob::Parameters parameters;
    parameters.key_material_id =
        blob::parse_blob(hex(vectors().at(0).at("blob"))).parameters.key_material_id;
    parameters.plaintext_length = 37;
    parameters.zero_padded = zero_padded;
    const blob::Header header = blob::make_header(parameters);
    const Sha256 derivation_data = blob::wrapping_key_input(header, blob::canonical_context({}));
    const SecretBytes payload = key_wrap_pad(aes_ecb(key, derivation_data), content);
    return blob::make_blob(header, payload);
  };
  const auto refused = [&](const Bytes& ciphertext) {
    try {
      decrypt(service(), ciphertext);
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::InvalidCiphertext;
    }
  };
  const Bytes exact(37, 0xa5);
  Bytes padded = exact;
  padded.resize(40);
  Bytes filled = padded;
  filled.back() = 1;
  const Bytes shorter(36, 0xa5);
  CHECK_EQ(decrypt(service(), blob_of(false, exact)), std::string(as_text(exact)));
  CHECK_EQ(decrypt(service(), blob_of(true, padded)), std::string(as_text(exact)));
  CHECK(refused(blob_of(true, filled)));
  CHECK(refused(blob_of(true, exact)));
  CHECK(refused(blob_of(false, padded)));
  CHECK(refused(blob_of(false, shorter)));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("vectors", TEST(decrypt_gives_the_plaintext),
                   TEST(re_encrypt_moves_the_plaintext), TEST(the_token_wraps_to_the_same_bytes),
                   TEST(content_must_be_what_the_header_says));
}
