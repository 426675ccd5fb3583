// SPDX-License-Identifier: Apache-2.0
// C_DeriveKey with KMS keys, and SoftHSM's own derivation at the other end.
#include <array>

#include "base/public_key.h"
#include "door.h"
#include "key_pairs.h"
#include "pkcs11/agreement.h"

using namespace trent;
using namespace trent::test;

namespace {

// One module and one session for all cases.
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

CK_OBJECT_HANDLE object_of(const std::string& label, CK_OBJECT_CLASS object_class) {
  const auto found =
      find(session(), Attrs().text(CKA_LABEL, label).number(CKA_CLASS, object_class));
  CHECK_EQ(found.size(), 1U);
  return found[0];
}
std::string named(const std::string& spec, const std::string& usage, const std::string& name) {
  const std::string id = create(service(), spec, usage);
  service().create_alias({"alias/" + name, id});
  return id;
}

// As C_DeriveKey's public data.
std::string wrapped_point(CK_OBJECT_HANDLE public_key) {
  return attribute(session(), public_key, CKA_EC_POINT);
}
std::string raw_point(CK_OBJECT_HANDLE public_key) {
  const std::string wrapped = wrapped_point(public_key);
  return wrapped.substr(wrapped[1] == '\x81' ? 3 : 2);
}

struct How {
  CK_MECHANISM_TYPE type = CKM_ECDH1_DERIVE;
  CK_ULONG kdf = CKD_NULL;
  std::string shared_data{};
};
CK_RV try_derive(CK_OBJECT_HANDLE key, const std::string& point, Attrs attributes,
                 CK_OBJECT_HANDLE* made, const How& how = {}, CK_SESSION_HANDLE in = session()) {
  CK_ECDH1_DERIVE_PARAMS params{how.kdf, how.shared_data.size(), bytes(how.shared_data),
                                point.size(), bytes(point)};
  if (how.shared_data.empty()) params.pSharedData = nullptr;
  CK_MECHANISM mechanism{how.type, &params, sizeof params};
  return p11().C_DeriveKey(in, &mechanism, key, attributes.data(), attributes.size(), made);
}
CK_OBJECT_HANDLE derive(CK_OBJECT_HANDLE key, const std::string& point, const Attrs& attributes,
                        const How& how = {}) {
  CK_OBJECT_HANDLE made = 0;
  CHECK_OK(try_derive(key, point, attributes, &made, how));
  return made;
}

Attrs readable(CK_KEY_TYPE type = CKK_GENERIC_SECRET) {
  return Attrs()
      .number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, type)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
}
std::string value(CK_OBJECT_HANDLE key) {
  return attribute(session(), key, CKA_VALUE);
}

// A key for each curve, and an ordinary one of the token's to agree with.
struct Side {
  CK_OBJECT_HANDLE private_key = 0;
  CK_OBJECT_HANDLE public_key = 0;
};
struct Curve {
  std::string id;
  std::size_t size;
  Side kms;
  Side token;
};
const std::array<Curve, 3>& curves() {
  static const std::array<Curve, 3> made = [] {
    const auto make = [](const std::string& spec, std::size_t size) {
      Curve curve{named(spec, "KEY_AGREEMENT", spec), size, {}, {}};
      curve.kms = {object_of(spec, CKO_PRIVATE_KEY), object_of(spec, CKO_PUBLIC_KEY)};
      CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
      Attrs public_key =
          Attrs().text(CKA_EC_PARAMS, attribute(session(), curve.kms.public_key, CKA_EC_PARAMS));
      Attrs private_key = Attrs().flag(CKA_DERIVE, true);
      CHECK_OK(p11().C_GenerateKeyPair(session(), &mechanism, public_key.data(), public_key.size(),
                                       private_key.data(), private_key.size(),
                                       &curve.token.public_key, &curve.token.private_key));
      return curve;
    };
    return std::array{make("ECC_NIST_P256", 32), make("ECC_NIST_P384", 48),
                      make("ECC_NIST_P521", 66)};
  }();
  return made;
}

void shows_what_agrees() {
  const Side& pair = curves()[0].kms;
  CHECK_EQ(attribute(session(), pair.private_key, CKA_DERIVE), "\1");
  CHECK_EQ(attribute(session(), pair.private_key, CKA_SIGN), std::string(1, '\0'));
  CHECK_EQ(attribute(session(), pair.public_key, CKA_DERIVE), std::string(1, '\0'));
  const std::string allowed = attribute(session(), pair.private_key, CKA_ALLOWED_MECHANISMS);
  CHECK(allowed == std::string(reinterpret_cast<const char*>(pkcs11::kAgreementMechanisms.data()),
                               sizeof pkcs11::kAgreementMechanisms));
  CHECK_EQ(find(session(), Attrs().flag(CKA_DERIVE, true).flag(CKA_TRENT_KMS_KEY, true)).size(),
           3U);
}

