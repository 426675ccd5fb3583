// SPDX-License-Identifier: Apache-2.0
// Eighteen ways in which code with the user's PIN would get at what an enforced key protects, by
// PKCS#11 alone: each is refused by SoftHSM. And what it can do all the same, which
// docs/security.md tells.
#include <algorithm>
#include <cstdio>

#include "base/hash.h"
#include "blob/blob.h"
#include "hsm/enforced_key.h"
#include "token_objects.h"
#include "words.h"

namespace {

using namespace trent;
using namespace trent::test;
using hsm::Attributes;

constexpr CK_MECHANISM_TYPE kKwp = 0x210A;
constexpr CK_MECHANISM_TYPE kKeyWrap = 0x2109;
const kms::EncryptionContext kContext{{"tenant", "acme"}};

Service& service() {
  static Service kms(load_config());
  return kms;
}

// Everything that the attacker has: a session with the user's PIN, the handles of the two objects
// of a key, and a ciphertext.
class Attacker {
 public:
  Attacker(const std::string& key, const Bytes& ciphertext)
      : wrapping_(find(key, CKK_AES)),
        mac_(find(key, CKK_GENERIC_SECRET)),
        blob_(blob::parse_blob(ciphertext)) {}

  CK_SESSION_HANDLE session() const { return raw_.handle(); }
  CK_OBJECT_HANDLE wrapping() const { return wrapping_; }
  CK_OBJECT_HANDLE mac() const { return mac_; }
  const blob::Blob& blob() const { return blob_; }

  CK_OBJECT_HANDLE find(const std::string& key, CK_KEY_TYPE type) const {
    std::string label = key_label(key);
    CK_BBOOL yes = CK_TRUE;
    const auto found = raw_.find({{CKA_LABEL, label.data(), label.size()},
                                  {CKA_TOKEN, &yes, sizeof yes},
                                  {CKA_KEY_TYPE, &type, sizeof type}});
    CHECK_EQ(found.size(), 1U);
    return found.front();
  }

  CK_RV unwrap(CK_MECHANISM_TYPE type, CK_ATTRIBUTE* attributes, CK_ULONG count,
               CK_OBJECT_HANDLE* object) const {
    CK_MECHANISM mechanism{type, nullptr, 0};
    CK_BYTE iv[16] = {};
    if (type == CKM_AES_CBC_PAD) mechanism = {type, iv, sizeof iv};
    return softhsm()->C_UnwrapKey(session(), &mechanism, wrapping_,
                                  const_cast<CK_BYTE*>(blob_.payload.data()), blob_.payload.size(),
                                  attributes, count, object);
  }
  CK_RV unwrap(CK_MECHANISM_TYPE type, Attributes& attributes) const {
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    return unwrap(type, attributes.data(), attributes.size(), &object);
  }
  // As Trent does it. The object lives as long as the session.
  CK_OBJECT_HANDLE payload() const {
    Attributes attributes;
    hsm::add_unwrap_template(attributes);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    check_rv(unwrap(kKwp, attributes.data(), attributes.size(), &object), "C_UnwrapKey");
    return object;
  }
  CK_RV wrap(CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE object,
             Bytes* out = nullptr) const {
    CK_RSA_PKCS_OAEP_PARAMS oaep{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    CK_MECHANISM mechanism{type, nullptr, 0};
    if (type == CKM_RSA_PKCS_OAEP) mechanism = {type, &oaep, sizeof oaep};
    Bytes wrapped(5000);
    CK_ULONG size = wrapped.size();
    const CK_RV rv =
        softhsm()->C_WrapKey(session(), &mechanism, key, object, wrapped.data(), &size);
    wrapped.resize(rv == CKR_OK ? size : 0);
    if (out != nullptr) *out = wrapped;
    return rv;
  }
  // A key of the attacker's own, which does everything.
  CK_RV make_own(Attributes& attributes, CK_OBJECT_HANDLE* key) const {
    attributes.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_AES)
        .number(CKA_VALUE_LEN, 32)
        .flag(CKA_TOKEN, false)
        .flag(CKA_WRAP, true)
        .flag(CKA_UNWRAP, true)
        .flag(CKA_ENCRYPT, true)
        .flag(CKA_DECRYPT, true);
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    return softhsm()->C_GenerateKey(session(), &mechanism, attributes.data(), attributes.size(),
                                    key);
  }
  CK_OBJECT_HANDLE own_key() const {
    Attributes attributes;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    check_rv(make_own(attributes, &key), "C_GenerateKey");
    return key;
  }

