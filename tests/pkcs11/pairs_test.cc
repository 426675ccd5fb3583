// SPDX-License-Identifier: Apache-2.0
// Key pairs and HMAC keys as objects, and what the standard's mechanisms make of them.
#include <algorithm>

#include "base/hash.h"
#include "base/public_key.h"
#include "door.h"
#include "import.h"
#include "key_pairs.h"

using namespace trent;
using namespace trent::test;

namespace {

constexpr CK_MECHANISM_TYPE kEcdsaSha256 = 0x1044;
constexpr CK_MECHANISM_TYPE kEddsa = 0x1057;

// One module and one session for all cases; the keys are made beside it.
CK_SESSION_HANDLE session() {
  static const CK_SESSION_HANDLE handle = [] {
    check_rv(p11().C_Initialize(nullptr), "C_Initialize");
    return open_session();
  }();
  return handle;
}
Service& service() {
  static Service kms(load_config());
  return kms;
}

struct Pair {
  std::string id;  // of the KMS key
  CK_OBJECT_HANDLE private_key = 0;
  CK_OBJECT_HANDLE public_key = 0;
  PublicKey decoded;
};

Pair make_pair(const std::string& spec, const std::string& usage, const std::string& name) {
  const std::string id = create(service(), spec, usage);
  service().create_alias({"alias/" + name, id});
  const Bytes der = bytes_of(request(service(), "GetPublicKey", {{"KeyId", id}})["PublicKey"]);
  const auto one = [&](CK_OBJECT_CLASS object_class) {
    const auto found =
        find(session(), Attrs().text(CKA_LABEL, name).number(CKA_CLASS, object_class));
    CHECK_EQ(found.size(), 1U);
    return found[0];
  };
  return {id, one(CKO_PRIVATE_KEY), one(CKO_PUBLIC_KEY), PublicKey(der)};
}

CK_RV try_sign(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, const std::string& data,
               std::string* signature) {
  CK_RV rv = p11().C_SignInit(session(), &mechanism, key);
  if (rv != CKR_OK) return rv;
  signature->resize(1024);
  CK_ULONG size = signature->size();
  rv = p11().C_Sign(session(), bytes(data), data.size(), bytes(*signature), &size);
  signature->resize(rv == CKR_OK ? size : 0);
  return rv;
}
std::string sign_with(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, const std::string& data) {
  std::string signature;
  CHECK_OK(try_sign(mechanism, key, data, &signature));
  return signature;
}
CK_RV verify_with(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, const std::string& data,
                  const std::string& signature) {
  CK_RV rv = p11().C_VerifyInit(session(), &mechanism, key);
  if (rv != CKR_OK) return rv;
  return p11().C_Verify(session(), bytes(data), data.size(), bytes(signature), signature.size());
}

std::string hashed(Hash hash, const std::string& text) {
  const Bytes out = digest(hash, as_bytes(text));
  return {out.begin(), out.end()};
}
std::string text_of_bytes(ByteView view) {
  return {view.begin(), view.end()};
}

CK_RSA_PKCS_PSS_PARAMS pss(CK_MECHANISM_TYPE hash, CK_RSA_PKCS_MGF_TYPE mgf, CK_ULONG salt) {
  return {hash, mgf, salt};
}

void shows_a_pair_as_two_objects() {
  const Pair pair = make_pair("RSA_2048", "SIGN_VERIFY", "shown");
  for (const CK_OBJECT_HANDLE object : {pair.private_key, pair.public_key}) {
    CHECK_EQ(attribute(session(), object, CKA_LABEL), "shown");
    CHECK_EQ(attribute(session(), object, CKA_ID).size(), 16U);
    CHECK_EQ(attribute(session(), object, CKA_MODULUS), text_of_bytes(pair.decoded.modulus()));
    CHECK_EQ(attribute(session(), object, CKA_PUBLIC_EXPONENT), std::string("\1\0\1", 3));
    CHECK_EQ(attribute(session(), object, CKA_TRENT_KEY_STATE), "Enabled");
  }
  CHECK_EQ(attribute(session(), pair.private_key, CKA_ID),
           attribute(session(), pair.public_key, CKA_ID));
  CHECK(attribute(session(), pair.private_key, kAttributeUniqueId) !=
        attribute(session(), pair.public_key, kAttributeUniqueId));
  CHECK_EQ(attribute(session(), pair.private_key, CKA_SIGN), "\1");
  CHECK_EQ(attribute(session(), pair.private_key, CKA_DECRYPT), std::string(1, '\0'));
  CHECK_EQ(attribute(session(), pair.private_key, CKA_SENSITIVE), "\1");
  CHECK_EQ(attribute(session(), pair.private_key, CKA_ALWAYS_AUTHENTICATE), std::string(1, '\0'));
  CHECK_EQ(attribute(session(), pair.public_key, CKA_VERIFY), "\1");
  for (const CK_ATTRIBUTE_TYPE secret : {CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_VALUE}) {
    CK_ATTRIBUTE wanted{secret, nullptr, 0};
    CHECK_RV(p11().C_GetAttributeValue(session(), pair.private_key, &wanted, 1),
             CKR_ATTRIBUTE_SENSITIVE);
    CHECK_RV(p11().C_GetAttributeValue(session(), pair.public_key, &wanted, 1),
             CKR_ATTRIBUTE_TYPE_INVALID);
  }
  // By each of its names, alone and with what is not so.
  CHECK_EQ(find(session(), Attrs().text(CKA_MODULUS, text_of_bytes(pair.decoded.modulus()))).size(),
           2U);
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "shown").flag(CKA_VERIFY, true)).size(), 1U);
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "shown").flag(CKA_DECRYPT, true)).size(), 0U);
  CHECK(find(session(), Attrs().text(kAttributeUniqueId,
                                     attribute(session(), pair.public_key, kAttributeUniqueId))) ==
        std::vector{pair.public_key});
  // What holds the keys in the token stays hidden.
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "trent/key/" + pair.id)).size(), 0U);
}

