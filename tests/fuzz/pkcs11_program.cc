// SPDX-License-Identifier: Apache-2.0
// Runs a program of the pkcs11 target, and checks of every call what holds whatever the arguments.
#include "pkcs11_program.h"

#include <algorithm>
#include <array>
#include <string>

namespace trent::fuzz {

namespace {

template <class Class, class Type>
Type function_of(Type Class::*member) {
  if constexpr (std::is_same_v<Class, CK_FUNCTION_LIST>)
    return p11().v2.*member;
  else
    return p11().*member;
}

template <class... Arguments>
CK_RV call_with_nothing(CK_RV (*function)(Arguments...)) {
  return function(Arguments{}...);
}

CK_BYTE* bytes_of(std::string_view text) {
  return reinterpret_cast<CK_BYTE*>(const_cast<char*>(text.data()));
}

}  // namespace

Outcome Program::run() {
  constexpr int kMaxCalls = 60;
  begin();
  for (int i = 0; i < kMaxCalls && !code_.empty(); ++i) {
    const Function& function = functions()[byte() % functions().size()];
    outcome_ = {function.name, 0, CKR_OK};
    outcome_.rv = (this->*function.call)();
  }
  end();
  return outcome_;
}

void Program::begin() {
  const std::uint8_t start = byte();
  slot_ = start % 3 == kPinInConfiguration ? kSlotWithPin : kSlotOfApplication;
  objects_ = world_.objects(slot_);
  CK_SESSION_HANDLE session = 0;
  require(p11().v2.C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                 &session) == CKR_OK,
          "there are sessions");
  sessions_.push_back(session);
  if (start % 3 != kLoggedIn) return;
  const std::string_view pin = test::kUserPin;
  require(p11().v2.C_Login(session, CKU_USER, bytes_of(pin), pin.size()) == CKR_OK,
          "the user can log in");
}

void Program::end() {
  for (CK_SLOT_ID slot = 0; slot < kSlots; ++slot) p11().v2.C_CloseAllSessions(slot);
  world_.restore();
}

std::uint8_t Program::byte() {
  if (code_.empty()) return 0;
  const std::uint8_t b = code_.front();
  code_ = code_.subspan(1);
  return b;
}

// One that there is, or any number.
CK_ULONG Program::handle(const std::vector<CK_ULONG>& known) {
  const std::uint8_t b = byte();
  if (b < 240 && !known.empty()) return known[b % known.size()];
  return b % 2 == 0 ? b % 16 : ~CK_ULONG{b};
}

CK_SESSION_HANDLE Program::session() {
  return handle(sessions_);
}

CK_SLOT_ID Program::slot() {
  const CK_SLOT_ID slots[] = {slot_, 1 - slot_, kSlots, slot_};
  return pick(slots);
}

Program::Buffer Program::buffer(std::size_t size) {
  memory_.push_back(std::make_unique<std::uint8_t[]>(size));
  return {memory_.back().get(), size};
}

Program::Buffer Program::copy_of(ByteView bytes) {
  Buffer copy = buffer(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.data);
  return copy;
}

ByteView Program::own_bytes(std::size_t size) {
  size = std::min(size, code_.size());
  const ByteView bytes = code_.first(size);
  code_ = code_.subspan(size);
  return bytes;
}

Program::Buffer Program::data() {
  const std::uint8_t b = byte();
  if (b == kNullOfSome) return {nullptr, 8};
  if (b == kNullOfNone) return {nullptr, 0};
  if (b == kTooLong) return {buffer(8).data, ~CK_ULONG{0}};
  if (b == kLong) return buffer(5000);
  if (b >= kBoundBlob) return copy_of(world_.bound_blob(slot_));
  if (b >= kBlob) return copy_of(world_.blob(slot_));
  if (b >= kLastOutput) return copy_of(last_output_);
  return copy_of(own_bytes(b));
}

Program::Buffer Program::honest() {
  return copy_of(own_bytes(byte() % 32));
}

Program::Buffer Program::pin() {
  switch (byte() % kPins) {
    case kUserPin:
      return copy_of(as_bytes(test::kUserPin));
    case kSoPin:
      return copy_of(as_bytes("12345678"));
    case kOwnPin:
      return honest();
    default:
      return {};
  }
}

std::unique_ptr<Program::Out> Program::room() {
  constexpr std::size_t kMuch = 8192;
  auto out = std::make_unique<Out>();
  const std::uint8_t b = byte();
  if (b >= kNoBuffer)
    out->buffer = {nullptr, b};
  else
    out->buffer = buffer(b >= kMuchRoom ? kMuch : b);
  out->size = out->buffer.size;
  out->length = b == kNoLength ? nullptr : &out->size;
  return out;
}