  CK_RV read(CK_OBJECT_HANDLE object) const {
    CK_BYTE value[64];
    CK_ATTRIBUTE attribute{CKA_VALUE, value, sizeof value};
    return softhsm()->C_GetAttributeValue(session(), object, &attribute, 1);
  }
  bool is(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute{type, &value, sizeof value};
    check_rv(softhsm()->C_GetAttributeValue(session(), object, &attribute, 1),
             "C_GetAttributeValue");
    return value == CK_TRUE;
  }
  CK_RV set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value) const {
    Attributes attributes;
    attributes.flag(type, value);
    return softhsm()->C_SetAttributeValue(session(), object, attributes.data(), attributes.size());
  }
  CK_RV copy(CK_OBJECT_HANDLE object, Attributes& attributes) const {
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    return softhsm()->C_CopyObject(session(), object, attributes.data(), attributes.size(), &made);
  }
  CK_RV copy(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, bool value) const {
    Attributes attributes;
    attributes.flag(type, value);
    return copy(object, attributes);
  }
  CK_RV derive(CK_OBJECT_HANDLE base) const {
    CK_BYTE block[32] = {};
    CK_KEY_DERIVATION_STRING_DATA data{block, sizeof block};
    CK_MECHANISM mechanism{CKM_AES_ECB_ENCRYPT_DATA, &data, sizeof data};
    Attributes attributes;
    attributes.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .number(CKA_VALUE_LEN, 32)
        .flag(CKA_SENSITIVE, false)
        .flag(CKA_EXTRACTABLE, true);
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    return softhsm()->C_DeriveKey(session(), &mechanism, base, attributes.data(), attributes.size(),
                                  &made);
  }

 private:
  const RawSession raw_;
  const CK_OBJECT_HANDLE wrapping_;
  const CK_OBJECT_HANDLE mac_;
  const blob::Blob blob_;
};

const std::string& key() {
  static const std::string id = [] {
    kms::CreateKeyRequest request;
    request.so_pin = secret(kSoPin);
    return service().create_key(request).key_metadata.key_id;
  }();
  return id;
}
const std::string& other_key() {
  static const std::string id = [] {
    kms::CreateKeyRequest request;
    request.so_pin = secret(kSoPin);
    return service().create_key(request).key_metadata.key_id;
  }();
  return id;
}
const SecretBytes& plaintext() {
  static const SecretBytes text = secret("what nobody is to read, 32 bytes");
  return text;
}
Attacker& attacker() {
  static Attacker made(key(), encrypt(service(), key(), plaintext(), kContext));
  return made;
}

// The template that unwraps, with one flag turned over.
CK_RV unwrap_but_for(CK_ATTRIBUTE_TYPE type) {
  Attributes attributes;
  hsm::add_unwrap_template(attributes);
  CK_ATTRIBUTE* const end = attributes.data() + attributes.size();
  CK_ATTRIBUTE* const found = std::find_if(
      attributes.data(), end, [&](const CK_ATTRIBUTE& each) { return each.type == type; });
  CHECK(found != end);
  CK_BBOOL& value = *static_cast<CK_BBOOL*>(found->pValue);
  value = value == CK_TRUE ? CK_FALSE : CK_TRUE;
  return attacker().unwrap(kKwp, attributes);
}

void a01_the_key_is_read() {
  CHECK_EQ(attacker().read(attacker().wrapping()), CK_RV{CKR_ATTRIBUTE_SENSITIVE});
  CHECK_EQ(attacker().read(attacker().mac()), CK_RV{CKR_ATTRIBUTE_SENSITIVE});
}

void a02_the_key_is_wrapped_out() {
  const CK_OBJECT_HANDLE own = attacker().own_key();
  for (const CK_OBJECT_HANDLE object : {attacker().wrapping(), attacker().mac()})
    CHECK_EQ(attacker().wrap(kKwp, own, object), CK_RV{CKR_KEY_UNEXTRACTABLE});
  CHECK_EQ(attacker().wrap(kKwp, attacker().wrapping(), attacker().wrapping()),
           CK_RV{CKR_KEY_UNEXTRACTABLE});
}