void shows_points_of_curves() {
  const Pair pair = make_pair("ECC_NIST_P384", "SIGN_VERIFY", "curve");
  const std::string point = attribute(session(), pair.public_key, CKA_EC_POINT);
  CHECK_EQ(point, "\x04\x61" + text_of_bytes(pair.decoded.point()));
  CHECK_EQ(attribute(session(), pair.private_key, CKA_EC_PARAMS),
           text_of_bytes(pair.decoded.curve()));
  CK_ATTRIBUTE wanted{CKA_EC_POINT, nullptr, 0};
  CHECK_RV(p11().C_GetAttributeValue(session(), pair.private_key, &wanted, 1),
           CKR_ATTRIBUTE_TYPE_INVALID);
}

void signs_with_rsa() {
  const Pair pair = make_pair("RSA_2048", "SIGN_VERIFY", "rsa-signer");
  const std::string letter = "a letter";
  struct Way {
    CK_MECHANISM_TYPE whole;
    Hash hash;
    CK_MECHANISM_TYPE p11_hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
    CK_MECHANISM_TYPE whole_pss;
  };
  for (const Way& way : {Way{CKM_SHA256_RSA_PKCS, Hash::Sha256, CKM_SHA256, CKG_MGF1_SHA256,
                             CKM_SHA256_RSA_PKCS_PSS},
                         Way{CKM_SHA384_RSA_PKCS, Hash::Sha384, CKM_SHA384, CKG_MGF1_SHA384,
                             CKM_SHA384_RSA_PKCS_PSS},
                         Way{CKM_SHA512_RSA_PKCS, Hash::Sha512, CKM_SHA512, CKG_MGF1_SHA512,
                             CKM_SHA512_RSA_PKCS_PSS}}) {
    const std::string hash = hashed(way.hash, letter);
    // PKCS #1 v1.5 is the same each time.
    const std::string whole = sign_with({way.whole, nullptr, 0}, pair.private_key, letter);
    const std::string info = text_of_bytes(digest_info_head(way.hash)) + hash;
    CHECK_EQ(sign_with({CKM_RSA_PKCS, nullptr, 0}, pair.private_key, info), whole);
    CHECK(pair.decoded.verifies(SignatureScheme::Pkcs1, way.hash, as_bytes(hash), as_bytes(whole)));
    CHECK_OK(verify_with({way.whole, nullptr, 0}, pair.public_key, letter, whole));
    CHECK_OK(verify_with({CKM_RSA_PKCS, nullptr, 0}, pair.public_key, info, whole));
    CHECK_RV(verify_with({way.whole, nullptr, 0}, pair.public_key, "another", whole),
             CKR_SIGNATURE_INVALID);
    CHECK_RV(verify_with({way.whole, nullptr, 0}, pair.public_key, letter, whole + "x"),
             CKR_SIGNATURE_LEN_RANGE);

    auto params = pss(way.p11_hash, way.mgf, hash.size());
    for (const auto& [type, input] :
         {std::pair(CK_MECHANISM_TYPE{CKM_RSA_PKCS_PSS}, hash), std::pair(way.whole_pss, letter)}) {
      const CK_MECHANISM mechanism{type, &params, sizeof params};
      const std::string signature = sign_with(mechanism, pair.private_key, input);
      CHECK(pair.decoded.verifies(SignatureScheme::Pss, way.hash, as_bytes(hash),
                                  as_bytes(signature)));
      CHECK_OK(verify_with(mechanism, pair.public_key, input, signature));
      CHECK_RV(verify_with(mechanism, pair.public_key, input, whole), CKR_SIGNATURE_INVALID);
    }
    // KMS has a salt as long as the hash, and no other.
    std::string none;
    for (const CK_ULONG salt : {CK_ULONG{0}, CK_ULONG{20}, CK_ULONG{hash.size() + 1}}) {
      auto other = pss(way.p11_hash, way.mgf, salt);
      CHECK_RV(try_sign({CKM_RSA_PKCS_PSS, &other, sizeof other}, pair.private_key, hash, &none),
               CKR_MECHANISM_PARAM_INVALID);
    }
    auto other = pss(way.p11_hash, CKG_MGF1_SHA1, hash.size());
    CHECK_RV(try_sign({CKM_RSA_PKCS_PSS, &other, sizeof other}, pair.private_key, hash, &none),
             CKR_MECHANISM_PARAM_INVALID);
    CHECK_RV(try_sign({way.whole_pss, nullptr, 0}, pair.private_key, letter, &none),
             CKR_MECHANISM_PARAM_INVALID);
  }
  std::string none;
  CHECK_RV(try_sign({CKM_RSA_PKCS, nullptr, 0}, pair.private_key, "no digest info", &none),
           CKR_DATA_INVALID);
  CHECK_RV(try_sign({CKM_RSA_X_509, nullptr, 0}, pair.private_key, std::string(256, 1), &none),
           CKR_MECHANISM_INVALID);
  CHECK_RV(try_sign({CKM_SHA1_RSA_PKCS, nullptr, 0}, pair.private_key, letter, &none),
           CKR_MECHANISM_INVALID);
  CHECK_RV(try_sign({CKM_ECDSA, nullptr, 0}, pair.private_key, std::string(32, 1), &none),
           CKR_MECHANISM_INVALID);
}

