// SPDX-License-Identifier: Apache-2.0
// Makes the tokens of the pkcs11 target, and puts them back from a copy where an input changed
// them.
#include "pkcs11_world.h"

#include <algorithm>

#include "fuzz.h"

namespace trent::fuzz {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLabels[kWorldObjects] = {"one",     "two",    "aes", "secret",
                                                     "private", "public", "data"};

test::SoftHsm::Options two_tokens() {
  test::SoftHsm::Options options;
  options.toml =
      std::string("[[token]]\naccount = \"444455556666\"\nregion = \"local\"\nmodule = \"") +
      test::kSoftHsmModule + "\"\nuri = \"pkcs11:token=application\"\n";
  return options;
}

CK_SESSION_HANDLE logged_in_session(CK_SLOT_ID slot) {
  CK_FUNCTION_LIST& f = p11().v2;
  CK_SESSION_HANDLE session = 0;
  require(f.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session) ==
              CKR_OK,
          "there are sessions");
  std::string pin = test::kUserPin;
  CK_RV rv = f.C_Login(session, CKU_USER, reinterpret_cast<CK_BYTE*>(pin.data()), pin.size());
  require(rv == CKR_OK, "the user can log in");
  return session;
}

}  // namespace

CK_FUNCTION_LIST_3_0& p11() {
  static CK_FUNCTION_LIST_3_0* const list = [] {
    CK_INTERFACE* interface = nullptr;
    require(C_GetInterface(nullptr, nullptr, &interface, 0) == CKR_OK, "there is an interface");
    return static_cast<CK_FUNCTION_LIST_3_0*>(interface->pFunctionList);
  }();
  return *list;
}

World::World()
    : token_(two_tokens()),
      tokens_(token_.directory() / "tokens"),
      copy_(token_.directory() / "copy") {
  test::make_token("application");
  require(p11().v2.C_Initialize(nullptr) == CKR_OK, "it can be initialised");
  for (CK_SLOT_ID slot = 0; slot < kSlots; ++slot) make_objects(slot);
  stop();
  fs::copy(tokens_, copy_, fs::copy_options::recursive);
  files_ = files();
  start();
}

void World::make_objects(CK_SLOT_ID slot) {
  CK_FUNCTION_LIST& f = p11().v2;
  const CK_SESSION_HANDLE session = logged_in_session(slot);
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_ULONG length = 32;
  auto label = [](WorldObject object) -> CK_ATTRIBUTE {
    return {CKA_LABEL, const_cast<char*>(kLabels[object].data()), kLabels[object].size()};
  };
  CK_OBJECT_HANDLE made = 0;
  auto generate = [&](CK_MECHANISM_TYPE type, std::vector<CK_ATTRIBUTE> wanted) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    wanted.push_back({CKA_TOKEN, &yes, sizeof yes});
    require(f.C_GenerateKey(session, &mechanism, wanted.data(), wanted.size(), &made) == CKR_OK,
            "keys can be generated");
    return made;
  };
  generate(CKM_AES_KEY_GEN, {label(kKmsTwo)});
  const CK_OBJECT_HANDLE kms_one = generate(CKM_AES_KEY_GEN, {label(kKmsOne)});
  std::vector<CK_ATTRIBUTE> usable = {{CKA_VALUE_LEN, &length, sizeof length},
                                      {CKA_PRIVATE, &no, sizeof no},
                                      {CKA_EXTRACTABLE, &yes, sizeof yes},
                                      {CKA_TRENT_KMS_KEY, &no, sizeof no}};
  for (CK_ATTRIBUTE_TYPE use :
       {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE})
    usable.push_back({use, &yes, sizeof yes});
  usable.push_back(label(kAes));
  generate(CKM_AES_KEY_GEN, usable);
  usable.back() = label(kSecret);
  generate(CKM_GENERIC_SECRET_KEY_GEN, usable);

  CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
  CK_MECHANISM ec{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_ATTRIBUTE public_key[] = {label(kPublic),
                               {CKA_TOKEN, &yes, sizeof yes},
                               {CKA_VERIFY, &yes, sizeof yes},
                               {CKA_EC_PARAMS, &p256[0], sizeof p256}};
  // What is private loses its handle with a logout, and the other of these demands that it is.
  CK_BBOOL* guarded = slot == kSlotWithPin ? &yes : &no;
  CK_ATTRIBUTE private_key[] = {label(kPrivate),
                                {CKA_TOKEN, &yes, sizeof yes},
                                {CKA_PRIVATE, guarded, sizeof yes},
                                {CKA_SIGN, &yes, sizeof yes},
                                {CKA_DERIVE, &yes, sizeof yes},
                                {CKA_ALWAYS_AUTHENTICATE, guarded, sizeof yes}};
  CK_OBJECT_HANDLE pair[2];
  require(f.C_GenerateKeyPair(session, &ec, &public_key[0], std::size(public_key), &private_key[0],
                              std::size(private_key), &pair[0], &pair[1]) == CKR_OK,
          "key pairs can be generated");
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_ATTRIBUTE object[] = {label(kData),
                           {CKA_CLASS, &data, sizeof data},
                           {CKA_TOKEN, &yes, sizeof yes},
                           {CKA_PRIVATE, &no, sizeof no},
                           {CKA_VALUE, &p256[0], sizeof p256}};
  require(f.C_CreateObject(session, &object[0], std::size(object), &made) == CKR_OK,
          "objects can be created");

  auto encrypt = [&](const std::string& context) {
    CK_TRENT_SYMMETRIC_PARAMS params{reinterpret_cast<CK_BYTE*>(const_cast<char*>(context.data())),
                                     context.size()};
    CK_MECHANISM mechanism{CKM_TRENT_SYMMETRIC_DEFAULT, &params, sizeof params};
    Bytes secret(32, 's');
    Bytes blob(1000);
    CK_ULONG size = blob.size();
    require(f.C_EncryptInit(session, &mechanism, kms_one) == CKR_OK &&
                f.C_Encrypt(session, secret.data(), secret.size(), blob.data(), &size) == CKR_OK,
            "the KMS key encrypts");
    blob.resize(size);
    return blob;
  };
  blobs_[slot] = encrypt("{}");
  bound_blobs_[slot] = encrypt(R"({"k":"v"})");
  f.C_CloseSession(session);
}

