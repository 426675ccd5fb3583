// SPDX-License-Identifier: Apache-2.0
// Ends of processes: an application may exit, unload and clean up in any order, and what it printed
// must not be followed by a crash. Each case runs in a process of its own, made by running this
// executable again with the case's name.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "check.h"
#include "evp.h"
#include "kms.h"
#include "softhsm.h"

namespace {

using namespace trent;
using namespace trent::test;

void use(const Pkey& key) {
  const Bytes plaintext = {1, 2, 3};
  const PkeyCtx out = encrypt_ctx(key);
  if (decrypt(decrypt_ctx(key), encrypt(out, plaintext)) != plaintext)
    throw std::runtime_error("the plaintext did not come back");
}

// Leaks what C++ would tidy up, as applications do.
template <class T>
auto* leak(T handle) {
  return handle.release();
}

struct InUse {
  Providers providers;
  Pkey key = load_key("kms:alias/app");
  PkeyCtx ctx = encrypt_ctx(key);
  StoreCtx store = open_store("kms:");
  InUse() { use(key); }
};

// Everything is still allocated when main() returns.
void exits_with_everything_allocated() {
  [[maybe_unused]] static auto* application = leak(std::make_unique<InUse>());
}

void exits_after_freeing_everything() {
  const InUse application;
}

// The application calls OPENSSL_cleanup() itself; libcrypto will not do it again at exit.
void cleans_up_itself() {
  { const InUse application; }
  OPENSSL_cleanup();
}

void cleans_up_with_the_providers_loaded() {
  const auto application = std::make_unique<InUse>();
  application->store.reset();
  application->ctx.reset();
  application->key.reset();
  leak(std::move(application->providers.standard));
  leak(std::move(application->providers.trent));
  OPENSSL_cleanup();
}

// A destructor that runs after libcrypto has cleaned up at exit.
void exits_from_a_static_destructor() {
  static InUse application;
}

void unloads_and_loads_again() {
  for (int round = 0; round < 5; ++round) const InUse application;
}

void unloads_before_it_frees() {
  InUse application;
  application.providers.trent.reset();
  use(application.key);  // OpenSSL keeps the provider for the key's sake
}

void frees_its_library_context() {
  const LibCtx libctx(OSSL_LIB_CTX_new());
  const Providers providers(libctx.get());
  const Pkey key = load_key("kms:alias/app", libctx.get());
  const PkeyCtx ctx = encrypt_ctx(key, {}, libctx.get());
  encrypt(ctx, Bytes{1});
}

// No key was ever asked for: not even the configuration may be missed.
void loads_without_use() {
  setenv("TRENT_CONF", "/nonexistent", 1);
  [[maybe_unused]] static auto* providers = leak(std::make_unique<Providers>());
}

// Trent's part of such an exit, and the token's. libcrypto itself, once it has cleaned up, crashes
// under threads that still call it, whatever the provider: so it is told to leave that out.
void exits_while_threads_work() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  static InUse* application = leak(std::make_unique<InUse>());
  for (int i = 0; i < 2; ++i)
    std::thread([] {
      // Fails when the process has closed the token; what matters is that it does not crash.
      for (;;) {
        try {
          use(application->key);
        } catch (const std::exception&) {
        }
      }
    }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::exit(0);
}

// With libcrypto's clean-up, and only calls that libcrypto itself survives.
void exits_while_threads_encrypt() {
  static InUse* application = leak(std::make_unique<InUse>());
  for (int i = 0; i < 2; ++i)
    std::thread([] {
      static thread_local auto* ctx = leak(encrypt_ctx(application->key));
      const Bytes plaintext = {1, 2, 3};
      Bytes out(6144);
      for (;;) {
        std::size_t size = out.size();
        EVP_PKEY_encrypt(ctx, out.data(), &size, plaintext.data(), plaintext.size());
      }
    }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::exit(0);
}

// The parent has used the token; the child exits in its own way.
void child_exits() {
  static auto* application = leak(std::make_unique<InUse>());
  const pid_t child = fork();
  if (child == 0) {
    use(application->key);
    std::exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("the child ended with " + std::to_string(status));
  use(application->key);
}

// An application that uses SoftHSM itself, and finalises it before we are done.
void application_finalises_softhsm() {
  const InUse application;
  check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
  use(application.key);
}

struct Case {
  const char* name;
  void (*run)();
};
constexpr Case kCases[] = {
    {"exits with everything allocated", exits_with_everything_allocated},
    {"exits after freeing everything", exits_after_freeing_everything},
    {"cleans up itself", cleans_up_itself},
    {"cleans up with the providers loaded", cleans_up_with_the_providers_loaded},
    {"exits from a static destructor", exits_from_a_static_destructor},
    {"unloads and loads again", unloads_and_loads_again},
    {"unloads before it frees", unloads_before_it_frees},
    {"frees its library context", frees_its_library_context},
    {"loads without use", loads_without_use},
    {"exits while threads work", exits_while_threads_work},
    {"exits while threads encrypt", exits_while_threads_encrypt},
    {"child exits", child_exits},
    {"application finalises SoftHSM", application_finalises_softhsm},
};

int run_in_this_process(const std::string& name) {
  for (const Case& c : kCases) {
    if (name != c.name) continue;
    alarm(60);  // a hang is a failure too
    try {
      c.run();
      return 0;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "# %s\n", e.what());
      return 1;
    }
  }
  return 2;
}

// Exit status, or minus the signal that ended the process.
int run_in_new_process(const char* name) {
  char self[] = "/proc/self/exe";
  std::string argument = name;
  char* arguments[] = {self, argument.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, self, nullptr, nullptr, arguments, environ) != 0)
    throw std::runtime_error("posix_spawn");
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <std::size_t I>
void ends_well() {
  CHECK_EQ(run_in_new_process(kCases[I].name), 0);
}

template <std::size_t... I>
int run_all(std::index_sequence<I...>) {
  const CMUnitTest cases[] = {test_case<ends_well<I>>(kCases[I].name)...};
  return cmocka_run_group_tests_name("provider lifetime", cases, nullptr, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) return run_in_this_process(arguments[1]);
  SoftHsm token;
  {
    Service service(load_config());
    const std::string key_id = service.create_key({}).key_metadata.key_id;
    service.create_alias({"alias/app", key_id});
  }
  return run_all(std::make_index_sequence<std::size(kCases)>());
}