void signs_with_curves() {
  const std::string letter = "a letter";
  for (const auto& [spec, hash, size] : {std::tuple("ECC_NIST_P256", Hash::Sha256, 64U),
                                         std::tuple("ECC_NIST_P384", Hash::Sha384, 96U),
                                         std::tuple("ECC_NIST_P521", Hash::Sha512, 132U),
                                         std::tuple("ECC_SECG_P256K1", Hash::Sha256, 64U)}) {
    const Pair pair = make_pair(spec, "SIGN_VERIFY", spec);
    const std::string input = hashed(hash, letter);
    // Often enough that r or s begins with a zero byte.
    for (int i = 0; i < 20; ++i) {
      const std::string signature = sign_with({CKM_ECDSA, nullptr, 0}, pair.private_key, input);
      CHECK_EQ(signature.size(), size);
      CHECK(pair.decoded.verifies(SignatureScheme::Ecdsa, hash, as_bytes(input),
                                  ecdsa_to_der(as_bytes(signature))));
      CHECK_OK(verify_with({CKM_ECDSA, nullptr, 0}, pair.public_key, input, signature));
    }
    // With whatever hash, as ECDSA has it.
    for (const Hash other : {Hash::Sha256, Hash::Sha384, Hash::Sha512}) {
      const std::string another = hashed(other, letter);
      const std::string signature = sign_with({CKM_ECDSA, nullptr, 0}, pair.private_key, another);
      CHECK(pair.decoded.verifies(SignatureScheme::Ecdsa, other, as_bytes(another),
                                  ecdsa_to_der(as_bytes(signature))));
      CHECK_OK(verify_with({CKM_ECDSA, nullptr, 0}, pair.public_key, another, signature));
      CHECK_RV(verify_with({CKM_ECDSA, nullptr, 0}, pair.public_key, hashed(other, "x"), signature),
               CKR_SIGNATURE_INVALID);
    }
    std::string none;
    for (const std::string& bad : {input + "x", input.substr(1), std::string(20, 'x')})
      CHECK_RV(try_sign({CKM_ECDSA, nullptr, 0}, pair.private_key, bad, &none), CKR_DATA_LEN_RANGE);
    CHECK_RV(try_sign({CKM_ECDSA, nullptr, 0}, pair.private_key, "", &none), CKR_DATA_LEN_RANGE);
    CHECK_RV(verify_with({CKM_ECDSA, nullptr, 0}, pair.public_key, input, std::string(size, '\0')),
             CKR_SIGNATURE_INVALID);
    CHECK_RV(verify_with({CKM_ECDSA, nullptr, 0}, pair.public_key, input, std::string(size - 2, 1)),
             CKR_SIGNATURE_LEN_RANGE);
  }
  const Pair p256 = make_pair("ECC_NIST_P256", "SIGN_VERIFY", "p256");
  CHECK_OK(verify_with({CKM_ECDSA, nullptr, 0}, p256.public_key, hashed(Hash::Sha256, letter),
                       sign_with({kEcdsaSha256, nullptr, 0}, p256.private_key, letter)));
  const Pair edwards = make_pair("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "edwards");
  const std::string signature = sign_with({kEddsa, nullptr, 0}, edwards.private_key, letter);
  CHECK(edwards.decoded.verifies(SignatureScheme::Eddsa, Hash::Sha512, as_bytes(letter),
                                 as_bytes(signature)));
  CHECK_OK(verify_with({kEddsa, nullptr, 0}, edwards.public_key, letter, signature));
}

// The message is hashed here as it comes, however long it is.
void signs_in_parts() {
  const Pair pair = make_pair("ECC_NIST_P256", "SIGN_VERIFY", "parts");
  const std::string part(100'000, 'p');
  CK_MECHANISM mechanism{kEcdsaSha256, nullptr, 0};
  CHECK_OK(p11().C_SignInit(session(), &mechanism, pair.private_key));
  for (int i = 0; i < 3; ++i) CHECK_OK(p11().C_SignUpdate(session(), bytes(part), part.size()));
  CK_ULONG size = 0;
  CHECK_OK(p11().C_SignFinal(session(), nullptr, &size));
  CHECK_EQ(size, 64U);
  std::string signature(64, '\0');
  size = 10;
  CHECK_RV(p11().C_SignFinal(session(), bytes(signature), &size), CKR_BUFFER_TOO_SMALL);
  CHECK_EQ(size, 64U);
  CHECK_OK(p11().C_SignFinal(session(), bytes(signature), &size));
  CHECK_RV(p11().C_SignFinal(session(), bytes(signature), &size), CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(verify_with(mechanism, pair.public_key, part + part + part, signature));
  CHECK_OK(p11().C_VerifyInit(session(), &mechanism, pair.public_key));
  for (int i = 0; i < 3; ++i) CHECK_OK(p11().C_VerifyUpdate(session(), bytes(part), part.size()));
  CHECK_OK(p11().C_VerifyFinal(session(), bytes(signature), signature.size()));
  // The length of a one-part signature is told without making one, and is no second message.
  const std::string letter = "letter";
  CHECK_OK(p11().C_SignInit(session(), &mechanism, pair.private_key));
  CHECK_OK(p11().C_Sign(session(), bytes(letter), letter.size(), nullptr, &size));
  CHECK_RV(p11().C_SignUpdate(session(), bytes(letter), letter.size()), CKR_OPERATION_ACTIVE);
  CHECK_OK(p11().C_SignInit(session(), &mechanism, pair.private_key));
  CHECK_OK(p11().C_Sign(session(), bytes(letter), letter.size(), nullptr, &size));
  CHECK_OK(p11().C_Sign(session(), bytes(letter), letter.size(), bytes(signature), &size));
  CHECK_OK(verify_with(mechanism, pair.public_key, letter, signature));
}

void makes_macs() {
  const std::string id = create(service(), "HMAC_256", "GENERATE_VERIFY_MAC");
  service().create_alias({"alias/mac", id});
  const auto found = find(session(), Attrs().text(CKA_LABEL, "mac"));
  CHECK_EQ(found.size(), 1U);
  CHECK_EQ(attribute(session(), found[0], CKA_SIGN), "\1");
  const CK_MECHANISM mechanism{CKM_SHA256_HMAC, nullptr, 0};
  const std::string mac = sign_with(mechanism, found[0], "letter");
  const auto answer =
      request(service(), "GenerateMac",
              {{"KeyId", id}, {"Message", base64("letter")}, {"MacAlgorithm", "HMAC_SHA_256"}});
  CHECK_EQ(mac, text_of(answer["Mac"]));
  CHECK_OK(verify_with(mechanism, found[0], "letter", mac));
  CHECK_RV(verify_with(mechanism, found[0], "lettre", mac), CKR_SIGNATURE_INVALID);
  std::string none;
  CHECK_RV(try_sign({CKM_SHA512_HMAC, nullptr, 0}, found[0], "letter", &none),
           CKR_MECHANISM_INVALID);
  CHECK_RV(try_sign(mechanism, found[0], std::string(4097, 'x'), &none), CKR_DATA_LEN_RANGE);
  std::string plaintext;
  CHECK_RV(try_decrypt(session(), &Symmetric(), found[0], "x", &plaintext),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
}

void encrypts_with_rsa() {
  const Pair pair = make_pair("RSA_2048", "ENCRYPT_DECRYPT", "rsa-opener");
  for (const auto& [hash, mgf, algorithm] :
       {std::tuple(CKM_SHA_1, CKG_MGF1_SHA1, "RSAES_OAEP_SHA_1"),
        std::tuple(CKM_SHA256, CKG_MGF1_SHA256, "RSAES_OAEP_SHA_256")}) {
    CK_RSA_PKCS_OAEP_PARAMS params{CK_MECHANISM_TYPE(hash), CK_RSA_PKCS_MGF_TYPE(mgf),
                                   CKZ_DATA_SPECIFIED, nullptr, 0};
    CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &params, sizeof params};
    const std::string ciphertext = encrypt(session(), &mechanism, pair.public_key, "secret");
    CHECK_EQ(decrypt(session(), &mechanism, pair.private_key, ciphertext), "secret");
    CHECK_EQ(
        decrypt_with(service(), pair.id, Bytes(ciphertext.begin(), ciphertext.end()), algorithm),
        "secret");
    std::string plaintext;
    CHECK_RV(try_decrypt(session(), &mechanism, pair.private_key, ciphertext.substr(1), &plaintext),
             CKR_ENCRYPTED_DATA_INVALID);
    CHECK_RV(p11().C_DecryptInit(session(), &mechanism, pair.public_key),
             CKR_KEY_FUNCTION_NOT_PERMITTED);
    CHECK_RV(p11().C_EncryptInit(session(), &mechanism, pair.private_key),
             CKR_KEY_FUNCTION_NOT_PERMITTED);
    params.mgf = hash == CKM_SHA_1 ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1;
    CHECK_RV(p11().C_DecryptInit(session(), &mechanism, pair.private_key),
             CKR_MECHANISM_PARAM_INVALID);
  }
  std::string none;
  CHECK_RV(try_sign({CKM_SHA256_RSA_PKCS, nullptr, 0}, pair.private_key, "x", &none),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
  CHECK_RV(p11().C_EncryptInit(session(), &Symmetric(), pair.public_key),
           CKR_KEY_TYPE_INCONSISTENT);
}

constexpr const char* kP256 = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

CK_RV try_generate(CK_MECHANISM_TYPE type, Attrs public_key, Attrs private_key,
                   CK_OBJECT_HANDLE* made_public, CK_OBJECT_HANDLE* made_private) {
  CK_MECHANISM mechanism{type, nullptr, 0};
  return p11().C_GenerateKeyPair(session(), &mechanism, public_key.data(), public_key.size(),
                                 private_key.data(), private_key.size(), made_public, made_private);
}

struct Generated {
  bool is_kms_key;
  CK_OBJECT_HANDLE public_key = 0, private_key = 0;
};
Generated generate(CK_MECHANISM_TYPE type, const Attrs& public_key, const Attrs& private_key) {
  Generated made{};
  CHECK_OK(try_generate(type, public_key, private_key, &made.public_key, &made.private_key));
  made.is_kms_key = attribute(session(), made.private_key, CKA_TRENT_KMS_KEY) == "\1";
  return made;
}

Attrs on_token() {
  return Attrs().flag(CKA_TOKEN, true);
}
Attrs kms_key() {
  return on_token().flag(CKA_TRENT_KMS_KEY, true);
}
Attrs curve() {
  return on_token().text(CKA_EC_PARAMS, kP256);
}
Attrs bits(CK_ULONG count) {
  return on_token().number(CKA_MODULUS_BITS, count);
}

void generates_kms_keys_on_demand() {
  Generated made =
      generate(CKM_EC_KEY_PAIR_GEN, curve().text(CKA_LABEL, "new").flag(CKA_VERIFY, true),
               kms_key().text(CKA_LABEL, "new").flag(CKA_SIGN, true));
  CHECK(made.is_kms_key);
  CHECK_EQ(attribute(session(), made.public_key, CKA_LABEL), "new");
  const std::string signature =
      sign_with({CKM_ECDSA, nullptr, 0}, made.private_key, std::string(32, 'x'));
  CHECK_OK(verify_with({CKM_ECDSA, nullptr, 0}, made.public_key, std::string(32, 'x'), signature));
  CHECK(generate(CKM_EC_KEY_PAIR_GEN, curve(), kms_key()).is_kms_key);
  CHECK(generate(CKM_RSA_PKCS_KEY_PAIR_GEN,
                 bits(2048).text(CKA_PUBLIC_EXPONENT, std::string("\0\1\0\1", 4)),
                 kms_key().flag(CKA_DECRYPT, true).flag(CKA_SENSITIVE, true))
            .is_kms_key);
  // Without that they are ordinary keys.
  for (const Generated& ordinary :
       {generate(CKM_EC_KEY_PAIR_GEN, curve(), on_token()),
        generate(CKM_EC_KEY_PAIR_GEN, curve(), on_token().flag(CKA_TRENT_KMS_KEY, false))}) {
    CHECK(!ordinary.is_kms_key);
    CHECK_OK(p11().C_DestroyObject(session(), ordinary.public_key));
    CHECK_OK(p11().C_DestroyObject(session(), ordinary.private_key));
  }
}

void says_what_is_in_the_way_of_a_kms_key() {
  const std::size_t before = service().list_keys({1000, {}}).keys.size();
  const auto refused = [](CK_MECHANISM_TYPE type, const Attrs& public_key, Attrs private_key,
                          CK_RV expected) {
    CK_OBJECT_HANDLE one = 0;
    CK_OBJECT_HANDLE two = 0;
    private_key.flag(CKA_TRENT_KMS_KEY, true);
    CHECK_RV(try_generate(type, public_key, private_key, &one, &two), expected);
  };
  refused(CKM_RSA_PKCS_KEY_PAIR_GEN, bits(1024), on_token().flag(CKA_SIGN, true),
          CKR_KEY_SIZE_RANGE);
  refused(CKM_RSA_PKCS_KEY_PAIR_GEN, on_token(), on_token().flag(CKA_SIGN, true),
          CKR_TEMPLATE_INCOMPLETE);
  refused(CKM_RSA_PKCS_KEY_PAIR_GEN, bits(2048), on_token(), CKR_TEMPLATE_INCONSISTENT);
  refused(CKM_RSA_PKCS_KEY_PAIR_GEN, bits(2048).text(CKA_PUBLIC_EXPONENT, "\3"),
          on_token().flag(CKA_SIGN, true), CKR_TEMPLATE_INCONSISTENT);
  refused(CKM_EC_KEY_PAIR_GEN, on_token().text(CKA_EC_PARAMS, "\x06\x05\x2b\x81\x04\x21"),
          on_token(), CKR_DOMAIN_PARAMS_INVALID);
  refused(CKM_EC_KEY_PAIR_GEN, curve(), on_token().text(CKA_ID, "own"), CKR_ATTRIBUTE_READ_ONLY);
  refused(CKM_EC_KEY_PAIR_GEN, curve().text(CKA_LABEL, "one"), on_token().text(CKA_LABEL, "two"),
          CKR_TEMPLATE_INCONSISTENT);
  refused(CKM_EC_KEY_PAIR_GEN, curve(), on_token().text(CKA_LABEL, "bad label!"),
          CKR_ATTRIBUTE_VALUE_INVALID);
  refused(CKM_EC_KEY_PAIR_GEN, curve(), Attrs(), CKR_TEMPLATE_INCONSISTENT);
  refused(CKM_EC_KEY_PAIR_GEN, curve().flag(CKA_TRENT_KMS_KEY, false), on_token(),
          CKR_TEMPLATE_INCONSISTENT);
  refused(CKM_DSA_KEY_PAIR_GEN, on_token(), on_token(), CKR_MECHANISM_INVALID);
  CHECK_EQ(service().list_keys({1000, {}}).keys.size(), before);
}

void keeps_a_pair_together() {
  const Pair pair = make_pair("ECC_NIST_P256", "SIGN_VERIFY", "together");
  // Its public key goes with the private one, and not by itself.
  CHECK_RV(p11().C_DestroyObject(session(), pair.public_key), CKR_ACTION_PROHIBITED);
  Attrs renamed;
  renamed.text(CKA_LABEL, "renamed");
  CHECK_OK(p11().C_SetAttributeValue(session(), pair.public_key, renamed.data(), renamed.size()));
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "renamed")).size(), 2U);
  std::string none;
  CHECK_RV(try_sign({CKM_ECDSA, nullptr, 0}, pair.public_key, std::string(32, 1), &none),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
  CHECK_RV(verify_with({CKM_ECDSA, nullptr, 0}, pair.private_key, std::string(32, 1), "x"),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
  CHECK_OK(p11().C_DestroyObject(session(), pair.private_key));
  CHECK_OK(p11().C_DestroyObject(session(), pair.public_key));  // is gone with it
  Service fresh(load_config());
  CHECK_EQ(request(fresh, "DescribeKey", {{"KeyId", pair.id}})["KeyMetadata"]["KeyState"]
               .get<std::string>(),
           "PendingDeletion");
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "renamed")).size(), 0U);
}

