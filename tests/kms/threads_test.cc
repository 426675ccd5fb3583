// SPDX-License-Identifier: Apache-2.0
// Many threads on one service. CI runs this under ThreadSanitizer too.
#include <atomic>
#include <barrier>
#include <functional>
#include <mutex>
#include <thread>

#include "check.h"
#include "kms.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr int kThreads = 8;
constexpr int kRounds = 50;

// Runs `work` in each of kThreads threads, all at once; passes on the first failure.
void in_threads(const std::function<void(int)>& work) {
  std::barrier start(kThreads);
  std::mutex mutex;
  std::string failure;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      try {
        work(i);
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        if (failure.empty()) failure = "thread " + std::to_string(i) + ": " + error.what();
      }
    });
  threads.clear();
  if (!failure.empty()) throw Failure(failure);
}

kms::EncryptionContext context_of(int thread) {
  return {{"thread", std::to_string(thread)}};
}
std::string secret_of(int thread) {
  return "the secret of thread " + std::to_string(thread);
}

void eight_threads_re_encrypt() {
  Service service(load_config());
  const std::string one = create_key(service);
  const std::string two = create_key(service);
  in_threads([&](int thread) {
    const auto context = context_of(thread);
    Bytes blob = encrypt(service, one, secret_of(thread), context);
    for (int round = 0; round < kRounds; ++round)
      blob = re_encrypt(service, blob, round % 2 == 0 ? two : one, context, context);
    CHECK_EQ(decrypt(service, blob, context), secret_of(thread));
  });
  const RawSession token;
  CHECK(token.count_session_objects() <= 2);  // the copies of the two keys
}

// The token is opened, tested and searched once, whoever comes first.
void eight_threads_start_at_once() {
  const std::string key = [] {
    Service service(load_config());
    return create_key(service);
  }();
  for (int round = 0; round < 10; ++round) {
    Service service(load_config());
    in_threads([&](int thread) {
      CHECK_EQ(decrypt(service, encrypt(service, key, secret_of(thread))), secret_of(thread));
    });
  }
}

// Each sees its own changes at once, and in the end all of them are there.
void eight_threads_change_the_catalog() {
  Service service(load_config());
  const std::string one = create_key(service);
  const std::string two = create_key(service);
  in_threads([&](int thread) {
    const std::string alias = "alias/thread-" + std::to_string(thread);
    service.create_alias({alias, one});
    for (int round = 0; round < 5; ++round) {
      const std::string& target = round % 2 == 0 ? two : one;
      service.update_alias({alias, target});
      kms::DescribeKeyRequest request;
      request.key_id = alias;
      CHECK_EQ(service.describe_key(request).key_metadata.key_id, target);
      CHECK_EQ(decrypt(service, encrypt(service, alias, "x")), "x");
    }
  });
  CHECK_EQ(service.list_aliases({}).aliases.size(), std::size_t{kThreads});
  in_threads([&](int thread) { service.delete_alias({"alias/thread-" + std::to_string(thread)}); });
  CHECK_EQ(service.list_aliases({}).aliases.size(), 0U);
}

// Of eight who create one alias, one succeeds.
void one_of_eight_creates_an_alias() {
  Service service(load_config());
  const std::string key = create_key(service);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> created = 0;
    in_threads([&](int) {
      try {
        service.create_alias({"alias/contended", key});
        ++created;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::AlreadyExists) throw;
      }
    });
    CHECK_EQ(created.load(), 1);
    service.delete_alias({"alias/contended"});
  }
}

// One disables the key while the others use it: each call goes through or says why not.
void a_key_is_disabled_while_it_is_used() {
  Service service(load_config());
  const std::string one = create_key(service);
  const std::string two = create_key(service);
  const Bytes blob = encrypt(service, one, "secret");
  in_threads([&](int thread) {
    for (int round = 0; round < 10; ++round) {
      if (thread == 0) {
        service.disable_key({two});
        service.enable_key({two});
        continue;
      }
      try {
        CHECK_EQ(decrypt(service, re_encrypt(service, blob, two)), "secret");
      } catch (const Error& error) {
        if (error.code() != ErrorCode::Disabled) throw;
      }
    }
  });
  CHECK_EQ(decrypt(service, re_encrypt(service, blob, two)), "secret");
}

}  // namespace

int main() {
  SoftHsm token;
  return RUN_TESTS("threads", TEST(eight_threads_re_encrypt), TEST(eight_threads_start_at_once),
                   TEST(eight_threads_change_the_catalog), TEST(one_of_eight_creates_an_alias),
                   TEST(a_key_is_disabled_while_it_is_used));
}
