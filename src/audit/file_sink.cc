// SPDX-License-Identifier: Apache-2.0
// One write() a record, under a lock that keeps the chain in the order of the file.
#include "audit/file_sink.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <system_error>
#include <thread>

#include "process/fork.h"

namespace trent::audit {

namespace {

using Clock = std::chrono::steady_clock;

// Every record begins like this.
constexpr std::string_view kBeginning = "{\"eventVersion\":";
// More than a record has: where the last line of a log is looked for.
constexpr std::uint64_t kLongest = 512 * 1024;
// What is kept free for the records of changes that are under way.
constexpr std::uint64_t kRoom = 1024 * 1024;
constexpr std::chrono::seconds kPatience{1};

// The file, made if it is not there: nobody else reads it, and one that root makes belongs to the
// owner of its directory, whose processes write to it, too.
int open_file(const std::string& path, int flags) {
  flags |= O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int file = -1;
  do {
    file = open(path.c_str(), flags);
    if (file >= 0 || errno != ENOENT) break;
    file = open(path.c_str(), flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    struct stat directory {};
    if (file >= 0 && geteuid() == 0 &&
        stat(std::filesystem::path(path).parent_path().c_str(), &directory) == 0) [[maybe_unused]]
      const int done = fchown(file, directory.st_uid, directory.st_gid);
  } while (file < 0 && errno == EEXIST);
  if (file < 0 && errno == ELOOP) throw Failure(path + ": it is a symbolic link");
  if (file < 0) fail(path, errno);
  struct stat status {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file);
    throw Failure(path + ": it is no plain file");
  }
  return file;
}

// Others hold it for some microseconds.
bool lock(int file) {
  constexpr int kQuick = 100;
  const auto until = Clock::now() + kPatience;
  for (int tries = 0;; ++tries) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (tries < kQuick) {
      sched_yield();
      continue;
    }
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

// How long a file of this process may get.
std::uint64_t size_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<std::uint64_t>::max();
  return limit.rlim_cur;
}

iovec piece(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

std::uint64_t size_of(const struct stat& file) {
  return static_cast<std::uint64_t>(file.st_size);
}

// Whether the log is as it was then.
bool is_of(const State& state, const struct stat& log) {
  return state.device == log.st_dev && state.inode == log.st_ino && state.size == size_of(log);
}

std::string read_at(int file, std::uint64_t position, std::uint64_t length) {
  std::string text(length, '\0');
  const ssize_t n = pread(file, text.data(), text.size(), static_cast<off_t>(position));
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

}  // namespace

// This process's turn to write.
class FileSink::Turn {
 public:
  explicit Turn(FileSink& sink) : sink_(sink) {
    for (;;) {
      if (!sink.state_) sink.state_.emplace(open_file(sink.state_path_, O_RDWR));
      if (!lock(sink.state_->get()))
        throw Failure(sink.state_path_ + ": another process does not let go of its lock");
      // Somebody who has removed it meanwhile has let others make another one.
      struct stat status {};
      if (fstat(sink.state_->get(), &status) == 0 && status.st_nlink > 0) {
        sink.state_length_ = size_of(status);
        return;
      }
      sink.state_.reset();
    }
  }
  // Unlocked, and not closed only: a child of fork() may have the file open, too.
  ~Turn() { flock(sink_.state_->get(), LOCK_UN); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  FileSink& sink_;
};

FileSink::FileSink(std::string path)
    : path_(std::move(path)), state_path_(state_path(path_)), forks_(process::fork_count()) {
  process::watch_fork();
}

// A lock belongs to the parent's open file: the child opens its own.
void FileSink::forget_if_forked() {
  if (forks_ == process::fork_count()) return;
  forks_ = process::fork_count();
  state_.reset();
  log_.reset();
}

struct stat FileSink::open_log() {
  struct stat status {};
  if (log_ && stat(path_.c_str(), &status) == 0 && status.st_ino == log_inode_ &&
      status.st_dev == log_device_)
    return status;
  log_.reset();
  log_.emplace(open_file(path_, O_RDWR | O_APPEND));
  if (fstat(log_->get(), &status) != 0) fail(path_, errno);
  log_inode_ = status.st_ino;
  log_device_ = status.st_dev;
  limit_ = size_limit();
  room_until_ = 0;
  return status;
}

// A write beyond it would end the process by a signal.
void FileSink::require_within_limit(std::uint64_t size) const {
  if (size > limit_) fail(path_, EFBIG);
}

std::optional<State> FileSink::read_state() const {
  return parse_state(read_at(state_->get(), 0, kStateSize));
}

bool FileSink::store(const State& state) const {
  std::string text = to_text(state);
  if (state.lost > 0) text += '\n';  // fstat() tells of it
  const auto length = static_cast<off_t>(text.size());
  return pwrite(state_->get(), text.data(), text.size(), 0) == length &&
         (state_length_ <= text.size() || ftruncate(state_->get(), length) == 0);
}

Chain FileSink::find_chain(const std::optional<State>& state, struct stat& log, bool& torn) {
  if (state && is_of(*state, log)) return state->chain;
  const std::uint64_t begin = size_of(log) > kLongest ? size_of(log) - kLongest : 0;
  const std::string end = read_at(log_->get(), begin, size_of(log) - begin);
  const std::size_t line_end = end.rfind('\n');
  const std::string_view rest =
      line_end == end.npos ? std::string_view(end) : std::string_view(end).substr(line_end + 1);
  // What a process has left that was killed while it wrote. Its record was reported to nobody.
  if (rest.starts_with(kBeginning) &&
      ftruncate(log_->get(), log.st_size - static_cast<off_t>(rest.size())) == 0)
    log.st_size -= static_cast<off_t>(rest.size());
  else
    torn = !rest.empty();
  std::optional<Chain> last;
  if (line_end != end.npos && line_end > 0) {
    const std::size_t before = end.rfind('\n', line_end - 1);
    const std::size_t line_begin = before == end.npos ? 0 : before + 1;
    const std::string_view line = std::string_view(end).substr(line_begin, line_end - line_begin);
    try {
      const Place place = read_place(line);
      last = {place.chain, place.sequence, hash_of(line)};
    } catch (const std::runtime_error&) {  // whatever it is: the chain goes on by the state
    }
  }
  if (!state) return last.value_or(new_chain());
  // A process was killed after its record and before the state.
  if (last && last->id == state->chain.id && last->sequence > state->chain.sequence) return *last;
  return state->chain;
}

void FileSink::append(std::string_view record) {
  struct stat log = open_log();
  // A record of another process would have made the log longer, a loss the state.
  if (!known_ || state_length_ != kStateSize || !is_of(*known_, log)) known_ = read_state();
  bool torn = false;
  Chain chain = find_chain(known_, log, torn);
  const std::string end = link(chain, record, lost_ + (known_ ? known_->lost : 0)) + '\n';
  record.remove_suffix(1);
  const std::array pieces{piece(torn ? "\n" : ""), piece(record), piece(end)};
  const std::size_t length = pieces[0].iov_len + record.size() + end.size();
  require_within_limit(size_of(log) + length);
  const ssize_t written = writev(log_->get(), pieces.data(), static_cast<int>(pieces.size()));
  if (written != static_cast<ssize_t>(length)) {
    const int error = written < 0 ? errno : ENOSPC;
    // What there was room for. If it stays, whoever writes next removes it.
    if (written > 0) [[maybe_unused]]
      const int done = ftruncate(log_->get(), log.st_size);
    fail(path_, error);
  }
  lost_ = 0;
  // Should that fail, the last line says the same.
  known_ = State{std::move(chain), 0, log.st_dev, log.st_ino, size_of(log) + length};
  store(*known_);
}

void FileSink::write(std::string_view record) {
  forget_if_forked();
  bool is_counted = false;
  try {
    const Turn turn(*this);
    try {
      append(record);
    } catch (const std::exception&) {
      // A disk that is full has room for what replaces something.
      known_.reset();
      if (std::optional<State> state = read_state()) {
        ++state->lost;
        is_counted = store(*state);
      }
      throw;
    }
  } catch (const std::exception&) {
    if (!is_counted) ++lost_;
    throw;
  }
}

void FileSink::make_room() {
  forget_if_forked();
  const Turn turn(*this);
  const std::uint64_t size = size_of(open_log());
  require_within_limit(size + kRoom);
  if (size + kRoom / 2 <= room_until_) return;
  if (fallocate(log_->get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size),
                static_cast<off_t>(kRoom)) == 0) {
    room_until_ = size + kRoom;
    return;
  }
  if (errno != EOPNOTSUPP) fail(path_, errno);
  struct statvfs disk {};
  if (fstatvfs(log_->get(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kRoom)
    fail(path_, ENOSPC);
}

}  // namespace trent::audit
