// SPDX-License-Identifier: Apache-2.0
// A SoftHSM token for one test process: see softhsm.h.
#include "softhsm.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace trent::test {
namespace {

namespace fs = std::filesystem;

fs::path make_directory() {
  std::string path = (fs::temp_directory_path() / "trent-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
  return path;
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

CK_UTF8CHAR_PTR utf8(std::string& text) {
  return reinterpret_cast<CK_UTF8CHAR_PTR>(text.data());
}

// PKCS#11 labels are 32 bytes, filled with blanks.
std::string padded(std::string label) {
  label.resize(32, ' ');
  return label;
}

// Accepts that somebody else, Trent for one, has initialised SoftHSM already.
void initialize() {
  CK_C_INITIALIZE_ARGS args{};
  args.flags = CKF_OS_LOCKING_OK;
  const CK_RV rv = softhsm()->C_Initialize(&args);
  if (rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) check_rv(rv, "C_Initialize");
}

std::vector<CK_SLOT_ID> slots() {
  CK_ULONG count = 0;
  check_rv(softhsm()->C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
  std::vector<CK_SLOT_ID> list(count);
  check_rv(softhsm()->C_GetSlotList(CK_TRUE, list.data(), &count), "C_GetSlotList");
  list.resize(count);
  return list;
}

}  // namespace

void check_rv(CK_RV rv, const char* what) {
  if (rv == CKR_OK) return;
  char text[100];
  std::snprintf(text, sizeof(text), "%s: CK_RV 0x%lx", what, rv);
  throw std::runtime_error(text);
}

CK_FUNCTION_LIST* softhsm() {
  static CK_FUNCTION_LIST* const list = [] {
    void* module = dlopen(kSoftHsmModule, RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw std::runtime_error(dlerror());
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
    CK_FUNCTION_LIST* found = nullptr;
    check_rv(get(&found), "C_GetFunctionList");
    return found;
  }();
  return list;
}

void make_token(const std::string& token_label) {
  initialize();
  const auto list = slots();
  if (list.empty()) throw std::runtime_error("SoftHSM has no slot");
  std::string label = padded(token_label);
  std::string so_pin = kSoPin;
  std::string pin = kUserPin;
  CK_FUNCTION_LIST* p11 = softhsm();
  check_rv(p11->C_InitToken(list.back(), utf8(so_pin), so_pin.size(), utf8(label)), "C_InitToken");
  CK_SESSION_HANDLE session = 0;
  check_rv(p11->C_OpenSession(list.back(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                              &session),
           "C_OpenSession");
  check_rv(p11->C_Login(session, CKU_SO, utf8(so_pin), so_pin.size()), "C_Login");
  check_rv(p11->C_InitPIN(session, utf8(pin), pin.size()), "C_InitPIN");
  check_rv(p11->C_Finalize(nullptr), "C_Finalize");
}

SoftHsm::SoftHsm(const Options& options) : directory_(make_directory()), owner_(getpid()) {
  fs::create_directory(directory_ / "tokens");
  write_file(directory_ / "softhsm2.conf",
             "directories.tokendir = " + (directory_ / "tokens").string() +
                 "\nobjectstore.backend = file\nlog.level = ERROR\nlibrary.reset_on_fork = " +
                 (options.reset_on_fork ? "true" : "false") + "\n");
  write_file(directory_ / "pin", std::string(kUserPin) + "\n");
  write_file(directory_ / "trent.toml",
             options.toml + "\n[[token]]\naccount = \"" + kAccount + "\"\nregion = \"" + kRegion +
                 "\"\nmodule = \"" + options.module + "\"\nuri = \"pkcs11:token=" + kTokenLabel +
                 "\"\npin-source = \"file:" + (directory_ / "pin").string() + "\"\n");
  setenv("SOFTHSM2_CONF", (directory_ / "softhsm2.conf").c_str(), 1);
  setenv("TRENT_CONF", (directory_ / "trent.toml").c_str(), 1);
  make_token(kTokenLabel);
}

SoftHsm::~SoftHsm() {
  std::error_code ignored;
  if (getpid() == owner_) fs::remove_all(directory_, ignored);
}

CK_SLOT_ID token_slot(const std::string& token_label) {
  const std::string label = padded(token_label);
  for (const CK_SLOT_ID slot : slots()) {
    CK_TOKEN_INFO info{};
    check_rv(softhsm()->C_GetTokenInfo(slot, &info), "C_GetTokenInfo");
    if (std::memcmp(info.label, label.data(), label.size()) == 0) return slot;
  }
  throw std::runtime_error("the test's token is not there");
}

RawSession::RawSession(const std::string& label) : session_(0) {
  initialize();
  check_rv(softhsm()->C_OpenSession(token_slot(label), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                    nullptr, &session_),
           "C_OpenSession");
  std::string pin = kUserPin;
  const CK_RV rv = softhsm()->C_Login(session_, CKU_USER, utf8(pin), pin.size());
  if (rv != CKR_USER_ALREADY_LOGGED_IN) check_rv(rv, "C_Login");
}

RawSession::~RawSession() {
  softhsm()->C_CloseSession(session_);
}

std::vector<CK_OBJECT_HANDLE> RawSession::find(std::vector<CK_ATTRIBUTE> match) const {
  std::vector<CK_OBJECT_HANDLE> found;
  check_rv(softhsm()->C_FindObjectsInit(session_, match.data(), match.size()), "C_FindObjectsInit");
  CK_OBJECT_HANDLE batch[64];
  CK_ULONG count = 0;
  do {
    check_rv(softhsm()->C_FindObjects(session_, batch, std::size(batch), &count), "C_FindObjects");
    found.insert(found.end(), batch, batch + count);
  } while (count > 0);
  check_rv(softhsm()->C_FindObjectsFinal(session_), "C_FindObjectsFinal");
  std::erase_if(found, [&](CK_OBJECT_HANDLE object) {
    return attribute(object, CKA_LABEL).starts_with("trent/sentinel ");
  });
  return found;
}

std::size_t RawSession::count_session_objects() const {
  CK_BBOOL on_token = CK_FALSE;
  return count({{CKA_TOKEN, &on_token, sizeof(on_token)}});
}

std::string RawSession::attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  if (softhsm()->C_GetAttributeValue(session_, object, &attribute, 1) != CKR_OK) return {};
  std::string value(attribute.ulValueLen, '\0');
  attribute.pValue = value.data();
  if (softhsm()->C_GetAttributeValue(session_, object, &attribute, 1) != CKR_OK) return {};
  value.resize(attribute.ulValueLen);
  return value;
}

}  // namespace trent::test