void a03_the_key_decrypts() {
  CK_BYTE iv[16] = {};
  CK_MECHANISM mechanisms[] = {
      {kKwp, nullptr, 0}, {CKM_AES_ECB, nullptr, 0}, {CKM_AES_CBC, iv, sizeof iv}};
  for (CK_MECHANISM& mechanism : mechanisms)
    CHECK_EQ(softhsm()->C_DecryptInit(attacker().session(), &mechanism, attacker().wrapping()),
             CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
}

// Which is half of a decryption where the mode is a counter's.
void a04_the_key_encrypts_or_derives() {
  CK_MECHANISM ecb{CKM_AES_ECB, nullptr, 0};
  CHECK_EQ(softhsm()->C_EncryptInit(attacker().session(), &ecb, attacker().wrapping()),
           CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
  CHECK_EQ(attacker().derive(attacker().wrapping()), CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
}

void a05_the_key_gets_more_rights() {
  for (const CK_ATTRIBUTE_TYPE type : {CKA_DECRYPT, CKA_ENCRYPT, CKA_DERIVE, CKA_MODIFIABLE}) {
    CHECK_EQ(attacker().set(attacker().wrapping(), type, true), CK_RV{CKR_ACTION_PROHIBITED});
    CHECK_EQ(attacker().copy(attacker().wrapping(), type, true), CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  }
  CHECK_EQ(attacker().copy(attacker().wrapping(), CKA_SENSITIVE, false),
           CK_RV{CKR_ATTRIBUTE_READ_ONLY});
}

void a06_the_key_gets_other_templates() {
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_UNWRAP_TEMPLATE, CKA_WRAP_TEMPLATE, CKA_ALLOWED_MECHANISMS}) {
    CK_ATTRIBUTE empty{type, nullptr, 0};
    CHECK_EQ(softhsm()->C_SetAttributeValue(attacker().session(), attacker().wrapping(), &empty, 1),
             CK_RV{CKR_ACTION_PROHIBITED});
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CHECK_EQ(softhsm()->C_CopyObject(attacker().session(), attacker().wrapping(), &empty, 1, &made),
             CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  }
}

void a07_it_is_unwrapped_to_be_read() {
  CHECK_EQ(unwrap_but_for(CKA_SENSITIVE), CK_RV{CKR_TEMPLATE_INCONSISTENT});
}

void a08_it_is_unwrapped_with_attributes_left_out() {
  Attributes whole;
  hsm::add_unwrap_template(whole);
  for (CK_ULONG left_out = 0; left_out < whole.size(); ++left_out) {
    const CK_ATTRIBUTE_TYPE type = whole.data()[left_out].type;
    std::vector<CK_ATTRIBUTE> rest(whole.data(), whole.data() + whole.size());
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(left_out));
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    const CK_RV rv = attacker().unwrap(kKwp, rest.data(), rest.size(), &object);
    if (type == CKA_CLASS || type == CKA_KEY_TYPE) {
      CHECK_EQ(rv, CK_RV{CKR_TEMPLATE_INCOMPLETE});
    } else if (type != CKA_TOKEN && type != CKA_PRIVATE) {
      CHECK_EQ(rv, CK_RV{CKR_TEMPLATE_INCONSISTENT});
    } else {
      // These two have defaults, which are what the template wants.
      CHECK_EQ(rv, CK_RV{CKR_OK});
      CHECK(!attacker().is(object, CKA_TOKEN) && attacker().is(object, CKA_PRIVATE));
      CHECK(attacker().is(object, CKA_WRAP_WITH_TRUSTED));
      CHECK_EQ(attacker().read(object), CK_RV{CKR_ATTRIBUTE_SENSITIVE});
    }
  }
}

void a09_it_is_unwrapped_with_an_attribute_twice() {
  for (const bool last : {false, true}) {
    Attributes attributes;
    if (!last) attributes.flag(CKA_SENSITIVE, false);
    hsm::add_unwrap_template(attributes);
    if (last) attributes.flag(CKA_SENSITIVE, false);
    CHECK_EQ(attacker().unwrap(kKwp, attributes), CK_RV{CKR_TEMPLATE_INCONSISTENT});
  }
}

void a10_it_is_unwrapped_as_another_key() {
  for (const CK_KEY_TYPE type : {CKK_AES, CKK_DES3, CKK_SHA256_HMAC}) {
    Attributes attributes;
    hsm::add_unwrap_template(attributes);
    for (CK_ULONG i = 0; i < attributes.size(); ++i)
      if (attributes.data()[i].type == CKA_KEY_TYPE)
        *static_cast<CK_ULONG*>(attributes.data()[i].pValue) = type;
    CHECK_EQ(attacker().unwrap(kKwp, attributes), CK_RV{CKR_TEMPLATE_INCONSISTENT});
  }
  Attributes as_private_key;
  as_private_key.number(CKA_CLASS, CKO_PRIVATE_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  CHECK_EQ(attacker().unwrap(kKwp, as_private_key), CK_RV{CKR_TEMPLATE_INCONSISTENT});
}

void a11_it_is_unwrapped_to_be_used() {
  for (const CK_ATTRIBUTE_TYPE type :
       {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE})
    CHECK_EQ(unwrap_but_for(type), CK_RV{CKR_TEMPLATE_INCONSISTENT});
}

void a12_it_is_unwrapped_to_be_kept_or_wrapped() {
  for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_EXTRACTABLE,
                                       CKA_WRAP_WITH_TRUSTED, CKA_COPYABLE, CKA_MODIFIABLE})
    CHECK_EQ(unwrap_but_for(type), CK_RV{CKR_TEMPLATE_INCONSISTENT});
}

void a13_it_is_unwrapped_by_another_mechanism() {
  for (const CK_MECHANISM_TYPE type : {kKeyWrap, CK_MECHANISM_TYPE{CKM_AES_CBC_PAD}}) {
    Attributes attributes;
    hsm::add_unwrap_template(attributes);
    CHECK_EQ(attacker().unwrap(type, attributes), CK_RV{CKR_MECHANISM_INVALID});
  }
}

void a14_the_secret_is_read() {
  CHECK_EQ(attacker().read(attacker().payload()), CK_RV{CKR_ATTRIBUTE_SENSITIVE});
}

void a15_the_secret_is_changed_or_copied() {
  const CK_OBJECT_HANDLE payload = attacker().payload();
  for (const auto& [type, value] : {std::pair{CKA_SENSITIVE, false},
                                    {CKA_WRAP_WITH_TRUSTED, false},
                                    {CKA_MODIFIABLE, true},
                                    {CKA_SIGN, true},
                                    {CKA_TOKEN, true}}) {
    CHECK_EQ(attacker().set(payload, type, value), CK_RV{CKR_ACTION_PROHIBITED});
    CHECK_EQ(attacker().copy(payload, type, value), CK_RV{CKR_ACTION_PROHIBITED});
  }
}

void a16_the_secret_is_used() {
  const CK_OBJECT_HANDLE payload = attacker().payload();
  CK_MECHANISM hmac{CKM_SHA256_HMAC, nullptr, 0};
  CHECK_EQ(softhsm()->C_SignInit(attacker().session(), &hmac, payload),
           CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
  CHECK_EQ(softhsm()->C_VerifyInit(attacker().session(), &hmac, payload),
           CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
  CK_MECHANISM ecb{CKM_AES_ECB, nullptr, 0};
  CHECK_EQ(softhsm()->C_EncryptInit(attacker().session(), &ecb, payload),
           CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
  CHECK_EQ(attacker().derive(payload), CK_RV{CKR_KEY_FUNCTION_NOT_PERMITTED});
}

void a17_the_secret_is_wrapped_under_a_key_of_ones_own() {
  const CK_OBJECT_HANDLE payload = attacker().payload();
  const CK_OBJECT_HANDLE own = attacker().own_key();
  CHECK_EQ(attacker().wrap(kKwp, own, payload), CK_RV{CKR_KEY_NOT_WRAPPABLE});
  CHECK_EQ(attacker().wrap(kKeyWrap, own, payload), CK_RV{CKR_KEY_NOT_WRAPPABLE});
  const Bytes modulus(256, 0xa5);
  const Bytes exponent{1, 0, 1};
  Attributes attributes;
  attributes.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_WRAP, true)
      .bytes(CKA_MODULUS, modulus)
      .bytes(CKA_PUBLIC_EXPONENT, exponent);
  CK_OBJECT_HANDLE rsa = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_CreateObject(attacker().session(), attributes.data(), attributes.size(), &rsa),
      "C_CreateObject");
  CHECK_EQ(attacker().wrap(CKM_RSA_PKCS_OAEP, rsa, payload), CK_RV{CKR_KEY_NOT_WRAPPABLE});
}

void a18_a_key_of_ones_own_is_trusted() {
  Attributes generated;
  generated.flag(CKA_TRUSTED, true);
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  CHECK_EQ(attacker().make_own(generated, &made), CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  const Bytes value(32, 1);
  Attributes created;
  created.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, false)
      .flag(CKA_WRAP, true)
      .bytes(CKA_VALUE, value)
      .flag(CKA_TRUSTED, true);
  CHECK_EQ(softhsm()->C_CreateObject(attacker().session(), created.data(), created.size(), &made),
           CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  const CK_OBJECT_HANDLE own = attacker().own_key();
  CHECK_EQ(attacker().set(own, CKA_TRUSTED, true), CK_RV{CKR_ATTRIBUTE_READ_ONLY});
  CHECK_EQ(attacker().copy(own, CKA_TRUSTED, true), CK_RV{CKR_ATTRIBUTE_READ_ONLY});
}

// What follows works, and docs/security.md says so. If a test of it fails, the page is to be
// corrected.

void residue_a_digest_of_the_secret() {
  CK_MECHANISM sha256{CKM_SHA256, nullptr, 0};
  check_rv(softhsm()->C_DigestInit(attacker().session(), &sha256), "C_DigestInit");
  check_rv(softhsm()->C_DigestKey(attacker().session(), attacker().payload()), "C_DigestKey");
  Bytes found(32);
  CK_ULONG size = found.size();
  check_rv(softhsm()->C_DigestFinal(attacker().session(), found.data(), &size), "C_DigestFinal");
  CHECK_EQ(found, digest(Hash::Sha256, plaintext()));
}

void residue_a_move_to_another_trusted_key_with_any_context() {
  const CK_OBJECT_HANDLE to = attacker().find(other_key(), CKK_AES);
  Bytes payload;
  check_rv(attacker().wrap(kKwp, to, attacker().payload(), &payload), "C_WrapKey");
  blob::Parameters parameters = attacker().blob().parameters;
  const Bytes made = encrypt(service(), other_key(), plaintext());
  parameters.key_material_id = blob::parse_blob(made).parameters.key_material_id;
  const blob::Header header = blob::make_header(parameters);
  const kms::EncryptionContext theirs{{"tenant", "mallory"}};
  Bytes input = blob::tag_input(header, blob::canonical_context(theirs), payload);
  CK_MECHANISM hmac{CKM_SHA256_HMAC, nullptr, 0};
  blob::Tag tag{};
  CK_ULONG size = tag.size();
  check_rv(softhsm()->C_SignInit(attacker().session(), &hmac,
                                 attacker().find(other_key(), CKK_GENERIC_SECRET)),
           "C_SignInit");
  check_rv(softhsm()->C_Sign(attacker().session(), input.data(), input.size(), tag.data(), &size),
           "C_Sign");
  const Bytes forged = blob::make_blob(header, payload, &tag);
  const Bytes moved = re_encrypt(service(), forged, key(), theirs);
  CHECK_EQ(blob::parse_blob(moved).payload, attacker().blob().payload);
}

void residue_equal_secrets_look_alike() {
  const Bytes again = encrypt(service(), key(), plaintext(), {{"another", "context"}});
  CHECK_EQ(blob::parse_blob(again).payload, attacker().blob().payload);
}

// Last: the key is gone then.
void residue_the_key_is_destroyed() {
  check_rv(softhsm()->C_DestroyObject(attacker().session(), attacker().wrapping()),
           "C_DestroyObject");
  Service fresh(load_config());
  CHECK_ERROR(KeyUnavailable, encrypt(fresh, key(), "text"));
}

}  // namespace

int main() {
  SoftHsm token;
  // Before the attacker's session is open: the security officer has to be alone.
  key();
  other_key();
  return RUN_TESTS(
      "kms bypass", TEST(a01_the_key_is_read), TEST(a02_the_key_is_wrapped_out),
      TEST(a03_the_key_decrypts), TEST(a04_the_key_encrypts_or_derives),
      TEST(a05_the_key_gets_more_rights), TEST(a06_the_key_gets_other_templates),
      TEST(a07_it_is_unwrapped_to_be_read), TEST(a08_it_is_unwrapped_with_attributes_left_out),
      TEST(a09_it_is_unwrapped_with_an_attribute_twice), TEST(a10_it_is_unwrapped_as_another_key),
      TEST(a11_it_is_unwrapped_to_be_used), TEST(a12_it_is_unwrapped_to_be_kept_or_wrapped),
      TEST(a13_it_is_unwrapped_by_another_mechanism), TEST(a14_the_secret_is_read),
      TEST(a15_the_secret_is_changed_or_copied), TEST(a16_the_secret_is_used),
      TEST(a17_the_secret_is_wrapped_under_a_key_of_ones_own),
      TEST(a18_a_key_of_ones_own_is_trusted), TEST(residue_a_digest_of_the_secret),
      TEST(residue_a_move_to_another_trusted_key_with_any_context),
      TEST(residue_equal_secrets_look_alike), TEST(residue_the_key_is_destroyed));
}
