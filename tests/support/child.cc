// SPDX-License-Identifier: Apache-2.0
// Another process that runs the same test program: see child.h.
#include "child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace trent::test {
namespace {

std::string read_line_from(int descriptor) {
  std::string line;
  for (char c = 0; read(descriptor, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

void write_line_to(int descriptor, std::string line) {
  line += '\n';
  if (write(descriptor, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("cannot write to the other process");
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"/proc/self/exe"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipes for another process");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int failed = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  if (failed != 0) throw std::runtime_error("cannot start another process");
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    wait();
  }
  close(output_);
}

std::string Child::read_line() {
  return read_line_from(output_);
}

void Child::write_line(const std::string& line) {
  write_line_to(input_, line);
}

int Child::wait() {
  close(std::exchange(input_, -1));
  int status = 0;
  if (waitpid(std::exchange(pid_, -1), &status, 0) < 0)
    throw std::runtime_error("the other process is gone");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void report(const std::string& line) {
  write_line_to(STDOUT_FILENO, line);
}

std::string await_line() {
  return read_line_from(STDIN_FILENO);
}

}  // namespace trent::test