CK_ATTRIBUTE Program::attribute(bool nested) {
  const CK_ATTRIBUTE_TYPE type = pick(kAttributes);
  auto of = [&](const Buffer& value) -> CK_ATTRIBUTE { return {type, value.data, value.size}; };
  switch (byte() % kValues) {
    case kFlag:
      return of(copy_of_value<CK_BBOOL>(byte() % 2));
    case kNumber:
      return of(copy_of_value(pick(kNumbers)));
    case kNullValue:
      return {type, nullptr, byte() % 2 == 0 ? 0UL : 10UL};
    case kUnavailable:
      return {type, buffer(4).data, CK_UNAVAILABLE_INFORMATION};
    case kText:
      return of(copy_of(as_bytes(pick(kTexts))));
    case kTemplate: {
      if (nested) return {type, nullptr, 0};
      const std::vector<CK_ATTRIBUTE> inner = attributes(true);
      const ByteView bytes(reinterpret_cast<const std::uint8_t*>(inner.data()),
                           inner.size() * sizeof(CK_ATTRIBUTE));
      // Anywhere else it is so many bytes.
      return of(copy_of(bytes.first(bytes.size() - (byte() % 8 == 0 && !bytes.empty() ? 1 : 0))));
    }
    case kMaterial:
      return of(buffer(byte() % 65));
    default: {
      // No template: a pointer in it could lead anywhere.
      const std::size_t size = byte() % 23;
      return of(copy_of(own_bytes(size)));
    }
  }
}

CK_ATTRIBUTE Program::question() {
  const CK_ATTRIBUTE_TYPE type = pick(kAttributes);
  switch (byte() % 4) {
    case 0: {
      const Buffer little = buffer(byte() % 40);
      return {type, little.data, little.size};
    }
    case 1:
      return {type, nullptr, byte() % 2 == 0 ? 0UL : 10UL};
    case 2:
      return {type, buffer(4).data, CK_UNAVAILABLE_INFORMATION};
    default: {
      const Buffer enough = buffer(300);
      return {type, enough.data, enough.size};
    }
  }
}

std::vector<CK_ATTRIBUTE> Program::attributes(bool nested) {
  std::vector<CK_ATTRIBUTE> all(byte() % 7);
  std::generate(all.begin(), all.end(), [&] { return attribute(nested); });
  return all;
}

std::vector<CK_ATTRIBUTE> Program::questions() {
  std::vector<CK_ATTRIBUTE> all(byte() % 7);
  std::generate(all.begin(), all.end(), [&] { return question(); });
  return all;
}

