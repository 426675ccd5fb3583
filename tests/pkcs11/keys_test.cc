// SPDX-License-Identifier: Apache-2.0
// KMS keys as objects, what can be done with them, and what of the token stays hidden.
#include <algorithm>

#include "base/encoding.h"
#include "door.h"
#include "enforced_key.h"
#include "hsm/hmac_secret.h"
#include "request.h"

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

template <class Number>
Number number_attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  std::string value = attribute(session(), object, type);
  Number number = 0;
  CHECK_EQ(value.size(), sizeof number);
  value.copy(reinterpret_cast<char*>(&number), sizeof number);
  return number;
}

const KnownEnforcedKey kEnforced{"00000000-0000-4000-8000-0000000000e5", Bytes(32, 1),
                                 Bytes(32, 2)};

std::size_t count(Attrs search) {
  return find(session(), std::move(search)).size();
}

CK_OBJECT_HANDLE generate_data_key(bool on_token = false) {
  CK_OBJECT_HANDLE key = 0;
  Attrs attributes;
  attributes.number(CKA_VALUE_LEN, 32)
      .flag(CKA_TOKEN, on_token)
      .flag(CKA_EXTRACTABLE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_ENCRYPT, true)
      .flag(CKA_DECRYPT, true);
  check_rv(try_generate_key(session(), attributes, &key), "C_GenerateKey");
  return key;
}

std::string aes_ecb(CK_OBJECT_HANDLE key, const std::string& block) {
  CK_MECHANISM mechanism{CKM_AES_ECB, nullptr, 0};
  return encrypt(session(), &mechanism, key, block);
}

std::string wrap(CK_MECHANISM* mechanism, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key) {
  CK_ULONG size = 0;
  check_rv(p11().C_WrapKey(session(), mechanism, wrapping, key, nullptr, &size), "C_WrapKey");
  std::string out(size, '\0');
  check_rv(p11().C_WrapKey(session(), mechanism, wrapping, key, bytes(out), &size), "C_WrapKey");
  CHECK_EQ(size, out.size());
  return out;
}

CK_RV try_unwrap(CK_MECHANISM* mechanism, CK_OBJECT_HANDLE unwrapping, const std::string& blob,
                 CK_OBJECT_HANDLE* key, CK_KEY_TYPE type = CKK_AES, CK_ULONG expect = 0) {
  Attrs attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, type)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, true)
      .flag(CKA_ENCRYPT, true);
  if (expect != 0) attributes.number(CKA_VALUE_LEN, expect);
  return p11().C_UnwrapKey(session(), mechanism, unwrapping, bytes(blob), blob.size(),
                           attributes.data(), attributes.size(), key);
}

std::string re_encrypt(CK_OBJECT_HANDLE destination, const std::string& blob,
                       CK_TRENT_REENCRYPT_PARAMS* params = nullptr) {
  CK_MECHANISM mechanism{CKM_TRENT_REENCRYPT, params, params == nullptr ? 0 : sizeof *params};
  return encrypt(session(), &mechanism, destination, blob);
}

}  // namespace

static void shows_a_kms_key_as_a_secret_key() {
  CK_OBJECT_HANDLE key = create_kms_key(session(), "attributes");
  CHECK_EQ(number_attribute<CK_ULONG>(key, CKA_CLASS), CK_ULONG{CKO_SECRET_KEY});
  CHECK_EQ(number_attribute<CK_ULONG>(key, CKA_KEY_TYPE), CK_ULONG{CKK_AES});
  CHECK_EQ(attribute(session(), key, CKA_LABEL), "attributes");
  std::string arn = attribute(session(), key, CKA_TRENT_KEY_ARN);
  CHECK_EQ(attribute(session(), key, kAttributeUniqueId), arn);
  CHECK_EQ(arn.substr(0, 35), "arn:aws:kms:local:111122223333:key/");
  std::string id = arn.substr(35);
  std::erase(id, '-');
  CHECK_EQ(to_hex(as_bytes(attribute(session(), key, CKA_ID))), id);
  CHECK_EQ(attribute(session(), key, CKA_TRENT_KEY_STATE), "Enabled");
  CHECK_EQ(attribute(session(), key, CKA_TRENT_KEY_MATERIAL_ID).size(), 32UL);
  CHECK_EQ(attribute(session(), key, CKA_ALLOWED_MECHANISMS).size(), 2 * sizeof(CK_ULONG));
  for (CK_ATTRIBUTE_TYPE yes :
       {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE,
        CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP})
    CHECK_EQ(int{number_attribute<CK_BBOOL>(key, yes)}, 1);
  for (CK_ATTRIBUTE_TYPE no : {CKA_EXTRACTABLE, CKA_DERIVE, CKA_SIGN, CKA_VERIFY, CKA_COPYABLE})
    CHECK_EQ(int{number_attribute<CK_BBOOL>(key, no)}, 0);
}

static void tells_that_a_key_is_enforced() {
  const auto found = find(session(), Attrs().flag(CKA_TRENT_ENFORCED, true));
  CHECK_EQ(found.size(), 1U);
  CHECK_EQ(attribute(session(), found[0], CKA_LABEL), kEnforced.key_id);
  const auto flags = [](CK_OBJECT_HANDLE key) {
    std::string text;
    for (const CK_ATTRIBUTE_TYPE type :
         {CK_ATTRIBUTE_TYPE{CKA_TRENT_ENFORCED}, CK_ATTRIBUTE_TYPE{CKA_ENCRYPT},
          CK_ATTRIBUTE_TYPE{CKA_DECRYPT}, CK_ATTRIBUTE_TYPE{CKA_WRAP},
          CK_ATTRIBUTE_TYPE{CKA_UNWRAP}})
      text += number_attribute<CK_BBOOL>(key, type) == CK_TRUE ? "1" : "0";
    return text;
  };
  CHECK_EQ(flags(found[0]), "11000");
  CHECK_EQ(flags(create_kms_key(session())), "01111");
  // Where a program looks for a key that decrypts, it is none.
  for (const CK_OBJECT_HANDLE key : find(session(), Attrs().flag(CKA_DECRYPT, true)))
    CHECK(attribute(session(), key, CKA_LABEL) != kEnforced.key_id);
}

