// SPDX-License-Identifier: Apache-2.0
// CreateKey with the origin EXTERNAL_KEY_STORE: keys that another program has made in the token,
// with every combination of attributes that makes a difference.
#include "base/openssl.h"
#include "base/public_key.h"
#include "fault.h"
#include "hsm/attributes.h"
#include "hsm/key_kind.h"
#include "key_pairs.h"
#include "kms/check.h"
#include "kms/purge.h"
#include "known_key.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using kms::Json;

constexpr const char* kSha1 = "RSAES_OAEP_SHA_1";

Config fresh_config() {
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(0);
  return config;
}
Service& service() {
  static Service kms(fresh_config());
  return kms;
}
const std::string& symmetric() {
  static const std::string key = create_key(service());
  return key;
}

// The other program.
RawSession& raw() {
  static RawSession session;
  return session;
}

using Flags = std::vector<std::pair<CK_ATTRIBUTE_TYPE, bool>>;

struct Pair {
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

Pair make_pair(const std::string& label, const Bytes& id, const hsm::KeyPairKind& kind,
               const std::vector<CK_ATTRIBUTE_TYPE>& usage, const Flags& more = {},
               const std::vector<CK_MECHANISM_TYPE>& allowed = {}) {
  static constexpr std::array<std::uint8_t, 3> kExponent{1, 0, 1};
  hsm::Attributes of_public;
  of_public.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false).text(CKA_LABEL, label).bytes(CKA_ID, id);
  if (kind.type == CKK_RSA)
    of_public.number(CKA_MODULUS_BITS, kind.modulus_bits).bytes(CKA_PUBLIC_EXPONENT, kExponent);
  else
    of_public.text(CKA_EC_PARAMS, kind.curve);
  hsm::Attributes of_private;
  of_private.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, id);
  for (const CK_ATTRIBUTE_TYPE type : {CKA_DECRYPT, CKA_SIGN, CKA_UNWRAP, CKA_DERIVE})
    of_private.flag(type, std::ranges::find(usage, type) != usage.end());
  for (const auto& [type, value] : more) of_private.flag(type, value);
  if (!allowed.empty())
    of_private.bytes(CKA_ALLOWED_MECHANISMS, {reinterpret_cast<const std::uint8_t*>(allowed.data()),
                                              allowed.size() * sizeof allowed[0]});
  CK_MECHANISM mechanism{kind.generation, nullptr, 0};
  Pair made;
  check_rv(softhsm()->C_GenerateKeyPair(raw().handle(), &mechanism, of_public.data(),
                                        of_public.size(), of_private.data(), of_private.size(),
                                        &made.public_key, &made.private_key),
           "C_GenerateKeyPair");
  return made;
}

CK_OBJECT_HANDLE make_secret(const std::string& label, const Bytes& id, CK_KEY_TYPE type,
                             const Bytes& value, const hsm::Usage& usage, const Flags& more = {}) {
  hsm::Attributes attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, type)
      .flag(CKA_TOKEN, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, id)
      .bytes(CKA_VALUE, value);
  bool says_private = false;
  for (const auto& [type_of_flag, flag] : more) {
    attributes.flag(type_of_flag, flag);
    says_private = says_private || type_of_flag == CKA_PRIVATE;
  }
  if (!says_private) attributes.flag(CKA_PRIVATE, true);
  hsm::add_usage(attributes, usage);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  check_rv(softhsm()->C_CreateObject(raw().handle(), attributes.data(), attributes.size(), &handle),
           "C_CreateObject");
  return handle;
}

void destroy(CK_OBJECT_HANDLE object) {
  check_rv(softhsm()->C_DestroyObject(raw().handle(), object), "C_DestroyObject");
}

void set_flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value) {
  hsm::Attributes attributes;
  attributes.flag(type, value);
  check_rv(softhsm()->C_SetAttributeValue(raw().handle(), object, attributes.data(), 1),
           "C_SetAttributeValue");
}