// What either end derives is the same, and is KMS's shared secret.
void agrees_on_each_curve() {
  for (const Curve& curve : curves()) {
    const std::string theirs =
        value(derive(curve.token.private_key, raw_point(curve.kms.public_key),
                     readable().number(CKA_VALUE_LEN, curve.size)));
    CHECK_EQ(theirs.size(), curve.size);
    const std::string raw = raw_point(curve.token.public_key);
    for (const auto& [type, point] :
         {std::pair(CKM_ECDH1_DERIVE, raw),
          std::pair(CKM_ECDH1_DERIVE, wrapped_point(curve.token.public_key)),
          std::pair(CKM_ECDH1_COFACTOR_DERIVE, raw)}) {
      const auto ours = derive(curve.kms.private_key, point, readable(), {CK_MECHANISM_TYPE(type)});
      CHECK(value(ours) == theirs);
      CHECK_EQ(attribute(session(), ours, CKA_TRENT_KMS_KEY), std::string(1, '\0'));
    }
    const std::string of_curve = attribute(session(), curve.kms.public_key, CKA_EC_PARAMS);
    const Bytes peer = ec_public_key(as_bytes(of_curve), as_bytes(raw));
    CHECK(text_of(request(service(), "DeriveSharedSecret",
                          {{"KeyId", curve.id},
                           {"KeyAgreementAlgorithm", "ECDH"},
                           {"PublicKey", secret_to_base64(peer)}})["SharedSecret"]) == theirs);
  }
}

// The end of the secret, as the token itself does it, and with the same defaults.
void truncates_as_the_token_does() {
  for (const Curve& curve : curves()) {
    for (const auto& [type, length] : {std::pair(CKK_AES, 16), std::pair(CKK_AES, 24),
                                       std::pair(CKK_AES, 32), std::pair(CKK_GENERIC_SECRET, 5)}) {
      const Attrs attributes = readable(CK_KEY_TYPE(type)).number(CKA_VALUE_LEN, CK_ULONG(length));
      const auto ours =
          derive(curve.kms.private_key, raw_point(curve.token.public_key), attributes);
      const auto theirs =
          derive(curve.token.private_key, raw_point(curve.kms.public_key), attributes);
      CHECK(value(ours) == value(theirs));
      for (const CK_ATTRIBUTE_TYPE each :
           {CKA_VALUE_LEN, CKA_KEY_TYPE, CKA_TOKEN, CKA_PRIVATE, CKA_LOCAL, CKA_ENCRYPT, CKA_SIGN,
            CKA_DERIVE, CKA_LABEL, CKA_ID, CKA_MODIFIABLE, CKA_NEVER_EXTRACTABLE})
        CHECK(attribute(session(), ours, each) == attribute(session(), theirs, each));
    }
  }
}

// What the template does not say is as the token has it.
void takes_the_defaults_of_the_token() {
  const Curve& curve = curves()[0];
  for (const Attrs& attributes : {Attrs()
                                      .number(CKA_CLASS, CKO_SECRET_KEY)
                                      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
                                      .number(CKA_VALUE_LEN, 32),
                                  Attrs()
                                      .number(CKA_CLASS, CKO_SECRET_KEY)
                                      .number(CKA_KEY_TYPE, CKK_AES)
                                      .number(CKA_VALUE_LEN, 16)}) {
    const auto ours = derive(curve.kms.private_key, raw_point(curve.token.public_key), attributes);
    const auto theirs =
        derive(curve.token.private_key, raw_point(curve.kms.public_key), attributes);
    for (const CK_ATTRIBUTE_TYPE each :
         {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT,
          CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE})
      CHECK(attribute(session(), ours, each) == attribute(session(), theirs, each));
  }
}