static void tells_missing_sensitive_and_short_attributes_apart() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  CK_BYTE small[4];
  CK_BYTE room[64];
  CK_ATTRIBUTE all[] = {{CKA_VALUE, &room[0], sizeof room},
                        {CKA_MODULUS, &room[0], sizeof room},
                        {CKA_ID, &small[0], sizeof small},
                        {CKA_START_DATE, &room[0], sizeof room},
                        {CKA_ID, &room[0], sizeof room}};
  CHECK_RV(p11().C_GetAttributeValue(session(), key, &all[0], 1), CKR_ATTRIBUTE_SENSITIVE);
  CHECK_RV(p11().C_GetAttributeValue(session(), key, &all[1], 1), CKR_ATTRIBUTE_TYPE_INVALID);
  CHECK_RV(p11().C_GetAttributeValue(session(), key, &all[2], 1), CKR_BUFFER_TOO_SMALL);
  CHECK(p11().C_GetAttributeValue(session(), key, &all[0], 5) != CKR_OK);
  for (int missing : {0, 1, 2}) CHECK_EQ(all[missing].ulValueLen, CK_UNAVAILABLE_INFORMATION);
  CHECK_EQ(all[3].ulValueLen, 0UL);
  CHECK_EQ(all[4].ulValueLen, 16UL);
}

// A program that asks once more with what a failure left in its template tells no size.
static void takes_what_a_failure_left_for_no_room() {
  for (CK_OBJECT_HANDLE key : {create_kms_key(session()), generate_data_key()}) {
    CK_ULONG untouched = 4711;
    CK_ATTRIBUTE wanted{CKA_KEY_TYPE, &untouched, CK_UNAVAILABLE_INFORMATION};
    CHECK_RV(p11().C_GetAttributeValue(session(), key, &wanted, 1), CKR_BUFFER_TOO_SMALL);
    CHECK_EQ(wanted.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    CHECK_EQ(untouched, 4711UL);
  }
}

static void takes_an_empty_template_but_not_none() {
  RawSession raw;  // the token itself is the model
  CK_ATTRIBUTE none{};
  // A record: base keys are not modifiable.
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_OBJECT_HANDLE theirs = raw.find({{CKA_CLASS, &data, sizeof data}}).at(0);
  CHECK_OK(softhsm()->C_GetAttributeValue(raw.handle(), theirs, &none, 0));
  CHECK_RV(softhsm()->C_GetAttributeValue(raw.handle(), theirs, nullptr, 0), CKR_ARGUMENTS_BAD);
  CHECK_OK(softhsm()->C_SetAttributeValue(raw.handle(), theirs, &none, 0));
  CHECK_RV(softhsm()->C_SetAttributeValue(raw.handle(), theirs, nullptr, 0), CKR_ARGUMENTS_BAD);
  for (CK_OBJECT_HANDLE key : {create_kms_key(session()), generate_data_key()}) {
    CHECK_OK(p11().C_GetAttributeValue(session(), key, &none, 0));
    CHECK_RV(p11().C_GetAttributeValue(session(), key, nullptr, 0), CKR_ARGUMENTS_BAD);
    CHECK_OK(p11().C_SetAttributeValue(session(), key, &none, 0));
    CHECK_RV(p11().C_SetAttributeValue(session(), key, nullptr, 0), CKR_ARGUMENTS_BAD);
  }
}

static void finds_keys_by_every_name() {
  CK_OBJECT_HANDLE key = create_kms_key(session(), "find/me");
  std::string id = attribute(session(), key, CKA_ID);
  std::string arn = attribute(session(), key, CKA_TRENT_KEY_ARN);
  auto only = [&](Attrs search) {
    auto found = find(session(), std::move(search));
    CHECK_EQ(found.size(), 1UL);
    CHECK_EQ(found[0], key);
  };
  only(Attrs().text(CKA_ID, id));
  only(Attrs().text(CKA_LABEL, "find/me"));
  only(Attrs().text(CKA_LABEL, "alias/find/me"));
  only(Attrs().text(kAttributeUniqueId, arn));
  only(Attrs().text(CKA_TRENT_KEY_ARN, arn));
  only(Attrs().text(CKA_TRENT_KEY_MATERIAL_ID,
                    attribute(session(), key, CKA_TRENT_KEY_MATERIAL_ID)));
  only(Attrs().number(CKA_CLASS, CKO_SECRET_KEY).text(CKA_LABEL, "find/me").flag(CKA_TOKEN, true));
  CHECK_EQ(count(Attrs().text(CKA_ID, id).flag(CKA_SIGN, true)), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_ID, id).text(CKA_LABEL, "other")), 0UL);
  CHECK_EQ(count(Attrs().number(CKA_CLASS, CKO_PRIVATE_KEY)), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "find")), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_ID, "short")), 0UL);
}