// Of an object that can be made, with something odd in it.
std::vector<CK_ATTRIBUTE> Program::new_object() {
  const std::uint8_t preset = byte();
  std::vector<CK_ATTRIBUTE> all;
  auto add = [&](CK_ATTRIBUTE_TYPE type, const auto& value) {
    const Buffer copy = copy_of_value(value);
    all.push_back({type, copy.data, copy.size});
  };
  if ((preset & kSecretKeyClass) != 0) add(CKA_CLASS, CK_OBJECT_CLASS{CKO_SECRET_KEY});
  if ((preset & kDataClass) != 0) add(CKA_CLASS, CK_OBJECT_CLASS{CKO_DATA});
  if ((preset & kTypeAes) != 0) add(CKA_KEY_TYPE, CK_KEY_TYPE{CKK_AES});
  if ((preset & kTypeGeneric) != 0) add(CKA_KEY_TYPE, CK_KEY_TYPE{CKK_GENERIC_SECRET});
  if ((preset & kLength32) != 0) add(CKA_VALUE_LEN, CK_ULONG{32});
  if ((preset & kExtractable) != 0) add(CKA_EXTRACTABLE, CK_BBOOL{CK_TRUE});
  if ((preset & kAllUses) != 0)
    for (CK_ATTRIBUTE_TYPE use : {CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP})
      add(use, CK_BBOOL{CK_TRUE});
  if ((preset & kOnToken) != 0) add(CKA_TOKEN, CK_BBOOL{CK_TRUE});
  const std::vector<CK_ATTRIBUTE> own = attributes();
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

CK_MECHANISM* Program::mechanism(int depth) {
  mechanisms_.push_back(std::make_unique<CK_MECHANISM>());
  CK_MECHANISM* made = mechanisms_.back().get();
  made->mechanism = pick(kMechanisms);
  auto set = [&](const Buffer& parameter) {
    made->pParameter = parameter.data;
    made->ulParameterLen = parameter.size;
  };
  switch (byte() % kParameters) {
    case kNoMechanism:
      return nullptr;
    case kNone:
      break;
    case kNullParameter:
      made->ulParameterLen = 16;
      break;
    case kIv:
      set(buffer(byte() % 4 == 0 ? 15 : 16));
      break;
    case kOwnBytes:
      // Shorter than any structure: a pointer in it could lead anywhere.
      set(copy_of(own_bytes(byte() % 16)));
      break;
    case kTooShort:
      right_parameter(*made, depth);
      if (made->ulParameterLen > 0)
        set(copy_of({static_cast<std::uint8_t*>(made->pParameter), made->ulParameterLen - 1}));
      break;
    default:
      right_parameter(*made, depth);
  }
  return made;
}

void Program::right_parameter(CK_MECHANISM& mechanism, int depth) {
  auto set = [&](const auto& value) {
    const Buffer parameter = copy_of_value(value);
    mechanism.pParameter = parameter.data;
    mechanism.ulParameterLen = parameter.size;
  };
  switch (mechanism.mechanism) {
    case CKM_TRENT_SYMMETRIC_DEFAULT: {
      const Buffer context = byte() % 2 == 0 ? copy_of(as_bytes(R"({"k":"v"})")) : data();
      set(CK_TRENT_SYMMETRIC_PARAMS{context.data, context.size});
      break;
    }
    case CKM_TRENT_REENCRYPT: {
      if (depth > 0) break;
      CK_TRENT_REENCRYPT_PARAMS params{};
      params.hSourceKey = object();
      params.pSourceMechanism = this->mechanism(1);
      params.pDestinationMechanism = this->mechanism(1);
      set(params);
      break;
    }
    case CKM_AES_CBC:
    case CKM_AES_CBC_PAD:
      set(std::array<std::uint8_t, 16>{});
      break;
    case CKM_DES3_CBC:
      set(std::array<std::uint8_t, 8>{});
      break;
    case CKM_AES_CTR:
      set(std::array<CK_ULONG, 3>{128});
      break;
    case CKM_AES_GCM: {
      const Buffer iv = buffer(12);
      const Buffer aad = data();
      set(CK_GCM_PARAMS{iv.data, iv.size, 96, aad.data, aad.size, 128});
      break;
    }
    case CKM_AES_ECB_ENCRYPT_DATA:
    case CKM_CONCATENATE_BASE_AND_DATA: {
      const Buffer value = data();
      set(CK_KEY_DERIVATION_STRING_DATA{value.data, value.size});
      break;
    }
    case CKM_AES_CBC_ENCRYPT_DATA: {
      const Buffer value = data();
      set(CK_AES_CBC_ENCRYPT_DATA_PARAMS{{}, value.data, value.size});
      break;
    }
    case CKM_DES3_CBC_ENCRYPT_DATA: {
      const Buffer value = data();
      set(CK_DES_CBC_ENCRYPT_DATA_PARAMS{{}, value.data, value.size});
      break;
    }
    case CKM_ECDH1_DERIVE: {
      const Buffer shared = data();
      const Buffer point = data();
      constexpr CK_ULONG kKdfNull = 1;  // CKD_NULL
      CK_ECDH1_DERIVE_PARAMS params{};
      params.kdf = kKdfNull;
      params.ulSharedDataLen = shared.size;
      params.pSharedData = shared.data;
      params.ulPublicDataLen = point.size;
      params.pPublicData = point.data;
      set(params);
      break;
    }
    case CKM_RSA_PKCS_OAEP: {
      const Buffer label = data();
      CK_RSA_PKCS_OAEP_PARAMS params{};
      params.pSourceData = label.data;
      params.ulSourceDataLen = label.size;
      set(params);
      break;
    }
    case CKM_CONCATENATE_BASE_AND_KEY:
      set(object());
      break;
    default:
      break;
  }
}

CK_RV Program::made(CK_RV rv, const CK_OBJECT_HANDLE& object) {
  if (rv != CKR_OK) return rv;
  require(object != 0 && object < (1UL << 32), "handles fit into 32 bits");
  objects_.push_back(object);
  return rv;
}

CK_RV Program::answered(CK_RV rv, const Out& out) {
  if (rv != CKR_OK || out.buffer.data == nullptr || out.length == nullptr) return rv;
  require(out.size <= out.buffer.size, "answers fit into the buffer");
  last_output_.assign(out.buffer.data, out.buffer.data + out.size);
  return rv;
}

void Program::concerns(const CK_MECHANISM* mechanism) {
  if (mechanism != nullptr) outcome_.mechanism = mechanism->mechanism;
}

CK_RV Program::began(CK_RV rv, CK_SESSION_HANDLE session, const CK_MECHANISM* mechanism) {
  concerns(mechanism);
  if (rv == CKR_OK) operations_[session] = outcome_.mechanism;
  return rv;
}

template <auto Member>
CK_RV Program::of_session() {
  return function_of(Member)(session());
}

template <auto Member>
CK_RV Program::of_object() {
  const CK_SESSION_HANDLE s = session();
  return function_of(Member)(s, object());
}

template <auto Member>
CK_RV Program::init() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  return began(function_of(Member)(s, how, object()), s, how);
}