// What cannot be read can be used: what one end encrypts, the other decrypts.
void makes_keys_that_work() {
  const Curve& curve = curves()[0];
  const auto hidden = [&](CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE peer, bool modifiable) {
    return derive(key, raw_point(peer),
                  Attrs()
                      .flag(CKA_MODIFIABLE, modifiable)
                      .number(CKA_CLASS, CKO_SECRET_KEY)
                      .number(CKA_KEY_TYPE, CKK_AES)
                      .number(CKA_VALUE_LEN, 32)
                      .flag(CKA_SENSITIVE, true)
                      .flag(CKA_EXTRACTABLE, false)
                      .flag(CKA_ENCRYPT, true)
                      .flag(CKA_DECRYPT, true));
  };
  const auto ours = hidden(curve.kms.private_key, curve.token.public_key, false);
  const auto theirs = hidden(curve.token.private_key, curve.kms.public_key, true);
  CK_ATTRIBUTE wanted{CKA_VALUE, nullptr, 0};
  CHECK_RV(p11().C_GetAttributeValue(session(), ours, &wanted, 1), CKR_ATTRIBUTE_SENSITIVE);
  // It went through the process, so that is not claimed.
  CHECK_EQ(attribute(session(), ours, CKA_ALWAYS_SENSITIVE), std::string(1, '\0'));
  std::string iv(16, 'i');
  CK_MECHANISM mechanism{CKM_AES_CBC_PAD, bytes(iv), iv.size()};
  CHECK_EQ(decrypt(session(), &mechanism, ours, encrypt(session(), &mechanism, theirs, "letter")),
           "letter");
}

void keeps_it_as_long_as_the_template_says() {
  const Curve& curve = curves()[0];
  const std::string point = raw_point(curve.token.public_key);
  const Attrs of_session = readable().text(CKA_LABEL, "short-lived");
  const Attrs of_token = readable().text(CKA_LABEL, "kept").flag(CKA_TOKEN, true);
  const CK_SESSION_HANDLE reader = open_session(CKF_SERIAL_SESSION);
  CK_OBJECT_HANDLE made = 0;
  CHECK_OK(try_derive(curve.kms.private_key, point, of_session, &made, {}, reader));
  CHECK_RV(try_derive(curve.kms.private_key, point, of_token, &made, {}, reader),
           CKR_SESSION_READ_ONLY);
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "short-lived")).size(), 1U);
  CHECK_OK(p11().C_CloseSession(reader));
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "short-lived")).size(), 0U);
  const CK_SESSION_HANDLE writer = open_session();
  CHECK_OK(try_derive(curve.kms.private_key, point, of_token, &made, {}, writer));
  CHECK_OK(p11().C_CloseSession(writer));
  const auto kept = find(session(), Attrs().text(CKA_LABEL, "kept"));
  CHECK_EQ(kept.size(), 1U);
  CHECK_OK(p11().C_DestroyObject(session(), kept[0]));
}

void refuses_other_public_keys() {
  const Curve& p256 = curves()[0];
  const CK_OBJECT_HANDLE key = p256.kms.private_key;
  const std::string point = raw_point(p256.token.public_key);
  const std::string wrapped = wrapped_point(p256.token.public_key);
  std::string off_curve = point;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  std::string compressed = point.substr(0, 33);
  compressed[0] = 2;
  std::string hybrid = point;
  hybrid[0] = 6;
  std::string mislabelled = wrapped;
  mislabelled[0] = 3;  // BIT STRING
  std::string wrong_length = wrapped;
  wrong_length[1] = 64;
  named("ECC_SECG_P256K1", "SIGN_VERIFY", "koblitz");
  for (const std::string& bad :
       {off_curve, compressed, hybrid, mislabelled, wrong_length, std::string(), point + "x",
        point.substr(1), "x" + point, std::string(65, '\0'), std::string(1, '\0'),
        raw_point(curves()[1].token.public_key), wrapped_point(curves()[1].token.public_key),
        raw_point(object_of("koblitz", CKO_PUBLIC_KEY))}) {
    CK_OBJECT_HANDLE made = 0;
    CHECK_RV(try_derive(key, bad, readable(), &made), CKR_MECHANISM_PARAM_INVALID);
    CHECK_EQ(made, CK_OBJECT_HANDLE{0});
  }
}