static void encrypts_and_decrypts() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  Symmetric plain;
  Symmetric with_context(R"({"tenant":"acme"})");
  std::string blob = encrypt(session(), &with_context, key, "hello");
  CHECK_EQ(decrypt(session(), &with_context, key, blob), "hello");
  std::string out;
  CHECK_RV(try_decrypt(session(), &plain, key, blob, &out), CKR_ENCRYPTED_DATA_INVALID);
  CHECK_RV(try_decrypt(session(), &with_context, create_kms_key(session()), blob, &out),
           CKR_KEY_HANDLE_INVALID);
  blob[70] ^= 1;
  CHECK_RV(try_decrypt(session(), &with_context, key, blob, &out), CKR_ENCRYPTED_DATA_INVALID);
  Symmetric bad_json("{");
  CHECK_RV(p11().C_EncryptInit(session(), &bad_json, key), CKR_MECHANISM_PARAM_INVALID);
  CK_TRENT_SYMMETRIC_PARAMS params{};  // no context
  CK_MECHANISM mechanism{CKM_TRENT_SYMMETRIC_DEFAULT, &params, sizeof params};
  std::string bare = encrypt(session(), &mechanism, key, "hello");
  CHECK_EQ(decrypt(session(), &plain, key, bare), "hello");
  params.pEncryptionContext = reinterpret_cast<CK_BYTE_PTR>(bare.data());  // an empty one
  CHECK_RV(p11().C_EncryptInit(session(), &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
  CK_MECHANISM other{CKM_AES_ECB, nullptr, 0};
  CHECK_RV(p11().C_EncryptInit(session(), &other, key), CKR_MECHANISM_INVALID);
  CHECK_RV(p11().C_EncryptInit(session(), &plain, generate_data_key()), CKR_KEY_TYPE_INCONSISTENT);
}

static void keeps_the_answer_until_the_buffer_fits() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  std::string text = "text";
  std::string out(500, '\0');
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CK_ULONG size = 0;
  CHECK_OK(p11().C_Encrypt(session(), bytes(text), text.size(), nullptr, &size));
  CK_ULONG needed = size--;
  CHECK_RV(p11().C_Encrypt(session(), bytes(text), text.size(), bytes(out), &size),
           CKR_BUFFER_TOO_SMALL);
  CHECK_EQ(size, needed);
  CHECK_OK(p11().C_Encrypt(session(), bytes(text), text.size(), bytes(out), &size));
  CHECK_EQ(decrypt(session(), &Symmetric(), key, out.substr(0, size)), text);
  CHECK_RV(p11().C_Encrypt(session(), bytes(text), text.size(), bytes(out), &size),
           CKR_OPERATION_NOT_INITIALIZED);
  // An answer for other data than was asked about is no answer.
  std::string other = "tex!";
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_OK(p11().C_Encrypt(session(), bytes(text), text.size(), nullptr, &size));
  CHECK_OK(p11().C_Encrypt(session(), bytes(other), other.size(), bytes(out), &size));
  CHECK_EQ(decrypt(session(), &Symmetric(), key, out.substr(0, size)), other);
}

static void encrypts_in_parts() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  std::string a = "first, ";
  std::string b = "second";
  std::string out(500, '\0');
  CK_ULONG size = out.size();
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_OK(p11().C_EncryptUpdate(session(), bytes(a), a.size(), bytes(out), &size));
  CHECK_EQ(size, 0UL);
  size = out.size();
  CHECK_OK(p11().C_EncryptUpdate(session(), bytes(b), b.size(), bytes(out), &size));
  size = 1;
  CHECK_RV(p11().C_EncryptFinal(session(), bytes(out), &size), CKR_BUFFER_TOO_SMALL);
  CHECK_OK(p11().C_EncryptFinal(session(), bytes(out), &size));
  CHECK_EQ(decrypt(session(), &Symmetric(), key, out.substr(0, size)), a + b);
}

static void polices_operations() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  std::string text = "text";
  std::string out(500, '\0');
  CK_ULONG size = out.size();
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_RV(p11().C_EncryptInit(session(), &Symmetric(), key), CKR_OPERATION_ACTIVE);
  CHECK_RV(p11().C_Decrypt(session(), bytes(text), 4, bytes(out), &size),
           CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(p11().C_EncryptInit(session(), nullptr, 0));  // cancelled
  CHECK_RV(p11().C_EncryptFinal(session(), bytes(out), &size), CKR_OPERATION_NOT_INITIALIZED);
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_RV(p11().C_Encrypt(session(), nullptr, 4, bytes(out), &size), CKR_ARGUMENTS_BAD);
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_RV(p11().C_Encrypt(session(), bytes(text), 0, bytes(out), &size), CKR_DATA_LEN_RANGE);
  CHECK_OK(p11().C_EncryptInit(session(), &Symmetric(), key));
  CHECK_OK(p11_3_0().C_SessionCancel(session(), CKF_ENCRYPT));
  CHECK_OK(p11().C_DecryptInit(session(), &Symmetric(), key));
  std::string huge(7000, 'x');
  CHECK_RV(p11().C_Decrypt(session(), bytes(huge), huge.size(), bytes(out), &size),
           CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void re_encrypts() {
  CK_OBJECT_HANDLE old_key = create_kms_key(session());
  CK_OBJECT_HANDLE new_key = create_kms_key(session());
  std::string blob = encrypt(session(), &Symmetric(), old_key, "moved");
  CHECK_EQ(decrypt(session(), &Symmetric(), new_key, re_encrypt(new_key, blob)), "moved");

  Symmetric from(R"({"a":"1"})");
  Symmetric to(R"({"b":"2"})");
  blob = encrypt(session(), &from, old_key, "moved too");
  CK_TRENT_REENCRYPT_PARAMS params{old_key, &from, &to};
  CHECK_EQ(decrypt(session(), &to, new_key, re_encrypt(new_key, blob, &params)), "moved too");
  params.hSourceKey = new_key;
  CK_MECHANISM mechanism{CKM_TRENT_REENCRYPT, &params, sizeof params};
  std::string out(500, '\0');
  CK_ULONG size = out.size();
  CHECK_OK(p11().C_EncryptInit(session(), &mechanism, new_key));
  CHECK_RV(p11().C_Encrypt(session(), bytes(blob), blob.size(), bytes(out), &size),
           CKR_KEY_HANDLE_INVALID);
  CHECK_RV(p11().C_DecryptInit(session(), &mechanism, new_key), CKR_MECHANISM_INVALID);
}

static void wraps_and_unwraps_data_keys() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  CK_OBJECT_HANDLE data_key = generate_data_key();
  Symmetric mechanism(R"({"file":"1"})");
  std::string blob = wrap(&mechanism, key, data_key);
  CK_OBJECT_HANDLE again = 0;
  CHECK_OK(try_unwrap(&mechanism, key, blob, &again));
  CHECK_EQ(aes_ecb(again, std::string(16, 'x')), aes_ecb(data_key, std::string(16, 'x')));
  CHECK_EQ(number_attribute<CK_ULONG>(again, CKA_VALUE_LEN), 32UL);
  CHECK_EQ(decrypt(session(), &mechanism, key, blob).size(), 32UL);
  // Wrapped once more, its length is still known.
  CHECK_EQ(decrypt(session(), &mechanism, key, wrap(&mechanism, key, again)),
           decrypt(session(), &mechanism, key, blob));

  CHECK_RV(try_unwrap(&Symmetric(), key, blob, &again), CKR_WRAPPED_KEY_INVALID);
  CHECK_RV(try_unwrap(&mechanism, create_kms_key(session()), blob, &again),
           CKR_UNWRAPPING_KEY_HANDLE_INVALID);
  CHECK_RV(try_unwrap(&mechanism, 12345, blob, &again), CKR_UNWRAPPING_KEY_HANDLE_INVALID);
  CHECK_OK(try_unwrap(&mechanism, key, blob, &again, CKK_AES, 32));
  CHECK_RV(try_unwrap(&mechanism, key, blob, &again, CKK_AES, 16), CKR_TEMPLATE_INCONSISTENT);
  CK_ULONG size = 0;
  CHECK_RV(p11().C_WrapKey(session(), &mechanism, 12345, data_key, nullptr, &size),
           CKR_WRAPPING_KEY_HANDLE_INVALID);
  CHECK_RV(p11().C_WrapKey(session(), &mechanism, key, 12345, nullptr, &size),
           CKR_KEY_HANDLE_INVALID);
  CHECK_RV(p11().C_WrapKey(session(), &mechanism, key, key, nullptr, &size), CKR_KEY_UNEXTRACTABLE);
}

static void writes_no_more_than_the_buffer_holds() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  CK_OBJECT_HANDLE data_key = generate_data_key();
  const std::size_t needed = wrap(&Symmetric(), key, data_key).size();
  std::string out(needed, 'x');
  for (CK_ULONG room : {0UL, 1UL, needed - 1}) {
    CK_ULONG size = room;
    CHECK_RV(p11().C_WrapKey(session(), &Symmetric(), key, data_key, bytes(out), &size),
             CKR_BUFFER_TOO_SMALL);
    CHECK_EQ(size, needed);
    CHECK_EQ(out, std::string(needed, 'x'));
  }
}