template <auto Member>
CK_RV Program::one_part() {
  const CK_SESSION_HANDLE s = session();
  const Buffer in = data();
  const auto out = room();
  outcome_.mechanism = operations_[s];
  return answered(function_of(Member)(s, in.data, in.size, out->buffer.data, out->length), *out);
}

template <auto Member>
CK_RV Program::silent_update() {
  const CK_SESSION_HANDLE s = session();
  const Buffer in = data();
  return function_of(Member)(s, in.data, in.size);
}

template <auto Member>
CK_RV Program::last_part() {
  const CK_SESSION_HANDLE s = session();
  const auto out = room();
  outcome_.mechanism = operations_[s];
  return answered(function_of(Member)(s, out->buffer.data, out->length), *out);
}

template <auto Member>
CK_RV Program::of_no_use() {
  return call_with_nothing(function_of(Member));
}

CK_RV Program::initialize() {
  CK_C_INITIALIZE_ARGS args{};
  const std::uint8_t b = byte();
  if ((b & 1) != 0) args.flags = CKF_OS_LOCKING_OK;
  if ((b & 2) != 0) args.LockMutex = args.UnlockMutex = [](void*) -> CK_RV { return CKR_OK; };
  if ((b & 4) != 0) {
    args.CreateMutex = [](void**) -> CK_RV { return CKR_OK; };
    args.DestroyMutex = args.LockMutex;
  }
  char path[] = "no-such-file";
  // A number where a path is expected.
  void* number = reinterpret_cast<void*>(std::uintptr_t{1});  // NOLINT(performance-no-int-to-ptr)
  if ((b & 8) != 0) args.pReserved = &path[0];
  if ((b & 16) != 0) args.pReserved = number;
  CK_RV rv = p11().v2.C_Initialize((b & 32) != 0 ? nullptr : &args);
  if (rv == CKR_OK) world_.restarted();
  return rv;
}

CK_RV Program::finalize() {
  int reserved = 0;
  CK_RV rv = p11().v2.C_Finalize(byte() >= kReally ? nullptr : &reserved);
  if (rv == CKR_OK) {
    world_.restarted();
    sessions_.clear();
    objects_.clear();
  }
  return rv;
}

CK_RV Program::get_info() {
  CK_INFO info;
  return p11().v2.C_GetInfo(byte() % 8 == 7 ? nullptr : &info);
}

CK_RV Program::get_function_list() {
  CK_FUNCTION_LIST* list = nullptr;
  const std::uint8_t b = byte();
  return (b >= kExported ? &C_GetFunctionList : p11().v2.C_GetFunctionList)(b % 8 == 7 ? nullptr
                                                                                       : &list);
}

CK_RV Program::get_interface_list() {
  CK_INTERFACE interfaces[2];
  const std::uint8_t b = byte();
  CK_ULONG count = b % 3;
  return (b >= kExported ? &C_GetInterfaceList : p11().C_GetInterfaceList)(
      b % 8 == 7 ? nullptr : &interfaces[0], b == kNoLength ? nullptr : &count);
}

CK_RV Program::get_interface() {
  CK_CHAR names[][8] = {"PKCS 11", "other"};
  CK_VERSION versions[] = {{3, 0}, {2, 40}, {1, 1}};
  CK_INTERFACE* interface = nullptr;
  const std::uint8_t name = byte();
  const std::uint8_t version = byte();
  const std::uint8_t flags = byte();
  return (flags >= kExported ? &C_GetInterface : p11().C_GetInterface)(
      name % 3 == 2 ? nullptr : &names[name % 3][0],
      version % 4 == 3 ? nullptr : &versions[version % 4], flags % 8 == 7 ? nullptr : &interface,
      flags % 4);
}

