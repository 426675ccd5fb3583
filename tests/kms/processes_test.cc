// SPDX-License-Identifier: Apache-2.0
// Several processes on one token: started together, forked, and in the company of an application
// that uses the same SoftHSM without asking.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

#include "blob/blob.h"
#include "check.h"
#include "child.h"
#include "kms.h"
#include "kms/check.h"

namespace {

using namespace trent;
using namespace trent::test;

const kms::EncryptionContext kContext{{"tenant", "acme"}};

Service& service() {
  static Service instance(load_config());
  return instance;
}
const std::string& key_one() {
  static const std::string id = create_key(service());
  return id;
}
const std::string& key_two() {
  static const std::string id = create_key(service());
  return id;
}

// Everything at once: a new key's worth of look-ups, three operations, and the right answer.
void check_works(Service& kms) {
  const Bytes blob = encrypt(kms, key_one(), "secret", kContext);
  CHECK_EQ(decrypt(kms, re_encrypt(kms, blob, key_two(), kContext, kContext), kContext), "secret");
}

// A process of its own, that waits for the start and then uses the token for the first time.
int be_one_of_many(const std::string& key_one_id, const std::string& key_two_id) {
  Service kms(load_config());
  report("ready");
  await_line();
  try {
    const Bytes blob = encrypt(kms, key_one_id, "secret", kContext);
    const Bytes moved = re_encrypt(kms, blob, key_two_id, kContext, kContext);
    report(decrypt(kms, moved, kContext));
  } catch (const std::exception& error) {
    report(error.what());
    return 1;
  }
  return 0;
}

// A process of its own that says what is in two blobs.
int decrypt_for_others(const std::string& one, const std::string& other) {
  Service kms(load_config());
  std::string text;
  for (const std::string& blob : {one, other}) {
    try {
      text += decrypt(kms, from_hex(blob).value(), kContext) + " ";
    } catch (const std::exception& error) {
      text += std::string(error.what()) + " ";
    }
  }
  report(text);
  return 0;
}

void processes_start_together() {
  for (int round = 0; round < 40; ++round) {
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 6; ++i)
      children.push_back(
          std::make_unique<Child>(std::vector<std::string>{"one-of-many", key_one(), key_two()}));
    for (auto& child : children) CHECK_EQ(child->read_line(), "ready");
    for (auto& child : children) child->write_line("go");
    for (auto& child : children) {
      CHECK_EQ(child->read_line(), "secret");
      CHECK_EQ(child->wait(), 0);
    }
  }
}

using Leave = void (*)(int);

// Runs `work` in a forked child, which leaves by _exit(), or by exit() with all its handlers.
void in_forked_child(const std::function<void()>& work, Leave leave = _exit) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(60);  // a lock that nobody will ever release
    try {
      work();
    } catch (const std::exception& error) {
      std::cerr << "in the child: " << error.what() << std::endl;
      leave(1);
    }
    leave(0);
  }
  int status = 0;
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  if (WIFSIGNALED(status))
    throw Failure("the child ended with signal " + std::to_string(WTERMSIG(status)));
  CHECK_EQ(WEXITSTATUS(status), 0);
}

void child_works_after_fork() {
  check_works(service());
  for (const Leave leave : {Leave{_exit}, Leave{exit}}) {
    in_forked_child([] { check_works(service()); }, leave);
    check_works(service());
  }
}

void child_of_a_child_works() {
  check_works(service());
  in_forked_child([] { in_forked_child([] { check_works(service()); }, exit); }, exit);
  check_works(service());
}

void child_works_when_the_parent_did_nothing_yet() {
  key_two();
  Service fresh(load_config());
  in_forked_child([&] { check_works(fresh); }, exit);
  check_works(fresh);
}

// What the child does to the catalog is there for the parent, and the other way round.
void parent_and_child_share_the_catalog() {
  service().create_alias({"alias/forked", key_one()});
  in_forked_child([] { service().update_alias({"alias/forked", key_two()}); });
  CHECK_EQ(service().list_aliases({}).aliases.at(0).target_key_id, key_two());
  service().delete_alias({"alias/forked"});
  in_forked_child([] { CHECK_EQ(service().list_aliases({}).aliases.size(), 0U); });
}