static void wraps_no_key_that_is_gone() {
  RawSession raw;
  CK_OBJECT_HANDLE key = create_kms_key(session());
  std::string blob = encrypt(session(), &Symmetric(), key, std::string(32, 'k'));
  Attrs attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_AES)
      .flag(CKA_TOKEN, true)
      .flag(CKA_EXTRACTABLE, true)
      .text(CKA_LABEL, "going");
  CK_OBJECT_HANDLE data_key = 0;
  CHECK_OK(p11().C_UnwrapKey(session(), &Symmetric(), key, bytes(blob), blob.size(),
                             attributes.data(), attributes.size(), &data_key));
  std::string label = "going";
  for (CK_OBJECT_HANDLE object : raw.find({{CKA_LABEL, label.data(), label.size()}}))
    CHECK_OK(softhsm()->C_DestroyObject(raw.handle(), object));
  CK_OBJECT_HANDLE session_key = generate_data_key();
  std::string out(500, '\0');
  CK_ULONG size = out.size();
  CHECK_RV(p11().C_WrapKey(session(), &Symmetric(), key, data_key, bytes(out), &size),
           CKR_KEY_HANDLE_INVALID);
  // Nothing else was lost.
  wrap(&Symmetric(), key, session_key);
}

static void refuses_to_unwrap_into_a_wrong_key() {
  CK_OBJECT_HANDLE key = create_kms_key(session());
  CK_OBJECT_HANDLE made = 0;
  // SoftHSM pads 20 bytes to 24, and cannot take the padding off again.
  std::string blob = encrypt(session(), &Symmetric(), key, std::string(20, 'k'));
  CHECK_RV(try_unwrap(&Symmetric(), key, blob, &made, CKK_GENERIC_SECRET),
           CKR_WRAPPED_KEY_LEN_RANGE);
  blob = encrypt(session(), &Symmetric(), key, std::string(40, 'k'));
  CHECK_RV(try_unwrap(&Symmetric(), key, blob, &made, CKK_AES), CKR_WRAPPED_KEY_LEN_RANGE);
  CHECK_OK(try_unwrap(&Symmetric(), key, blob, &made, CKK_GENERIC_SECRET));
}

static void renames_a_key_by_its_label() {
  CK_OBJECT_HANDLE key = create_kms_key(session(), "old-name");
  Attrs label;
  label.text(CKA_LABEL, "new-name");
  CHECK_OK(p11().C_SetAttributeValue(session(), key, label.data(), label.size()));
  CHECK_EQ(attribute(session(), key, CKA_LABEL), "new-name");
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "old-name")), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "new-name")), 1UL);
  for (CK_ATTRIBUTE_TYPE fixed : {CKA_ID, CKA_SENSITIVE, CKA_EXTRACTABLE}) {
    Attrs change;
    change.flag(fixed, true);
    CHECK_RV(p11().C_SetAttributeValue(session(), key, change.data(), change.size()),
             CKR_ATTRIBUTE_READ_ONLY);
  }
  Attrs bad;
  bad.text(CKA_LABEL, "no blanks please");
  CHECK_RV(p11().C_SetAttributeValue(session(), key, bad.data(), bad.size()),
           CKR_ATTRIBUTE_VALUE_INVALID);
  CK_OBJECT_HANDLE other = 0;
  CHECK_RV(try_generate_key(session(), Attrs().flag(CKA_TOKEN, true).text(CKA_LABEL, "new-name"),
                            &other),
           CKR_ATTRIBUTE_VALUE_INVALID);
}

static void takes_no_alias_from_another_key() {
  CK_OBJECT_HANDLE owner = create_kms_key(session(), "owned");
  CK_OBJECT_HANDLE key = create_kms_key(session(), "mine");
  for (const char* name : {"owned", "alias/owned"}) {
    Attrs label;
    label.text(CKA_LABEL, name);
    CHECK_RV(p11().C_SetAttributeValue(session(), key, label.data(), label.size()),
             CKR_ATTRIBUTE_VALUE_INVALID);
  }
  CHECK_EQ(find(session(), Attrs().text(CKA_LABEL, "owned")).at(0), owner);
  CHECK_EQ(attribute(session(), key, CKA_LABEL), "mine");
  // Its own is none of another's: the label that it has, and an alias beside it.
  Attrs same;
  same.text(CKA_LABEL, "mine");
  CHECK_OK(p11().C_SetAttributeValue(session(), key, same.data(), same.size()));
  Service service(load_config());
  service.create_alias({"alias/second", attribute(session(), key, CKA_TRENT_KEY_ARN)});
  Attrs second;
  second.text(CKA_LABEL, "second");
  CHECK_OK(p11().C_SetAttributeValue(session(), key, second.data(), second.size()));
  CHECK_EQ(attribute(session(), key, CKA_LABEL), "second");
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "mine")), 0UL);
}

