// The PKCS#11 door answers every sequence of calls with return codes: whatever the handles, NULL
// pointers, lengths, templates and mechanisms, it neither crashes nor hangs nor writes past a
// buffer. The input is a program: each call takes its arguments from the bytes that follow.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "fuzz.h"
#include "pkcs11/cryptoki.h"
#include "softhsm.h"

using namespace trent;
using fuzz::require;

extern "C" CK_RV C_GetInterface(CK_CHAR* name, CK_VERSION* version, CK_INTERFACE_PTR_PTR interface,
                                CK_FLAGS flags);

namespace {

CK_FUNCTION_LIST_3_0& p11() {
  static CK_FUNCTION_LIST_3_0* const list = [] {
    static test::SoftHsm token;
    CK_INTERFACE* interface = nullptr;
    require(C_GetInterface(nullptr, nullptr, &interface, 0) == CKR_OK, "there is an interface");
    return static_cast<CK_FUNCTION_LIST_3_0*>(interface->pFunctionList);
  }();
  return *list;
}

constexpr CK_ATTRIBUTE_TYPE kAttributes[] = {CKA_CLASS,
                                             CKA_TOKEN,
                                             CKA_PRIVATE,
                                             CKA_LABEL,
                                             CKA_APPLICATION,
                                             CKA_VALUE,
                                             CKA_KEY_TYPE,
                                             CKA_ID,
                                             CKA_SENSITIVE,
                                             CKA_ENCRYPT,
                                             CKA_WRAP,
                                             CKA_UNWRAP,
                                             CKA_SIGN,
                                             CKA_DERIVE,
                                             CKA_EXTRACTABLE,
                                             CKA_MODIFIABLE,
                                             CKA_VALUE_LEN,
                                             CKA_ALLOWED_MECHANISMS,
                                             CKA_WRAP_TEMPLATE,
                                             CKA_UNWRAP_TEMPLATE,
                                             CKA_TRENT_KEY_ARN,
                                             CKA_TRENT_KEY_STATE,
                                             CKA_TRENT_KEY_MATERIAL_ID,
                                             0x4,
                                             0x12345678};

constexpr CK_MECHANISM_TYPE kMechanisms[] = {CKM_TRENT_SYMMETRIC_DEFAULT,
                                             CKM_TRENT_REENCRYPT,
                                             CKM_AES_KEY_GEN,
                                             CKM_GENERIC_SECRET_KEY_GEN,
                                             CKM_AES_ECB,
                                             CKM_AES_CBC,
                                             CKM_AES_CBC_PAD,
                                             CKM_AES_GCM,
                                             CKM_AES_CTR,
                                             CKM_SHA256,
                                             CKM_SHA256_HMAC,
                                             CKM_AES_KEY_WRAP,
                                             0x210A,
                                             CKM_AES_ECB_ENCRYPT_DATA,
                                             CKM_AES_CBC_ENCRYPT_DATA,
                                             CKM_CONCATENATE_BASE_AND_KEY,
                                             CKM_AES_CMAC,
                                             0x12345678};

constexpr CK_ULONG kNumbers[] = {0, 1, 3, 4, 16, 31, 32};

class Program {
 public:
  explicit Program(ByteView code) : code_(code) {}
  ~Program() {
    for (CK_SESSION_HANDLE session : sessions_) p11().v2.C_CloseSession(session);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void run() {
    set_up();
    constexpr int kMaxCalls = 60;
    for (int i = 0; i < kMaxCalls && !code_.empty(); ++i) step();
  }

 private:
  // A session, a KMS key and a data key, so that calls get further than their first check.
  void set_up() {
    CK_FUNCTION_LIST& f = p11().v2;
    f.C_Initialize(nullptr);
    CK_SESSION_HANDLE session = 0;
    require(f.C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session) ==
                CKR_OK,
            "there are sessions");
    sessions_.push_back(session);
    static int keys = 0;
    std::string label = "fuzz" + std::to_string(keys);
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG length = 32;
    CK_ATTRIBUTE kms_key[] = {{CKA_LABEL, label.data(), label.size()},
                              {CKA_TOKEN, &yes, sizeof yes}};
    CK_ATTRIBUTE data_key[] = {{CKA_VALUE_LEN, &length, sizeof length},
                               {CKA_EXTRACTABLE, &yes, sizeof yes}};
    CK_MECHANISM generate{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    require(f.C_FindObjectsInit(session, &kms_key[0], 1) == CKR_OK &&
                f.C_FindObjects(session, &key, 1, &count) == CKR_OK &&
                f.C_FindObjectsFinal(session) == CKR_OK,
            "the KMS key can be looked for");
    // An earlier input may have scheduled its deletion, whereupon its name is still taken. No input
    // decides what later ones reach.
    if (count == 0) {
      label = "fuzz" + std::to_string(++keys);
      kms_key[0] = {CKA_LABEL, label.data(), label.size()};
      require(f.C_GenerateKey(session, &generate, &kms_key[0], 2, &key) == CKR_OK,
              "there is a KMS key");
    }
    objects_.push_back(key);
    require(f.C_GenerateKey(session, &generate, &data_key[0], 2, &key) == CKR_OK,
            "there is a data key");
    objects_.push_back(key);
    prove_reach();
  }

  // What the inputs are to go on from: the data key can be wrapped under the KMS key.
  void prove_reach() {
    CK_MECHANISM wrap{CKM_TRENT_SYMMETRIC_DEFAULT, nullptr, 0};
    CK_ULONG size = 0;
    require(
        p11().v2.C_WrapKey(sessions_[0], &wrap, objects_[0], objects_[1], nullptr, &size) == CKR_OK,
        "the KMS key wraps");
  }

  std::uint8_t byte() {
    if (code_.empty()) return 0;
    std::uint8_t b = code_.front();
    code_ = code_.subspan(1);
    return b;
  }
  template <class T, std::size_t n>
  T pick(const T (&from)[n]) {
    return from[byte() % n];
  }
  // One that there is, or any number.
  CK_ULONG handle(const std::vector<CK_ULONG>& known) {
    std::uint8_t b = byte();
    if (b < 240 && !known.empty()) return known[b % known.size()];
    return b % 2 == 0 ? b % 16 : ~CK_ULONG{b};
  }
  CK_SESSION_HANDLE session() { return handle(sessions_); }
  CK_OBJECT_HANDLE object() { return handle(objects_); }

  // Memory of its exact size, so that AddressSanitizer sees what reaches past it.
  struct Buffer {
    CK_BYTE_PTR data = nullptr;
    CK_ULONG size = 0;
  };
  Buffer buffer(std::size_t size) {
    memory_.push_back(std::make_unique<std::uint8_t[]>(size));
    return {memory_.back().get(), size};
  }
  Buffer copy_of(ByteView bytes) {
    Buffer copy = buffer(bytes.size());
    std::copy(bytes.begin(), bytes.end(), copy.data);
    return copy;
  }
  Buffer data() {
    std::uint8_t b = byte();
    if (b == 255) return {nullptr, 8};
    if (b == 254) return {nullptr, 0};
    if (b == 253) return {buffer(8).data, ~CK_ULONG{0}};
    if (b >= 200) return copy_of(last_output_);
    std::size_t size = std::min<std::size_t>(b, code_.size());
    Buffer copy = copy_of(code_.first(size));
    code_ = code_.subspan(size);
    return copy;
  }
  Buffer room() {
    std::uint8_t b = byte();
    if (b >= 250) return {nullptr, b};
    return buffer(b >= 200 ? 8192 : b);
  }

  CK_ATTRIBUTE attribute(bool answer) {
    CK_ATTRIBUTE_TYPE type = pick(kAttributes);
    switch (byte() % 6) {
      case 0: {
        Buffer flag = buffer(1);
        // A token full of keys makes every further call slow.
        bool too_many = type == CKA_TOKEN && !answer && token_objects_++ > 30;
        *flag.data = too_many ? CK_FALSE : byte() % 2;
        return {type, flag.data, flag.size};
      }
      case 1: {
        CK_ULONG number = pick(kNumbers);
        Buffer value = copy_of({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
        return {type, value.data, value.size};
      }
      case 2:
        return {type, nullptr, byte() % 2 == 0 ? 0UL : 10UL};
      case 3:
        if (answer) return {type, buffer(4).data, 4};
        return {type, buffer(4).data, CK_UNAVAILABLE_INFORMATION};
      default: {
        if (answer) {
          Buffer value = buffer(300);
          return {type, value.data, value.size};
        }
        // No array of templates: a pointer in it could lead anywhere.
        std::size_t size = std::min<std::size_t>(byte() % 23, code_.size());
        Buffer value = copy_of(code_.first(size));
        code_ = code_.subspan(size);
        return {type, value.data, value.size};
      }
    }
  }
  std::vector<CK_ATTRIBUTE> attributes(bool answer = false) {
    std::vector<CK_ATTRIBUTE> all(byte() % 7);
    std::generate(all.begin(), all.end(), [&] { return attribute(answer); });
    return all;
  }
  // Of a key that can be made; with something odd in it.
  std::vector<CK_ATTRIBUTE> key_attributes() {
    static CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
    static CK_KEY_TYPE types[] = {CKK_AES, CKK_GENERIC_SECRET};
    static CK_ULONG length = 32;
    static CK_BBOOL yes = CK_TRUE;
    std::vector<CK_ATTRIBUTE> all = attributes();
    std::uint8_t b = byte();
    if ((b & 1) != 0) all.push_back({CKA_CLASS, &secret_key, sizeof secret_key});
    if ((b & 2) != 0) all.push_back({CKA_KEY_TYPE, &types[b >> 7], sizeof types[0]});
    if ((b & 4) != 0) all.push_back({CKA_VALUE_LEN, &length, sizeof length});
    if ((b & 8) != 0) all.push_back({CKA_EXTRACTABLE, &yes, sizeof yes});
    if ((b & 16) != 0) all.push_back({CKA_ENCRYPT, &yes, sizeof yes});
    return all;
  }

  CK_MECHANISM* mechanism(int depth = 0) {
    mechanisms_.push_back(std::make_unique<CK_MECHANISM>());
    CK_MECHANISM* made = mechanisms_.back().get();
    made->mechanism = pick(kMechanisms);
    auto parameter = [&](const auto& value) {
      Buffer copy = copy_of({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
      made->pParameter = copy.data;
      made->ulParameterLen = copy.size;
    };
    switch (byte() % 8) {
      case 0:
        return nullptr;
      case 1:
        made->ulParameterLen = 16;  // of NULL
        break;
      case 2: {
        Buffer context = byte() % 2 == 0 ? copy_of(as_bytes(R"({"k":"v"})")) : data();
        parameter(CK_TRENT_SYMMETRIC_PARAMS{context.data, context.size});
        break;
      }
      case 3:
        if (depth == 0) parameter(CK_TRENT_REENCRYPT_PARAMS{object(), mechanism(1), mechanism(1)});
        break;
      case 4: {
        Buffer iv = buffer(12);
        parameter(CK_GCM_PARAMS{iv.data, iv.size, 96, nullptr, byte() % 4 == 0 ? 5UL : 0UL, 128});
        break;
      }
      case 5: {
        Buffer value = data();
        parameter(CK_KEY_DERIVATION_STRING_DATA{value.data, value.size});
        break;
      }
      case 6: {
        Buffer iv = buffer(byte() % 4 == 0 ? 15 : 16);
        made->pParameter = iv.data;
        made->ulParameterLen = iv.size;
        break;
      }
      default:
        break;
    }
    return made;
  }

  void made(CK_RV rv, CK_OBJECT_HANDLE object) {
    if (rv != CKR_OK) return;
    require(object != 0 && object < (1UL << 32), "handles fit into 32 bits");
    objects_.push_back(object);
  }
  // Of a function with an output buffer.
  void answered(CK_RV rv, const Buffer& out, CK_ULONG size) {
    if (rv != CKR_OK || out.data == nullptr) return;
    require(size <= out.size, "answers fit into the buffer");
    last_output_.assign(out.data, out.data + size);
  }

  void step();
  void crypto_step();

  ByteView code_;
  std::vector<CK_ULONG> sessions_;
  std::vector<CK_ULONG> objects_;
  std::vector<std::unique_ptr<std::uint8_t[]>> memory_;
  std::vector<std::unique_ptr<CK_MECHANISM>> mechanisms_;
  Bytes last_output_;
  static inline int token_objects_ = 0;
};

void Program::crypto_step() {
  CK_FUNCTION_LIST& f = p11().v2;
  std::uint8_t which = byte();
  CK_SESSION_HANDLE s = session();
  using Init = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE);
  using OnePart = CK_RV (*)(CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*);
  using Update = CK_RV (*)(CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG);
  using Final = CK_RV (*)(CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG*);
  const Init inits[] = {f.C_EncryptInit, f.C_DecryptInit,     f.C_SignInit,
                        f.C_VerifyInit,  f.C_SignRecoverInit, f.C_VerifyRecoverInit};
  const OnePart one_parts[] = {f.C_Encrypt,       f.C_Decrypt,       f.C_Sign,
                               f.C_Digest,        f.C_SignRecover,   f.C_VerifyRecover,
                               f.C_EncryptUpdate, f.C_DecryptUpdate, f.C_DigestEncryptUpdate};
  const Update updates[] = {f.C_DigestUpdate, f.C_SignUpdate, f.C_VerifyUpdate, f.C_VerifyFinal};
  const Final finals[] = {f.C_EncryptFinal, f.C_DecryptFinal, f.C_DigestFinal, f.C_SignFinal};
  switch (which % 7) {
    case 0:
    case 1:
      inits[which / 7 % std::size(inits)](s, mechanism(), object());
      break;
    case 2:
      f.C_DigestInit(s, mechanism());
      break;
    case 3:
    case 4: {
      Buffer in = data();
      Buffer out = room();
      CK_ULONG size = out.size;
      CK_ULONG* length = byte() == 255 ? nullptr : &size;
      CK_RV rv = one_parts[which / 7 % std::size(one_parts)](s, in.data, in.size, out.data, length);
      if (length != nullptr) answered(rv, out, size);
      break;
    }
    case 5: {
      Buffer in = data();
      updates[which / 7 % std::size(updates)](s, in.data, in.size);
      break;
    }
    default: {
      Buffer out = room();
      CK_ULONG size = out.size;
      CK_RV rv = finals[which / 7 % std::size(finals)](s, out.data, &size);
      answered(rv, out, size);
    }
  }
}

void Program::step() {
  CK_FUNCTION_LIST& f = p11().v2;
  CK_OBJECT_HANDLE made_object = 0;
  switch (byte() % 20) {
    case 0:
    case 1: {
      CK_SESSION_HANDLE opened = 0;
      CK_FLAGS flags = CKF_SERIAL_SESSION | (byte() % 4 != 0 ? CKF_RW_SESSION : 0);
      if (f.C_OpenSession(byte() == 255, flags, nullptr, nullptr, &opened) == CKR_OK)
        sessions_.push_back(opened);
      break;
    }
    case 2:
      if (byte() < 16) f.C_CloseSession(session());
      if (byte() == 255) f.C_CloseAllSessions(byte() % 2);
      if (byte() == 255) f.C_Finalize(nullptr);
      if (byte() == 255) f.C_Initialize(nullptr);
      break;
    case 3: {
      auto wanted = attributes();
      CK_RV rv = f.C_CreateObject(session(), wanted.data(), wanted.size(), &made_object);
      made(rv, made_object);
      break;
    }
    case 4: {
      auto wanted = attributes();
      CK_RV rv = f.C_CopyObject(session(), object(), wanted.data(), wanted.size(), &made_object);
      made(rv, made_object);
      break;
    }
    case 5:
      if (byte() < 64) f.C_DestroyObject(session(), object());
      break;
    case 6: {
      auto wanted = attributes(true);
      f.C_GetAttributeValue(session(), object(), wanted.data(), wanted.size());
      break;
    }
    case 7: {
      auto wanted = attributes();
      f.C_SetAttributeValue(session(), object(), wanted.data(), wanted.size());
      break;
    }
    case 8: {
      auto wanted = attributes();
      CK_SESSION_HANDLE s = session();
      f.C_FindObjectsInit(s, wanted.data(), wanted.size());
      CK_OBJECT_HANDLE found[4];
      CK_ULONG count = 0;
      if (f.C_FindObjects(s, &found[0], byte() % 5, &count) == CKR_OK)
        for (CK_ULONG i = 0; i < count; ++i) made(CKR_OK, found[i]);
      if (byte() % 8 != 0) f.C_FindObjectsFinal(s);
      break;
    }
    case 9:
    case 10: {
      auto wanted = key_attributes();
      CK_RV rv =
          f.C_GenerateKey(session(), mechanism(), wanted.data(), wanted.size(), &made_object);
      made(rv, made_object);
      break;
    }
    case 11: {
      Buffer out = room();
      CK_ULONG size = out.size;
      CK_MECHANISM* how = mechanism();
      CK_OBJECT_HANDLE wrapping = object();
      CK_RV rv = f.C_WrapKey(session(), how, wrapping, object(), out.data, &size);
      answered(rv, out, size);
      break;
    }
    case 12: {
      Buffer in = data();
      auto wanted = key_attributes();
      CK_MECHANISM* how = mechanism();
      CK_OBJECT_HANDLE unwrapping = object();
      CK_RV rv = f.C_UnwrapKey(session(), how, unwrapping, in.data, in.size, wanted.data(),
                               wanted.size(), &made_object);
      made(rv, made_object);
      break;
    }
    case 13: {
      auto wanted = key_attributes();
      CK_MECHANISM* how = mechanism();
      CK_OBJECT_HANDLE base = object();
      CK_RV rv = f.C_DeriveKey(session(), how, base, wanted.data(), wanted.size(), &made_object);
      made(rv, made_object);
      break;
    }
    case 14: {
      Buffer pin = data();
      if (byte() % 2 == 0)
        f.C_Login(session(), byte() % 4, pin.data, std::min<CK_ULONG>(pin.size, 8));
      else
        f.C_Logout(session());
      break;
    }
    case 15:
      p11().C_SessionCancel(session(), CK_FLAGS{byte()} << 6);
      break;
    default:
      crypto_step();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program({data, size}).run();
  return 0;
}