// Another object of the same value.
CK_OBJECT_HANDLE copy(CK_OBJECT_HANDLE object, const std::string& label) {
  hsm::Attributes attributes;
  attributes.text(CKA_LABEL, label);
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_CopyObject(raw().handle(), object, attributes.data(), attributes.size(), &made),
      "C_CopyObject");
  return made;
}

Json adoption(const std::string& name, const Json& more = Json::object()) {
  Json json = {{"Origin", "EXTERNAL_KEY_STORE"}, {"XksKeyId", name}};
  for (const auto& [member, value] : more.items()) json[member] = value;
  return json;
}
Json adopt(const std::string& name, const Json& more = Json::object()) {
  return request(service(), "CreateKey", adoption(name, more))["KeyMetadata"];
}
std::string adopted(const std::string& name, const Json& more = Json::object()) {
  return adopt(name, more)["KeyId"].get<std::string>();
}

// The error has this code, and all of these words in its message.
void check_refused(ErrorCode code, const std::vector<std::string>& words, const std::string& name,
                   const Json& more = Json::object()) {
  const std::size_t before = raw().count();
  const Error error = ERROR_OF(adopt(name, more));
  CHECK_EQ(error.name(), std::string(error_name(code)));
  for (const std::string& word : words)
    if (error.message().find(word) == std::string::npos)
      throw Failure("no \"" + word + "\" in: " + error.message());
  CHECK_EQ(raw().count(), before);
}

void check_says(const Error& error, ErrorCode code, const std::string& words) {
  if (error.code() != code || error.message().find(words) == std::string::npos)
    throw Failure(std::string("no ") + error_name(code) + " with \"" + words +
                  "\": " + error.what());
}

void an_object_says_itself_what_it_is() {
  make_pair("signer", {1}, hsm::kRsa2048, {CKA_SIGN});
  const Json metadata = adopt("pkcs11:object=signer");
  CHECK(metadata["Origin"] == Json("EXTERNAL_KEY_STORE"));
  CHECK(metadata["XksKeyConfiguration"] == Json({{"Id", "pkcs11:object=signer"}}));
  CHECK(metadata["KeySpec"] == Json("RSA_2048"));
  CHECK(metadata["KeyUsage"] == Json("SIGN_VERIFY"));
  CHECK(metadata["KeyState"] == Json("Enabled"));
  const auto key = metadata["KeyId"].get<std::string>();
  CHECK(request(service(), "DescribeKey", {{"KeyId", key}})["KeyMetadata"] == metadata);
  for (const char* algorithm : {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_384"})
    verify(service(), key, "letter", algorithm, sign(service(), key, "letter", algorithm));
  // A key of Trent's has none.
  CHECK(!request(service(), "DescribeKey", {{"KeyId", symmetric()}})["KeyMetadata"].contains(
      "XksKeyConfiguration"));
}

void a_usage_that_the_object_does_not_allow_is_refused() {
  make_pair("only-sign", {2}, hsm::kRsa2048, {CKA_SIGN});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"only-sign", "CKA_DECRYPT", "CKA_UNWRAP"},
                "only-sign", {{"KeyUsage", "ENCRYPT_DECRYPT"}});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"RSA key of 2048 bits", "RSA_4096"},
                "only-sign", {{"KeySpec", "RSA_4096"}});
  check_refused(ErrorCode::Validation, {"KEY_AGREEMENT is not compatible with KeySpec RSA_2048"},
                "only-sign", {{"KeyUsage", "KEY_AGREEMENT"}});
  make_pair("nothing", {3}, hsm::kRsa2048, {});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"CKA_DECRYPT", "CKA_SIGN"}, "nothing");
  make_pair("everything", {4}, hsm::kRsa2048, {CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP});
  check_refused(ErrorCode::Validation, {"ENCRYPT_DECRYPT and SIGN_VERIFY"}, "everything");
  const Json metadata =
      adopt("everything", {{"KeySpec", "RSA_2048"}, {"KeyUsage", "ENCRYPT_DECRYPT"}});
  CHECK(metadata["KeyUsage"] == Json("ENCRYPT_DECRYPT"));
}

