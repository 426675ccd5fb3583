// SPDX-License-Identifier: Apache-2.0
// Records to syslog and journald: what arrives there, and what happens when nobody is there.
#include "audit/socket_sink.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstring>

#include "base/file.h"
#include "logs.h"

namespace {

using namespace trent;
using namespace trent::test;
using audit::SocketSink;
using Protocol = audit::SocketSink::Protocol;

constexpr const char* kRecord = R"({"eventVersion":"1.11","eventName":"Decrypt"})";

// What syslog is: a socket that takes datagrams.
class Daemon {
 public:
  explicit Daemon(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    unlink(path.c_str());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw Failure("bind " + path);
  }
  // Empty if there is no more.
  std::string receive() {
    std::array<char, 65536> buffer{};
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  FileDescriptor socket_;
};

std::string record_of(const std::string& message) {
  return message.substr(message.find('{'));
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

void syslog_gets_a_line_each() {
  const Directory directory;
  const std::string path = directory.file("log");
  Daemon daemon(path);
  std::setlocale(LC_ALL, "");
  SocketSink sink(Protocol::Syslog, path);
  sink.write(kRecord);
  sink.write(kRecord);
  const std::string message = daemon.receive();
  // <86>: authpriv; RFC 3164's time has fifteen characters.
  const std::string name = " trent[" + std::to_string(getpid()) + "]: {";
  CHECK(message.starts_with("<85>"));
  CHECK_EQ(message.substr(4 + 15, name.size()), name);
  CHECK_EQ(verify({record_of(message), record_of(daemon.receive())}).fault(), "");
  CHECK_EQ(daemon.receive(), "");
}

void journald_gets_fields() {
  const Directory directory;
  const std::string path = directory.file("socket");
  Daemon daemon(path);
  SocketSink sink(Protocol::Journal, path);
  sink.write(kRecord);
  const auto fields = lines_of(daemon.receive());
  CHECK_EQ(fields.size(), 5U);
  CHECK(fields[0].starts_with("MESSAGE={\"eventVersion\""));
  CHECK_EQ(verify({fields[0].substr(8)}).fault(), "");
  CHECK_EQ(fields[1], "PRIORITY=5");
  CHECK_EQ(fields[2], "SYSLOG_FACILITY=10");
  CHECK_EQ(fields[3], "SYSLOG_IDENTIFIER=trent");
  CHECK_EQ(fields[4], "SYSLOG_PID=" + std::to_string(getpid()));
}

void nobody_there_is_a_failure() {
  const Directory directory;
  const std::string path = directory.file("log");
  SocketSink sink(Protocol::Syslog, path);
  CHECK(failure_of([&] { sink.write(kRecord); }).starts_with(path));
  CHECK(failure_of([&] { sink.make_room(); }).starts_with(path));
  {
    Daemon daemon(path);
    sink.make_room();
    sink.write(kRecord);
    const auto place = audit::read_place(record_of(daemon.receive()));
    CHECK_EQ(place.sequence, 1U);
    CHECK_EQ(place.lost, 1U);
  }
  // Its socket is still there, and nobody behind it.
  CHECK(failure_of([&] { sink.write(kRecord); }).starts_with(path));
  CHECK(failure_of([&] { sink.make_room(); }).starts_with(path));
  // It is started again: the next record gets there at once, and the chain goes on.
  Daemon again(path);
  sink.write(kRecord);
  const auto place = audit::read_place(record_of(again.receive()));
  CHECK_EQ(place.sequence, 2U);
  CHECK_EQ(place.lost, 1U);
}

// One that reads nothing holds a request up once, and not each.
void a_daemon_that_hangs_is_a_failure() {
  const Directory directory;
  const std::string path = directory.file("log");
  Daemon daemon(path);
  SocketSink sink(Protocol::Syslog, path);
  std::uint64_t sent = 0;
  const auto begin = std::chrono::steady_clock::now();
  int failures = 0;
  for (int i = 0; i < 20'000 && failures < 100; ++i) {
    try {
      sink.write(kRecord);
      ++sent;
    } catch (const audit::Failure&) {
      ++failures;
    }
  }
  CHECK_EQ(failures, 100);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  std::vector<std::string> lines;
  for (std::string message; !(message = daemon.receive()).empty();)
    lines.push_back(record_of(message));
  CHECK_EQ(lines.size(), sent);
  sink.write(kRecord);
  lines.push_back(record_of(daemon.receive()));
  CHECK_EQ(verify(lines).fault(), "");
  CHECK_EQ(audit::read_place(lines.back()).lost, 100U);
}

void a_child_has_a_chain_of_its_own() {
  const Directory directory;
  const std::string path = directory.file("log");
  Daemon daemon(path);
  SocketSink sink(Protocol::Syslog, path);
  sink.write(kRecord);
  const pid_t child = fork();
  if (child == 0) {
    sink.write(kRecord);
    _exit(0);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  sink.write(kRecord);
  std::vector<std::string> lines;
  for (std::string message; !(message = daemon.receive()).empty();) lines.push_back(message);
  CHECK_EQ(lines.size(), 3U);
  const auto verifier = verify(lines, {}, audit::Verifier::Source::Syslog);
  CHECK_EQ(verifier.fault(), "");
  CHECK_EQ(verifier.chains().size(), 2U);
}

void a_path_that_is_too_long() {
  SocketSink sink(Protocol::Syslog, "/" + std::string(200, 'a'));
  failure_of([&] { sink.write(kRecord); });
}

}  // namespace

int main() {
  return RUN_TESTS("audit socket_sink", TEST(syslog_gets_a_line_each), TEST(journald_gets_fields),
                   TEST(nobody_there_is_a_failure), TEST(a_daemon_that_hangs_is_a_failure),
                   TEST(a_child_has_a_chain_of_its_own), TEST(a_path_that_is_too_long));
}
