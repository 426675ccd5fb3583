// SPDX-License-Identifier: Apache-2.0
// An input of the pkcs11 target is a program: its first byte says how it begins, and each call of a
// PKCS#11 function takes its arguments from the bytes that follow. pkcs11_seeds.cc writes programs.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "fuzz.h"
#include "pkcs11_world.h"

namespace trent::fuzz {

// The first byte.
enum Start : std::uint8_t { kLoggedIn, kPinInConfiguration, kLoggedOut };

// What a byte of the program stands for: an index into one of these.
inline constexpr CK_ATTRIBUTE_TYPE kAttributes[] = {CKA_CLASS,
                                                    CKA_TOKEN,
                                                    CKA_PRIVATE,
                                                    CKA_LABEL,
                                                    CKA_APPLICATION,
                                                    CKA_VALUE,
                                                    CKA_KEY_TYPE,
                                                    CKA_ID,
                                                    CKA_SENSITIVE,
                                                    CKA_ENCRYPT,
                                                    CKA_DECRYPT,
                                                    CKA_WRAP,
                                                    CKA_UNWRAP,
                                                    CKA_SIGN,
                                                    CKA_VERIFY,
                                                    CKA_DERIVE,
                                                    CKA_EXTRACTABLE,
                                                    CKA_MODIFIABLE,
                                                    CKA_COPYABLE,
                                                    CKA_VALUE_LEN,
                                                    CKA_START_DATE,
                                                    CKA_KEY_GEN_MECHANISM,
                                                    CKA_ALLOWED_MECHANISMS,
                                                    CKA_WRAP_TEMPLATE,
                                                    CKA_UNWRAP_TEMPLATE,
                                                    CKA_EC_PARAMS,
                                                    CKA_ALWAYS_AUTHENTICATE,
                                                    kAttributeUniqueId,
                                                    CKA_TRENT_KEY_ARN,
                                                    CKA_TRENT_KEY_STATE,
                                                    CKA_TRENT_KEY_MATERIAL_ID,
                                                    CKA_TRENT_KMS_KEY,
                                                    CKA_TRENT_ENFORCED,
                                                    0x12345678};
inline constexpr CK_MECHANISM_TYPE kMechanisms[] = {CKM_TRENT_SYMMETRIC_DEFAULT,
                                                    CKM_TRENT_REENCRYPT,
                                                    CKM_AES_KEY_GEN,
                                                    CKM_GENERIC_SECRET_KEY_GEN,
                                                    CKM_EC_KEY_PAIR_GEN,
                                                    CKM_AES_ECB,
                                                    CKM_AES_CBC,
                                                    CKM_AES_CBC_PAD,
                                                    CKM_AES_GCM,
                                                    CKM_AES_CTR,
                                                    CKM_AES_CMAC,
                                                    CKM_DES3_CBC,
                                                    CKM_SHA256,
                                                    CKM_SHA256_HMAC,
                                                    CKM_ECDSA,
                                                    CKM_RSA_PKCS_OAEP,
                                                    CKM_AES_KEY_WRAP,
                                                    0x210A,  // CKM_AES_KEY_WRAP_PAD of SoftHSM
                                                    CKM_ECDH1_DERIVE,
                                                    CKM_AES_ECB_ENCRYPT_DATA,
                                                    CKM_AES_CBC_ENCRYPT_DATA,
                                                    CKM_DES3_CBC_ENCRYPT_DATA,
                                                    CKM_CONCATENATE_BASE_AND_KEY,
                                                    CKM_CONCATENATE_BASE_AND_DATA,
                                                    0x402A,  // CKM_HKDF_DERIVE
                                                    0x12345678};
inline constexpr CK_ULONG kNumbers[] = {0, 1, 3, 4, 16, 24, 31, 32, 5000, CKK_AES, CKM_AES_KEY_GEN};
inline constexpr std::string_view kTexts[] = {
    "one",
    "two",
    "new",
    "alias/new",
    "alias/aws/kms",
    "trent",
    "trent/key",
    "Enabled",
    "Disabled",
    "arn:aws:kms:local:111122223333:alias/one",
    "arn:aws:kms:local:444455556666:alias/one",
    std::string_view("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10),  // P-256
    std::string_view("\x01\x00\x52\xd4\x00\x00\x00\x00\x02\x00\x52\xd4\x00\x00\x00\x00", 16),
    "a\nb",
    ""};

// The values of CKA_KEY_TYPE and the like that a template begins with: bits.
enum Preset : std::uint8_t {
  kSecretKeyClass = 1,
  kTypeAes = 2,
  kLength32 = 4,
  kExtractable = 8,
  kAllUses = 16,
  kOnToken = 32,
  kDataClass = 64,
  kTypeGeneric = 128
};

// In the place of a number of bytes.
enum Data : std::uint8_t {
  kLastOutput = 128,
  kBlob = 170,
  kBoundBlob = 210,
  kLong = 252,
  kTooLong = 253,
  kNullOfNone = 254,
  kNullOfSome = 255
};
enum Room : std::uint8_t { kMuchRoom = 200, kNoBuffer = 250, kNoLength = 255 };
enum Parameter : std::uint8_t {
  kNoMechanism,
  kNone,
  kNullParameter,
  kIv,
  kOwnBytes,
  kTooShort,
  kRight,
  kParameters
};
enum Value : std::uint8_t {
  kFlag,
  kNumber,
  kNullValue,
  kUnavailable,
  kText,
  kBytes,
  kTemplate,
  kMaterial,
  kValues
};
enum PinChoice : std::uint8_t { kUserPin, kSoPin, kOwnPin, kNullPin, kPins };
inline constexpr std::uint8_t kExported = 72;  // so much or more: by its name, not from the list
inline constexpr std::uint8_t kReally = 240;   // so much or more: what ends most programs

// What a call came to.
struct Outcome {
  std::string_view function;
  CK_MECHANISM_TYPE mechanism = 0;  // of the call or of the operation that it belongs to
  CK_RV rv = CKR_OK;
};

class Program {
 public:
  Program(World& world, ByteView code) : world_(world), code_(code) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The outcome of the last call. Leaves the world as it was.
  Outcome run();

  struct Function {
    std::string_view name;
    CK_RV (Program::*call)();
  };
  // All of PKCS#11 v3.0's, those at the end without arguments.
  static std::span<const Function> functions();
  static std::size_t index_of(std::string_view function);
  static bool is_unsupported(std::string_view function);

 private:
  void begin();
  void end();

  // Arguments.
  std::uint8_t byte();
  template <class T, std::size_t n>
  const T& pick(const T (&from)[n]) {
    return from[byte() % n];
  }
  CK_ULONG handle(const std::vector<CK_ULONG>& known);
  CK_SESSION_HANDLE session();
  CK_OBJECT_HANDLE object() { return handle(objects_); }
  CK_SLOT_ID slot();
  struct Buffer {
    CK_BYTE_PTR data = nullptr;
    CK_ULONG size = 0;
  };
  // Memory of its exact size, so that AddressSanitizer sees what reaches past it.
  Buffer buffer(std::size_t size);
  Buffer copy_of(ByteView bytes);
  template <class T>
  Buffer copy_of_value(const T& value) {
    return copy_of({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }
  ByteView own_bytes(std::size_t size);
  // Its length may be a lie that can be seen; that of honest() is none.
  Buffer data();
  Buffer honest();
  Buffer pin();
  struct Out {
    Buffer buffer;
    CK_ULONG size = 0;
    CK_ULONG* length = nullptr;
  };
  std::unique_ptr<Out> room();
  CK_ATTRIBUTE attribute(bool nested);
  CK_ATTRIBUTE question();
  std::vector<CK_ATTRIBUTE> attributes(bool nested = false);
  std::vector<CK_ATTRIBUTE> questions();
  std::vector<CK_ATTRIBUTE> new_object();
  CK_MECHANISM* mechanism(int depth = 0);
  void right_parameter(CK_MECHANISM& mechanism, int depth);

  // Shapes of functions.
  template <auto Member>
  CK_RV of_session();
  template <auto Member>
  CK_RV of_object();
  template <auto Member>
  CK_RV init();
  template <auto Member>
  CK_RV one_part();
  template <auto Member>
  CK_RV silent_update();
  template <auto Member>
  CK_RV last_part();
  template <auto Member>
  CK_RV of_no_use();

  CK_RV initialize();
  CK_RV finalize();
  CK_RV get_info();
  CK_RV get_function_list();
  CK_RV get_interface_list();
  CK_RV get_interface();
  CK_RV get_slot_list();
  CK_RV get_slot_info();
  CK_RV get_token_info();
  CK_RV wait_for_slot_event();
  CK_RV get_mechanism_list();
  CK_RV get_mechanism_info();
  CK_RV init_pin();
  CK_RV set_pin();
  CK_RV open_session();
  CK_RV close_all_sessions();
  CK_RV get_session_info();
  CK_RV login();
  CK_RV login_user();
  CK_RV session_cancel();
  CK_RV create_object();
  CK_RV copy_object();
  CK_RV get_object_size();
  CK_RV get_attribute_value();
  CK_RV set_attribute_value();
  CK_RV find_objects_init();
  CK_RV find_objects();
  CK_RV digest_init();
  CK_RV verify();
  CK_RV verify_final();
  CK_RV generate_key();
  CK_RV generate_key_pair();
  CK_RV wrap_key();
  CK_RV unwrap_key();
  CK_RV derive_key();
  CK_RV seed_random();
  CK_RV generate_random();

  // By reference: the call that yields `rv` and writes `object` may be evaluated after the
  // arguments.
  CK_RV made(CK_RV rv, const CK_OBJECT_HANDLE& object);
  CK_RV answered(CK_RV rv, const Out& out);
  CK_RV began(CK_RV rv, CK_SESSION_HANDLE session, const CK_MECHANISM* mechanism);
  void concerns(const CK_MECHANISM* mechanism);

  World& world_;
  ByteView code_;
  CK_SLOT_ID slot_ = 0;
  std::vector<CK_ULONG> sessions_;
  std::vector<CK_ULONG> objects_;
  std::map<CK_SESSION_HANDLE, CK_MECHANISM_TYPE> operations_;
  std::vector<std::unique_ptr<std::uint8_t[]>> memory_;
  std::vector<std::unique_ptr<CK_MECHANISM>> mechanisms_;
  Bytes last_output_;
  Outcome outcome_;
};

}  // namespace trent::fuzz