void rsa_that_only_decrypts() {
  make_pair("decrypts", {5}, hsm::kRsa2048, {CKA_DECRYPT});
  const std::string key = adopted("decrypts");
  const Bytes ciphertext = encrypt_with(service(), key, "secret", kSha1);
  CHECK_EQ(decrypt_with(service(), key, ciphertext, kSha1), "secret");
  check_says(ERROR_OF(move(service(), {key, kSha1}, ciphertext, {symmetric()})),
             ErrorCode::UnsupportedOperation,
             "The object decrypts in the token cannot unwrap (CKA_UNWRAP is false).");
  Config config = fresh_config();
  config.host_reencrypt = true;
  Service allowing(config);
  CHECK_EQ(decrypt(service(), move(allowing, {key, kSha1}, ciphertext, {symmetric()})), "secret");
}

void rsa_that_only_unwraps() {
  make_pair("unwraps", {6}, hsm::kRsa2048, {CKA_UNWRAP});
  const std::string key = adopted("unwraps");
  const Bytes ciphertext = encrypt_with(service(), key, "secret", kSha1);
  CHECK_EQ(decrypt(service(), move(service(), {key, kSha1}, ciphertext, {symmetric()})), "secret");
  check_says(ERROR_OF(decrypt_with(service(), key, ciphertext, kSha1)),
             ErrorCode::UnsupportedOperation,
             "The object unwraps in the token cannot decrypt (CKA_DECRYPT is false).");
  // What is moved to it is encrypted with its own exponent.
  const Bytes blob = encrypt(service(), symmetric(), "eight by");
  const Bytes moved = move(service(), {symmetric()}, blob, {key, kSha1});
  CHECK_EQ(decrypt(service(), move(service(), {key, kSha1}, moved, {symmetric()})), "eight by");
}

// KMS's own RSA keys have 65537.
void the_exponent_is_that_of_the_object() {
  static constexpr std::array<std::uint8_t, 1> kThree{3};
  hsm::Attributes of_public;
  of_public.flag(CKA_TOKEN, true)
      .text(CKA_LABEL, "three")
      .number(CKA_MODULUS_BITS, 2048)
      .bytes(CKA_PUBLIC_EXPONENT, kThree);
  hsm::Attributes of_private;
  of_private.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, "three")
      .flag(CKA_SIGN, false)
      .flag(CKA_DECRYPT, true)
      .flag(CKA_UNWRAP, true);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  Pair made;
  check_rv(softhsm()->C_GenerateKeyPair(raw().handle(), &mechanism, of_public.data(),
                                        of_public.size(), of_private.data(), of_private.size(),
                                        &made.public_key, &made.private_key),
           "C_GenerateKeyPair");
  const std::string key = adopted("three");
  CHECK_EQ(decrypt_with(service(), key, encrypt_with(service(), key, "secret", kSha1), kSha1),
           "secret");
  const Bytes blob = encrypt(service(), symmetric(), "eight by");
  const Bytes moved = move(service(), {symmetric()}, blob, {key, kSha1});
  CHECK_EQ(decrypt_with(service(), key, moved, kSha1), "eight by");
}

