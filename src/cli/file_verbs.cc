// SPDX-License-Identifier: Apache-2.0
// trent encrypt-file, decrypt-file, re-encrypt-file
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "cli/encrypted_file.h"
#include "cli/errors.h"
#include "cli/kms_endpoint.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/replace_file.h"
#include "cli/service_error.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "kms/requests.h"

namespace trent::cli {

namespace {

constexpr const char* kEncryptHelp = R"(
Encrypts a file of any size with a data key of its own, which the KMS key encrypts. The
file is sealed in segments: one that is changed, cut off, or put together from others
is refused. The encryption context is needed again to decrypt it, and is not kept in
the file.

Without --input-file it reads standard input, without --output-file it writes to
standard output.

Examples:
  trent encrypt-file --key-id alias/app --input-file db.dump --output-file db.dump.trent
  tar c DIR | trent encrypt-file --key-id alias/app --encryption-context host=a > a.tar.trent
)";

constexpr const char* kDecryptHelp = R"(
Decrypts what encrypt-file wrote. With --output-file, the file is there when all of it
was found to be right, and not before. What goes to standard output is right as far as
it goes: whether the end is missing, the exit code tells.

--key-id refuses files of other keys.

Examples:
  trent decrypt-file --input-file db.dump.trent --output-file db.dump
  trent decrypt-file --encryption-context host=a < a.tar.trent > a.tar && tar x < a.tar
)";

constexpr const char* kReEncryptHelp = R"(
Moves a file that encrypt-file wrote to another KMS key, or another encryption context.
The data key is moved inside the token; the rest of the file is copied as it is, and is
not looked into. Both files may be the same.

Examples:
  trent re-encrypt-file --destination-key-id alias/new \
      --input-file db.dump.trent --output-file db.dump.trent
)";

struct Arguments {
  std::string key_id;
  std::optional<std::string> source_key_id;
  blob::EncryptionContext context;
  blob::EncryptionContext destination_context;
  std::vector<std::string> grant_tokens;
  std::optional<std::string> input;
  std::optional<std::string> output;
  EndpointOptions endpoint;
};

// A file beside the output's is not to be left there by ^C: that arrives when this ends.
class Interruptions {
 public:
  Interruptions() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~Interruptions() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

