// SPDX-License-Identifier: Apache-2.0
// Seeds of the pkcs11 target: one for each function of PKCS#11, and for what the functions do with
// Trent's mechanisms and attributes.
#include "pkcs11_seeds.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

namespace trent::fuzz {

namespace {

// Writes what Program reads.
class Code {
 public:
  explicit Code(Start start) : bytes_{start} {}

  Code& call(std::string_view function) {
    return byte(static_cast<std::uint8_t>(Program::index_of(function)));
  }
  Code& byte(std::uint8_t value) {
    bytes_.push_back(value);
    return *this;
  }
  Code& session(std::uint8_t number = 0) { return byte(number); }
  Code& object(std::uint8_t number) { return byte(number); }
  Code& text(std::string_view own) {
    byte(static_cast<std::uint8_t>(own.size()));
    bytes_.insert(bytes_.end(), own.begin(), own.end());
    return *this;
  }
  Code& mechanism(CK_MECHANISM_TYPE type, Parameter parameter = kNone) {
    return byte(index(kMechanisms, type)).byte(parameter);
  }
  // With {"k":"v"}.
  Code& bound() { return mechanism(CKM_TRENT_SYMMETRIC_DEFAULT, kRight).byte(0); }
  Code& wanted(std::uint8_t attributes) { return byte(attributes); }
  Code& attribute(CK_ATTRIBUTE_TYPE type, Value kind, std::uint8_t value) {
    return byte(index(kAttributes, type)).byte(kind).byte(value);
  }
  Code& attribute(CK_ATTRIBUTE_TYPE type, std::string_view value) {
    return attribute(type, kText, index(kTexts, value));
  }
  // With enough room, or else.
  Code& question(CK_ATTRIBUTE_TYPE type, std::uint8_t room = 3) {
    return byte(index(kAttributes, type)).byte(room);
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  template <class T, std::size_t n, class Value>
  static std::uint8_t index(const T (&all)[n], const Value& value) {
    const auto* found = std::ranges::find(all, value);
    require(found != std::end(all), "a seed names what there is");
    return static_cast<std::uint8_t>(found - std::begin(all));
  }

  Bytes bytes_;
};

constexpr CK_MECHANISM_TYPE kDefault = CKM_TRENT_SYMMETRIC_DEFAULT;
constexpr CK_MECHANISM_TYPE kReEncrypt = CKM_TRENT_REENCRYPT;

class Seeds {
 public:
  // `code` ends before the call of `function`, whose arguments are `arguments`.
  void add(std::string_view function, CK_MECHANISM_TYPE mechanism, const Code& code,
           CK_RV rv = CKR_OK) {
    all.push_back({{function, mechanism, rv}, code.bytes()});
  }
  void add(std::string_view function, const Code& code, CK_RV rv = CKR_OK) {
    add(function, 0, code, rv);
  }

