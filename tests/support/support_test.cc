// The fixtures themselves: a failed check must come out as a failed case, and the token must be
// real.
#include "check.h"
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

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("test support", TEST(failed_checks_throw), TEST(token_keeps_objects_of_its_own));
}
