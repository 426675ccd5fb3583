// SPDX-License-Identifier: Apache-2.0
// One unbroken chain, whatever happens to the file and to those who write to it.
#include "audit/file_sink.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "audit/log.h"
#include "logs.h"

namespace {

using namespace trent;
using namespace trent::test;
namespace fs = std::filesystem;
using audit::FileSink;

constexpr const char* kRecord = R"({"eventVersion":"1.11","eventName":"Decrypt"})";

void write(FileSink& sink, int count = 1) {
  for (int i = 0; i < count; ++i) sink.write(kRecord);
}

// The same for a log.
void record(std::string& out) {
  out += kRecord;
}

// The parent's way to hear how a child fared.
void in_child(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      work();
      code = 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "# %s\n", error.what());
    }
    _exit(code);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

template <class F>
std::string failure_of(F&& call) {
  try {
    call();
  } catch (const audit::Failure& failure) {
    return failure.what();
  }
  throw Failure("it was written");
}

void records_are_one_line_each() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 3);
  CHECK_EQ(whole_chain({path}), 3U);
  struct stat status {};
  CHECK_EQ(stat(path.c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0600U);
  CHECK_EQ(stat(audit::state_path(path).c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0600U);
}

void the_next_process_goes_on() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  for (int i = 0; i < 3; ++i) {
    FileSink sink(path);
    write(sink, 2);
  }
  CHECK_EQ(whole_chain({path}), 6U);
}

void rotated_files_are_one_chain() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  FileSink other(path);
  write(sink, 2);
  write(other);
  fs::rename(path, path + ".2");
  write(sink);  // makes the file
  write(other);
  fs::rename(path, path + ".1");
  put(path, "");  // as logrotate's "create"
  write(other, 2);
  write(sink);
  CHECK_EQ(lines_of(content_of(path)).size(), 3U);
  CHECK_EQ(whole_chain({path + ".2", path + ".1", path}), 8U);
}

// Killed after the record and before the state.
void a_state_that_is_behind_is_overtaken() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 2);
  const std::string state = content_of(audit::state_path(path));
  write(sink);
  put(audit::state_path(path), state);
  FileSink(path).write(kRecord);
  CHECK_EQ(whole_chain({path}), 4U);
  // The same when the record was the first one in a new file.
  const std::string before = content_of(audit::state_path(path));
  fs::rename(path, path + ".1");
  write(sink);
  put(audit::state_path(path), before);
  FileSink(path).write(kRecord);
  CHECK_EQ(whole_chain({path + ".1", path}), 6U);
}

void a_state_that_is_lost_is_found_again() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 2);
  fs::remove(audit::state_path(path));
  write(sink);
  put(audit::state_path(path), "nonsense");
  write(sink);
  put(audit::state_path(path), "");
  FileSink(path).write(kRecord);
  CHECK_EQ(whole_chain({path}), 5U);
}

// Who holds a state that was removed does not write beside who has made another one.
void a_state_that_was_removed_is_nobodys() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink);
  fs::remove(audit::state_path(path));
  FileSink other(path);
  write(other);
  write(sink);
  CHECK_EQ(audit::parse_state(content_of(audit::state_path(path)))->chain.sequence, 3U);
  write(other);
  CHECK_EQ(whole_chain({path}), 4U);
}

// Killed in the middle of a record, or the disk was full then.
void half_a_record_is_removed() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 2);
  std::ofstream(path, std::ios::app) << R"({"eventVersion":"1.11","eventN)";
  write(sink);
  CHECK_EQ(whole_chain({path}), 3U);
}

// What somebody else has written stays, and is seen.
void what_is_no_record_stays() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  put(path, "a letter without a line break");
  FileSink sink(path);
  write(sink, 2);
  const auto lines = lines_of(content_of(path));
  CHECK_EQ(lines.size(), 3U);
  CHECK_EQ(lines[0], "a letter without a line break");
  CHECK_EQ(audit::read_place(lines[1]).sequence, 1U);
  CHECK(!verify(lines).fault().empty());
}

void an_end_that_is_cut_off_is_missed() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 3);
  const auto lines = lines_of(content_of(path));
  put(path, lines[0] + "\n" + lines[1] + "\n");
  write(sink);
  const auto now = lines_of(content_of(path));
  CHECK_EQ(now.size(), 3U);
  CHECK(verify(now).fault().find("record 3 is missing") != std::string::npos);
}

void processes_at_once() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink inherited(path);
  write(inherited);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    int code = 0;
    try {
      // Half of them with what they have from their parent.
      std::unique_ptr<FileSink> own;
      if (i % 2 == 0) own = std::make_unique<FileSink>(path);
      write(i % 2 == 0 ? *own : inherited, 200);
    } catch (const std::exception&) {
      code = 1;
    }
    _exit(code);
  }
  // Meanwhile, the log is rotated.
  std::vector<std::string> paths;
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::error_code none;
    fs::rename(path, path + "." + std::to_string(i), none);
    if (!none) paths.push_back(path + "." + std::to_string(i));
  }
  for (const pid_t child : children) {
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
  write(inherited);
  paths.push_back(path);
  CHECK_EQ(whole_chain(paths), 802U);
}