void refuses_other_parameters() {
  const Curve& curve = curves()[0];
  const CK_OBJECT_HANDLE key = curve.kms.private_key;
  const std::string point = raw_point(curve.token.public_key);
  CK_OBJECT_HANDLE made = 0;
  CHECK_RV(try_derive(key, point, readable(), &made, {CKM_ECDH1_DERIVE, CKD_SHA1_KDF}),
           CKR_MECHANISM_PARAM_INVALID);
  CHECK_RV(try_derive(key, point, readable(), &made, {CKM_ECDH1_DERIVE, CKD_NULL, "data"}),
           CKR_MECHANISM_PARAM_INVALID);
  Attrs attributes = readable();
  CK_MECHANISM bare{CKM_ECDH1_DERIVE, nullptr, 0};
  CHECK_RV(p11().C_DeriveKey(session(), &bare, key, attributes.data(), attributes.size(), &made),
           CKR_MECHANISM_PARAM_INVALID);
  CHECK_RV(try_derive(key, point, readable(), &made, {CKM_DH_PKCS_DERIVE}), CKR_MECHANISM_INVALID);
  const auto refused = [&](const Attrs& template_, CK_RV expected) {
    CHECK_RV(try_derive(key, point, template_, &made), expected);
  };
  refused(readable(CKK_AES), CKR_TEMPLATE_INCOMPLETE);
  refused(readable(CKK_AES).number(CKA_VALUE_LEN, 20), CKR_KEY_SIZE_RANGE);
  refused(readable().number(CKA_VALUE_LEN, 33), CKR_KEY_SIZE_RANGE);
  refused(readable().number(CKA_VALUE_LEN, 0), CKR_KEY_SIZE_RANGE);
  refused(readable(CKK_DES3), CKR_TEMPLATE_INCONSISTENT);
  refused(readable().text(CKA_VALUE, "mine"), CKR_TEMPLATE_INCONSISTENT);
  refused(Attrs().number(CKA_CLASS, CKO_PUBLIC_KEY), CKR_TEMPLATE_INCONSISTENT);
  refused(readable().text(CKA_LABEL, "trent/key/mine"), CKR_TEMPLATE_INCONSISTENT);
  // Nothing was made, and no template at all is one of a generic secret.
  CHECK_EQ(made, CK_OBJECT_HANDLE{0});
  CHECK_EQ(attribute(session(), derive(key, point, Attrs().text(CKA_LABEL, "x")), CKA_VALUE_LEN),
           attribute(session(), derive(key, point, readable()), CKA_VALUE_LEN));
}

void refuses_other_keys() {
  const std::string point = raw_point(curves()[0].token.public_key);
  CK_OBJECT_HANDLE made = 0;
  const auto refused = [&](CK_OBJECT_HANDLE key, CK_RV expected) {
    CHECK_RV(try_derive(key, point, readable(), &made), expected);
  };
  named("ECC_NIST_P256", "SIGN_VERIFY", "signs");
  refused(object_of("signs", CKO_PRIVATE_KEY), CKR_KEY_FUNCTION_NOT_PERMITTED);
  refused(curves()[0].kms.public_key, CKR_KEY_FUNCTION_NOT_PERMITTED);
  refused(create_kms_key(session()), CKR_KEY_FUNCTION_NOT_PERMITTED);
  std::string signature(64, '\0');
  CK_MECHANISM ecdsa{CKM_ECDSA, nullptr, 0};
  CHECK_RV(p11().C_SignInit(session(), &ecdsa, curves()[0].kms.private_key),
           CKR_KEY_FUNCTION_NOT_PERMITTED);

  const std::string id = named("ECC_NIST_P256", "KEY_AGREEMENT", "disabled");
  service().disable_key({id});
  const auto disabled = find(session(), Attrs()
                                            .text(CKA_LABEL, "disabled")
                                            .text(CKA_TRENT_KEY_STATE, "Disabled")
                                            .number(CKA_CLASS, CKO_PRIVATE_KEY));
  CHECK_EQ(disabled.size(), 1U);
  refused(disabled[0], CKR_KEY_FUNCTION_NOT_PERMITTED);
}

void generates_them_on_demand() {
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  const auto generate = [&](const std::string& curve, Side* made) {
    Attrs public_key = Attrs().flag(CKA_TOKEN, true).text(CKA_EC_PARAMS, curve);
    Attrs private_key =
        Attrs().flag(CKA_TOKEN, true).flag(CKA_TRENT_KMS_KEY, true).flag(CKA_DERIVE, true);
    return p11().C_GenerateKeyPair(session(), &mechanism, public_key.data(), public_key.size(),
                                   private_key.data(), private_key.size(), &made->public_key,
                                   &made->private_key);
  };
  Side made;
  CHECK_OK(generate(attribute(session(), curves()[0].kms.public_key, CKA_EC_PARAMS), &made));
  CHECK_EQ(attribute(session(), made.private_key, CKA_TRENT_KMS_KEY), "\1");
  CHECK(value(derive(made.private_key, raw_point(curves()[0].kms.public_key), readable())) ==
        value(derive(curves()[0].kms.private_key, raw_point(made.public_key), readable())));
  // KMS has no agreement on this curve.
  CHECK_RV(generate("\x06\x05\x2b\x81\x04" + std::string("\x00\x0a", 2), &made),
           CKR_TEMPLATE_INCONSISTENT);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("pkcs11 agreement", TEST(shows_what_agrees), TEST(agrees_on_each_curve),
                   TEST(truncates_as_the_token_does), TEST(takes_the_defaults_of_the_token),
                   TEST(makes_keys_that_work), TEST(keeps_it_as_long_as_the_template_says),
                   TEST(refuses_other_public_keys), TEST(refuses_other_parameters),
                   TEST(refuses_other_keys), TEST(generates_them_on_demand));
}
