// SPDX-License-Identifier: Apache-2.0
// Another process that runs the same test program in another role.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace trent::test {

// Started by exec, so that it shares no memory with the parent. In the child, `main` calls the role
// and tells the parent how it went: report("...") writes a line that the parent's read_line() gets.
class Child {
 public:
  // Runs /proc/self/exe with these arguments. Standard input and output are pipes to the parent.
  explicit Child(const std::vector<std::string>& arguments);
  // Ends it, if it is still there.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // The next line it writes; empty at the end of its output.
  std::string read_line();
  // A line to its standard input.
  void write_line(const std::string& line);
  // Closes its standard input, waits for its end. 0: it returned 0; a signal counts as 128 +
  // number.
  int wait();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

// In the child: a line to the parent.
void report(const std::string& line);
// In the child: the next line from the parent; empty at the end.
std::string await_line();

}  // namespace trent::test
