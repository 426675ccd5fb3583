// SPDX-License-Identifier: Apache-2.0
// SoftHSM's configuration, the directory of its tokens, and copies of their token.object.
#include "hsm/softhsm_files.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/new_file.h"
#include "base/user_name.h"
#include "base/utc.h"

namespace trent::hsm {

namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultConfiguration = "/etc/softhsm/softhsm2.conf";
constexpr const char* kDefaultTokens = "/var/lib/softhsm/tokens/";
constexpr const char* kTokenObject = "token.object";
constexpr std::size_t kMaxFile = std::size_t{1} << 16;  // a token.object has some 320 bytes

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\v\f\r\n";
  std::size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// As SoftHSM looks for it (SimpleConfigLoader::getConfigPath).
fs::path configuration_path() {
  if (const char* named = std::getenv("SOFTHSM2_CONF")) return named;
  std::string home;
  if (const char* set = std::getenv("HOME"); set != nullptr && *set != '\0') {
    home = set;
  } else {
    passwd entry{};
    passwd* found = nullptr;
    char text[512];
    if (getpwuid_r(getuid(), &entry, text, sizeof text, &found) == 0 && found != nullptr)
      home = entry.pw_dir;
  }
  fs::path own = home + "/.config/softhsm2/softhsm2.conf";
  if (!home.empty() && access(own.c_str(), R_OK) == 0) return own;
  return kDefaultConfiguration;
}

// All of a regular file that is not absurdly long.
std::optional<Bytes> read_file(int directory, const char* name) {
  const FileDescriptor file(
      openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return read_up_to<Bytes>(file.get(), kMaxFile);
}

// `file` is at its beginning.
bool overwrite(int file, ByteView content) {
  return write_all(file, content) && ftruncate(file, static_cast<off_t>(content.size())) == 0 &&
         fsync(file) == 0;
}

// SoftHSM names the directory of a token by a UUID, and makes the serial number of parts of it.
std::string serial_of(const std::string& uuid) {
  constexpr std::size_t kUuid = 36;
  if (uuid.size() != kUuid) return {};
  return uuid.substr(19, 4) + uuid.substr(24);
}

// The names of the tokens' directories.
std::vector<std::string> token_names(const fs::path& tokens) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(tokens, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!serial_of(entry->path().filename()).empty() && entry->is_directory(ignored))
      names.push_back(entry->path().filename());
  }
  return names;
}

// Where the copies are: beside the directory of the tokens, since SoftHSM takes every directory in
// that one for a token, and a backup or a removal of all tokens is not meant for them.
fs::path copies_of(const fs::path& tokens) {
  return tokens.string() + ".backup";
}

// The directory of the copies, if nobody can put something into it who cannot change the tokens.
// `make`: makes it, as open to others as that of the tokens.
FileDescriptor open_copies(const fs::path& tokens, bool make) {
  struct stat of_tokens {};
  if (stat(tokens.c_str(), &of_tokens) != 0) return FileDescriptor(-1);
  fs::path path = copies_of(tokens);
  const bool made = make && mkdir(path.c_str(), 0700) == 0;
  constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int directory = open(path.c_str(), kDirectory);
  if (made && directory >= 0) {
    // Whoever shares the tokens shares the copies.
    if (fchown(directory, geteuid() == 0 ? of_tokens.st_uid : static_cast<uid_t>(-1),
               of_tokens.st_gid) == 0)
      fchmod(directory, of_tokens.st_mode & (S_ISGID | 0770));
  }
  FileDescriptor opened(directory);
  struct stat status {};
  if (!opened || fstat(opened.get(), &status) != 0) return FileDescriptor(-1);
  const mode_t writable_for_more = status.st_mode & ~of_tokens.st_mode & 0022;
  const bool trusted =
      (status.st_uid == geteuid() || status.st_uid == of_tokens.st_uid || status.st_uid == 0) &&
      writable_for_more == 0 && ((status.st_mode & 0020) == 0 || status.st_gid == of_tokens.st_gid);
  return FileDescriptor(trusted ? fcntl(opened.get(), F_DUPFD_CLOEXEC, 0) : -1);
}

std::string copy_name(const std::string& uuid) {
  return uuid + "." + kTokenObject;
}

// The first number counts the changes, and with every login it is another.
bool same_but_for_generation(ByteView a, ByteView b) {
  constexpr std::size_t kGeneration = 8;
  return a.size() == b.size() && a.size() >= kGeneration &&
         std::equal(a.begin() + kGeneration, a.end(), b.begin() + kGeneration);
}

