// SPDX-License-Identifier: Apache-2.0
// For ten_thousand.sh: a token of many keys, and what is measured inside of a process.
//
//   many-keys make COUNT     puts keys with an alias each into the token (alias/key-0 ...)
//   many-keys encrypt ALIAS  prints the microseconds of a warm Encrypt
//   many-keys bare           connects to the token and reads all its data objects, without Trent
//   many-keys connect        connects to the token, without Trent
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "../support/known_key.h"
#include "base/encoding.h"
#include "base/openssl.h"
#include "catalog/catalog.h"
#include "catalog/store.h"
#include "hsm/base_key.h"
#include "kms.h"
#include "kms/key_id.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

void put_record(const RawSession& session, const std::string& label, const std::string& text) {
  hsm::Attributes attributes;
  attributes.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_APPLICATION, catalog::kApplication)
      .text(CKA_LABEL, label)
      .text(CKA_VALUE, text);
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  check_rv(
      softhsm()->C_CreateObject(session.handle(), attributes.data(), attributes.size(), &handle),
      "C_CreateObject");
}

// Without a search, of which the operations make two: here they would take hours.
void make(int count) {
  const RawSession session;
  for (int i = 0; i < count; ++i) {
    SecretBytes value(32);
    fill_random(value);
    catalog::KeyRecord key;
    key.key_id = kms::new_key_id();
    key.created = catalog::now();
    key.origin = catalog::KeyOrigin::External;
    key.revision = {1, catalog::random_nonce(), catalog::random_nonce(), {}, key.created};
    const SecretBytes id = aes_ecb(value, blob::key_material_id_input(key.key_id));
    std::copy(id.begin(), id.end(), key.current.begin());
    key.materials.push_back({key.current, key.created});
    const std::string label = catalog::key_label(key.key_id);
    hsm::Attributes attributes;
    attributes.number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_AES)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_EXTRACTABLE, false)
        .text(CKA_LABEL, label)
        .bytes(CKA_ID, key.current)
        .bytes(CKA_VALUE, value);
    hsm::add_usage(attributes, {.derive = true});
    hsm::add_allowed_mechanisms(attributes, hsm::kBaseKey);
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    check_rv(
        softhsm()->C_CreateObject(session.handle(), attributes.data(), attributes.size(), &handle),
        "C_CreateObject");
    put_record(session, label, to_text(key));
    catalog::AliasRecord alias;
    alias.name = "alias/key-" + std::to_string(i);
    alias.target = key.key_id;
    alias.created = alias.updated = key.created;
    alias.revision = {1, catalog::random_nonce(), catalog::random_nonce(), {}, key.created};
    put_record(session, catalog::alias_label(alias.name), to_text(alias));
  }
}

void encrypt(const std::string& alias) {
  // Processor time: what else the machine does is not in it.
  const auto microseconds = [] {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  };
  constexpr int kRuns = 7;
  constexpr int kCalls = 2000;
  Service service(load_config());
  kms::EncryptRequest request;
  request.key_id = alias;
  request.plaintext = SecretBytes(32);
  for (int i = 0; i < 100; ++i) service.encrypt(request);
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const double start = microseconds();
    for (int i = 0; i < kCalls; ++i) service.encrypt(request);
    best = std::min(best, (microseconds() - start) / kCalls);
  }
  std::printf("%.1f\n", best);
}

void bare() {
  const RawSession session;
  CK_OBJECT_CLASS data = CKO_DATA;
  std::size_t bytes = 0;
  for (CK_OBJECT_HANDLE handle : session.find({{CKA_CLASS, &data, sizeof data}}))
    bytes += session.attribute(handle, CKA_VALUE).size();
  std::printf("%zu\n", bytes);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string verb = count > 1 ? arguments[1] : "";
  if (verb == "make" && count == 3)
    make(std::stoi(arguments[2]));
  else if (verb == "encrypt" && count == 3)
    encrypt(arguments[2]);
  else if (verb == "bare")
    bare();
  else if (verb == "connect")
    const RawSession session;
  else
    return 2;
}