CK_RV Program::get_slot_list() {
  const CK_BBOOL present = byte() % 2;
  const Buffer list = buffer(byte() % 4 * sizeof(CK_SLOT_ID));
  CK_ULONG count = list.size / sizeof(CK_SLOT_ID);
  const std::uint8_t b = byte();
  return p11().v2.C_GetSlotList(present,
                                b % 2 == 1 ? nullptr : reinterpret_cast<CK_SLOT_ID*>(list.data),
                                b == kNoLength ? nullptr : &count);
}

CK_RV Program::get_slot_info() {
  CK_SLOT_INFO info;
  const CK_SLOT_ID id = slot();
  return p11().v2.C_GetSlotInfo(id, byte() % 8 == 7 ? nullptr : &info);
}

CK_RV Program::get_token_info() {
  CK_TOKEN_INFO info;
  const CK_SLOT_ID id = slot();
  return p11().v2.C_GetTokenInfo(id, byte() % 8 == 7 ? nullptr : &info);
}

CK_RV Program::wait_for_slot_event() {
  CK_SLOT_ID id = 0;
  const std::uint8_t b = byte();
  return p11().v2.C_WaitForSlotEvent(b % 2 == 0 ? CKF_DONT_BLOCK : 0, b == 255 ? nullptr : &id,
                                     b % 8 == 7 ? &id : nullptr);
}

CK_RV Program::get_mechanism_list() {
  const CK_SLOT_ID id = slot();
  const Buffer list = buffer(byte() * sizeof(CK_MECHANISM_TYPE));
  CK_ULONG count = list.size / sizeof(CK_MECHANISM_TYPE);
  const std::uint8_t b = byte();
  return p11().v2.C_GetMechanismList(
      id, b % 2 == 1 ? nullptr : reinterpret_cast<CK_MECHANISM_TYPE*>(list.data),
      b == kNoLength ? nullptr : &count);
}

CK_RV Program::get_mechanism_info() {
  CK_MECHANISM_INFO info;
  const CK_SLOT_ID id = slot();
  outcome_.mechanism = pick(kMechanisms);
  return p11().v2.C_GetMechanismInfo(id, outcome_.mechanism, byte() % 8 == 7 ? nullptr : &info);
}

CK_RV Program::init_pin() {
  const CK_SESSION_HANDLE s = session();
  const Buffer value = pin();
  CK_RV rv = p11().v2.C_InitPIN(s, value.data, value.size);
  if (rv == CKR_OK) world_.touch();
  return rv;
}

CK_RV Program::set_pin() {
  const CK_SESSION_HANDLE s = session();
  const Buffer before = pin();
  const Buffer after = pin();
  CK_RV rv = p11().v2.C_SetPIN(s, before.data, before.size, after.data, after.size);
  if (rv == CKR_OK) world_.touch();
  return rv;
}

CK_RV Program::open_session() {
  const CK_SLOT_ID id = slot();
  const std::uint8_t b = byte();
  CK_FLAGS flags = (b % 4 != 0 ? CKF_RW_SESSION : 0) | (b == 255 ? 0 : CKF_SERIAL_SESSION);
  CK_SESSION_HANDLE opened = 0;
  CK_RV rv = p11().v2.C_OpenSession(id, flags, nullptr, nullptr, b == 254 ? nullptr : &opened);
  if (rv == CKR_OK) sessions_.push_back(opened);
  return rv;
}

CK_RV Program::close_all_sessions() {
  const CK_SLOT_ID id = byte() >= kReally ? slot_ : 1 - slot_;
  return p11().v2.C_CloseAllSessions(id);
}

CK_RV Program::get_session_info() {
  CK_SESSION_INFO info;
  const CK_SESSION_HANDLE s = session();
  return p11().v2.C_GetSessionInfo(s, byte() % 8 == 7 ? nullptr : &info);
}

CK_RV Program::login() {
  const CK_SESSION_HANDLE s = session();
  const CK_USER_TYPE user = byte() % 4;
  const Buffer value = pin();
  return p11().v2.C_Login(s, user, value.data, value.size);
}

CK_RV Program::login_user() {
  const CK_SESSION_HANDLE s = session();
  const CK_USER_TYPE user = byte() % 4;
  const Buffer value = pin();
  const Buffer name = honest();
  return p11().C_LoginUser(s, user, value.data, value.size, name.data, name.size);
}