// The label that is known here may be another key's alias by now.
static void takes_back_no_alias_that_moved() {
  CK_OBJECT_HANDLE key = create_kms_key(session(), "moving");
  CK_OBJECT_HANDLE other = create_kms_key(session());
  CHECK_EQ(attribute(session(), key, CKA_LABEL), "moving");
  Service elsewhere(load_config());
  const std::string target = attribute(session(), other, CKA_TRENT_KEY_ARN);
  elsewhere.update_alias({"alias/moving", target});
  Attrs label;
  label.text(CKA_LABEL, "stayed");
  CHECK_OK(p11().C_SetAttributeValue(session(), key, label.data(), label.size()));
  Service later(load_config());
  CHECK_EQ(later.describe_key({"alias/moving", {}}).key_metadata.arn, target);
  CHECK_EQ(later.describe_key({"alias/stayed", {}}).key_metadata.arn,
           attribute(session(), key, CKA_TRENT_KEY_ARN));
}

// Another program rotates the key of an object that is in use here.
static void follows_a_rotation() {
  const CK_OBJECT_HANDLE key = create_kms_key(session());
  const std::string arn = attribute(session(), key, CKA_TRENT_KEY_ARN);
  const std::string material = attribute(session(), key, CKA_TRENT_KEY_MATERIAL_ID);
  const std::string old_blob = encrypt(session(), &Symmetric(), key, "old");
  Service elsewhere(load_config());
  request(elsewhere, "RotateKeyOnDemand", {{"KeyId", arn}});
  const Bytes blob = encrypt(elsewhere, arn, "new");
  CHECK_EQ(decrypt(session(), &Symmetric(), key, {blob.begin(), blob.end()}), "new");
  // Not remembered any more, the latest.
  const std::string rotated = attribute(session(), key, CKA_TRENT_KEY_MATERIAL_ID);
  CHECK(rotated != material);
  CHECK_EQ(count(Attrs().text(CKA_TRENT_KEY_MATERIAL_ID, material)), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_TRENT_KEY_MATERIAL_ID, rotated)), 1UL);
  CHECK_EQ(decrypt(session(), &Symmetric(), key, old_blob), "old");
  CHECK_EQ(decrypt(session(), &Symmetric(), key, re_encrypt(key, old_blob)), "old");
}

static void finds_a_multi_region_key_by_its_id() {
  Service elsewhere(load_config());
  const kms::Json made = request(elsewhere, "CreateKey", {{"MultiRegion", true}})["KeyMetadata"];
  const auto found =
      find(session(), Attrs().text(CKA_TRENT_KEY_ARN, made["Arn"].get<std::string>()));
  CHECK_EQ(found.size(), 1UL);
  const std::string id = attribute(session(), found[0], CKA_ID);
  CHECK_EQ("mrk-" + to_hex(as_bytes(id)), made["KeyId"].get<std::string>());
  CHECK(find(session(), Attrs().text(CKA_ID, id)) == found);
  const std::string blob = encrypt(session(), &Symmetric(), found[0], "text");
  CHECK_EQ(decrypt(elsewhere, Bytes(blob.begin(), blob.end())), "text");
}

static void schedules_deletion_and_keeps_the_material() {
  RawSession raw;
  CK_OBJECT_HANDLE key = create_kms_key(session());
  std::string id = attribute(session(), key, CKA_ID);
  std::string material = attribute(session(), key, CKA_TRENT_KEY_MATERIAL_ID);
  CHECK_OK(p11().C_DestroyObject(session(), key));
  CHECK_RV(p11().C_DestroyObject(session(), key), CKR_OBJECT_HANDLE_INVALID);
  CHECK_EQ(count(Attrs().text(CKA_ID, id)), 0UL);
  auto pending =
      find(session(), Attrs().text(CKA_ID, id).text(CKA_TRENT_KEY_STATE, "PendingDeletion"));
  CHECK_EQ(pending.size(), 1UL);
  CHECK_RV(p11().C_EncryptInit(session(), &Symmetric(), pending[0]),
           CKR_KEY_FUNCTION_NOT_PERMITTED);
  CK_BBOOL yes = CK_TRUE;
  CHECK_EQ(raw.count({{CKA_ID, material.data(), material.size()}, {CKA_TOKEN, &yes, sizeof yes}}),
           1UL);
}

static void makes_no_key_that_kms_does_not_have() {
  CK_OBJECT_HANDLE key = 0;
  auto refuse = [&](Attrs attributes, CK_RV rv) {
    attributes.flag(CKA_TOKEN, true).flag(CKA_TRENT_KMS_KEY, true);
    CHECK_RV(try_generate_key(session(), attributes, &key), rv);
  };
  refuse(Attrs().number(CKA_VALUE_LEN, 16), CKR_KEY_SIZE_RANGE);
  refuse(Attrs().flag(CKA_EXTRACTABLE, true), CKR_TEMPLATE_INCONSISTENT);
  refuse(Attrs().flag(CKA_SIGN, true), CKR_TEMPLATE_INCONSISTENT);
  refuse(Attrs().text(CKA_ID, "mine"), CKR_ATTRIBUTE_READ_ONLY);
  refuse(Attrs().text(CKA_LABEL, "trent/key/x"), CKR_TEMPLATE_INCONSISTENT);
}