void elliptic_curves() {
  make_pair("curve", {7}, hsm::kP256, {CKA_SIGN, CKA_DERIVE});
  check_refused(ErrorCode::Validation, {"SIGN_VERIFY and KEY_AGREEMENT"}, "curve");
  const std::string signer = adopted("curve", {{"KeyUsage", "SIGN_VERIFY"}});
  verify(service(), signer, "letter", "ECDSA_SHA_256",
         sign(service(), signer, "letter", "ECDSA_SHA_256"));
  make_pair("agrees", {8}, hsm::kP384, {CKA_DERIVE});
  const Json metadata = adopt("agrees");
  CHECK(metadata["KeySpec"] == Json("ECC_NIST_P384"));
  CHECK(metadata["KeyUsage"] == Json("KEY_AGREEMENT"));
  const std::string other = create(service(), "ECC_NIST_P384", "KEY_AGREEMENT");
  const auto shared = [&](const Json& mine, const Json& theirs) {
    const Json peer = request(service(), "GetPublicKey", {{"KeyId", theirs}})["PublicKey"];
    return request(service(), "DeriveSharedSecret",
                   {{"KeyId", mine}, {"KeyAgreementAlgorithm", "ECDH"}, {"PublicKey", peer}});
  };
  const Json ours = shared(metadata["KeyId"], other);
  CHECK(ours["SharedSecret"] == shared(other, metadata["KeyId"])["SharedSecret"]);
  CHECK(ours["KeyOrigin"] == Json("EXTERNAL_KEY_STORE"));
  make_pair("edwards", {9}, hsm::kEd25519, {CKA_SIGN});
  const std::string edwards = adopted("edwards");
  verify(service(), edwards, "letter", "ED25519_SHA_512",
         sign(service(), edwards, "letter", "ED25519_SHA_512"));
  make_pair("neither", {10}, hsm::kP256, {});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"neither sign nor derive"}, "neither");
  // secp224r1
  const hsm::KeyPairKind unknown{
      CKK_EC, "EC", CKM_EC_KEY_PAIR_GEN, 0, std::string_view("\x06\x05\x2b\x81\x04\x00\x21", 7),
      57};
  make_pair("unknown", {11}, unknown, {CKA_SIGN});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"no type that KMS has"}, "unknown");
}

// An EC private key does not tell its public half, an RSA key does.
void the_public_key_has_to_be_somewhere() {
  const Pair curve = make_pair("alone", {12}, hsm::kP256, {CKA_SIGN});
  destroy(curve.public_key);
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"alone", "public key"}, "alone");
  // That of another key proves nothing.
  make_pair("other", {12}, hsm::kP256, {CKA_SIGN});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"alone", "public key"}, "alone");
  const Pair rsa = make_pair("rsa-alone", {13}, hsm::kRsa2048, {CKA_SIGN});
  destroy(rsa.public_key);
  const std::string key = adopted("rsa-alone");
  verify(service(), key, "letter", "RSASSA_PSS_SHA_256",
         sign(service(), key, "letter", "RSASSA_PSS_SHA_256"));
}

void aes_that_derives() {
  make_secret("aes", {20}, CKK_AES, Bytes(32, 0x42), {.derive = true});
  const Json metadata = adopt("pkcs11:id=%14;type=secret-key");
  CHECK(metadata["KeySpec"] == Json("SYMMETRIC_DEFAULT"));
  CHECK(metadata["KeyUsage"] == Json("ENCRYPT_DECRYPT"));
  const auto key = metadata["KeyId"].get<std::string>();
  // As every blob, recomputed from the value of the key.
  const SecretBytes id = aes_ecb(Bytes(32, 0x42), blob::key_material_id_input(key));
  CHECK(metadata["CurrentKeyMaterialId"] == Json(to_hex(id)));
  const Bytes blob = encrypt(service(), key, "secret", {{"tenant", "acme"}});
  CHECK_EQ(decrypt(service(), blob, {{"tenant", "acme"}}), "secret");
  CHECK_ERROR(InvalidCiphertext, decrypt(service(), blob));
  const Bytes moved = re_encrypt(service(), blob, symmetric(), {{"tenant", "acme"}});
  CHECK_EQ(decrypt(service(), re_encrypt(service(), moved, key)), "secret");
  // One that has never heard of the key finds it by the blob alone.
  Service other(load_config());
  CHECK_EQ(decrypt(other, blob, {{"tenant", "acme"}}), "secret");
}

void aes_and_hmac_that_cannot_be_used() {
  make_secret("encrypts", {21}, CKK_AES, Bytes(32, 1), {.decrypt = true, .wrap = true});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"encrypts", "CKA_DERIVE is false"},
                "encrypts");
  make_secret("short", {22}, CKK_AES, Bytes(16, 2), {.derive = true});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"AES key of 16 bytes"}, "short");
  make_secret("odd", {23}, CKK_GENERIC_SECRET, Bytes(20, 3), {.sign = true});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"generic secret of 20 bytes"}, "odd");
  make_secret("mute", {24}, CKK_GENERIC_SECRET, Bytes(32, 4), {.derive = true});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"CKA_SIGN is false"}, "mute");
  make_secret("public", {25}, CKK_AES, Bytes(32, 5), {.derive = true}, {{CKA_PRIVATE, false}});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"CKA_PRIVATE is false"}, "public");
  make_pair("asks", {26}, hsm::kRsa2048, {CKA_SIGN}, {{CKA_ALWAYS_AUTHENTICATE, true}});
  check_refused(ErrorCode::XksKeyInvalidConfiguration, {"CKA_ALWAYS_AUTHENTICATE is true"}, "asks");
}