CK_RV Program::session_cancel() {
  const CK_SESSION_HANDLE s = session();
  return p11().C_SessionCancel(s, CK_FLAGS{byte()} << 6 | CK_FLAGS{byte()} << 11);
}

CK_RV Program::create_object() {
  const CK_SESSION_HANDLE s = session();
  auto wanted = new_object();
  CK_OBJECT_HANDLE object = 0;
  return made(p11().v2.C_CreateObject(s, wanted.data(), wanted.size(), &object), object);
}

CK_RV Program::copy_object() {
  const CK_SESSION_HANDLE s = session();
  const CK_OBJECT_HANDLE source = object();
  auto wanted = attributes();
  CK_OBJECT_HANDLE copy = 0;
  return made(p11().v2.C_CopyObject(s, source, wanted.data(), wanted.size(), &copy), copy);
}

CK_RV Program::get_object_size() {
  const CK_SESSION_HANDLE s = session();
  const CK_OBJECT_HANDLE which = object();
  CK_ULONG size = 0;
  return p11().v2.C_GetObjectSize(s, which, byte() % 8 == 7 ? nullptr : &size);
}

CK_RV Program::get_attribute_value() {
  const CK_SESSION_HANDLE s = session();
  const CK_OBJECT_HANDLE which = object();
  auto wanted = questions();
  return p11().v2.C_GetAttributeValue(s, which, wanted.data(), wanted.size());
}

CK_RV Program::set_attribute_value() {
  const CK_SESSION_HANDLE s = session();
  const CK_OBJECT_HANDLE which = object();
  auto wanted = attributes();
  CK_RV rv = p11().v2.C_SetAttributeValue(s, which, wanted.data(), wanted.size());
  if (rv == CKR_OK) world_.touch();
  return rv;
}

CK_RV Program::find_objects_init() {
  const CK_SESSION_HANDLE s = session();
  auto wanted = attributes();
  return p11().v2.C_FindObjectsInit(s, wanted.data(), wanted.size());
}

CK_RV Program::find_objects() {
  const CK_SESSION_HANDLE s = session();
  const std::size_t room = byte() % 16;
  std::vector<CK_OBJECT_HANDLE> found(room);
  CK_ULONG count = 0;
  CK_RV rv = p11().v2.C_FindObjects(s, found.data(), room, byte() % 8 == 7 ? nullptr : &count);
  if (rv != CKR_OK) return rv;
  require(count <= room, "answers fit into the buffer");
  for (CK_ULONG i = 0; i < count; ++i) made(rv, found[i]);
  return rv;
}

CK_RV Program::digest_init() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  return began(p11().v2.C_DigestInit(s, how), s, how);
}

CK_RV Program::verify() {
  const CK_SESSION_HANDLE s = session();
  const Buffer message = data();
  const Buffer signature = data();
  return p11().v2.C_Verify(s, message.data, message.size, signature.data, signature.size);
}

CK_RV Program::verify_final() {
  const CK_SESSION_HANDLE s = session();
  const Buffer signature = data();
  return p11().v2.C_VerifyFinal(s, signature.data, signature.size);
}

CK_RV Program::generate_key() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  auto wanted = new_object();
  CK_OBJECT_HANDLE key = 0;
  concerns(how);
  return made(p11().v2.C_GenerateKey(s, how, wanted.data(), wanted.size(), &key), key);
}

CK_RV Program::generate_key_pair() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  auto wanted_public = new_object();
  auto wanted_private = new_object();
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;
  concerns(how);
  CK_RV rv = p11().v2.C_GenerateKeyPair(s, how, wanted_public.data(), wanted_public.size(),
                                        wanted_private.data(), wanted_private.size(), &public_key,
                                        &private_key);
  made(rv, public_key);
  return made(rv, private_key);
}

CK_RV Program::wrap_key() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  const CK_OBJECT_HANDLE wrapping = object();
  const CK_OBJECT_HANDLE wrapped = object();
  const auto out = room();
  concerns(how);
  return answered(p11().v2.C_WrapKey(s, how, wrapping, wrapped, out->buffer.data, out->length),
                  *out);
}

CK_RV Program::unwrap_key() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  const CK_OBJECT_HANDLE unwrapping = object();
  const Buffer in = data();
  auto wanted = new_object();
  CK_OBJECT_HANDLE key = 0;
  concerns(how);
  return made(p11().v2.C_UnwrapKey(s, how, unwrapping, in.data, in.size, wanted.data(),
                                   wanted.size(), &key),
              key);
}

