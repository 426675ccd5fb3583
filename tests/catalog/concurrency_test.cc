// SPDX-License-Identifier: Apache-2.0
// Several processes change the catalog of one token at once: whatever was reported as done is so.
#include <algorithm>
#include <memory>
#include <sstream>

#include "catalog/alias_record.h"
#include "check.h"
#include "child.h"
#include "kms.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr int kProcesses = 4;

// A child that obeys: "create ALIAS KEY", "update ALIAS KEY", "delete ALIAS", and answers "done" or
// the KMS error. Its look-ups are never older than the call.
int obey() {
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(0);
  Service service(config);
  report("ready");
  for (std::string line; !(line = await_line()).empty();) {
    std::istringstream words(line);
    std::string verb, alias, key;
    words >> verb >> alias >> key;
    try {
      if (verb == "create") service.create_alias({alias, key});
      if (verb == "update") service.update_alias({alias, key});
      if (verb == "delete") service.delete_alias({alias});
      report("done");
    } catch (const Error& error) {
      report(error.what());
    }
  }
  return 0;
}

class Processes {
 public:
  Processes() {
    for (int i = 0; i < kProcesses; ++i)
      children_.push_back(std::make_unique<Child>(std::vector<std::string>{"obey"}));
    for (auto& child : children_) CHECK_EQ(child->read_line(), "ready");
  }

  // The same or different orders to all, at once; their answers.
  std::vector<std::string> all(const std::vector<std::string>& orders) {
    for (std::size_t i = 0; i < children_.size(); ++i)
      children_[i]->write_line(orders[i % orders.size()]);
    std::vector<std::string> answers;
    for (auto& child : children_) answers.push_back(child->read_line());
    return answers;
  }

 private:
  std::vector<std::unique_ptr<Child>> children_;
};

Service& service() {
  static Service instance([] {
    Config config = load_config();
    config.refresh = std::chrono::milliseconds(0);
    return config;
  }());
  return instance;
}

// The alias's target; "" if there is no such alias.
std::string target_of(const std::string& alias) {
  for (const auto& entry : service().list_aliases({}).aliases)
    if (entry.alias_name == alias) return entry.target_key_id;
  return {};
}

std::size_t count(const std::vector<std::string>& answers, const std::string& wanted) {
  return static_cast<std::size_t>(
      std::count_if(answers.begin(), answers.end(),
                    [&](const std::string& answer) { return answer.starts_with(wanted); }));
}

std::string join(const std::vector<std::string>& answers) {
  std::string text;
  for (const auto& answer : answers) text += "\n  " + answer;
  return text;
}

// No old revisions, no candidates that lost: `expected` objects for this alias.
void check_tidy(const std::string& alias, std::size_t expected) {
  const RawSession token;
  std::string label = catalog::alias_label(alias);
  CHECK_EQ(token.count({{CKA_LABEL, label.data(), label.size()}}), expected);
}

void one_create_wins() {
  const std::string key = create_key(service());
  Processes processes;
  for (int round = 0; round < 20; ++round) {
    const auto answers = processes.all({"create alias/one " + key});
    if (count(answers, "done") != 1 || count(answers, "AlreadyExistsException") != kProcesses - 1)
      throw Failure("round " + std::to_string(round) + ": " + join(answers));
    CHECK_EQ(target_of("alias/one"), key);
    check_tidy("alias/one", 1);
    service().delete_alias({"alias/one"});
  }
}

// All updates are done, one after the other in some order; the last one holds.
void every_update_is_done() {
  std::vector<std::string> keys;
  std::vector<std::string> orders;
  for (int i = 0; i < kProcesses; ++i) {
    keys.push_back(create_key(service()));
    orders.push_back("update alias/busy " + keys.back());
  }
  service().create_alias({"alias/busy", keys.front()});
  Processes processes;
  for (int round = 0; round < 20; ++round) {
    const auto answers = processes.all(orders);
    if (count(answers, "done") != kProcesses)
      throw Failure("round " + std::to_string(round) + ": " + join(answers));
    CHECK(std::find(keys.begin(), keys.end(), target_of("alias/busy")) != keys.end());
    check_tidy("alias/busy", 1);
  }
  service().delete_alias({"alias/busy"});
}

// Updates of one alias leave the others alone.
void aliases_do_not_disturb_each_other() {
  const std::string one = create_key(service());
  const std::string two = create_key(service());
  std::vector<std::string> orders;
  Processes processes;
  for (int i = 0; i < kProcesses; ++i)
    orders.push_back("create alias/of-" + std::to_string(i) + " " + one);
  CHECK_EQ(count(processes.all(orders), "done"), std::size_t{kProcesses});
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kProcesses; ++i)
      orders[static_cast<std::size_t>(i)] =
          "update alias/of-" + std::to_string(i) + " " + (round % 2 == 0 ? two : one);
    CHECK_EQ(count(processes.all(orders), "done"), std::size_t{kProcesses});
    for (int i = 0; i < kProcesses; ++i) {
      CHECK_EQ(target_of("alias/of-" + std::to_string(i)), round % 2 == 0 ? two : one);
      check_tidy("alias/of-" + std::to_string(i), 1);
    }
  }
  for (int i = 0; i < kProcesses; ++i)
    orders[static_cast<std::size_t>(i)] = "delete alias/of-" + std::to_string(i);
  CHECK_EQ(count(processes.all(orders), "done"), std::size_t{kProcesses});
  for (int i = 0; i < kProcesses; ++i) check_tidy("alias/of-" + std::to_string(i), 0);
}

// A deletion that was reported as done is: an update that came later has found nothing, and one
// that came earlier was done.
void deletion_and_updates() {
  const std::string one = create_key(service());
  const std::string two = create_key(service());
  Processes processes;
  for (int round = 0; round < 20; ++round) {
    service().create_alias({"alias/doomed", one});
    std::vector<std::string> orders(kProcesses, "update alias/doomed " + two);
    orders[static_cast<std::size_t>(round % kProcesses)] = "delete alias/doomed";
    const auto answers = processes.all(orders);
    CHECK_EQ(answers[static_cast<std::size_t>(round % kProcesses)], "done");
    if (count(answers, "done") + count(answers, "NotFoundException") != kProcesses)
      throw Failure("round " + std::to_string(round) + ": " + join(answers));
    if (!target_of("alias/doomed").empty())
      throw Failure("round " + std::to_string(round) + ": " + join(answers) +
                    ", but the alias is there");
    check_tidy("alias/doomed", 0);
  }
}

}  // namespace

int main(int argc, char**) {
  if (argc == 2) return obey();
  SoftHsm token;
  return RUN_TESTS("catalog concurrency", TEST(one_create_wins), TEST(every_update_is_done),
                   TEST(aliases_do_not_disturb_each_other), TEST(deletion_and_updates));
}