  std::vector<Seed> all;
};

Code start(std::string_view function, Start how = kPinInConfiguration) {
  return Code(how).call(function);
}

void add_general(Seeds& seeds) {
  seeds.add("C_Initialize", start("C_Finalize").byte(kReally).call("C_Initialize").byte(1));
  seeds.add("C_Initialize", start("C_Finalize").byte(kReally).call("C_Initialize").byte(32));
  seeds.add("C_Initialize", start("C_Initialize").byte(1 + 16), CKR_ARGUMENTS_BAD);
  seeds.add("C_Initialize", start("C_Initialize").byte(2 + 4), CKR_CANT_LOCK);
  seeds.add("C_Initialize", start("C_Initialize").byte(1 + 8), CKR_CRYPTOKI_ALREADY_INITIALIZED);
  seeds.add("C_Finalize", start("C_Finalize").byte(kReally));
  seeds.add("C_GetInfo", start("C_GetInfo").byte(0));
  for (std::uint8_t from : {std::uint8_t{0}, kExported}) {
    seeds.add("C_GetFunctionList", start("C_GetFunctionList").byte(from));
    seeds.add("C_GetInterfaceList", start("C_GetInterfaceList").byte(from + 2));
    seeds.add("C_GetInterface", start("C_GetInterface").byte(0).byte(1).byte(from + 1));
  }
  seeds.add("C_GetSlotList", start("C_GetSlotList").byte(1).byte(2).byte(0));
  seeds.add("C_GetSlotList", start("C_GetSlotList").byte(0).byte(1).byte(0), CKR_BUFFER_TOO_SMALL);
  seeds.add("C_WaitForSlotEvent", start("C_WaitForSlotEvent").byte(0), CKR_NO_EVENT);
  for (std::uint8_t slot : {0, 1}) {
    seeds.add("C_GetSlotInfo", start("C_GetSlotInfo").byte(slot).byte(0));
    seeds.add("C_GetTokenInfo", start("C_GetTokenInfo").byte(slot).byte(0));
    seeds.add("C_GetMechanismList", start("C_GetMechanismList").byte(slot).byte(255).byte(0));
    for (CK_MECHANISM_TYPE type : {kDefault, kReEncrypt, CK_MECHANISM_TYPE{CKM_AES_GCM}})
      seeds.add(
          "C_GetMechanismInfo", type,
          Code(kLoggedIn).call("C_GetMechanismInfo").byte(slot).mechanism(type, kNoMechanism));
  }
  for (const Program::Function& function : Program::functions())
    if (Program::is_unsupported(function.name))
      seeds.add(function.name, start(function.name), CKR_FUNCTION_NOT_SUPPORTED);
}

void add_sessions(Seeds& seeds) {
  seeds.add("C_OpenSession", start("C_OpenSession").byte(0).byte(0));
  seeds.add("C_OpenSession", start("C_OpenSession").byte(1).byte(1));
  seeds.add("C_CloseSession", start("C_CloseSession").session());
  seeds.add("C_CloseAllSessions", start("C_CloseAllSessions").byte(0));
  seeds.add("C_CloseAllSessions", start("C_CloseAllSessions").byte(kReally));
  for (Start how : {kLoggedIn, kPinInConfiguration, kLoggedOut})
    seeds.add("C_GetSessionInfo", start("C_GetSessionInfo", how).session().byte(0));
  seeds.add("C_GetSessionInfo", start("C_OpenSession", kLoggedIn)
                                    .byte(0)
                                    .byte(0)
                                    .call("C_GetSessionInfo")
                                    .session(1)
                                    .byte(0));
  for (Start how : {kPinInConfiguration, kLoggedOut}) {
    seeds.add("C_Login", start("C_Login", how).session().byte(CKU_USER).byte(kUserPin));
    seeds.add("C_LoginUser",
              start("C_LoginUser", how).session().byte(CKU_USER).byte(kUserPin).text("somebody"));
  }
  seeds.add("C_Login", start("C_Login", kLoggedOut).session().byte(CKU_USER).byte(kSoPin),
            CKR_PIN_INCORRECT);
  // The key of the slot with the PIN is used only after another login.
  for (Start how : {kLoggedIn, kPinInConfiguration}) {
    const Code init = start("C_SignInit", how).session().mechanism(CKM_ECDSA).object(kPrivate);
    const Code login =
        Code(init).call("C_Login").session().byte(CKU_CONTEXT_SPECIFIC).byte(kUserPin);
    const Code& signing = how == kLoggedIn ? init : login;
    seeds.add("C_Login", login, how == kLoggedIn ? CKR_OPERATION_NOT_INITIALIZED : CKR_OK);
    seeds.add("C_Sign", CKM_ECDSA, Code(signing).call("C_Sign").session().text("hash").byte(200));
  }
  for (Start how : {kLoggedIn, kPinInConfiguration})
    seeds.add("C_Logout", start("C_Logout", how).session());
  seeds.add("C_InitPIN", start("C_Login", kLoggedOut)
                             .session()
                             .byte(CKU_SO)
                             .byte(kSoPin)
                             .call("C_InitPIN")
                             .session()
                             .byte(kOwnPin)
                             .text("2345"));
  seeds.add("C_SetPIN",
            start("C_SetPIN", kLoggedIn).session().byte(kUserPin).byte(kOwnPin).text("2345"));
  seeds.add("C_SetPIN", start("C_SetPIN").session().byte(kUserPin).byte(kUserPin),
            CKR_FUNCTION_NOT_SUPPORTED);
  seeds.add("C_SessionCancel", start("C_FindObjectsInit")
                                   .session()
                                   .wanted(0)
                                   .call("C_SessionCancel")
                                   .session()
                                   .byte(1)
                                   .byte(0));
  seeds.add("C_GetFunctionStatus", start("C_GetFunctionStatus").session(),
            CKR_FUNCTION_NOT_PARALLEL);
  seeds.add("C_CancelFunction", start("C_CancelFunction").session(), CKR_FUNCTION_NOT_PARALLEL);
  seeds.add("C_SeedRandom", start("C_SeedRandom").session().text("seed"));
  seeds.add("C_GenerateRandom", start("C_GenerateRandom").session().byte(32));
}

void add_objects(Seeds& seeds, Start how) {
  seeds.add("C_CreateObject", start("C_CreateObject", how)
                                  .session()
                                  .byte(kDataClass + kOnToken)
                                  .wanted(2)
                                  .attribute(CKA_LABEL, "new")
                                  .attribute(CKA_PRIVATE, kFlag, 1));
  seeds.add("C_CreateObject", start("C_CreateObject", how)
                                  .session()
                                  .byte(kSecretKeyClass + kTypeAes)
                                  .wanted(1)
                                  .attribute(CKA_VALUE, kMaterial, 32));
  seeds.add("C_CreateObject",
            start("C_CreateObject", how)
                .session()
                .byte(kDataClass)
                .wanted(1)
                .attribute(CKA_APPLICATION, "trent"),
            CKR_TEMPLATE_INCONSISTENT);
  seeds.add(
      "C_CopyObject",
      start("C_CopyObject", how).session().object(kAes).wanted(1).attribute(CKA_TOKEN, kFlag, 0));
  seeds.add(
      "C_CopyObject",
      start("C_CopyObject", how).session().object(kData).wanted(1).attribute(CKA_LABEL, "new"));
  seeds.add("C_CopyObject", start("C_CopyObject", how).session().object(kKmsOne).wanted(0),
            CKR_ACTION_PROHIBITED);
  seeds.add("C_DestroyObject", start("C_DestroyObject", how).session().object(kData));
  seeds.add("C_DestroyObject", start("C_DestroyObject", how).session().object(kKmsOne));
  for (std::uint8_t object : {kKmsOne, kAes})
    seeds.add("C_GetObjectSize", start("C_GetObjectSize", how).session().object(object).byte(0));
  seeds.add("C_GetAttributeValue", start("C_GetAttributeValue", how)
                                       .session()
                                       .object(kKmsOne)
                                       .wanted(6)
                                       .question(CKA_TRENT_KEY_ARN)
                                       .question(CKA_TRENT_KEY_STATE)
                                       .question(CKA_TRENT_KEY_MATERIAL_ID)
                                       .question(CKA_LABEL)
                                       .question(CKA_ID)
                                       .question(CKA_ALLOWED_MECHANISMS));
  seeds.add("C_GetAttributeValue",
            start("C_GetAttributeValue", how)
                .session()
                .object(kKmsOne)
                .wanted(2)
                .question(CKA_VALUE)
                .question(CKA_START_DATE),
            CKR_ATTRIBUTE_SENSITIVE);
  seeds.add("C_GetAttributeValue", start("C_GetAttributeValue", how)
                                       .session()
                                       .object(kAes)
                                       .wanted(2)
                                       .question(CKA_TRENT_KMS_KEY)
                                       .question(CKA_VALUE_LEN));
  // With the length that a failure leaves, which is no size of the buffer.
  for (std::uint8_t object : {kKmsOne, kAes})
    seeds.add("C_GetAttributeValue",
              start("C_GetAttributeValue", how)
                  .session()
                  .object(object)
                  .wanted(1)
                  .question(CKA_KEY_TYPE, 2),
              CKR_BUFFER_TOO_SMALL);
  seeds.add("C_SetAttributeValue", start("C_SetAttributeValue", how)
                                       .session()
                                       .object(kKmsOne)
                                       .wanted(1)
                                       .attribute(CKA_LABEL, "new"));
  seeds.add("C_SetAttributeValue",
            start("C_SetAttributeValue", how)
                .session()
                .object(kKmsOne)
                .wanted(1)
                .attribute(CKA_LABEL, "two"),
            CKR_ATTRIBUTE_VALUE_INVALID);
  seeds.add("C_SetAttributeValue", start("C_SetAttributeValue", how)
                                       .session()
                                       .object(kData)
                                       .wanted(1)
                                       .attribute(CKA_LABEL, "new"));
  seeds.add("C_FindObjectsInit", start("C_FindObjectsInit", how).session().wanted(0));
  auto find = [&](const Code& search) {
    seeds.add("C_FindObjects", Code(search).call("C_FindObjects").session().byte(15).byte(0));
  };
  find(start("C_FindObjectsInit", how).session().wanted(0));
  for (const char* label : {"one", "trent/key"})
    find(start("C_FindObjectsInit", how).session().wanted(1).attribute(CKA_LABEL, label));
  find(start("C_FindObjectsInit", how).session().wanted(1).attribute(CKA_ID, kMaterial, 16));
  find(start("C_FindObjectsInit", how)
           .session()
           .wanted(1)
           .attribute(CKA_TRENT_KEY_STATE, "Disabled"));
  find(start("C_FindObjectsInit", how).session().wanted(1).attribute(CKA_TRENT_KMS_KEY, kFlag, 0));
  find(start("C_FindObjectsInit", how)
           .session()
           .wanted(1)
           .attribute(kAttributeUniqueId, "arn:aws:kms:local:111122223333:alias/one"));
  find(start("C_FindObjectsInit", how)
           .session()
           .wanted(1)
           .attribute(CKA_TRENT_KEY_ARN, "arn:aws:kms:local:444455556666:alias/one"));
  seeds.add(
      "C_FindObjectsFinal",
      start("C_FindObjectsInit", how).session().wanted(0).call("C_FindObjectsFinal").session());
}

// What the KMS keys are for.
void add_kms(Seeds& seeds, Start how) {
  auto with = [&](std::string_view init) { return start(init, how).session(); };
  const std::string secret = "secret";
  for (const Code& encrypt : {with("C_EncryptInit").mechanism(kDefault).object(kKmsOne),
                              with("C_EncryptInit").bound().object(kKmsTwo)}) {
    seeds.add("C_EncryptInit", kDefault, encrypt);
    seeds.add("C_Encrypt", kDefault,
              Code(encrypt).call("C_Encrypt").session().text(secret).byte(kMuchRoom));
    seeds.add("C_Encrypt", kDefault,
              Code(encrypt).call("C_Encrypt").session().text(secret).byte(kNoBuffer));
    seeds.add("C_Encrypt", kDefault,
              Code(encrypt).call("C_Encrypt").session().text(secret).byte(10),
              CKR_BUFFER_TOO_SMALL);
    const Code parts = Code(encrypt).call("C_EncryptUpdate").session().text(secret).byte(0);
    seeds.add("C_EncryptUpdate", kDefault, parts);
    seeds.add("C_EncryptFinal", kDefault,
              Code(parts).call("C_EncryptFinal").session().byte(kMuchRoom));
  }
  const Code decrypt = with("C_DecryptInit").mechanism(kDefault).object(kKmsOne);
  seeds.add("C_Decrypt", kDefault, Code(decrypt).call("C_Decrypt").session().byte(kBlob).byte(200));
  seeds.add("C_Decrypt", kDefault,
            Code(decrypt).call("C_Decrypt").session().byte(kBoundBlob).byte(200),
            CKR_ENCRYPTED_DATA_INVALID);
  seeds.add("C_Decrypt", kDefault,
            with("C_DecryptInit")
                .bound()
                .object(kKmsOne)
                .call("C_Decrypt")
                .session()
                .byte(kBoundBlob)
                .byte(200));
  seeds.add("C_Decrypt", kDefault,
            with("C_DecryptInit")
                .mechanism(kDefault)
                .object(kKmsTwo)
                .call("C_Decrypt")
                .session()
                .byte(kBlob)
                .byte(200),
            CKR_KEY_HANDLE_INVALID);
  const Code parts = Code(decrypt).call("C_DecryptUpdate").session().byte(kBlob).byte(0);
  seeds.add("C_DecryptUpdate", kDefault, parts);
  seeds.add("C_DecryptFinal", kDefault,
            Code(parts).call("C_DecryptFinal").session().byte(kMuchRoom));
  // The plaintext is there, but not for whoever comes after the logout.
  seeds.add("C_Decrypt", kDefault,
            Code(decrypt)
                .call("C_Decrypt")
                .session()
                .byte(kBlob)
                .byte(kNoBuffer)
                .call("C_Logout")
                .session()
                .call("C_Decrypt")
                .session()
                .byte(kBlob)
                .byte(200),
            CKR_OPERATION_NOT_INITIALIZED);

  auto re_encrypt = [&](const Code& init, Data blob, CK_RV rv = CKR_OK) {
    seeds.add("C_Encrypt", kReEncrypt,
              Code(init).call("C_Encrypt").session().byte(blob).byte(kMuchRoom), rv);
  };
  re_encrypt(with("C_EncryptInit").mechanism(kReEncrypt).object(kKmsTwo), kBlob);
  re_encrypt(with("C_EncryptInit")
                 .mechanism(kReEncrypt, kRight)
                 .object(kKmsOne)
                 .bound()
                 .mechanism(kDefault, kNoMechanism)
                 .object(kKmsTwo),
             kBoundBlob);
  re_encrypt(with("C_EncryptInit")
                 .mechanism(kReEncrypt, kRight)
                 .object(kKmsTwo)
                 .mechanism(kDefault, kNoMechanism)
                 .bound()
                 .object(kKmsTwo),
             kBlob, CKR_KEY_HANDLE_INVALID);
  seeds.add("C_EncryptInit", kReEncrypt,
            with("C_EncryptInit")
                .mechanism(kReEncrypt, kRight)
                .object(kAes)
                .mechanism(kDefault, kNoMechanism)
                .mechanism(kDefault, kNoMechanism)
                .object(kKmsTwo),
            CKR_KEY_TYPE_INCONSISTENT);

  const Code wrap =
      with("C_WrapKey").mechanism(kDefault).object(kKmsOne).object(kAes).byte(kMuchRoom);
  seeds.add("C_WrapKey", kDefault, wrap);
  seeds.add("C_WrapKey", kDefault,
            with("C_WrapKey").bound().object(kKmsOne).object(kSecret).byte(kNoBuffer));
  seeds.add("C_WrapKey", kDefault,
            with("C_WrapKey").bound().object(kKmsOne).object(kKmsTwo).byte(kMuchRoom),
            CKR_KEY_UNEXTRACTABLE);
  seeds.add("C_WrapKey", kDefault,
            with("C_WrapKey").mechanism(kDefault).object(kKmsOne).object(kPublic).byte(kMuchRoom),
            CKR_KEY_NOT_WRAPPABLE);
  const Code unwrap = with("C_UnwrapKey")
                          .mechanism(kDefault)
                          .object(kKmsOne)
                          .byte(kBlob)
                          .byte(kSecretKeyClass + kTypeAes + kLength32 + kExtractable + kAllUses)
                          .wanted(0);
  seeds.add("C_UnwrapKey", kDefault, unwrap);
  seeds.add("C_GetAttributeValue", Code(unwrap)
                                       .call("C_GetAttributeValue")
                                       .session()
                                       .object(kWorldObjects)
                                       .wanted(1)
                                       .question(CKA_VALUE_LEN));
  seeds.add("C_UnwrapKey", kDefault,
            Code(wrap)
                .call("C_UnwrapKey")
                .session()
                .mechanism(kDefault)
                .object(kKmsOne)
                .byte(kLastOutput)
                .byte(kSecretKeyClass + kTypeGeneric + kOnToken)
                .wanted(0));
  seeds.add("C_UnwrapKey", kDefault,
            with("C_UnwrapKey")
                .mechanism(kDefault)
                .object(kKmsOne)
                .text("no blob")
                .byte(kSecretKeyClass + kTypeAes)
                .wanted(0),
            CKR_WRAPPED_KEY_INVALID);

  seeds.add("C_GenerateKey", CKM_AES_KEY_GEN,
            with("C_GenerateKey")
                .mechanism(CKM_AES_KEY_GEN)
                .byte(kOnToken)
                .wanted(1)
                .attribute(CKA_LABEL, "new"));
  seeds.add("C_GenerateKey", CKM_AES_KEY_GEN,
            with("C_GenerateKey")
                .mechanism(CKM_AES_KEY_GEN)
                .byte(kSecretKeyClass + kTypeAes + kLength32 + kOnToken)
                .wanted(2)
                .attribute(CKA_TRENT_KMS_KEY, kFlag, 1)
                .attribute(CKA_SENSITIVE, kFlag, 1));
  for (std::uint8_t bad : {kExtractable, kTypeGeneric, kDataClass})
    seeds.add("C_GenerateKey", CKM_AES_KEY_GEN,
              with("C_GenerateKey")
                  .mechanism(CKM_AES_KEY_GEN)
                  .byte(kOnToken + bad)
                  .wanted(1)
                  .attribute(CKA_TRENT_KMS_KEY, kFlag, 1),
              CKR_TEMPLATE_INCONSISTENT);
  // Its deletion is scheduled: it does nothing more.
  seeds.add("C_EncryptInit", kDefault,
            with("C_DestroyObject")
                .object(kKmsOne)
                .call("C_FindObjectsInit")
                .session()
                .wanted(1)
                .attribute(CKA_TRENT_KEY_STATE, kNullValue, 0)
                .call("C_EncryptInit")
                .session()
                .mechanism(kDefault)
                .object(kKmsTwo));
}

// What is passed on to the token.
void add_passed(Seeds& seeds, Start how) {
  auto with = [&](std::string_view init) { return start(init, how).session(); };
  for (CK_MECHANISM_TYPE type : {CKM_AES_CBC_PAD, CKM_AES_CTR}) {
    auto init = [&](std::string_view function) {
      return with(function).mechanism(type, kRight).object(kAes);
    };
    seeds.add("C_EncryptInit", type, init("C_EncryptInit"));
    seeds.add("C_DecryptInit", type, init("C_DecryptInit"));
    const Code encrypted =
        init("C_EncryptInit").call("C_Encrypt").session().text("plain").byte(kMuchRoom);
    seeds.add("C_Encrypt", type, encrypted);
    const Code decrypting =
        Code(encrypted).call("C_DecryptInit").session().mechanism(type, kRight).object(kAes);
    seeds.add("C_Decrypt", type,
              Code(decrypting).call("C_Decrypt").session().byte(kLastOutput).byte(kMuchRoom));
    seeds.add("C_DecryptFinal", type,
              Code(decrypting)
                  .call("C_DecryptUpdate")
                  .session()
                  .byte(kLastOutput)
                  .byte(kMuchRoom)
                  .call("C_DecryptFinal")
                  .session()
                  .byte(kMuchRoom));
  }
  seeds.add("C_Decrypt", CKM_AES_GCM,
            with("C_DecryptInit")
                .mechanism(CKM_AES_GCM, kRight)
                .text("aad")
                .object(kAes)
                .call("C_Decrypt")
                .session()
                .text("0123456789abcdef0123")
                .byte(kMuchRoom),
            CKR_ENCRYPTED_DATA_INVALID);

  const Code digest = with("C_DigestInit").mechanism(CKM_SHA256);
  seeds.add("C_DigestInit", CKM_SHA256, digest);
  seeds.add("C_Digest", CKM_SHA256, Code(digest).call("C_Digest").session().text("text").byte(200));
  seeds.add("C_DigestUpdate", Code(digest).call("C_DigestUpdate").session().text("text"));
  seeds.add("C_DigestKey", Code(digest).call("C_DigestKey").session().object(kAes));
  seeds.add("C_DigestKey", Code(digest).call("C_DigestKey").session().object(kKmsOne),
            CKR_KEY_INDIGESTIBLE);
  seeds.add("C_DigestFinal", CKM_SHA256,
            Code(digest).call("C_DigestFinal").session().byte(kMuchRoom));

  const Code sign = with("C_SignInit").mechanism(CKM_SHA256_HMAC).object(kSecret);
  seeds.add("C_SignInit", CKM_SHA256_HMAC, sign);
  const Code signed_text = Code(sign).call("C_Sign").session().text("text").byte(kMuchRoom);
  seeds.add("C_Sign", CKM_SHA256_HMAC, signed_text);
  const Code sign_part = Code(sign).call("C_SignUpdate").session().text("text");
  seeds.add("C_SignUpdate", sign_part);
  seeds.add("C_SignFinal", CKM_SHA256_HMAC,
            Code(sign_part).call("C_SignFinal").session().byte(200));
  const Code verify =
      Code(signed_text).call("C_VerifyInit").session().mechanism(CKM_SHA256_HMAC).object(kSecret);
  seeds.add("C_VerifyInit", CKM_SHA256_HMAC, verify);
  seeds.add("C_Verify", Code(verify).call("C_Verify").session().text("text").byte(kLastOutput));
  const Code verify_part = Code(verify).call("C_VerifyUpdate").session().text("text");
  seeds.add("C_VerifyUpdate", verify_part);
  seeds.add("C_VerifyFinal", Code(verify_part).call("C_VerifyFinal").session().byte(kLastOutput));
  // SoftHSM has neither.
  for (std::string_view what : {"C_SignRecover", "C_VerifyRecover"}) {
    const std::string init = std::string(what) + "Init";
    seeds.add(what == "C_SignRecover" ? "C_SignRecoverInit" : "C_VerifyRecoverInit", CKM_ECDSA,
              with(init).mechanism(CKM_ECDSA).object(kPrivate), CKR_FUNCTION_NOT_SUPPORTED);
    seeds.add(what, with(what).text("text").byte(kMuchRoom), CKR_OPERATION_NOT_INITIALIZED);
  }

  constexpr auto kAesKey = kSecretKeyClass + kTypeAes + kExtractable + kAllUses;
  seeds.add("C_GenerateKey", CKM_AES_KEY_GEN,
            with("C_GenerateKey").mechanism(CKM_AES_KEY_GEN).byte(kAesKey + kLength32).wanted(0));
  seeds.add("C_GenerateKey", CKM_GENERIC_SECRET_KEY_GEN,
            with("C_GenerateKey")
                .mechanism(CKM_GENERIC_SECRET_KEY_GEN)
                .byte(kLength32 + kOnToken)
                .wanted(0));
  seeds.add("C_GenerateKeyPair", CKM_EC_KEY_PAIR_GEN,
            with("C_GenerateKeyPair")
                .mechanism(CKM_EC_KEY_PAIR_GEN)
                .byte(0)
                .wanted(1)
                .attribute(CKA_EC_PARAMS, kTexts[11])
                .byte(0)
                .wanted(1)
                .attribute(CKA_SIGN, kFlag, 1));
  const Code wrapped =
      with("C_WrapKey").mechanism(CKM_AES_KEY_WRAP).object(kAes).object(kSecret).byte(kMuchRoom);
  seeds.add("C_WrapKey", CKM_AES_KEY_WRAP, wrapped);
  seeds.add("C_UnwrapKey", CKM_AES_KEY_WRAP,
            Code(wrapped)
                .call("C_UnwrapKey")
                .session()
                .mechanism(CKM_AES_KEY_WRAP)
                .object(kAes)
                .byte(kLastOutput)
                .byte(kSecretKeyClass + kTypeGeneric)
                .wanted(0));
  auto derive = [&](CK_MECHANISM_TYPE type, std::string_view parameter, CK_RV rv = CKR_OK) {
    seeds.add("C_DeriveKey", type,
              with("C_DeriveKey")
                  .mechanism(type, kRight)
                  .text(parameter)
                  .object(kAes)
                  .byte(kSecretKeyClass + kTypeAes + kLength32)
                  .wanted(0),
              rv);
  };
  derive(CKM_AES_ECB_ENCRYPT_DATA, "0123456789abcdef0123456789abcdef");
  derive(CKM_AES_CBC_ENCRYPT_DATA, "0123456789abcdef0123456789abcdef");
  seeds.add("C_DeriveKey", CKM_CONCATENATE_BASE_AND_KEY,
            with("C_DeriveKey")
                .mechanism(CKM_CONCATENATE_BASE_AND_KEY, kRight)
                .object(kAes)
                .object(kAes)
                .byte(kSecretKeyClass)
                .wanted(0),
            CKR_MECHANISM_INVALID);
  auto bad_parameter = [&](CK_MECHANISM_TYPE type, int lies) {
    Code code = with("C_DeriveKey").mechanism(type, kRight);
    for (int i = 0; i < lies; ++i) code.byte(kNullOfSome);
    seeds.add("C_DeriveKey", type, code.object(kAes).byte(0).wanted(0),
              CKR_MECHANISM_PARAM_INVALID);
  };
  bad_parameter(CKM_AES_GCM, 1);
  bad_parameter(CKM_RSA_PKCS_OAEP, 1);
  bad_parameter(CKM_ECDH1_DERIVE, 2);
  bad_parameter(CKM_AES_CBC_ENCRYPT_DATA, 1);
  bad_parameter(CKM_DES3_CBC_ENCRYPT_DATA, 1);
  bad_parameter(CKM_CONCATENATE_BASE_AND_DATA, 1);
}

}  // namespace

std::vector<Seed> seeds() {
  Seeds seeds;
  add_general(seeds);
  add_sessions(seeds);
  for (Start how : {kLoggedIn, kPinInConfiguration}) {
    add_objects(seeds, how);
    add_kms(seeds, how);
    add_passed(seeds, how);
  }
  return std::move(seeds.all);
}

void prove(World& world, const std::vector<Seed>& seeds) {
  std::set<std::string_view> functions;
  bool all = true;
  for (const Seed& seed : seeds) {
    const Outcome is = Program(world, seed.code).run();
    const Outcome& wanted = seed.reaches;
    functions.insert(is.function);
    if (is.function == wanted.function && is.mechanism == wanted.mechanism && is.rv == wanted.rv)
      continue;
    all = false;
    std::fprintf(stderr,
                 "seed %td of %s, mechanism 0x%lx, CK_RV 0x%lx ends with %s, 0x%lx, 0x%lx\n",
                 &seed - seeds.data(), std::string(wanted.function).c_str(), wanted.mechanism,
                 wanted.rv, std::string(is.function).c_str(), is.mechanism, is.rv);
  }
  require(all, "every seed reaches what it is for");
  for (const Program::Function& function : Program::functions()) {
    if (functions.contains(function.name)) continue;
    std::fprintf(stderr, "no seed ends with %s\n", std::string(function.name).c_str());
    require(false, "every function has a seed");
  }
}

}  // namespace trent::fuzz