void keep(const fs::path& tokens, const std::string& uuid) {
  FileDescriptor token(open((tokens / uuid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!token) return;
  auto content = read_file(token.get(), kTokenObject);
  struct stat status {};
  if (!content || classify_token_object(*content) != TokenObject::Whole ||
      fstatat(token.get(), kTokenObject, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  FileDescriptor copies = open_copies(tokens, true);
  if (!copies) return;
  const std::string name = copy_name(uuid);
  if (auto copy = read_file(copies.get(), name.c_str());
      copy && same_but_for_generation(*copy, *content))
    return;
  const std::string fresh = "." + name;
  unlinkat(copies.get(), fresh.c_str(), 0);  // of a process that was killed
  FileDescriptor file(openat(copies.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                             S_IRUSR | S_IWUSR));
  if (!file) return;
  if (fchown(file.get(), geteuid() == 0 ? status.st_uid : static_cast<uid_t>(-1), status.st_gid) ==
      0)
    fchmod(file.get(), status.st_mode & 0660);
  if (!overwrite(file.get(), *content) ||
      renameat(copies.get(), fresh.c_str(), copies.get(), name.c_str()) != 0)
    unlinkat(copies.get(), fresh.c_str(), 0);
  else
    fsync(copies.get());
}

bool is_damaged(const std::optional<Bytes>& content, Damage damage) {
  if (damage == Damage::Empty) return content && content->empty();
  return !content || classify_token_object(*content) == TokenObject::Damaged;
}

Error not_restored(const fs::path& file) {
  return Error(ErrorCode::KMSInternal,
               "SoftHSM's " + file.string() +
                   " is damaged, and cannot be written: " + std::strerror(errno) + ".",
               "Do it as the user that owns the token, or make room on the disk.");
}

// In place, under the lock that SoftHSM itself takes: a program that is in the middle of a login
// after all then writes over what is put there, and loses nothing.
bool restore(const fs::path& token, ByteView copy, Damage damage) {
  const fs::path path = token / kTokenObject;
  FileDescriptor file(open(path.c_str(),
                           O_RDWR | O_NOFOLLOW | O_CLOEXEC | (damage == Damage::Any ? O_CREAT : 0),
                           S_IRUSR | S_IWUSR));
  if (!file) throw not_restored(path);
  // One that was not there is made for whoever the token belongs to.
  struct stat of_token {};
  struct stat of_file {};
  if (fstat(file.get(), &of_file) == 0 && of_file.st_size == 0 && geteuid() == 0 &&
      stat(token.c_str(), &of_token) == 0 && of_file.st_uid != of_token.st_uid &&
      fchown(file.get(), of_token.st_uid, of_token.st_gid) != 0)
    throw not_restored(path);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(file.get(), F_OFD_SETLK, &lock) != 0) return false;  // somebody is at work in it
  FileDescriptor directory(open(token.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || !is_damaged(read_file(directory.get(), kTokenObject), damage)) return false;
  if (!overwrite(file.get(), copy)) throw not_restored(path);
  return true;
}

std::string date_of(int directory, const std::string& name) {
  struct stat status {};
  if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return "?";
  return format_utc(status.st_mtim.tv_sec, "%F %TZ");
}

// "belongs to root, group softhsm", and how to become one who may.
std::string how_to_reach(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 && path != path.parent_path())
    return how_to_reach(path.parent_path());
  const group* its_group = getgrgid(status.st_gid);  // NOLINT(concurrency-mt-unsafe)
  const std::string group_name =
      its_group == nullptr ? std::to_string(status.st_gid) : its_group->gr_name;
  if ((status.st_mode & 0050) == 0050)
    return path.string() + " is open to the group " + group_name +
           ": have yourself added to it (`sudo adduser \"$USER\" " + group_name +
           "`), and log in anew.";
  return path.string() + " is open to its owner " + user_name(status.st_uid) +
         " only: use it as that user, or name a token of your own.";
}

bool may(const fs::path& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

}  // namespace

bool is_softhsm(const CK_TOKEN_INFO& token) {
  constexpr std::string_view kManufacturer = "SoftHSM";
  return std::equal(kManufacturer.begin(), kManufacturer.end(), std::begin(token.manufacturerID));
}

std::string parse_token_directory(std::string_view text) {
  std::string found = kDefaultTokens;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = line.substr(0, line.find_first_of("#\r"));
    // strtok(): empty parts between two '=' do not count.
    std::size_t first = line.find_first_not_of('=');
    if (first == line.npos) continue;
    line.remove_prefix(first);
    std::string_view name = trimmed(line.substr(0, line.find('=')));
    line.remove_prefix(std::min(line.size(), line.find('=')));
    std::size_t second = line.find_first_not_of('=');
    if (second == line.npos) continue;
    line.remove_prefix(second);
    std::string_view value = trimmed(line.substr(0, line.find('=')));
    if (name == "directories.tokendir" && !value.empty()) found = value;
  }
  return found;
}

void follow_directory(const fs::path& configuration) {
  const FileDescriptor file(open(configuration.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::optional<std::string> text;
  if (file) text = read_up_to<std::string>(file.get(), kMaxFile);
  if (!text || !text->starts_with(kFollowsDirectory)) return;
  const fs::path tokens = configuration.parent_path() / "tokens";
  std::error_code unreachable;
  if (parse_token_directory(*text) == tokens.string() || !fs::is_directory(tokens, unreachable))
    return;
  std::string moved;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    if (line.starts_with("directories.tokendir"))
      moved += "directories.tokendir = " + tokens.string() + "\n";
    else
      moved += line;
  }
  try {
    NewFile file(configuration);
    file.write(as_bytes(moved));
    file.replace(Readers::AsBefore);
  } catch (const std::system_error& error) {
    throw Error(
        ErrorCode::KMSInternal,
        configuration.string() + " names " + parse_token_directory(*text) +
            ", from where it was moved, and cannot be corrected: " + error.code().message() + ".",
        "Write directories.tokendir = " + tokens.string() + " into it.");
  }
}

std::optional<fs::path> softhsm_token_directory() {
  const FileDescriptor file(open(configuration_path().c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return std::nullopt;
  const auto text = read_up_to<std::string>(file.get(), std::string::npos);
  if (!text) return std::nullopt;
  std::string directory = parse_token_directory(text->substr(0, text->find('\0')));
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return directory;
}

TokenObject classify_token_object(ByteView content) {
  constexpr std::size_t kNumber = 8;
  constexpr std::uint64_t kBoolean = 1, kInteger = 2, kBytes = 3;
  constexpr std::uint64_t kSerial = 0x8000534a, kSoPin = 0x8000534c, kUserPin = 0x8000534d;
  auto number = [&](std::uint64_t& value) {
    if (content.size() < kNumber) return false;
    value = 0;
    for (std::uint8_t b : content.first(kNumber)) value = value << 8 | b;
    content = content.subspan(kNumber);
    return true;
  };
  std::uint64_t generation = 0;
  if (!number(generation)) return TokenObject::Damaged;
  bool serial = false, so_pin = false, user_pin = false;
  while (!content.empty()) {
    std::uint64_t type = 0, kind = 0, size = 0;
    if (!number(type) || !number(kind)) return TokenObject::Damaged;
    if (kind == kBoolean)
      size = 1;
    else if (kind == kInteger)
      size = kNumber;
    else if (kind != kBytes || !number(size))
      return TokenObject::Damaged;
    if (size > content.size()) return TokenObject::Damaged;
    content = content.subspan(static_cast<std::size_t>(size));
    serial = serial || (type == kSerial && size > 0);
    so_pin = so_pin || (type == kSoPin && size > 0);
    user_pin = user_pin || (type == kUserPin && size > 0);
  }
  if (!serial) return TokenObject::Damaged;
  return so_pin && user_pin ? TokenObject::Whole : TokenObject::WithoutPin;
}

void keep_token_object(const std::string& serial) noexcept {
  try {
    auto tokens = softhsm_token_directory();
    if (!tokens) return;
    for (const std::string& uuid : token_names(*tokens))
      if (serial_of(uuid) == serial) keep(*tokens, uuid);
  } catch (const std::exception&) {  // no memory, no copy
  }
}

std::vector<RestoredToken> restore_token_objects(Damage damage) {
  std::vector<RestoredToken> restored;
  auto tokens = softhsm_token_directory();
  if (!tokens) return restored;
  FileDescriptor copies = open_copies(*tokens, false);
  if (!copies) return restored;

  std::vector<std::pair<std::string, Bytes>> damaged;  // names, and copies
  auto damaged_now = [&](const std::string& uuid) {
    FileDescriptor token(open((*tokens / uuid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return token && is_damaged(read_file(token.get(), kTokenObject), damage);
  };
  for (const std::string& uuid : token_names(*tokens)) {
    if (!damaged_now(uuid)) continue;
    auto copy = read_file(copies.get(), copy_name(uuid).c_str());
    if (copy && classify_token_object(*copy) == TokenObject::Whole)
      damaged.emplace_back(uuid, std::move(*copy));
  }
  // A program other than Trent may be in the middle of a login: it takes microseconds.
  constexpr int kLooks = 20;
  constexpr std::chrono::milliseconds kPause{25};
  for (int look = 0; look < kLooks && !damaged.empty(); ++look) {
    std::this_thread::sleep_for(kPause);
    std::erase_if(damaged, [&](const auto& each) { return !damaged_now(each.first); });
  }
  for (const auto& [uuid, copy] : damaged)
    if (restore(*tokens / uuid, copy, damage))
      restored.push_back({*tokens / uuid / kTokenObject, date_of(copies.get(), copy_name(uuid))});
  return restored;
}

std::string softhsm_advice() {
  const fs::path configuration = configuration_path();
  if (!may(configuration, R_OK)) {
    if (errno != EACCES)
      return "SoftHSM's configuration " + configuration.string() +
             " does not exist: set SOFTHSM2_CONF to the path of yours.";
    return "You may not read SoftHSM's configuration " + configuration.string() + ". " +
           how_to_reach(fs::absolute(configuration).parent_path());
  }
  auto tokens = softhsm_token_directory();
  if (!tokens) return {};
  if (!may(*tokens, R_OK | X_OK)) {
    if (errno != EACCES)
      return "There is no " + tokens->string() + ", the directory of the tokens by " +
             configuration.string() + ": is it on a disk that is not mounted?";
    return "You may not read SoftHSM's tokens. " + how_to_reach(*tokens);
  }
  for (const std::string& uuid : token_names(*tokens)) {
    const fs::path token = *tokens / uuid;
    if (!may(token, R_OK | X_OK) || (!may(token / kTokenObject, R_OK) && errno == EACCES))
      return "You may not read the token in " + token.string() + ". " + how_to_reach(token);
    FileDescriptor directory(open(token.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || !is_damaged(read_file(directory.get(), kTokenObject), Damage::Any)) continue;
    const std::string damaged =
        "SoftHSM's " + (token / kTokenObject).string() +
        " is damaged, as a login that is killed may leave it; its keys are not lost. ";
    FileDescriptor copies = open_copies(*tokens, false);
    auto copy = copies ? read_file(copies.get(), copy_name(uuid).c_str()) : std::nullopt;
    if (copy && classify_token_object(*copy) == TokenObject::Whole)
      return damaged + "`trent check --repair` puts its copy back.";
    return damaged +
           "Put this one file back from a backup of the token, however old: it changes "
           "only when a PIN is set.";
  }
  return {};
}

fs::path softhsm_write_protected() {
  auto tokens = softhsm_token_directory();
  if (!tokens) return {};
  for (const std::string& uuid : token_names(*tokens))
    for (const fs::path& path : {*tokens / uuid, *tokens / uuid / kTokenObject})
      if (may(path, R_OK) && !may(path, W_OK)) return path;
  return {};
}

std::map<std::string, uid_t> softhsm_tokens_of_others() {
  std::map<std::string, uid_t> owners;
  const auto tokens = softhsm_token_directory();
  if (!tokens) return owners;
  struct stat status {};
  for (const std::string& uuid : token_names(*tokens))
    if (stat((*tokens / uuid).c_str(), &status) == 0 && status.st_uid != geteuid())
      owners.emplace(serial_of(uuid), status.st_uid);
  return owners;
}

std::vector<fs::path> softhsm_closed_objects(const std::string& serial) {
  std::vector<fs::path> closed;
  const auto tokens = softhsm_token_directory();
  if (!tokens) return closed;
  for (const std::string& uuid : token_names(*tokens)) {
    if (serial_of(uuid) != serial) continue;
    std::error_code error;
    for (fs::directory_iterator entry(*tokens / uuid, error), end; !error && entry != end;
         entry.increment(error))
      if (entry->path().extension() == ".object" && !may(entry->path(), R_OK) && errno == EACCES)
        closed.push_back(entry->path());
  }
  std::ranges::sort(closed);
  return closed;
}

}  // namespace trent::hsm
