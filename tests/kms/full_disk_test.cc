// SPDX-License-Identifier: Apache-2.0
// A disk that is full: SoftHSM then says CKR_OK to what it did not keep. A limit on the size of
// files has the same effect on it, and needs no disk.
#include <sys/resource.h>

#include <csignal>

#include "check.h"
#include "kms.h"

namespace {

using namespace trent;
using namespace trent::test;

// While it lives, no file gets a byte: on a full disk, a small one does not either.
class FullDisk {
 public:
  FullDisk() {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

Service& service() {
  static Service instance(load_config());
  return instance;
}

template <class F>
void check_refused(F&& change) {
  std::optional<Error> error;
  {
    const FullDisk full;
    try {
      change();
    } catch (const Error& thrown) {
      error = thrown;
    }
  }
  CHECK(error.has_value());
  CHECK(error->code() == ErrorCode::KMSInternal);
  CHECK(std::string(error->what()).find("disk") != std::string::npos);
}

// What another process finds.
std::string state_of(const std::string& key) {
  // The module's own memory does not count: start it anew.
  check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
  return service().describe_key({key, {}}).key_metadata.key_state;
}

void a_change_is_refused_and_the_key_stays() {
  const std::string key = create_key(service());
  const Bytes blob = encrypt(service(), key, "a secret");
  service().create_alias({"alias/a", key});
  check_refused([&] { service().disable_key({key}); });
  check_refused([&] { service().schedule_key_deletion({key, 7}); });
  check_refused([&] { service().update_alias({"alias/a", create_key(service())}); });
  CHECK_EQ(state_of(key), "Enabled");
  CHECK_EQ(decrypt(service(), blob), "a secret");
  CHECK_EQ(service().describe_key({"alias/a", {}}).key_metadata.key_id, key);
  service().disable_key({key});
  CHECK_EQ(state_of(key), "Disabled");
}

void what_is_new_is_refused() {
  const std::string key = create_key(service());
  const auto keys = [] { return service().list_keys({}).keys.size(); };
  const std::size_t before = keys();
  check_refused([] { create_key(service()); });
  check_refused([&] { service().create_alias({"alias/new", key}); });
  CHECK_EQ(state_of(key), "Enabled");
  CHECK_EQ(keys(), before);
  service().create_alias({"alias/new", key});
  CHECK_EQ(service().describe_key({"alias/new", {}}).key_metadata.key_id, key);
}

}  // namespace

int main() {
  std::signal(SIGXFSZ, SIG_IGN);  // the write fails instead
  SoftHsm token;
  return RUN_TESTS("full disk", TEST(a_change_is_refused_and_the_key_stays),
                   TEST(what_is_new_is_refused));
}