void mechanisms_that_are_not_allowed() {
  make_pair("hashing", {27}, hsm::kRsa2048, {CKA_SIGN}, {}, {CKM_SHA256_RSA_PKCS});
  check_refused(ErrorCode::XksKeyInvalidConfiguration,
                {"does not allow CKM_RSA_PKCS (CKA_ALLOWED_MECHANISMS)"}, "hashing");
  // One of the two that a usage has.
  make_pair("pss", {28}, hsm::kRsa2048, {CKA_SIGN}, {}, {CKM_RSA_PKCS_PSS});
  const std::string key = adopted("pss");
  verify(service(), key, "letter", "RSASSA_PSS_SHA_256",
         sign(service(), key, "letter", "RSASSA_PSS_SHA_256"));
  CHECK_ERROR(UnsupportedOperation, sign(service(), key, "letter", "RSASSA_PKCS1_V1_5_SHA_256"));
}

void hmac() {
  struct Case {
    std::size_t length;
    const char* spec;
    const char* algorithm;
  };
  for (const Case& each : {Case{28, "HMAC_224", "HMAC_SHA_224"},
                           {32, "HMAC_256", "HMAC_SHA_256"},
                           {48, "HMAC_384", "HMAC_SHA_384"},
                           {64, "HMAC_512", "HMAC_SHA_512"}}) {
    const std::string label = "mac-" + std::to_string(each.length);
    const Bytes value(each.length, 0x77);
    make_secret(label, {0x30, static_cast<std::uint8_t>(each.length)}, CKK_GENERIC_SECRET, value,
                {.sign = true});
    const Json metadata = adopt(label);
    CHECK(metadata["KeySpec"] == Json(each.spec));
    const Json mac = request(service(), "GenerateMac",
                             {{"KeyId", metadata["KeyId"]},
                              {"Message", base64("letter")},
                              {"MacAlgorithm", each.algorithm}});
    if (each.length == 32) {
      const SecretBytes expected = hmac_sha256(value, as_bytes("letter"));
      CHECK(mac["Mac"] == Json(secret_to_base64(expected)));
    }
    request(service(), "VerifyMac",
            {{"KeyId", metadata["KeyId"]},
             {"Message", base64("letter")},
             {"MacAlgorithm", each.algorithm},
             {"Mac", mac["Mac"]}});
  }
  make_secret("typed", {0x31}, CKK_SHA256_HMAC, Bytes(32, 0x78), {.sign = true});
  CHECK(adopt("typed")["KeySpec"] == Json("HMAC_256"));
}