// Before that, nobody knows its public key.
void shows_an_imported_pair_once_it_is_there() {
  const auto count = [&](const std::string& name) {
    return find(session(), Attrs().text(CKA_LABEL, name)).size();
  };
  const auto make = [&](const char* name) {
    const std::string key =
        create_external(service(), {{"KeySpec", "ECC_NIST_P256"}, {"KeyUsage", "SIGN_VERIFY"}});
    service().create_alias({std::string("alias/") + name, key});
    return key;
  };
  make("pending");
  CHECK_EQ(count("pending"), 0U);
  const NewKeyPair pair = generate_curve_key_pair("P-256");
  import(service(), make("imported"), pair.private_key);
  CHECK_EQ(count("imported"), 2U);
  const auto found =
      find(session(), Attrs().text(CKA_LABEL, "imported").number(CKA_CLASS, CKO_PRIVATE_KEY));
  CHECK_EQ(found.size(), 1U);
  const std::string digest = hashed(Hash::Sha256, "text");
  const std::string raw = sign_with({CKM_ECDSA, nullptr, 0}, found[0], digest);
  CHECK(PublicKey(pair.public_key)
            .verifies(SignatureScheme::Ecdsa, Hash::Sha256, as_bytes(digest),
                      ecdsa_to_der(as_bytes(raw))));
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("pkcs11 pairs", TEST(shows_a_pair_as_two_objects), TEST(shows_points_of_curves),
                   TEST(signs_with_rsa), TEST(signs_with_curves), TEST(signs_in_parts),
                   TEST(makes_macs), TEST(encrypts_with_rsa), TEST(generates_kms_keys_on_demand),
                   TEST(says_what_is_in_the_way_of_a_kms_key), TEST(keeps_a_pair_together),
                   TEST(shows_an_imported_pair_once_it_is_there));
}
