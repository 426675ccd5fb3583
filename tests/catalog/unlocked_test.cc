// SPDX-License-Identifier: Apache-2.0
// The records when no lock is in common, as between hosts: exactly the changes that were reported
// as done are in effect, whoever is killed in the middle. `unlocked-test soak SECONDS` goes on for
// so long and prints its figures (tests/attack/changes.sh).
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "check.h"
#include "child.h"
#include "kms.h"
#include "sanitized.h"

namespace {

// The locks that are taken before this is set are those of connecting.
std::atomic<bool> without_change_lock = false;
std::atomic<int> locks_left_out = 0;
std::set<std::string> locks_of_connecting;
std::mutex locks_mutex;

}  // namespace

// In place of the C library's: everybody gets the lock of the changes at once. Those of connecting
// are as they were: what they keep apart (SoftHSM's logins) is no matter of the records.
extern "C" int flock(int file, int operation) noexcept {
  std::error_code error;
  const auto path =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error).string();
  {
    const std::lock_guard lock(locks_mutex);
    if (!without_change_lock)
      locks_of_connecting.insert(path);
    else if (!locks_of_connecting.contains(path)) {
      ++locks_left_out;
      return 0;
    }
  }
  return static_cast<int>(syscall(SYS_flock, file, operation));
}

namespace {

using namespace trent;
using namespace trent::test;
using namespace std::chrono_literals;

Config config() {
  Config config = load_config();
  config.refresh = 0ms;
  return config;
}

// A key's description as "writer:count" pairs: each change adds one to its writer's count.
std::map<std::string, int> counts_of(const std::string& description) {
  std::map<std::string, int> counts;
  std::istringstream words(description);
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    counts[word.substr(0, colon)] = std::stoi(word.substr(colon + 1));
  }
  return counts;
}

std::string description_of(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [writer, count] : counts) text += writer + ":" + std::to_string(count) + " ";
  return text;
}

// Changes the key so often and says each time that it has.
void count_up(kms::Account& account, const std::string& key, const std::string& writer,
              int changes) {
  // Where others change a record all the time, one look does not always show it, and who has never
  // seen it believes sooner that it is not there.
  for (int look = 0; look < 50 && account.catalog.key(key) == nullptr; ++look)
    std::this_thread::sleep_for(1ms);
  for (int i = 0; i < changes; ++i) {
    try {
      const hsm::ChangeLock lock(account.token);
      const bool found = account.catalog.change_key(lock, key, [&](catalog::KeyRecord& record) {
        auto counts = counts_of(record.description);
        ++counts[writer];
        record.description = description_of(counts);
      });
      report(found ? "done" : "WRONG: not found");
    } catch (const Error& error) {
      report(std::string("WRONG: ") + error.what());
    }
  }
}

// A child that obeys: "count KEY WRITER CHANGES", "state KEY CHANGES", "alias NAME KEY CHANGES",
// "create NAME KEY", "delete NAME", "update NAME KEY".
int obey() {
  Service service(config());
  kms::Account& account = service.home();
  account.catalog.list();  // logged in
  without_change_lock = true;
  report("ready");
  for (std::string line; !(line = await_line()).empty();) {
    std::istringstream words(line);
    std::string verb, name, key;
    int changes = 0;
    words >> verb >> name >> key >> changes;
    if (verb == "count") {
      count_up(account, name, key, changes);
      report("end " + std::to_string(locks_left_out));
      continue;
    }
    try {
      if (verb == "state") {
        for (int i = 0; i < std::stoi(key); ++i) {
          service.schedule_key_deletion({name, {}});
          service.cancel_key_deletion({name});
        }
      }
      if (verb == "alias")
        for (int i = 0; i < changes; ++i) service.update_alias({name, key});
      if (verb == "create") service.create_alias({name, key});
      if (verb == "update") service.update_alias({name, key});
      if (verb == "delete") service.delete_alias({name});
      report("done");
    } catch (const Error& error) {
      report(error.what());
    }
  }
  return 0;
}

class Writer {
 public:
  Writer() : child_(std::vector<std::string>{"obey"}) { CHECK_EQ(child_.read_line(), "ready"); }
  void order(const std::string& line) { child_.write_line(line); }
  std::string answer() { return child_.read_line(); }
  Child& child() { return child_; }

 private:
  Child child_;
};

std::vector<std::unique_ptr<Writer>> start_writers(int count) {
  std::vector<std::unique_ptr<Writer>> writers(static_cast<std::size_t>(count));
  for (auto& writer : writers) writer = std::make_unique<Writer>();
  return writers;
}

// Reads the answers to "count": how many were done. Ends with the process, or "end".
int done_by(Child& child) {
  int done = 0;
  for (std::string line; !(line = child.read_line()).empty();) {
    if (line.starts_with("end")) {
      CHECK(line != "end 0");  // the lock was left out
      return done;
    }
    CHECK_EQ(line, "done");
    ++done;
  }
  return done;
}

Service& service() {
  static Service instance(config());
  return instance;
}

std::string description(const std::string& key) {
  return service().describe_key({key, {}}).key_metadata.description;
}

std::size_t objects(std::string label) {
  const RawSession token;
  return token.count({{CKA_LABEL, label.data(), label.size()}});
}

void every_change_is_in_effect_once(int processes, int changes) {
  const std::string key = create_key(service());
  const auto writers = start_writers(processes);
  for (int i = 0; i < processes; ++i)
    writers[static_cast<std::size_t>(i)]->order("count " + key + " w" + std::to_string(i) + " " +
                                                std::to_string(changes));
  for (auto& writer : writers) CHECK_EQ(done_by(writer->child()), changes);
  const auto counts = counts_of(description(key));
  CHECK_EQ(counts.size(), static_cast<std::size_t>(processes));
  for (const auto& [writer, count] : counts) CHECK_EQ(count, changes);
  CHECK_EQ(service().home().catalog.key(key)->revision.number,
           static_cast<std::uint64_t>(1 + processes * changes));
  // The material and the record.
  CHECK_EQ(objects(catalog::key_label(key)), 2U);
}