void names_that_name_nothing_or_too_much() {
  check_refused(ErrorCode::XksKeyNotFound, {"no private or secret key", "nobody"}, "nobody");
  check_refused(ErrorCode::XksKeyNotFound, {}, "pkcs11:object=nobody");
  make_secret("twin", {40}, CKK_GENERIC_SECRET, Bytes(32, 6), {.sign = true});
  make_secret("twin", {41}, CKK_GENERIC_SECRET, Bytes(32, 7), {.sign = true});
  check_refused(ErrorCode::Validation, {"names 2 keys", "CKA_ID 28", "CKA_ID 29"}, "twin");
  // Somewhere else.
  check_refused(ErrorCode::XksKeyNotFound, {}, "pkcs11:token=other;object=twin;id=%28");
  adopt("pkcs11:token=kms;object=twin;id=%28");
  // A public key is none that KMS could use.
  make_pair("half", {42}, hsm::kP256, {CKA_SIGN});
  check_refused(ErrorCode::XksKeyNotFound, {}, "pkcs11:object=half;type=public");
  adopt("pkcs11:object=half;type=private");
  check_refused(ErrorCode::Validation, {"names no object"}, "pkcs11:token=kms");
  check_refused(ErrorCode::Validation, {"how to get the PIN"}, "pkcs11:object=twin?pin-value=1234");
  check_refused(ErrorCode::Validation, {"is not a PKCS#11 URI"}, "pkcs11:objekt=twin");
  check_refused(ErrorCode::Validation, {"is not a PKCS#11 URI"}, "pkcs11:object=twin;slot-id=1");
  check_refused(ErrorCode::Validation, {"neither a PKCS#11 URI"}, "my key");
  check_refused(ErrorCode::Validation, {"less than or equal to 1024"}, std::string(1025, 'x'));
  check_refused(ErrorCode::XksKeyAlreadyInUse, {"is Trent's own"},
                "pkcs11:object=trent%2Fkey%2F" + symmetric());
  CHECK_WORDS(Validation, "XksKeyId is required for keys of origin EXTERNAL_KEY_STORE.",
              request(service(), "CreateKey", {{"Origin", "EXTERNAL_KEY_STORE"}}));
  CHECK_WORDS(Validation, "XksKeyId is valid only for keys of origin EXTERNAL_KEY_STORE.",
              request(service(), "CreateKey", {{"XksKeyId", "twin"}}));
}

void labels_and_ids_may_be_anything() {
  const std::string label = "caf\xc3\xa9 \xff\n\"";
  make_secret(label, {50}, CKK_GENERIC_SECRET, Bytes(32, 8), {.sign = true});
  const std::string key = adopted("pkcs11:id=%32");
  // Another one of the same label, which is found before it, does not stand for it.
  const auto make_without_id = [] {
    return make_secret("no-id", {}, CKK_GENERIC_SECRET, Bytes(32, 9), {.sign = true});
  };
  const CK_OBJECT_HANDLE first = make_without_id();
  const std::string no_id = adopted("no-id");
  destroy(first);
  make_secret("no-id", {51}, CKK_GENERIC_SECRET, Bytes(32, 10), {.sign = true});
  make_without_id();
  make_secret("", {52}, CKK_GENERIC_SECRET, Bytes(32, 11), {.sign = true});
  const std::string no_label = adopted("pkcs11:id=%34");
  Service other(load_config());
  for (const std::string& each : {key, no_id, no_label})
    request(other, "GenerateMac",
            {{"KeyId", each}, {"Message", base64("letter")}, {"MacAlgorithm", "HMAC_SHA_256"}});
}

void a_key_is_adopted_once() {
  const Pair pair = make_pair("once", {60}, hsm::kP256, {CKA_SIGN});
  const std::string key = adopted("once");
  check_refused(ErrorCode::XksKeyAlreadyInUse, {"once", key}, "once");
  check_refused(ErrorCode::XksKeyAlreadyInUse, {key}, "pkcs11:id=%3C;type=private");
  // The same key under another name, which has its public key in common.
  copy(pair.private_key, "once-more");
  check_refused(ErrorCode::XksKeyAlreadyInUse, {"once-more", key}, "once-more");
  // Not even where the deletion of the key is scheduled: it may be cancelled.
  service().schedule_key_deletion({key, {}});
  check_refused(ErrorCode::XksKeyAlreadyInUse, {key}, "once");
}

