// SPDX-License-Identifier: Apache-2.0
// Reading and writing through file descriptors.
#include "base/file.h"

#include <fcntl.h>

#include <string>
#include <thread>

#include "check.h"

namespace {

using namespace trent;

struct Pipe {
  Pipe() { CHECK_EQ(pipe(ends), 0); }
  ~Pipe() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  void write(const std::string& text) { CHECK(write_all(ends[1], as_bytes(text))); }
  void finish() { close(std::exchange(ends[1], -1)); }
  int ends[2];
};

void all_is_read_however_it_comes() {
  Pipe pipe;
  std::thread writer([&] {
    pipe.write("one ");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pipe.write(std::string(100000, 'x'));
    pipe.finish();
  });
  const auto read = read_up_to<std::string>(pipe.ends[0], std::string::npos);
  writer.join();
  CHECK_EQ(read.value(), "one " + std::string(100000, 'x'));
}

void no_more_than_the_limit_is_read() {
  for (std::size_t limit :
       {std::size_t{0}, std::size_t{1}, std::size_t{16384}, std::size_t{16385}}) {
    Pipe pipe;
    pipe.write(std::string(20000, 'x'));
    CHECK_EQ(read_up_to<Bytes>(pipe.ends[0], limit).value().size(), limit);
  }
}

void what_cannot_be_read_is_told_from_what_is_empty() {
  Pipe pipe;
  pipe.finish();
  CHECK_EQ(read_up_to<Bytes>(pipe.ends[0], 10).value().size(), 0U);
  CHECK(!read_up_to<Bytes>(-1, 10));
  const FileDescriptor directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(!read_up_to<Bytes>(directory.get(), 10));
  CHECK_EQ(errno, EISDIR);
}

void what_cannot_be_written_is_told() {
  const FileDescriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  CHECK(write_all(full.get(), {}));
  CHECK(!write_all(full.get(), as_bytes("x")));
  CHECK_EQ(errno, ENOSPC);
}

}  // namespace

int main() {
  return RUN_TESTS("file", TEST(all_is_read_however_it_comes), TEST(no_more_than_the_limit_is_read),
                   TEST(what_cannot_be_read_is_told_from_what_is_empty),
                   TEST(what_cannot_be_written_is_told));
}