void threads_at_once() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  audit::Log log(std::make_unique<FileSink>(path), true, {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) log.write(record, "");
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(whole_chain({path}), 200U);
}

void a_child_does_not_share_the_lock() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink);
  in_child([&] { write(sink, 3); });
  write(sink);
  CHECK_EQ(whole_chain({path}), 5U);
}

// While it lives, no file gets longer than this.
class Limit {
 public:
  explicit Limit(rlim_t size) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~Limit() { setrlimit(RLIMIT_FSIZE, &before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  rlimit before_{};
};

// By default SIGXFSZ would end the process.
void a_limit_is_a_failure_and_no_signal() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink, 5);
  {
    const Limit limit(fs::file_size(path) + 10);
    FileSink limited(path);  // a process has its limit before it begins
    CHECK(failure_of([&] { write(limited); }).find(path) == 0);
    CHECK(failure_of([&] { limited.make_room(); }).find(path) == 0);
    CHECK(failure_of([&] { write(limited); }).find(path) == 0);
  }
  // Another process knows of it, also one that has written before.
  FileSink other(path);
  write(sink);
  write(other, 2);
  const auto lines = lines_of(content_of(path));
  CHECK_EQ(lines.size(), 8U);
  CHECK_EQ(audit::read_place(lines[5]).lost, 2U);
  CHECK_EQ(audit::read_place(lines[6]).lost, 0U);
  CHECK_EQ(audit::read_place(lines[7]).lost, 0U);
  CHECK_EQ(verify(lines).fault(), "");
}

void places_that_cannot_be_written() {
  const Directory directory;
  FileSink nowhere(directory.file("none/audit.log"));
  CHECK(failure_of([&] { write(nowhere); }).find("none/audit.log") != std::string::npos);
  fs::create_directory(directory.file("none"));
  write(nowhere);
  CHECK_EQ(audit::read_place(lines_of(content_of(directory.file("none/audit.log"))).at(0)).lost,
           1U);

  fs::create_directory(directory.file("a"));
  FileSink is_directory(directory.file("a"));
  failure_of([&] { write(is_directory); });
  fs::create_symlink(directory.file("target"), directory.file("link"));
  FileSink link(directory.file("link"));
  CHECK(failure_of([&] { write(link); }).find("symbolic link") != std::string::npos);
  CHECK(!fs::exists(directory.file("target")));
  CHECK_EQ(mkfifo(directory.file("pipe").c_str(), 0600), 0);
  FileSink pipe(directory.file("pipe"));
  CHECK(failure_of([&] { write(pipe); }).find("no plain file") != std::string::npos);
}

void programs_that_are_started_inherit_nothing() {
  const Directory directory;
  const std::string path = directory.file("audit.log");
  FileSink sink(path);
  write(sink);
  const std::string command = "ls -l /proc/self/fd > " +
                              directory.file("open");  // of the shell, which has what it was given
  CHECK_EQ(std::system(command.c_str()), 0);
  CHECK(content_of(directory.file("open")).find("audit.log") == std::string::npos);
}

void losses_fail_where_records_are_required() {
  const Directory directory;
  int lost = 0;
  const auto log = [&](bool required) {
    return std::make_unique<audit::Log>(
        std::make_unique<FileSink>(directory.file("none/audit.log")), required, [&] { ++lost; });
  };
  setenv("TRENT_QUIET", "1", 1);
  const auto lenient = log(false);
  lenient->make_room();
  lenient->write(record, "");
  CHECK_EQ(lost, 1);
  const auto strict = log(true);
  CHECK_ERROR(KMSInternal, strict->make_room());
  CHECK_EQ(lost, 1);
  CHECK_ERROR(KMSInternal, strict->write(record, "It was done, but"));
  CHECK_EQ(lost, 2);
  CHECK(strict->trouble().find("none/audit.log") != std::string::npos);
  fs::create_directory(directory.file("none"));
  CHECK_EQ(strict->trouble(), "");
  strict->make_room();
  strict->write(record, "");
  CHECK_EQ(lost, 2);
}

}  // namespace

int main() {
  return RUN_TESTS(
      "audit file_sink", TEST(records_are_one_line_each), TEST(the_next_process_goes_on),
      TEST(rotated_files_are_one_chain), TEST(a_state_that_is_behind_is_overtaken),
      TEST(a_state_that_is_lost_is_found_again), TEST(a_state_that_was_removed_is_nobodys),
      TEST(half_a_record_is_removed), TEST(what_is_no_record_stays),
      TEST(an_end_that_is_cut_off_is_missed), TEST(processes_at_once), TEST(threads_at_once),
      TEST(a_child_does_not_share_the_lock), TEST(a_limit_is_a_failure_and_no_signal),
      TEST(places_that_cannot_be_written), TEST(programs_that_are_started_inherit_nothing),
      TEST(losses_fail_where_records_are_required));
}