  // Throws Failure if one has come.
  static void check() {
    sigset_t pending;
    sigpending(&pending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      if (sigismember(&pending, signal) == 1) throw Failure("It was interrupted.");
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

class Input {
 public:
  explicit Input(const std::optional<std::string>& path)
      : name_(path.value_or("standard input")),
        file_(path ? ::open(path->c_str(), O_RDONLY | O_CLOEXEC) : ::dup(STDIN_FILENO)) {
    if (!file_) fail();
    struct stat status {};
    if (fstat(file_.get(), &status) != 0) fail();
    if (S_ISDIR(status.st_mode))
      throw UsageError(name_ + " is a directory: make one file of it first, with tar.");
    if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
  }

  const std::string& name() const { return name_; }
  std::optional<std::uint64_t> size() const { return size_; }

  // As ReadBytes; throws Failure.
  std::size_t read(std::span<std::uint8_t> room) const {
    std::size_t filled = 0;
    while (filled < room.size()) {
      wait();
      const ssize_t got = ::read(file_.get(), room.data() + filled, room.size() - filled);
      if (got < 0 && errno != EINTR) fail();
      if (got == 0) break;
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

 private:
  [[noreturn]] void fail() const {
    throw Failure("Cannot read " + name_ + ": " + std::strerror(errno));
  }
  void wait() const {
    pollfd ready{file_.get(), POLLIN, 0};
    do Interruptions::check();
    while (::poll(&ready, 1, 100) == 0);
  }

  std::string name_;
  FileDescriptor file_;
  std::optional<std::uint64_t> size_;
};

class Output {
 public:
  Output(const std::optional<std::string>& path, Readers readers) : readers_(readers) {
    if (path) file_.emplace(*path);
  }
  void write(ByteView bytes) {
    if (file_) return file_->write(bytes);
    if (readers_ == Readers::UserOnly && output_is_terminal() && !is_printable(bytes))
      throw Failure(
          "The plaintext is binary and would upset the terminal: write it to a file "
          "(--output-file PATH).");
    write_output(bytes, "Cannot write");
  }
  void complete() {
    if (file_) file_->replace(readers_);
  }

 private:
  Readers readers_;
  std::optional<NewFile> file_;
};

std::unique_ptr<KmsEndpoint> open(const Arguments& arguments, const std::string& config) {
  EndpointOptions endpoint = arguments.endpoint;
  endpoint.config = config;
  return open_endpoint(endpoint);
}

void check(const Arguments& arguments, bool writes_ciphertext) {
  if (arguments.output) return check_replaceable(*arguments.output);
  if (writes_ciphertext && output_is_terminal())
    throw UsageError(
        "The result is binary and would upset the terminal: write it to a file "
        "(--output-file PATH).");
}

// What `work` says of the file, with its name.
template <class Work>
auto of_file(const Input& input, Work work) {
  try {
    return work();
  } catch (const BadFile& error) {
    throw Failure(input.name() + ": " + error.what());
  }
}

// From the header on: what is read, how far it is, and where it goes.
template <class Transform>
void stream(const Input& input, const Arguments& arguments, Readers readers, ByteView header,
            Transform transform) {
  std::optional<Interruptions> interruptions;
  if (arguments.output) interruptions.emplace();
  Output output(arguments.output, readers);
  if (!header.empty()) output.write(header);
  Progress progress(input.size());
  of_file(input, [&] {
    transform(
        [&](std::span<std::uint8_t> room) {
          const std::size_t got = input.read(room);
          progress.add(got);
          return got;
        },
        [&](ByteView bytes) { output.write(bytes); });
    return 0;
  });
  output.complete();
}

std::optional<std::string> named_key(const std::optional<std::string>& key_id) {
  return key_id ? std::optional(name_in_uri(*key_id)) : std::nullopt;
}

int encrypt_file(const Arguments& arguments, const std::string& config) {
  check(arguments, true);
  const Input input(arguments.input);
  kms::GenerateDataKeyRequest request;
  request.key_id = name_in_uri(arguments.key_id);
  request.encryption_context = arguments.context;
  request.number_of_bytes = kDataKeyBytes;
  request.grant_tokens = arguments.grant_tokens;
  const kms::GenerateDataKeyResponse key = call_reported(*open(arguments, config), request);
  const FileHeader header{key.ciphertext_blob, commit_to(key.plaintext)};
  stream(input, arguments, Readers::AsBefore, header.encoded(),
         [&](const ReadBytes& read, const WriteBytes& write) {
           seal_segments(key.plaintext, read, write);
         });
  return kSuccess;
}

FileHeader read_header(const Input& input) {
  return of_file(input, [&] {
    return FileHeader::read([&](std::span<std::uint8_t> room) { return input.read(room); });
  });
}

int decrypt_file(const Arguments& arguments, const std::string& config) {
  check(arguments, false);
  const Input input(arguments.input);
  const FileHeader header = read_header(input);
  kms::DecryptRequest request;
  request.ciphertext_blob = header.encrypted_data_key;
  request.encryption_context = arguments.context;
  request.grant_tokens = arguments.grant_tokens;
  request.key_id = named_key(arguments.source_key_id);
  const kms::DecryptResponse key = call_reported(*open(arguments, config), request);
  if (key.plaintext.size() != kDataKeyBytes || commit_to(key.plaintext) != header.commitment)
    throw Failure(input.name() +
                  ": It is damaged: its encrypted data key is that of another file.");
  stream(input, arguments, Readers::UserOnly, {},
         [&](const ReadBytes& read, const WriteBytes& write) {
           open_segments(key.plaintext, read, write);
         });
  return kSuccess;
}

int re_encrypt_file(const Arguments& arguments, const std::string& config) {
  check(arguments, true);
  const Input input(arguments.input);
  FileHeader header = read_header(input);
  kms::ReEncryptRequest request;
  request.ciphertext_blob = header.encrypted_data_key;
  request.source_encryption_context = arguments.context;
  request.source_key_id = named_key(arguments.source_key_id);
  request.destination_key_id = name_in_uri(arguments.key_id);
  request.destination_encryption_context = arguments.destination_context;
  request.grant_tokens = arguments.grant_tokens;
  header.encrypted_data_key = call_reported(*open(arguments, config), request).ciphertext_blob;
  stream(input, arguments, Readers::AsBefore, header.encoded(),
         [&](const ReadBytes& read, const WriteBytes& write) {
           Bytes block(kSegmentBytes);
           while (const std::size_t got = read(block)) write(ByteView(block).first(got));
         });
  return kSuccess;
}

void define_files(Options& options, Arguments& arguments) {
  options.list(arguments.grant_tokens, "--grant-tokens", Need::Optional, "Grant tokens");
  options.path(arguments.input, "--input-file", "File to read; default: standard input");
  options.path(arguments.output, "--output-file", "File to write; default: standard output");
  EndpointOptions& endpoint = arguments.endpoint;
  options.name(endpoint.url, "--endpoint-url", "Server to use in place of the token");
  options.name(endpoint.profile, "--profile", "Credentials for the server, in ~/.aws/credentials");
  options.name(endpoint.region, "--region", "Region of the token, or to sign requests for");
  options.name(endpoint.account, "--account", "Whose keys are meant, if there are several tokens");
}

std::function<int(const std::string&)> define_encrypt_file(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.text(arguments->key_id, "--key-id", Need::Required, "KMS key for the data key");
  options.context(arguments->context, "--encryption-context", "Encryption context");
  define_files(options, *arguments);
  return [arguments](const std::string& config) { return encrypt_file(*arguments, config); };
}

std::function<int(const std::string&)> define_decrypt_file(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.text(arguments->source_key_id, "--key-id", Need::Optional,
               "The only KMS key to decrypt with");
  options.context(arguments->context, "--encryption-context", "Encryption context");
  define_files(options, *arguments);
  return [arguments](const std::string& config) { return decrypt_file(*arguments, config); };
}

std::function<int(const std::string&)> define_re_encrypt_file(Options& options) {
  auto arguments = std::make_shared<Arguments>();
  options.text(arguments->source_key_id, "--source-key-id", Need::Optional,
               "The only KMS key to move it from");
  options.context(arguments->context, "--source-encryption-context",
                  "Encryption context until now");
  options.text(arguments->key_id, "--destination-key-id", Need::Required, "KMS key to move it to");
  options.context(arguments->destination_context, "--destination-encryption-context",
                  "Encryption context from now on");
  define_files(options, *arguments);
  return [arguments](const std::string& config) { return re_encrypt_file(*arguments, config); };
}

}  // namespace

LocalVerb encrypt_file_verb() {
  return {"encrypt-file", "Encrypt a file of any size", kEncryptHelp,
          true,           define_encrypt_file,          "Files"};
}

LocalVerb decrypt_file_verb() {
  return {"decrypt-file",      "Decrypt what encrypt-file wrote",
          kDecryptHelp,        true,
          define_decrypt_file, "Files"};
}

LocalVerb re_encrypt_file_verb() {
  return {"re-encrypt-file",      "Move an encrypted file to another key",
          kReEncryptHelp,         true,
          define_re_encrypt_file, "Files"};
}

}  // namespace trent::cli
