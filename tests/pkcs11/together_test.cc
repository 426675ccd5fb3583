// SPDX-License-Identifier: Apache-2.0
// Everything in one process: the OpenSSL provider, the PKCS#11 module, and the application's own
// use of SoftHSM. They share the backend, and must not pull it from under each other; and the
// process must end cleanly. Each case runs in a process of its own, made by running this executable
// again with the case's name.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "../provider/evp.h"
#include "door.h"

using namespace trent;
using namespace trent::test;

namespace {

std::string provider_encrypt(const std::string& text) {
  const PkeyCtx ctx = encrypt_ctx(load_key("kms:alias/shared"));
  const Bytes blob = encrypt(ctx, as_bytes(text));
  return {blob.begin(), blob.end()};
}

std::string module_decrypt(CK_SESSION_HANDLE session, const std::string& blob) {
  auto found = find(session, Attrs().text(CKA_LABEL, "shared"));
  if (found.empty()) throw std::runtime_error("the key is not there");
  return decrypt(session, &Symmetric(), found[0], blob);
}

void expect(const std::string& actual, const std::string& expected) {
  if (actual != expected) throw std::runtime_error("got " + actual + ", expected " + expected);
}

// Nothing is tidied up: the process ends with all three in use.
void work_together_and_exit() {
  static RawSession raw;
  static Providers providers;
  check_rv(p11().C_Initialize(nullptr), "C_Initialize");
  expect(module_decrypt(open_session(), provider_encrypt("from the provider")),
         "from the provider");
  if (raw.count() == 0) throw std::runtime_error("the token is empty");
}

void provider_outlives_the_module() {
  const Providers providers;
  std::string blob;
  {
    Initialized module;
    blob = provider_encrypt("first");
    expect(module_decrypt(open_session(), blob), "first");
  }
  provider_encrypt("the backend is still there");
  Initialized again;
  expect(module_decrypt(open_session(), blob), "first");
}

void both_survive_the_backends_finalization() {
  const Providers providers;
  Initialized module;
  const CK_SESSION_HANDLE session = open_session();
  const std::string blob = provider_encrypt("before");
  check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
  expect(module_decrypt(session, blob), "before");
  expect(module_decrypt(session, provider_encrypt("after")), "after");
}

void work_in_many_threads() {
  const Providers providers;
  Initialized module;
  std::atomic<int> failures = 0;
  auto repeat = [&](const std::function<void()>& work) {
    return std::thread([&failures, work] {
      try {
        for (int i = 0; i < 20; ++i) work();
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        ++failures;
      }
    });
  };
  const std::string blob = provider_encrypt("shared");
  std::vector<std::thread> threads;
  threads.push_back(repeat([] { provider_encrypt("text"); }));
  // Whoever finds a session object before its maker has a handle of it takes it along, in SoftHSM,
  // when their session is closed: no search for those.
  threads.push_back(repeat([] {
    CK_BBOOL on_token = CK_TRUE;
    RawSession().count({{CKA_TOKEN, &on_token, sizeof on_token}});
  }));
  for (int i = 0; i < 2; ++i)
    threads.push_back(repeat([&] {
      const CK_SESSION_HANDLE session = open_session();
      expect(module_decrypt(session, blob), "shared");
      check_rv(p11().C_CloseSession(session), "C_CloseSession");
    }));
  for (std::thread& thread : threads) thread.join();
  if (failures != 0) throw std::runtime_error("a thread failed");
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr Case kCases[] = {
    {"work_together_and_exit", work_together_and_exit},
    {"provider_outlives_the_module", provider_outlives_the_module},
    {"both_survive_the_backends_finalization", both_survive_the_backends_finalization},
    {"work_in_many_threads", work_in_many_threads},
};

int run_case_by_name(const std::string& name) {
  alarm(60);  // a process that hangs has failed, too
  for (const Case& each : kCases) {
    if (name != each.name) continue;
    try {
      each.run();
      return 0;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s: %s\n", each.name, e.what());
    }
  }
  return 1;
}

template <int index>
void passes() {
  std::string self = "/proc/self/exe";
  std::string name = kCases[index].name;
  char* arguments[] = {self.data(), name.data(), nullptr};
  pid_t pid = 0;
  CHECK_EQ(posix_spawn(&pid, self.c_str(), nullptr, nullptr, &arguments[0], environ), 0);
  int status = -1;
  waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return run_case_by_name(argv[1]);
  SoftHsm token;
  {
    Initialized module;
    create_kms_key(open_session(), "shared");
  }
  const CMUnitTest cases[] = {
      test_case<passes<0>>(kCases[0].name), test_case<passes<1>>(kCases[1].name),
      test_case<passes<2>>(kCases[2].name), test_case<passes<3>>(kCases[3].name)};
  return cmocka_run_group_tests_name("pkcs11 together", cases, nullptr, nullptr);
}