void fork_while_threads_are_busy() {
  check_works(service());
  std::atomic<bool> stop = false;
  std::atomic<int> done = 0;
  std::string failure;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        try {
          while (!stop) {
            check_works(service());
            ++done;
          }
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          failure = error.what();
        }
      });
    try {
      for (int round = 0; round < 20; ++round) {
        const int before = done;
        in_forked_child([] { check_works(service()); },
                        round % 2 == 0 ? Leave{_exit} : Leave{exit});
        // The threads of the parent go on.
        while (done == before) {
          const std::lock_guard lock(mutex);
          if (!failure.empty()) break;
        }
      }
    } catch (...) {
      stop = true;
      throw;
    }
    stop = true;
  }
  CHECK_EQ(failure, "");
}

// The salt of a blob that a forked child makes. It comes from Trent's random generator, whose state
// the child has from its parent.
Bytes salt_of_child() {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  in_forked_child([&] {
    const Bytes blob = encrypt(service(), key_one(), "secret", kContext);
    const blob::Salt salt = blob::parse_blob(blob).parameters.salt;
    CHECK_EQ(write(ends[1], salt.data(), salt.size()), static_cast<ssize_t>(salt.size()));
  });
  close(ends[1]);
  Bytes salt(blob::Salt().size());
  CHECK_EQ(read(ends[0], salt.data(), salt.size()), static_cast<ssize_t>(salt.size()));
  close(ends[0]);
  return salt;
}

void children_of_one_process_draw_different_salts() {
  check_works(service());  // so that the generator is seeded before the forks
  std::set<Bytes> salts;
  for (int child = 0; child < 4; ++child) salts.insert(salt_of_child());
  const blob::Salt own =
      blob::parse_blob(encrypt(service(), key_one(), "secret", kContext)).parameters.salt;
  salts.insert(Bytes(own.begin(), own.end()));
  CHECK_EQ(salts.size(), 5U);
}

// The application's own use of SoftHSM.
void open_application_session(CK_SESSION_HANDLE* session) {
  check_rv(softhsm()->C_OpenSession(token_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                    nullptr, session),
           "C_OpenSession");
}

void sessions_closed_by_the_application() {
  for (int round = 0; round < 5; ++round) {
    check_works(service());
    check_rv(softhsm()->C_CloseAllSessions(token_slot()), "C_CloseAllSessions");
    check_works(service());
  }
}

void logged_out_by_the_application() {
  for (int round = 0; round < 5; ++round) {
    check_works(service());
    CK_SESSION_HANDLE session = 0;
    open_application_session(&session);
    check_rv(softhsm()->C_Logout(session), "C_Logout");
    check_works(service());
    check_rv(softhsm()->C_CloseSession(session), "C_CloseSession");
  }
}

// Private objects are hidden then: nothing that is there may be reported as missing.
void what_a_logout_hides_is_there() {
  const auto log_out = [] {
    CK_SESSION_HANDLE session = 0;
    open_application_session(&session);
    check_rv(softhsm()->C_Logout(session), "C_Logout");
    check_rv(softhsm()->C_CloseSession(session), "C_CloseSession");
  };
  Service other(load_config());
  check_works(other);
  service().create_alias({"alias/hidden", key_one()});
  const std::string key = create_key(service());
  const Bytes blob = encrypt(service(), key, "x");
  log_out();
  CHECK_EQ(other.describe_key({"alias/hidden", {}}).key_metadata.key_id, key_one());
  log_out();
  CHECK_EQ(decrypt(other, blob), "x");
  log_out();
  CHECK_EQ(encrypt(other, key, "x").size(), blob.size());
  log_out();
  CHECK_EQ(other.list_aliases({}).aliases.size(), 1U);
  log_out();
  CHECK_EQ(kms::check(other, {}).at(0).problems.size(), 0U);
  log_out();
  CHECK_ERROR(AlreadyExists, other.create_alias({"alias/hidden", key_one()}));
  log_out();
  other.delete_alias({"alias/hidden"});
}

void finalised_by_the_application() {
  for (int round = 0; round < 5; ++round) {
    check_works(service());
    check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
    check_works(service());
  }
}