static void makes_ordinary_keys_of_what_kms_does_not_have() {
  const std::size_t kms_keys = count(Attrs().flag(CKA_TRENT_KMS_KEY, true));
  auto is_ordinary = [&](Attrs attributes, CK_ULONG size = 32) {
    CK_OBJECT_HANDLE key = 0;
    attributes.flag(CKA_TOKEN, true).text(CKA_LABEL, "ordinary").number(CKA_VALUE_LEN, size);
    CHECK_OK(try_generate_key(session(), attributes, &key));
    CHECK_EQ(int{number_attribute<CK_BBOOL>(key, CKA_TRENT_KMS_KEY)}, 0);
    auto found = find(session(), Attrs().text(CKA_LABEL, "ordinary"));
    CHECK_EQ(found.size(), 1UL);
    CHECK_EQ(found[0], key);
    CHECK_OK(p11().C_DestroyObject(session(), key));
  };
  is_ordinary(Attrs().text(CKA_ID, "mine"));
  is_ordinary(Attrs().flag(CKA_EXTRACTABLE, true));
  for (CK_ATTRIBUTE_TYPE use : {CKA_SIGN, CKA_VERIFY, CKA_DERIVE})
    is_ordinary(Attrs().flag(use, true));
  is_ordinary(Attrs().number(CKA_ALLOWED_MECHANISMS, CKM_AES_GCM));
  is_ordinary(Attrs().flag(CKA_TRENT_KMS_KEY, false));
  for (CK_ULONG size : {16UL, 24UL}) is_ordinary({}, size);
  CHECK_EQ(count(Attrs().flag(CKA_TRENT_KMS_KEY, true)), kms_keys);
}

static void tells_kms_keys_from_others() {
  CK_OBJECT_HANDLE kms_key = create_kms_key(session());
  CK_OBJECT_HANDLE data_key = generate_data_key();
  CHECK_EQ(int{number_attribute<CK_BBOOL>(kms_key, CKA_TRENT_KMS_KEY)}, 1);
  // Among attributes that the token answers, and one that it does not have.
  CK_BBOOL is_kms_key = CK_TRUE;
  CK_ULONG length = 0;
  CK_BYTE small = 0;
  CK_ATTRIBUTE wanted[] = {{CKA_TRENT_KMS_KEY, &is_kms_key, sizeof is_kms_key},
                           {CKA_VALUE_LEN, &length, sizeof length},
                           {CKA_MODULUS, &small, sizeof small}};
  CHECK_OK(p11().C_GetAttributeValue(session(), data_key, &wanted[0], 2));
  CHECK(is_kms_key == CK_FALSE && length == 32);
  CHECK_RV(p11().C_GetAttributeValue(session(), data_key, &wanted[0], 3),
           CKR_ATTRIBUTE_TYPE_INVALID);
  CHECK_EQ(wanted[0].ulValueLen, sizeof is_kms_key);
  CHECK_EQ(wanted[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
  auto among = [](bool kms_keys, CK_OBJECT_HANDLE key) {
    auto found = find(session(), Attrs().flag(CKA_TRENT_KMS_KEY, kms_keys));
    return std::find(found.begin(), found.end(), key) != found.end();
  };
  CHECK(among(true, kms_key) && !among(true, data_key));
  CHECK(!among(false, kms_key) && among(false, data_key));
}

static void makes_kms_keys_of_nothing_else() {
  CK_OBJECT_HANDLE made = 0;
  CK_OBJECT_HANDLE other = 0;
  CHECK_RV(try_generate_key(session(), Attrs().flag(CKA_TRENT_KMS_KEY, true), &made),
           CKR_TEMPLATE_INCONSISTENT);  // no token object
  CK_MECHANISM generic{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  Attrs wanted;
  wanted.number(CKA_VALUE_LEN, 32).flag(CKA_TOKEN, true).flag(CKA_TRENT_KMS_KEY, true);
  CHECK_RV(p11().C_GenerateKey(session(), &generic, wanted.data(), wanted.size(), &made),
           CKR_MECHANISM_INVALID);
  CK_MECHANISM rsa{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  Attrs bits;
  bits.number(CKA_MODULUS_BITS, 2048);
  Attrs demanded;
  demanded.flag(CKA_TOKEN, true).flag(CKA_TRENT_KMS_KEY, true);
  CHECK_RV(p11().C_GenerateKeyPair(session(), &rsa, bits.data(), bits.size(), demanded.data(),
                                   demanded.size(), &other, &made),
           CKR_TEMPLATE_INCONSISTENT);
  Attrs data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TRENT_KMS_KEY, true);
  CHECK_RV(p11().C_CreateObject(session(), data.data(), data.size(), &made),
           CKR_TEMPLATE_INCONSISTENT);
}

static void leaves_nothing_of_a_key_that_it_refuses() {
  RawSession raw;
  create_kms_key(session(), "taken");
  const std::size_t before = raw.count();
  for (const std::string& label :
       {std::string("bad label!"), std::string("aws/x"), std::string("alias/aws/x"),
        std::string("alias/"), std::string(300, 'a'), std::string("\xc3\xa4"), std::string("taken"),
        std::string("alias/taken")}) {
    CK_OBJECT_HANDLE key = 0;
    CHECK_RV(
        try_generate_key(session(), Attrs().flag(CKA_TOKEN, true).text(CKA_LABEL, label), &key),
        CKR_ATTRIBUTE_VALUE_INVALID);
  }
  CHECK_EQ(raw.count(), before);
}

static void hides_what_trent_keeps_in_the_token() {
  RawSession raw;
  create_kms_key(session(), "hidden");
  // And the secret of an access key.
  Service kms(load_config());
  const std::string credential = "trent/credential/AKIAHIDDEN";
  hsm::create_hmac_secret(kms.home().token, credential, Bytes(44, 'x'));
  CHECK_EQ(raw.count({{CKA_LABEL, const_cast<char*>(credential.data()), credential.size()}}), 1U);
  CHECK_EQ(count(Attrs().text(CKA_LABEL, credential)), 0UL);
  CHECK(raw.count() > 2);
  for (CK_OBJECT_HANDLE object : find(session())) {
    std::string label = attribute(session(), object, CKA_LABEL);
    CHECK(!label.starts_with("trent/"));
  }
  CHECK_EQ(count(Attrs().text(CKA_APPLICATION, "trent")), 0UL);
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "trent/alias/hidden")), 0UL);
  CHECK_EQ(count(Attrs().number(CKA_CLASS, CKO_DATA)), 0UL);
  // The backend's own handles mean nothing here.
  CK_ATTRIBUTE wanted{CKA_LABEL, nullptr, 0};
  for (CK_OBJECT_HANDLE guess : raw.find())
    CHECK_RV(p11().C_GetAttributeValue(session(), guess, &wanted, 1), CKR_OBJECT_HANDLE_INVALID);
  hsm::destroy_hmac_secret(kms.home().token, credential);
}

