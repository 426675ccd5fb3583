// SPDX-License-Identifier: Apache-2.0
// blob-negative-vectors.json: malformed blobs under a published key, each of which Decrypt refuses;
// and what of them ReEncrypt, which never sees the content, can refuse.
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "check.h"
#include "fault.h"
#include "kms.h"
#include "known_key.h"

namespace {

using namespace trent;
using namespace trent::test;
using nlohmann::json;

const json& file() {
  static const json parsed = [] {
    const char* source = std::getenv("TRENT_SOURCE");
    std::ifstream in(std::string(source == nullptr ? "." : source) +
                     "/tests/data/blob-negative-vectors.json");
    return json::parse(in);
  }();
  return parsed;
}

Bytes hex(const json& text) {
  return from_hex(text.get<std::string>()).value();
}

Service make_service() {
  import_known_key(hex(file().at("key")), file().at("key_id"));
  return Service(load_config());
}

// "" if it goes through.
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
    return "";
  } catch (const Error& error) {
    return error.name();
  }
}

// One case's header is of another key, whose value the file does not give: here it is a key that
// nobody has, which KMS does not tell from one that the caller may not use.
std::string expected(const json& c) {
  return c.at("group") == "header of another key" ? "AccessDeniedException"
                                                  : c.at("error").get<std::string>();
}

std::string name_of(const json& c) {
  return c.at("group").get<std::string>() + " / " + c.at("name").dump();
}

void decrypt_refuses_every_one() {
  Service service = make_service();
  const kms::EncryptionContext context = file().at("encryption_context");
  std::size_t refused = 0;
  for (const json& c : file().at("cases")) {
    const std::string error = error_of([&] { decrypt(service, hex(c.at("blob")), context); });
    if (error != expected(c)) throw Failure(name_of(c) + ": \"" + error + "\"");
    ++refused;
  }
  CHECK_EQ(refused, 1161U);
}

// How many of each group go through; every other is refused as by Decrypt, or the test fails.
std::map<std::string, std::size_t> accepted_by_re_encrypt() {
  Service service = make_service();
  const std::string destination = create_key(service);
  const kms::EncryptionContext context = file().at("encryption_context");
  std::map<std::string, std::size_t> accepted;
  for (const json& c : file().at("cases")) {
    const std::string error =
        error_of([&] { re_encrypt(service, hex(c.at("blob")), destination, context); });
    if (error.empty() && c.at("reencrypt_cannot_see").get<bool>())
      ++accepted[c.at("group").get<std::string>()];
    else if (error != expected(c))
      throw Failure(name_of(c) + ": \"" + error + "\"");
  }
  return accepted;
}

std::string show_counts(const std::map<std::string, std::size_t>& counts) {
  std::string text;
  for (const auto& [group, count] : counts) text += group + ": " + std::to_string(count) + "\n";
  return text;
}

// SoftHSM hides the length of a sensitive object. Its wrap tells it up to a multiple of 8: nothing
// below that is seen, nor what the bytes behind the plaintext are. Only who can derive the one-time
// key makes such a blob.
void re_encrypt_does_not_see_what_the_token_hides() {
  CHECK_EQ(show_counts(accepted_by_re_encrypt()),
           show_counts({{"bit 7 cleared, content zero-padded", 6},
                        {"bit 7 set, content exact", 6},
                        {"bit 7, a filling byte not zero", 30},
                        {"pad bits and MLI disagree, bit 7", 49},
                        {"pad bits and MLI disagree, exact", 56},
                        {"pad bits and MLI disagree, one block", 7},
                        {"pad bits where wrapped L%8==0", 2}}));
}

// Where the token tells the length, what is left has the right one.
void re_encrypt_sees_a_length_that_the_token_tells() {
  fault_module().play(parse_hostile("tells-length"));
  const auto accepted = accepted_by_re_encrypt();
  fault_module().play({});
  CHECK_EQ(show_counts(accepted), show_counts({{"bit 7, a filling byte not zero", 30}}));
}

}  // namespace

int main() {
  SoftHsm token({.module = fault_module_path()});
  return RUN_TESTS("negative vectors", TEST(decrypt_refuses_every_one),
                   TEST(re_encrypt_does_not_see_what_the_token_hides),
                   TEST(re_encrypt_sees_a_length_that_the_token_tells));
}
