// SPDX-License-Identifier: Apache-2.0
// Notices: a library speaks seldom, and never twice.
#include "process/notice.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include "base/encoding.h"
#include "base/thread_safety.h"

namespace trent::process {

namespace {

bool is_quiet() {
  const char* quiet = std::getenv("TRENT_QUIET");
  return quiet != nullptr && std::string_view(quiet) == "1";
}

}  // namespace

void say(const std::string& text) {
  if (is_quiet()) return;
  std::string line = "trent: " + text;
  // Names of files come from outside: nothing of them may control the terminal.
  std::ranges::replace_if(line, is_control, '?');
  line += '\n';
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void say_once(const std::string& text) {
  struct Said {
    Mutex mutex;
    std::set<std::string> texts GUARDED_BY(mutex);
  };
  // Never destroyed: threads may outlive static destruction.
  static Said* const said = std::make_unique<Said>().release();
  if (is_quiet()) return;
  {
    const Lock lock(said->mutex);
    if (!said->texts.insert(text).second) return;
  }
  say(text);
}

}  // namespace trent::process