// Another host, whose lock is another one, adopts the same at the moment when this one does.
void two_hosts_do_not_both_adopt_a_key() {
  make_secret("race", {66}, CKK_GENERIC_SECRET, Bytes(32, 17), {.sign = true});
  catalog::KeyRecord theirs;
  theirs.revision.lineage = "0123456789abcdef";
  theirs.revision.nonce = "fedcba9876543210";
  theirs.key_id = "00000000-0000-4000-8000-00000000000a";
  theirs.created = catalog::now();
  theirs.usage = catalog::KeyUsage::GenerateVerifyMac;
  theirs.spec = catalog::KeySpec::Hmac256;
  theirs.origin = catalog::KeyOrigin::ExternalKeyStore;
  theirs.materials = {{theirs.current, theirs.created}};
  theirs.adopted = {"race", "race", {66}};
  const auto write_theirs = [&] {
    const std::string text = to_text(theirs);
    const std::string label = theirs.label();
    hsm::Attributes attributes;
    attributes.number(CKA_CLASS, CKO_DATA)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .text(CKA_APPLICATION, "trent")
        .text(CKA_LABEL, label)
        .text(CKA_VALUE, text);
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    check_rv(softhsm()->C_CreateObject(raw().handle(), attributes.data(), attributes.size(), &made),
             "C_CreateObject");
  };
  create_key(service());  // what is tried once is tried
  fault_module().arm(
      {.nth = 1, .rv = CKR_OK, .function = "C_CreateObject", .before = write_theirs});
  const Error error = ERROR_OF(adopt("race"));
  fault_module().disarm();
  check_says(error, ErrorCode::XksKeyAlreadyInUse, theirs.key_id);
  const auto listing = service().home().catalog.list();
  CHECK_EQ(std::ranges::count_if(listing->keys,
                                 [&](const auto& record) {
                                   return record->adopted &&
                                          record->adopted->label == theirs.adopted->label;
                                 }),
           1);
}

// Behind the back of a service that has used it, and of one that has not.
void an_object_that_is_gone_or_another_is_refused_by_name() {
  const CK_OBJECT_HANDLE object =
      make_secret("gone", {61}, CKK_GENERIC_SECRET, Bytes(32, 12), {.sign = true});
  const std::string key = adopted("gone");
  const auto use = [&](Service& kms) {
    return request(
        kms, "GenerateMac",
        {{"KeyId", key}, {"Message", base64("letter")}, {"MacAlgorithm", "HMAC_SHA_256"}});
  };
  use(service());
  destroy(object);
  Service other(load_config());
  for (Service* kms : {&service(), &other})
    check_says(ERROR_OF(use(*kms)), ErrorCode::KeyUnavailable, "(gone) is not in the token");
  const CK_OBJECT_HANDLE impostor =
      make_secret("gone", {61}, CKK_GENERIC_SECRET, Bytes(32, 13), {.sign = true});
  for (Service* kms : {&service(), &other})
    check_says(ERROR_OF(use(*kms)), ErrorCode::KMSInternal,
               "The object gone in the token is not the key that was adopted.");
  destroy(impostor);
  make_secret("gone", {61}, CKK_GENERIC_SECRET, Bytes(32, 12), {.sign = true});
  for (Service* kms : {&service(), &other}) use(*kms);
}

void the_same_of_an_aes_key() {
  const CK_OBJECT_HANDLE object =
      make_secret("gone-aes", {62}, CKK_AES, Bytes(32, 14), {.derive = true});
  const std::string key = adopted("gone-aes");
  const Bytes blob = encrypt(service(), key, "secret");
  destroy(object);
  check_says(ERROR_OF(decrypt(service(), blob)), ErrorCode::KeyUnavailable,
             "(gone-aes) is not in the token");
  make_secret("gone-aes", {62}, CKK_AES, Bytes(32, 15), {.derive = true});
  check_says(ERROR_OF(decrypt(service(), blob)), ErrorCode::KMSInternal,
             "The object gone-aes in the token is not the key that was adopted.");
}

std::string problems() {
  const auto reports = kms::check(service(), {});
  std::string all;
  for (const std::string& problem : reports.front().problems) all += problem + "\n";
  return all;
}
void check_contains(const std::string& text, const std::string& words) {
  if (text.find(words) == std::string::npos) throw Failure("no \"" + words + "\" in: " + text);
}