void finalised_and_initialised_by_the_application() {
  for (int round = 0; round < 5; ++round) {
    check_works(service());
    check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
    check_rv(softhsm()->C_Initialize(nullptr), "C_Initialize");
    check_works(service());
  }
}

// The application starts SoftHSM anew and makes sessions and keys of its own, which get the numbers
// that Trent's had: Trent must neither use those keys nor close those sessions.
void numbers_reused_by_the_application() {
  check_works(service());
  check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize");
  const RawSession application;
  std::vector<CK_SESSION_HANDLE> sessions(8);
  for (CK_SESSION_HANDLE& session : sessions) open_application_session(&session);
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_KEY_TYPE aes = CKK_AES;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_BYTE value[32] = {1, 2, 3};
  CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &secret_key, sizeof(secret_key)},
                               {CKA_KEY_TYPE, &aes, sizeof(aes)},
                               {CKA_TOKEN, &no, sizeof(no)},
                               {CKA_DERIVE, &yes, sizeof(yes)},
                               {CKA_VALUE, value, sizeof(value)}};
  for (int i = 0; i < 200; ++i) {
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    check_rv(
        softhsm()->C_CreateObject(application.handle(), attributes, std::size(attributes), &key),
        "C_CreateObject");
  }
  const Bytes blob = encrypt(service(), key_one(), "secret", kContext);
  const Bytes moved = re_encrypt(service(), blob, key_two(), kContext, kContext);
  // Another process has no such numbers.
  Child other({"decrypt", to_hex(blob), to_hex(moved)});
  CHECK_EQ(other.read_line(), "secret secret ");
  CHECK_EQ(other.wait(), 0);
  check_works(service());
  for (const CK_SESSION_HANDLE session : sessions) {
    CK_SESSION_INFO info{};
    check_rv(softhsm()->C_GetSessionInfo(session, &info), "C_GetSessionInfo");
  }
  CHECK(application.count_session_objects() >= 200);
}

// A failure that must not be taken for a wrong ciphertext: each operation on its own.
void each_operation_survives_a_finalised_module() {
  const Bytes blob = encrypt(service(), key_one(), "secret", kContext);
  const auto finalise = [] { check_rv(softhsm()->C_Finalize(nullptr), "C_Finalize"); };
  finalise();
  CHECK_EQ(decrypt(service(), blob, kContext), "secret");
  finalise();
  const Bytes moved = re_encrypt(service(), blob, key_two(), kContext);
  finalise();
  CHECK_EQ(decrypt(service(), moved), "secret");
  finalise();
  service().create_alias({"alias/survivor", key_one()});
  finalise();
  service().update_alias({"alias/survivor", key_two()});
  finalise();
  CHECK_EQ(service().list_aliases({}).aliases.size(), 1U);
  finalise();
  service().delete_alias({"alias/survivor"});
  finalise();
  const std::string key = create_key(service());
  finalise();
  CHECK_EQ(decrypt(service(), encrypt(service(), key, "x")), "x");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4)
    return argv[1] == std::string("decrypt") ? decrypt_for_others(argv[2], argv[3])
                                             : be_one_of_many(argv[2], argv[3]);
  // Arguments: "busy", "reset-on-fork", or both.
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto given = [&](const char* wanted) { return std::ranges::count(arguments, wanted) > 0; };
  SoftHsm token({.reset_on_fork = given("reset-on-fork")});
  key_one();
  if (given("busy")) return RUN_TESTS("processes", TEST(fork_while_threads_are_busy));
  return RUN_TESTS(
      "processes", TEST(processes_start_together), TEST(child_works_after_fork),
      TEST(child_of_a_child_works), TEST(child_works_when_the_parent_did_nothing_yet),
      TEST(children_of_one_process_draw_different_salts), TEST(parent_and_child_share_the_catalog),
      TEST(sessions_closed_by_the_application), TEST(logged_out_by_the_application),
      TEST(what_a_logout_hides_is_there), TEST(finalised_by_the_application),
      TEST(finalised_and_initialised_by_the_application), TEST(numbers_reused_by_the_application),
      TEST(each_operation_survives_a_finalised_module));
}