void eight_processes_change_one_record() {
  every_change_is_in_effect_once(8, kSanitized ? 30 : 100);
}

struct Killed {
  int kills = 0;
  int reported = 0;
  int unreported = 0;  // in effect, and nobody was told: killed in between
};

// Some writers, each of which is killed at a random moment and followed by the next.
Killed kill_writers(int kills, std::chrono::seconds at_most) {
  const std::string key = create_key(service());
  std::mt19937 random(std::random_device{}());
  Killed result;
  std::map<std::string, int> reported;
  const auto end = std::chrono::steady_clock::now() + at_most;
  constexpr std::size_t kWriters = 3;
  std::vector<std::unique_ptr<Writer>> writers(kWriters);
  std::vector<std::string> names(kWriters);
  const auto start = [&](std::size_t i) {
    names[i] = "w" + std::to_string(result.kills) + "-" + std::to_string(i);
    writers[i] = std::make_unique<Writer>();
    writers[i]->order("count " + key + " " + names[i] + " 1000000");
  };
  const auto end_of = [&](std::size_t i) {
    kill(writers[i]->child().pid(), SIGKILL);
    reported[names[i]] = done_by(writers[i]->child());
    writers[i].reset();
  };
  for (std::size_t i = 0; i < kWriters; ++i) start(i);
  while (result.kills < kills && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
    const std::size_t victim = random() % kWriters;
    end_of(victim);
    ++result.kills;
    start(victim);
  }
  for (std::size_t i = 0; i < kWriters; ++i) end_of(i);
  result.kills += kWriters;

  // The next change finds its way, and leaves the record alone.
  service().disable_key({key});
  auto counts = counts_of(description(key));
  for (const auto& [writer, count] : reported) {
    result.reported += count;
    if (counts[writer] < count || counts[writer] > count + 1)
      throw Failure(writer + " reported " + std::to_string(count) + ", the record has " +
                    std::to_string(counts[writer]));
    result.unreported += counts[writer] - count;
  }
  return result;
}

void killed_writers_lose_nothing() {
  const Killed result = kill_writers(40, 60s);
  CHECK(result.kills >= 10);
}

// A retry that met its own change would be refused: the states are taken in turns.
void no_change_meets_itself() {
  const std::string key = create_key(service());
  Writer states;
  const auto others = start_writers(3);
  states.order("state " + key + " 30");
  for (int i = 0; i < 3; ++i)
    others[static_cast<std::size_t>(i)]->order("count " + key + " w" + std::to_string(i) + " 40");
  CHECK_EQ(states.answer(), "done");
  for (auto& other : others) CHECK_EQ(done_by(other->child()), 40);
}

void every_update_of_an_alias_is_done() {
  const std::string key = create_key(service());
  service().create_alias({"alias/busy", key});
  const auto writers = start_writers(8);
  for (auto& writer : writers) writer->order("alias alias/busy " + key + " 40");
  for (auto& writer : writers) CHECK_EQ(writer->answer(), "done");
  const auto alias = service().home().catalog.alias("alias/busy");
  CHECK_EQ(alias->revision.number, 1U + 8 * 40);
  CHECK_EQ(objects("trent/alias/busy"), 1U);
}

// An update that was done came before the deletion; one that came after has found nothing.
void deletion_ends_all_updates() {
  const std::string key = create_key(service());
  const auto writers = start_writers(4);
  for (int round = 0; round < 25; ++round) {
    service().create_alias({"alias/doomed", key});
    for (std::size_t i = 0; i < writers.size(); ++i)
      writers[i]->order(i == 0 ? "delete alias/doomed" : "update alias/doomed " + key);
    for (std::size_t i = 0; i < writers.size(); ++i) {
      const std::string answer = writers[i]->answer();
      if (answer != "done" && (i == 0 || !answer.starts_with("NotFoundException")))
        throw Failure("round " + std::to_string(round) + ", writer " + std::to_string(i) + ": " +
                      answer);
    }
    CHECK_EQ(objects("trent/alias/doomed"), 0U);
  }
}

int soak(std::chrono::seconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  int changes = 0;
  Killed all;
  std::string fault;
  try {
    while (std::chrono::steady_clock::now() < end) {
      every_change_is_in_effect_once(8, 50);
      changes += 8 * 50;
      const Killed killed = kill_writers(60, 30s);
      all.kills += killed.kills;
      all.reported += killed.reported;
      all.unreported += killed.unreported;
    }
  } catch (const Failure& failure) {
    fault = failure.what();
  }
  std::printf(
      "%d changes by 8 processes at once, each in effect once; %d writers killed: %d reported "
      "changes in effect, %d more of which nobody was told\n%s%s\n%d passed, %d failed\n",
      changes, all.kills, all.reported, all.unreported,
      fault.empty() ? "ok - what was reported as done is in effect, and nothing else" : "not ok - ",
      fault.c_str(), fault.empty() ? 1 : 0, fault.empty() ? 0 : 1);
  return fault.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return obey();
  SoftHsm token;
  if (argc == 3) return soak(std::chrono::seconds(std::stoi(argv[2])));
  return RUN_TESTS("catalog without a lock", TEST(eight_processes_change_one_record),
                   TEST(no_change_meets_itself), TEST(every_update_of_an_alias_is_done),
                   TEST(deletion_ends_all_updates), TEST(killed_writers_lose_nothing));
}
