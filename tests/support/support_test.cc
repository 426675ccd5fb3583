// SPDX-License-Identifier: Apache-2.0
// The fixtures themselves: a failed check must come out as a failed case, and the token must be
// real.
#include <dlfcn.h>

#include "check.h"
#include "fault.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

void failed_checks_throw() {
  int failed = 0;
  const auto count = [&](auto check) {
    try {
      check();
    } catch (const Failure&) {
      ++failed;
    }
  };
  count([] { CHECK(1 > 2); });
  count([] { CHECK_EQ(std::string("a"), "b"); });
  count([] { CHECK_ERROR(NotFound, 1 + 1); });
  count([] { CHECK_ERROR(NotFound, throw Error(ErrorCode::Disabled, "")); });
  CHECK_EQ(failed, 4);
  CHECK_ERROR(NotFound, throw Error(ErrorCode::NotFound, ""));
}

void token_keeps_objects_of_its_own() {
  RawSession session;
  CHECK_EQ(session.count(), 0U);
  CK_OBJECT_CLASS data = CKO_DATA;
  char label[] = {'x'};
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof(data)}, {CKA_LABEL, label, 1}};
  CK_OBJECT_HANDLE object = 0;
  check_rv(softhsm()->C_CreateObject(session.handle(), attributes, 2, &object), "C_CreateObject");
  CHECK_EQ(session.count_session_objects(), 1U);
  CHECK_EQ(session.attribute(object, CKA_LABEL), "x");
  CHECK_EQ(session.attribute(object, CKA_VALUE_LEN), "");
}

void fault_module_fails_the_call_it_is_told_to() {
  void* module = dlopen(fault_module_path().c_str(), RTLD_NOW | RTLD_LOCAL);
  CHECK(module != nullptr);
  CK_FUNCTION_LIST* p11 = nullptr;
  check_rv(reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"))(&p11),
           "list");

  RawSession session;
  CK_SESSION_INFO info{};
  CK_BYTE random[4];
  const auto get_info = [&] { return p11->C_GetSessionInfo(session.handle(), &info); };
  const auto get_random = [&] { return p11->C_GenerateRandom(session.handle(), random, 4); };
  using Trace = std::vector<std::string>;

  fault_module().arm({.nth = 2});
  CHECK_EQ(get_info(), CKR_OK);
  CHECK_EQ(get_random(), CKR_DEVICE_ERROR);
  CHECK_EQ(get_info(), CKR_OK);
  CHECK(fault_module().trace() ==
        Trace({"C_GetSessionInfo", "C_GenerateRandom", "C_GetSessionInfo"}));

  fault_module().arm(
      {.nth = 1, .rv = CKR_HOST_MEMORY, .function = "C_GenerateRandom", .and_later = true});
  CHECK_EQ(get_info(), CKR_OK);
  CHECK(!fault_module().fired());
  CHECK_EQ(get_random(), CKR_HOST_MEMORY);
  CHECK_EQ(get_random(), CKR_HOST_MEMORY);
  CHECK_EQ(get_info(), CKR_OK);
  CHECK(fault_module().fired());

  // Made all the same: the handle is valid.
  CK_SESSION_HANDLE opened = 0;
  fault_module().arm({.nth = 1, .forward = true});
  CHECK_EQ(p11->C_OpenSession(token_slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &opened),
           CKR_DEVICE_ERROR);
  CHECK_EQ(softhsm()->C_CloseSession(opened), CKR_OK);

  fault_module().disarm();
  CHECK_EQ(get_info(), CKR_OK);
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("test support", TEST(failed_checks_throw), TEST(token_keeps_objects_of_its_own),
                   TEST(fault_module_fails_the_call_it_is_told_to));
}