CK_RV Program::derive_key() {
  const CK_SESSION_HANDLE s = session();
  CK_MECHANISM* how = mechanism();
  const CK_OBJECT_HANDLE base = object();
  auto wanted = new_object();
  CK_OBJECT_HANDLE key = 0;
  concerns(how);
  return made(p11().v2.C_DeriveKey(s, how, base, wanted.data(), wanted.size(), &key), key);
}

CK_RV Program::seed_random() {
  const CK_SESSION_HANDLE s = session();
  const Buffer seed = data();
  return p11().v2.C_SeedRandom(s, seed.data, seed.size);
}

CK_RV Program::generate_random() {
  const CK_SESSION_HANDLE s = session();
  const auto out = room();
  return p11().v2.C_GenerateRandom(s, out->buffer.data, out->buffer.size);
}

namespace {

using List = CK_FUNCTION_LIST;
using List3 = CK_FUNCTION_LIST_3_0;

// In the order of the lists; those at the end Trent does not have.
constexpr std::string_view kFirstUnsupported = "C_InitToken";

}  // namespace

std::span<const Program::Function> Program::functions() {
  static constexpr Function kAll[] = {
      {"C_Initialize", &Program::initialize},
      {"C_Finalize", &Program::finalize},
      {"C_GetInfo", &Program::get_info},
      {"C_GetFunctionList", &Program::get_function_list},
      {"C_GetSlotList", &Program::get_slot_list},
      {"C_GetSlotInfo", &Program::get_slot_info},
      {"C_GetTokenInfo", &Program::get_token_info},
      {"C_GetMechanismList", &Program::get_mechanism_list},
      {"C_GetMechanismInfo", &Program::get_mechanism_info},
      {"C_InitPIN", &Program::init_pin},
      {"C_SetPIN", &Program::set_pin},
      {"C_OpenSession", &Program::open_session},
      {"C_CloseSession", &Program::of_session<&List::C_CloseSession>},
      {"C_CloseAllSessions", &Program::close_all_sessions},
      {"C_GetSessionInfo", &Program::get_session_info},
      {"C_Login", &Program::login},
      {"C_Logout", &Program::of_session<&List::C_Logout>},
      {"C_CreateObject", &Program::create_object},
      {"C_CopyObject", &Program::copy_object},
      {"C_DestroyObject", &Program::of_object<&List::C_DestroyObject>},
      {"C_GetObjectSize", &Program::get_object_size},
      {"C_GetAttributeValue", &Program::get_attribute_value},
      {"C_SetAttributeValue", &Program::set_attribute_value},
      {"C_FindObjectsInit", &Program::find_objects_init},
      {"C_FindObjects", &Program::find_objects},
      {"C_FindObjectsFinal", &Program::of_session<&List::C_FindObjectsFinal>},
      {"C_EncryptInit", &Program::init<&List::C_EncryptInit>},
      {"C_Encrypt", &Program::one_part<&List::C_Encrypt>},
      {"C_EncryptUpdate", &Program::one_part<&List::C_EncryptUpdate>},
      {"C_EncryptFinal", &Program::last_part<&List::C_EncryptFinal>},
      {"C_DecryptInit", &Program::init<&List::C_DecryptInit>},
      {"C_Decrypt", &Program::one_part<&List::C_Decrypt>},
      {"C_DecryptUpdate", &Program::one_part<&List::C_DecryptUpdate>},
      {"C_DecryptFinal", &Program::last_part<&List::C_DecryptFinal>},
      {"C_DigestInit", &Program::digest_init},
      {"C_Digest", &Program::one_part<&List::C_Digest>},
      {"C_DigestUpdate", &Program::silent_update<&List::C_DigestUpdate>},
      {"C_DigestKey", &Program::of_object<&List::C_DigestKey>},
      {"C_DigestFinal", &Program::last_part<&List::C_DigestFinal>},
      {"C_SignInit", &Program::init<&List::C_SignInit>},
      {"C_Sign", &Program::one_part<&List::C_Sign>},
      {"C_SignUpdate", &Program::silent_update<&List::C_SignUpdate>},
      {"C_SignFinal", &Program::last_part<&List::C_SignFinal>},
      {"C_SignRecoverInit", &Program::init<&List::C_SignRecoverInit>},
      {"C_SignRecover", &Program::one_part<&List::C_SignRecover>},
      {"C_VerifyInit", &Program::init<&List::C_VerifyInit>},
      {"C_Verify", &Program::verify},
      {"C_VerifyUpdate", &Program::silent_update<&List::C_VerifyUpdate>},
      {"C_VerifyFinal", &Program::verify_final},
      {"C_VerifyRecoverInit", &Program::init<&List::C_VerifyRecoverInit>},
      {"C_VerifyRecover", &Program::one_part<&List::C_VerifyRecover>},
      {"C_GenerateKey", &Program::generate_key},
      {"C_GenerateKeyPair", &Program::generate_key_pair},
      {"C_WrapKey", &Program::wrap_key},
      {"C_UnwrapKey", &Program::unwrap_key},
      {"C_DeriveKey", &Program::derive_key},
      {"C_SeedRandom", &Program::seed_random},
      {"C_GenerateRandom", &Program::generate_random},
      {"C_GetFunctionStatus", &Program::of_session<&List::C_GetFunctionStatus>},
      {"C_CancelFunction", &Program::of_session<&List::C_CancelFunction>},
      {"C_WaitForSlotEvent", &Program::wait_for_slot_event},
      {"C_GetInterfaceList", &Program::get_interface_list},
      {"C_GetInterface", &Program::get_interface},
      {"C_LoginUser", &Program::login_user},
      {"C_SessionCancel", &Program::session_cancel},
      {kFirstUnsupported, &Program::of_no_use<&List::C_InitToken>},
      {"C_GetOperationState", &Program::of_no_use<&List::C_GetOperationState>},
      {"C_SetOperationState", &Program::of_no_use<&List::C_SetOperationState>},
      {"C_DigestEncryptUpdate", &Program::of_no_use<&List::C_DigestEncryptUpdate>},
      {"C_DecryptDigestUpdate", &Program::of_no_use<&List::C_DecryptDigestUpdate>},
      {"C_SignEncryptUpdate", &Program::of_no_use<&List::C_SignEncryptUpdate>},
      {"C_DecryptVerifyUpdate", &Program::of_no_use<&List::C_DecryptVerifyUpdate>},
      {"C_MessageEncryptInit", &Program::of_no_use<&List3::C_MessageEncryptInit>},
      {"C_EncryptMessage", &Program::of_no_use<&List3::C_EncryptMessage>},
      {"C_EncryptMessageBegin", &Program::of_no_use<&List3::C_EncryptMessageBegin>},
      {"C_EncryptMessageNext", &Program::of_no_use<&List3::C_EncryptMessageNext>},
      {"C_MessageEncryptFinal", &Program::of_no_use<&List3::C_MessageEncryptFinal>},
      {"C_MessageDecryptInit", &Program::of_no_use<&List3::C_MessageDecryptInit>},
      {"C_DecryptMessage", &Program::of_no_use<&List3::C_DecryptMessage>},
      {"C_DecryptMessageBegin", &Program::of_no_use<&List3::C_DecryptMessageBegin>},
      {"C_DecryptMessageNext", &Program::of_no_use<&List3::C_DecryptMessageNext>},
      {"C_MessageDecryptFinal", &Program::of_no_use<&List3::C_MessageDecryptFinal>},
      {"C_MessageSignInit", &Program::of_no_use<&List3::C_MessageSignInit>},
      {"C_SignMessage", &Program::of_no_use<&List3::C_SignMessage>},
      {"C_SignMessageBegin", &Program::of_no_use<&List3::C_SignMessageBegin>},
      {"C_SignMessageNext", &Program::of_no_use<&List3::C_SignMessageNext>},
      {"C_MessageSignFinal", &Program::of_no_use<&List3::C_MessageSignFinal>},
      {"C_MessageVerifyInit", &Program::of_no_use<&List3::C_MessageVerifyInit>},
      {"C_VerifyMessage", &Program::of_no_use<&List3::C_VerifyMessage>},
      {"C_VerifyMessageBegin", &Program::of_no_use<&List3::C_VerifyMessageBegin>},
      {"C_VerifyMessageNext", &Program::of_no_use<&List3::C_VerifyMessageNext>},
      {"C_MessageVerifyFinal", &Program::of_no_use<&List3::C_MessageVerifyFinal>},
  };
  // The list's members, without its version.
  static_assert(std::size(kAll) == sizeof(CK_FUNCTION_LIST_3_0) / sizeof(void*) - 1);
  return kAll;
}

std::size_t Program::index_of(std::string_view function) {
  const auto all = functions();
  const auto found = std::ranges::find(all, function, &Function::name);
  require(found != all.end(), "there is such a function");
  return static_cast<std::size_t>(found - all.begin());
}

bool Program::is_unsupported(std::string_view function) {
  return index_of(function) >= index_of(kFirstUnsupported);
}

}  // namespace trent::fuzz