const std::vector<CK_OBJECT_HANDLE>& World::objects(CK_SLOT_ID slot) {
  if (objects_[slot].empty()) find_objects(slot);
  return objects_[slot];
}

void World::find_objects(CK_SLOT_ID slot) {
  CK_FUNCTION_LIST& f = p11().v2;
  const CK_SESSION_HANDLE session = logged_in_session(slot);
  CK_OBJECT_HANDLE found[kWorldObjects + 1];
  CK_ULONG count = 0;
  require(f.C_FindObjectsInit(session, nullptr, 0) == CKR_OK &&
              f.C_FindObjects(session, &found[0], std::size(found), &count) == CKR_OK &&
              f.C_FindObjectsFinal(session) == CKR_OK && count == kWorldObjects,
          "the objects are there");
  objects_[slot].assign(kWorldObjects, CK_INVALID_HANDLE);
  for (CK_ULONG i = 0; i < count; ++i) {
    char text[16];
    CK_ATTRIBUTE label{CKA_LABEL, &text[0], sizeof text};
    require(f.C_GetAttributeValue(session, found[i], &label, 1) == CKR_OK, "objects have labels");
    const auto* known = std::ranges::find(kLabels, std::string_view(&text[0], label.ulValueLen));
    require(known != std::end(kLabels), "there are no other objects");
    objects_[slot][static_cast<std::size_t>(known - std::begin(kLabels))] = found[i];
  }
  f.C_CloseSession(session);
}

void World::start() {
  require(p11().v2.C_Initialize(nullptr) == CKR_OK, "it can be initialised");
  // Before the handles are looked up, so that they live as long as it does.
  // Not read-only: the security officer can log in.
  CK_ULONG count = 0;
  require(p11().v2.C_GetSlotList(CK_TRUE, nullptr, &count) == CKR_OK, "there are slots");
  CK_SESSION_HANDLE keeper = 0;
  test::check_rv(test::softhsm()->C_OpenSession(test::token_slot("application"),
                                                CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                                nullptr, &keeper),
                 "C_OpenSession");
  keeper_ = keeper;
  for (auto& objects : objects_) objects.clear();
  touched_ = restarted_ = false;
}

void World::stop() {
  p11().v2.C_Finalize(nullptr);
  test::softhsm()->C_Finalize(nullptr);
  keeper_.reset();
}

void World::restore() {
  const bool changed = touched_ || files() != files_;
  if (!changed && !restarted_) return;
  stop();
  if (changed) {
    fs::remove_all(tokens_);
    fs::copy(copy_, tokens_, fs::copy_options::recursive);
  }
  start();
}

std::vector<std::string> World::files() const {
  std::vector<std::string> names;
  for (const auto& token : fs::directory_iterator(tokens_)) {
    if (!token.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(token))
      if (file.path().extension() == ".object") names.push_back(file.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace trent::fuzz
