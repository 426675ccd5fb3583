// SPDX-License-Identifier: Apache-2.0
// The table of object handles: what a token may do with its own, and what must not come of it.
#include "pkcs11/object.h"

#include "check.h"

using namespace trent;
using namespace trent::pkcs11;

namespace {

constexpr CK_SLOT_ID kSlot = 0;
constexpr std::uint64_t kSession = 77;

BackendObject object(CK_OBJECT_HANDLE handle, std::uint64_t owner = 0, std::size_t length = 0) {
  BackendObject made;
  made.handle = handle;
  made.generation = 1;
  made.owner = owner;
  made.length = length;
  return made;
}

bool is_known(const ObjectTable& table, CK_OBJECT_HANDLE handle) {
  try {
    table.get(kSlot, handle, HandleRole::Object);
    return true;
  } catch (const pkcs11::Failure& failure) {
    CHECK_EQ(failure.rv(), CK_RV{CKR_OBJECT_HANDLE_INVALID});
    return false;
  }
}

}  // namespace

static void forgets_the_objects_of_a_session_and_no_others() {
  ObjectTable table;
  CK_OBJECT_HANDLE own = table.add_made(kSlot, object(1, kSession));
  CK_OBJECT_HANDLE destroyed = table.add_made(kSlot, object(2, kSession));
  CK_OBJECT_HANDLE others = table.add_made(kSlot, object(3, kSession + 1));
  CK_OBJECT_HANDLE on_token = table.add_made(kSlot, object(4));
  CK_OBJECT_HANDLE kms_key = table.add(kSlot, KmsKey{"id"});
  table.remove(destroyed);
  table.remove_owned_by(kSession);
  CHECK(!is_known(table, own) && !is_known(table, destroyed));
  CHECK(is_known(table, others) && is_known(table, on_token) && is_known(table, kms_key));
  CHECK(!table.find(kSlot, 1, 1).has_value());
  table.remove_owned_by(kSession);
}

static void tells_a_new_object_from_an_old_one_of_the_same_number() {
  ObjectTable table;
  CK_OBJECT_HANDLE old = table.add_made(kSlot, object(1, kSession, 32));
  CK_OBJECT_HANDLE on_token = table.add_made(kSlot, object(1));
  CHECK(on_token != old && !is_known(table, old));
  CHECK(table.get(kSlot, on_token, HandleRole::Object)->backend()->is_on_token());
  CHECK_EQ(table.get(kSlot, on_token, HandleRole::Object)->backend()->length, 0UL);
  table.remove_owned_by(kSession);
  CHECK(is_known(table, on_token));
  CK_OBJECT_HANDLE third = table.add_made(kSlot, object(1, kSession, 16));
  CHECK(third != on_token && !is_known(table, on_token));
  CHECK_EQ(table.get(kSlot, third, HandleRole::Object)->backend()->length, 16UL);
  table.remove_owned_by(kSession);
  CHECK(!is_known(table, third));
}

// Thread A's C_UnwrapKey and thread B's C_FindObjects may come upon it in either order.
static void has_one_handle_for_an_object_that_two_threads_see_first() {
  ObjectTable table;
  CK_OBJECT_HANDLE found = table.add_found(kSlot, 1, 5);
  CHECK_EQ(table.add_made(kSlot, object(5, 0, 32)), found);
  CHECK_EQ(table.get(kSlot, found, HandleRole::Object)->backend()->length, 32UL);
  CHECK_EQ(table.add_found(kSlot, 1, 5), found);
  CHECK_EQ(table.get(kSlot, found, HandleRole::Object)->backend()->length, 32UL);
  CHECK(table.add_found(kSlot + 1, 1, 5) != found);
  CHECK(table.add_found(kSlot, 2, 5) != found);
}

int main() {
  return RUN_TESTS("pkcs11 object", TEST(forgets_the_objects_of_a_session_and_no_others),
                   TEST(tells_a_new_object_from_an_old_one_of_the_same_number),
                   TEST(has_one_handle_for_an_object_that_two_threads_see_first));
}
