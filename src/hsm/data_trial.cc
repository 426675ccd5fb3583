// SPDX-License-Identifier: Apache-2.0
// A data object that comes and goes.
#include "hsm/data_trial.h"

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "base/encoding.h"
#include "base/openssl.h"
#include "hsm/change_lock.h"
#include "hsm/data_object.h"
#include "hsm/token.h"

namespace trent::hsm {

namespace {

// None of the catalog's, so that no reader ever sees it.
constexpr const char* kName = "trent/trial";

bool is_refusal(CK_RV rv) {
  switch (rv) {
    case CKR_ATTRIBUTE_READ_ONLY:
    case CKR_ATTRIBUTE_TYPE_INVALID:
    case CKR_ATTRIBUTE_VALUE_INVALID:
    case CKR_TEMPLATE_INCOMPLETE:
    case CKR_TEMPLATE_INCONSISTENT:
    case CKR_FUNCTION_NOT_SUPPORTED:
      return true;
    default:
      return false;
  }
}

}  // namespace

void require_data_objects(const ChangeLock&, Token& token) {
  const auto known = [&](bool found) {
    return token.run(Retry::Always, [&](Connection& connection, const Session&) {
      if (found) connection.keeps_data_objects = true;
      return connection.keeps_data_objects.load();
    });
  };
  if (known(false)) return;
  std::array<std::uint8_t, 16> random{};
  fill_random(random);
  DataObject object{{}, kName, to_hex(random)};
  try {
    object.handle = create_data(token, kName, object.label, object.value);
  } catch (const Error& error) {
    if (!is_refusal(error.ck_rv())) throw;
    throw Error(ErrorCode::UnsupportedOperation,
                "The token keeps no data objects (CKO_DATA): C_CreateObject returned " +
                    rv_name(error.ck_rv()) + ".",
                "Trent keeps the records of keys and aliases in such objects; see docs/tokens.md.",
                error.ck_rv());
  }
  try {
    destroy_data(token, kName, object);
  } catch (const Error&) {
    destroy_data(token, kName, object);  // what is ours must not stay
  }
  known(true);
}

std::size_t remove_left_trials(Token& token) {
  std::set<std::string> left;
  for (const DataObject& object : list_data(token, kName)) left.insert(object.value);
  if (left.empty()) return 0;
  // A trial of another host takes milliseconds.
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const ChangeLock lock(token);
  std::size_t removed = 0;
  for (const DataObject& object : list_data(token, kName))
    if (left.contains(object.value) && destroy_data(token, kName, object)) ++removed;
  return removed;
}

}  // namespace trent::hsm