// Trent's are hidden by their labels, too; those of its operations have none.
static void hides_the_session_objects_of_others() {
  RawSession raw;
  for (const char* name : {"of-a-program", ""}) {
    Attrs data;
    data.number(CKA_CLASS, CKO_DATA).text(CKA_APPLICATION, "other").text(CKA_VALUE, "x");
    data.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, false).text(CKA_LABEL, name);
    CK_OBJECT_HANDLE theirs = 0;
    CHECK_OK(softhsm()->C_CreateObject(raw.handle(), data.data(), data.size(), &theirs));
    CHECK_EQ(count(Attrs().text(CKA_APPLICATION, "other")), 0UL);
    CHECK_OK(softhsm()->C_DestroyObject(raw.handle(), theirs));
  }
}

static void lets_nobody_forge_trents_objects() {
  CK_OBJECT_HANDLE made = 0;
  auto create = [&](Attrs attributes) {
    return p11().C_CreateObject(session(), attributes.data(), attributes.size(), &made);
  };
  Attrs data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true).text(CKA_VALUE, "x");
  CHECK_RV(create(Attrs(data).text(CKA_APPLICATION, "trent")), CKR_TEMPLATE_INCONSISTENT);
  CHECK_RV(create(Attrs(data).text(CKA_LABEL, "trent/alias/mine")), CKR_TEMPLATE_INCONSISTENT);
  CHECK_OK(create(Attrs(data).text(CKA_LABEL, "mine").text(CKA_APPLICATION, "app")));
  Attrs rename;
  rename.text(CKA_LABEL, "trent/alias/mine");
  CHECK_RV(p11().C_SetAttributeValue(session(), made, rename.data(), rename.size()),
           CKR_TEMPLATE_INCONSISTENT);
  CK_OBJECT_HANDLE copy = 0;
  CHECK_RV(p11().C_CopyObject(session(), made, rename.data(), rename.size(), &copy),
           CKR_TEMPLATE_INCONSISTENT);
  CHECK_OK(p11().C_DestroyObject(session(), made));
}

static void stores_the_applications_own_objects() {
  CK_OBJECT_HANDLE made = 0;
  Attrs data;
  data.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, true)
      .text(CKA_LABEL, "note")
      .text(CKA_APPLICATION, "app")
      .text(CKA_VALUE, "to self");
  CHECK_OK(p11().C_CreateObject(session(), data.data(), data.size(), &made));
  auto found = find(session(), Attrs().text(CKA_LABEL, "note"));
  CHECK_EQ(found.size(), 1UL);
  CHECK_EQ(found[0], made);
  CHECK_EQ(attribute(session(), made, CKA_VALUE), "to self");
  CHECK_OK(p11().C_DestroyObject(session(), made));
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "note")), 0UL);
}

static void lets_session_objects_die_with_their_session() {
  CK_SESSION_HANDLE own = open_session();
  CK_OBJECT_HANDLE key = 0;
  CHECK_OK(try_generate_key(own, Attrs().number(CKA_VALUE_LEN, 16).text(CKA_LABEL, "brief"), &key));
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "brief")), 1UL);  // seen from every session
  CHECK_OK(p11().C_CloseSession(own));
  CHECK_EQ(count(Attrs().text(CKA_LABEL, "brief")), 0UL);
  CK_ATTRIBUTE wanted{CKA_LABEL, nullptr, 0};
  CHECK_RV(p11().C_GetAttributeValue(session(), key, &wanted, 1), CKR_OBJECT_HANDLE_INVALID);
  // And the door itself does not know it any more: a token may give its number to another object.
  CHECK_RV(p11().C_GetAttributeValue(session(), key, nullptr, 0), CKR_OBJECT_HANDLE_INVALID);
}

static void changes_nothing_on_the_token_in_a_read_only_session() {
  CK_OBJECT_HANDLE kms_key = create_kms_key(session());
  Attrs note;
  note.number(CKA_CLASS, CKO_DATA).text(CKA_LABEL, "fixed").text(CKA_VALUE, "x");
  CK_OBJECT_HANDLE on_token = 0;
  Attrs kept(note);
  kept.flag(CKA_TOKEN, true);
  CHECK_OK(p11().C_CreateObject(session(), kept.data(), kept.size(), &on_token));
  const CK_SESSION_HANDLE read_only = open_session(CKF_SERIAL_SESSION);
  CK_OBJECT_HANDLE made = 0;
  CHECK_RV(p11().C_CreateObject(read_only, kept.data(), kept.size(), &made), CKR_SESSION_READ_ONLY);
  Attrs none;
  CHECK_RV(p11().C_CopyObject(read_only, on_token, none.data(), 0, &made), CKR_SESSION_READ_ONLY);
  Attrs label;
  label.text(CKA_LABEL, "changed");
  for (CK_OBJECT_HANDLE object : {on_token, kms_key}) {
    CHECK_RV(p11().C_SetAttributeValue(read_only, object, label.data(), label.size()),
             CKR_SESSION_READ_ONLY);
    CHECK_RV(p11().C_DestroyObject(read_only, object), CKR_SESSION_READ_ONLY);
  }
  CK_MECHANISM generic{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  Attrs secret;
  secret.number(CKA_VALUE_LEN, 32).flag(CKA_TOKEN, true);
  CHECK_RV(p11().C_GenerateKey(read_only, &generic, secret.data(), secret.size(), &made),
           CKR_SESSION_READ_ONLY);
  CK_MECHANISM rsa{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  Attrs public_key;
  public_key.number(CKA_MODULUS_BITS, 2048);
  Attrs private_key;
  private_key.flag(CKA_TOKEN, true);
  CK_OBJECT_HANDLE other = 0;
  CHECK_RV(p11().C_GenerateKeyPair(read_only, &rsa, public_key.data(), public_key.size(),
                                   private_key.data(), private_key.size(), &other, &made),
           CKR_SESSION_READ_ONLY);
  const std::string blob = encrypt(session(), &Symmetric(), kms_key, std::string(32, 'k'));
  Attrs aes;
  aes.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES).flag(CKA_TOKEN, true);
  CHECK_RV(p11().C_UnwrapKey(read_only, &Symmetric(), kms_key, bytes(blob), blob.size(), aes.data(),
                             aes.size(), &made),
           CKR_SESSION_READ_ONLY);
  CK_KEY_DERIVATION_STRING_DATA input{bytes(blob), 16};
  CK_MECHANISM derive{CKM_AES_ECB_ENCRYPT_DATA, &input, sizeof input};
  CHECK_RV(
      p11().C_DeriveKey(read_only, &derive, generate_data_key(), aes.data(), aes.size(), &made),
      CKR_SESSION_READ_ONLY);
  CHECK_EQ(attribute(session(), on_token, CKA_LABEL), "fixed");
  // What dies with the session is its own affair.
  CK_OBJECT_HANDLE brief = 0;
  CHECK_OK(p11().C_CreateObject(read_only, note.data(), note.size(), &brief));
  CHECK_OK(
      p11().C_CopyObject(read_only, on_token, Attrs().flag(CKA_TOKEN, false).data(), 1, &made));
  CHECK_OK(p11().C_DestroyObject(read_only, made));
  CHECK_OK(p11().C_CloseSession(read_only));
  CHECK_OK(p11().C_DestroyObject(session(), on_token));
}

static void takes_no_template_that_says_both() {
  Attrs both;
  both.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, false).flag(CKA_TOKEN, true);
  CK_OBJECT_HANDLE made = 0;
  CHECK_RV(p11().C_CreateObject(session(), both.data(), both.size(), &made),
           CKR_TEMPLATE_INCONSISTENT);
}

