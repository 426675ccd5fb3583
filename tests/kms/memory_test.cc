// SPDX-License-Identifier: Apache-2.0
// After a ReEncrypt, the memory of the process holds neither the plaintext nor the one-time keys.
//
// The process that is searched knows none of the values itself: another one encrypts, and
// another one (this one, by way of /proc/PID/mem) searches.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "blob/blob.h"
#include "check.h"
#include "child.h"
#include "kms.h"
#include "known_key.h"

namespace {

using namespace trent;
using namespace trent::test;

constexpr const char* kOldKey = "00000000-0000-4000-8000-000000000001";
constexpr const char* kNewKey = "00000000-0000-4000-8000-000000000002";
const kms::EncryptionContext kContext{{"tenant", "acme"}};

// Values that occur nowhere by chance, and not as such in the program file either.
Bytes distinctive(std::string_view name) {
  const Sha256 hash = sha256({as_bytes(name)});
  return {hash.begin(), hash.end()};
}
Bytes plaintext() {
  return distinctive("plaintext");
}
Bytes value_of_old_key() {
  return distinctive("old key");
}
Bytes value_of_new_key() {
  return distinctive("new key");
}

// The roles of the process that is searched. What they need comes by argument and pipe, in hex.
int re_encrypt_and_wait(const std::string& blob) {
  Service service(load_config());
  Bytes moved;
  // More than once: what one call leaves behind must not depend on what the next one overwrites.
  for (int i = 0; i < 5; ++i)
    moved = re_encrypt(service, from_hex(blob).value(), kNewKey, kContext, kContext);
  report(to_hex(moved));
  await_line();
  return 0;
}

int decrypt_and_wait(const std::string& blob) {
  Service service(load_config());
  kms::DecryptRequest request;
  request.ciphertext_blob = from_hex(blob).value();
  request.encryption_context = kContext;
  const kms::DecryptResponse response = service.decrypt(request);
  report("done");
  await_line();
  return response.plaintext.size() == 32 ? 0 : 1;
}

// Whether the memory of a process that waits holds these bytes.
class Memory {
 public:
  explicit Memory(pid_t pid) {
    const std::string directory = "/proc/" + std::to_string(pid);
    const int descriptor = open((directory + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    CHECK(descriptor >= 0);
    std::ifstream maps(directory + "/maps");
    for (std::string line; std::getline(maps, line);) {
      std::uint64_t begin = 0;
      std::uint64_t end = 0;
      char mode[5] = "";
      CHECK_EQ(std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode), 3);
      // Larger ones are the sanitizers' shadows, which are mostly not there.
      if (mode[0] != 'r' || end - begin > std::uint64_t{1} << 30) continue;
      Bytes content(end - begin);
      const ssize_t size =
          pread(descriptor, content.data(), content.size(), static_cast<off_t>(begin));
      if (size <= 0) continue;  // [vvar]
      content.resize(static_cast<std::size_t>(size));
      regions_.push_back(std::move(content));
    }
    close(descriptor);
  }

  bool holds(ByteView wanted) const {
    return std::any_of(regions_.begin(), regions_.end(), [&](const Bytes& region) {
      return memmem(region.data(), region.size(), wanted.data(), wanted.size()) != nullptr;
    });
  }
  // Either half: a copy that was partly overwritten is a leak too.
  bool holds_half_of(ByteView wanted) const {
    const auto middle = wanted.size() / 2;
    return holds(wanted.first(middle)) || holds(wanted.subspan(middle));
  }

 private:
  std::vector<Bytes> regions_;
};

Service& service() {
  static Service instance([] {
    import_known_key(value_of_old_key(), kOldKey);
    import_known_key(value_of_new_key(), kNewKey);
    return load_config();
  }());
  return instance;
}

Bytes old_blob() {
  const Bytes bytes = plaintext();
  return encrypt(service(), kOldKey, as_text(bytes), kContext);
}

SecretBytes one_time_key(ByteView base_key, const Bytes& blob) {
  const auto header = blob::parse_blob(blob).header;
  return aes_ecb(base_key, blob::wrapping_key_input(header, blob::canonical_context(kContext)));
}

void re_encrypt_leaves_neither_plaintext_nor_keys() {
  const Bytes blob = old_blob();
  Child child({"re-encrypt", to_hex(blob)});
  const Bytes moved = from_hex(child.read_line()).value();
  {
    const Memory memory(child.pid());
    // It is the right process, and it is searched where such things lie.
    CHECK(memory.holds(blob::parse_blob(moved).payload));
    CHECK(!memory.holds_half_of(plaintext()));
    CHECK(!memory.holds_half_of(one_time_key(value_of_old_key(), blob)));
    CHECK(!memory.holds_half_of(one_time_key(value_of_new_key(), moved)));
    CHECK(!memory.holds_half_of(value_of_old_key()));
    CHECK(!memory.holds_half_of(value_of_new_key()));
  }
  CHECK_EQ(child.wait(), 0);
  // It was this plaintext, and these were the keys.
  const Bytes bytes = plaintext();
  CHECK_EQ(decrypt(service(), moved, kContext), std::string(as_text(bytes)));
}

// The search finds a plaintext that is there.
void decrypt_leaves_the_plaintext_with_its_caller() {
  Child child({"decrypt", to_hex(old_blob())});
  CHECK_EQ(child.read_line(), "done");
  CHECK(Memory(child.pid()).holds_half_of(plaintext()));
  CHECK_EQ(child.wait(), 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3)
    return std::string_view(argv[1]) == "decrypt" ? decrypt_and_wait(argv[2])
                                                  : re_encrypt_and_wait(argv[2]);
  SoftHsm token;
  return RUN_TESTS("memory", TEST(re_encrypt_leaves_neither_plaintext_nor_keys),
                   TEST(decrypt_leaves_the_plaintext_with_its_caller));
}