void check_proves_the_object() {
  const Pair pair = make_pair("proven", {63}, hsm::kRsa2048, {CKA_SIGN});
  const std::string key = adopted("proven");
  const std::string subject = "Key " + key + ": The object proven";
  CHECK(problems().find(key) == std::string::npos);
  set_flag(pair.private_key, CKA_SIGN, false);
  check_contains(problems(), subject + " cannot sign (CKA_SIGN is false), so it is not used.");
  set_flag(pair.private_key, CKA_SIGN, true);
  CHECK(problems().find(key) == std::string::npos);
  const CK_OBJECT_HANDLE twin = copy(pair.private_key, "proven");
  check_contains(problems(), subject + " is in the token more than once.");
  destroy(twin);
  destroy(pair.private_key);
  check_contains(problems(), subject + ", from which it was adopted, is not in the token.");
  make_pair("proven", {63}, hsm::kRsa2048, {CKA_SIGN});
  check_contains(problems(), subject + " in the token is not the key that was adopted.");
}

void what_others_may_do_with_it_is_a_warning() {
  const CK_OBJECT_HANDLE object =
      make_secret("loose", {64}, CKK_AES, Bytes(32, 16), {.derive = true});
  const std::string key = adopted("loose");
  set_flag(object, CKA_ENCRYPT, true);
  std::string warnings;
  const auto reports = kms::check(service(), {});
  for (const std::string& warning : reports.front().warnings) warnings += warning + "\n";
  check_contains(warnings, "Key " + key + ": The object loose can encrypt (CKA_ENCRYPT is true)");
}

// Everything that the token says of an object.
std::string picture_of(CK_OBJECT_HANDLE object) {
  std::string picture;
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_LABEL, CKA_ID, CKA_KEY_TYPE, CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE,
        CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_LOCAL, CKA_MODULUS})
    picture += to_hex(as_bytes(raw().attribute(object, type))) + "\n";
  return picture;
}

void deletion_leaves_the_object() {
  const Pair pair = make_pair("kept", {65}, hsm::kRsa2048, {CKA_SIGN});
  const std::string before = picture_of(pair.private_key);
  const std::string key = adopted("kept");
  service().create_alias({"alias/kept", key});
  service().schedule_key_deletion({key, {}});
  kms::Account& account = service().home();
  account.catalog.change_key(hsm::ChangeLock(account.token), key, [](catalog::KeyRecord& record) {
    record.deletion = catalog::now() - std::chrono::hours(24);
  });
  CHECK_ERROR(NotFound, service().describe_key({key, {}}));
  const auto report = kms::purge(service(), {.clock_is_right = true}).front();
  CHECK_EQ(report.keys.size(), 1U);
  CHECK(report.keys[0].destroyed && report.keys[0].adopted);
  CHECK_EQ(report.keys[0].materials, 0U);
  CHECK_EQ(picture_of(pair.private_key), before);
  CHECK(!raw().attribute(pair.public_key, CKA_MODULUS).empty());
  CHECK_ERROR(NotFound, service().describe_key({"alias/kept", {}}));
  // It is free again.
  const std::string again = adopted("kept");
  CHECK(again != key);
  verify(service(), again, "letter", "RSASSA_PSS_SHA_256",
         sign(service(), again, "letter", "RSASSA_PSS_SHA_256"));
}

}  // namespace

int main() {
  SoftHsm token({.module = fault_module_path()});
  return RUN_TESTS(
      "kms adoption", TEST(an_object_says_itself_what_it_is),
      TEST(a_usage_that_the_object_does_not_allow_is_refused), TEST(rsa_that_only_decrypts),
      TEST(rsa_that_only_unwraps), TEST(the_exponent_is_that_of_the_object), TEST(elliptic_curves),
      TEST(the_public_key_has_to_be_somewhere), TEST(aes_that_derives),
      TEST(aes_and_hmac_that_cannot_be_used), TEST(mechanisms_that_are_not_allowed), TEST(hmac),
      TEST(names_that_name_nothing_or_too_much), TEST(labels_and_ids_may_be_anything),
      TEST(a_key_is_adopted_once), TEST(two_hosts_do_not_both_adopt_a_key),
      TEST(an_object_that_is_gone_or_another_is_refused_by_name), TEST(the_same_of_an_aes_key),
      TEST(check_proves_the_object), TEST(what_others_may_do_with_it_is_a_warning),
      TEST(deletion_leaves_the_object));
}