static void survives_bad_arguments() {
  CK_OBJECT_HANDLE made = 0;
  CK_OBJECT_HANDLE key = create_kms_key(session());
  CK_ATTRIBUTE absurd[] = {{CKA_LABEL, nullptr, 100}};
  CHECK_RV(p11().C_CreateObject(session(), &absurd[0], 1, &made), CKR_ATTRIBUTE_VALUE_INVALID);
  CHECK_RV(p11().C_FindObjectsInit(session(), &absurd[0], 1), CKR_ATTRIBUTE_VALUE_INVALID);
  absurd[0] = {CKA_LABEL, &made, CK_UNAVAILABLE_INFORMATION};
  CHECK_RV(p11().C_CreateObject(session(), &absurd[0], 1, &made), CKR_ATTRIBUTE_VALUE_INVALID);
  CHECK_RV(p11().C_SetAttributeValue(session(), key, &absurd[0], 1), CKR_ATTRIBUTE_VALUE_INVALID);
  CHECK_RV(p11().C_FindObjectsInit(session(), nullptr, 3), CKR_ARGUMENTS_BAD);
  CHECK_RV(p11().C_FindObjectsInit(session(), &absurd[0], ~0UL), CKR_ARGUMENTS_BAD);
  CK_MECHANISM lost{CKM_TRENT_SYMMETRIC_DEFAULT, nullptr, 16};
  CHECK_RV(p11().C_EncryptInit(session(), &lost, key), CKR_MECHANISM_PARAM_INVALID);
  CK_TRENT_SYMMETRIC_PARAMS params{nullptr, 100};
  CK_MECHANISM nowhere{CKM_TRENT_SYMMETRIC_DEFAULT, &params, sizeof params};
  CHECK_RV(p11().C_EncryptInit(session(), &nowhere, key), CKR_MECHANISM_PARAM_INVALID);
  for (CK_OBJECT_HANDLE bad : {0UL, 1UL, ~0UL})
    CHECK_RV(p11().C_EncryptInit(session(), &Symmetric(), bad), CKR_KEY_HANDLE_INVALID);
  CHECK_RV(p11().C_EncryptInit(0, &Symmetric(), key), CKR_SESSION_HANDLE_INVALID);
}

static void passes_no_foreign_handles_on() {
  CK_OBJECT_HANDLE base = generate_data_key();
  CK_OBJECT_HANDLE raw_handle = 1;
  CK_MECHANISM mechanism{CKM_CONCATENATE_BASE_AND_KEY, &raw_handle, sizeof raw_handle};
  Attrs attributes;
  attributes.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
  CK_OBJECT_HANDLE derived = 0;
  CHECK_RV(p11().C_DeriveKey(session(), &mechanism, base, attributes.data(), attributes.size(),
                             &derived),
           CKR_MECHANISM_INVALID);
}

int main() {
  SoftHsm token;
  import_enforced_keys({kEnforced});
  int result = RUN_TESTS(
      "pkcs11 keys", TEST(shows_a_kms_key_as_a_secret_key), TEST(tells_that_a_key_is_enforced),
      TEST(tells_missing_sensitive_and_short_attributes_apart),
      TEST(takes_what_a_failure_left_for_no_room), TEST(takes_an_empty_template_but_not_none),
      TEST(finds_keys_by_every_name), TEST(encrypts_and_decrypts),
      TEST(keeps_the_answer_until_the_buffer_fits), TEST(encrypts_in_parts),
      TEST(polices_operations), TEST(re_encrypts), TEST(wraps_and_unwraps_data_keys),
      TEST(writes_no_more_than_the_buffer_holds), TEST(wraps_no_key_that_is_gone),
      TEST(refuses_to_unwrap_into_a_wrong_key), TEST(renames_a_key_by_its_label),
      TEST(takes_no_alias_from_another_key), TEST(takes_back_no_alias_that_moved),
      TEST(follows_a_rotation), TEST(finds_a_multi_region_key_by_its_id),
      TEST(schedules_deletion_and_keeps_the_material), TEST(makes_no_key_that_kms_does_not_have),
      TEST(makes_ordinary_keys_of_what_kms_does_not_have), TEST(tells_kms_keys_from_others),
      TEST(makes_kms_keys_of_nothing_else), TEST(leaves_nothing_of_a_key_that_it_refuses),
      TEST(hides_what_trent_keeps_in_the_token), TEST(hides_the_session_objects_of_others),
      TEST(lets_nobody_forge_trents_objects), TEST(stores_the_applications_own_objects),
      TEST(lets_session_objects_die_with_their_session),
      TEST(changes_nothing_on_the_token_in_a_read_only_session),
      TEST(takes_no_template_that_says_both), TEST(survives_bad_arguments),
      TEST(passes_no_foreign_handles_on));
  p11().C_Finalize(nullptr);
  return result;
}
