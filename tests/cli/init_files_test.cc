// SPDX-License-Identifier: Apache-2.0
// openssl.cnf of `trent init`, on top of a system's configuration that has providers and settings
// of its own: OpenSSL itself says what it makes of it.
#include "cli/init_files.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include <cstdlib>
#include <fstream>

#include "check.h"

namespace {

using namespace trent;
namespace fs = std::filesystem;

constexpr const char* kSystem = R"(
HOME = .
openssl_conf = system_init
[system_init]
providers = system_providers
ssl_conf = system_tls
random = my_random
[system_providers]
default = system_default
legacy = system_legacy
[system_default]
[system_legacy]
activate = 1
[system_tls]
system_default = policy
[policy]
MinProtocol = TLSv1.2
[my_random]
random = CTR-DRBG
[req]
distinguished_name = dn
)";

// A directory with trent.so, of a name that has all that must be quoted.
class Directory {
 public:
  Directory() : path_(fs::temp_directory_path() / "trent-test-XXXXXX") {
    std::string name = path_;
    if (mkdtemp(name.data()) == nullptr) throw test::Failure("mkdtemp");
    base_ = name;
    path_ = base_ / "a b'\"$c\\d;`";
    fs::create_directories(path_ / "modules");
    fs::create_symlink(fs::path(std::getenv("TRENT_BUILD")) / "src/trent.so",
                       path_ / "modules/trent.so");
  }
  ~Directory() { fs::remove_all(base_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const fs::path& path() const { return path_; }
  std::string write(const char* name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
    return path_ / name;
  }
  cli::NewToken token() const { return {path_, "111122223333", "local", "/m.so", "kms"}; }

 private:
  fs::path base_;
  fs::path path_;
};

struct Loaded {
  CONF* conf = NCONF_new(nullptr);
  OSSL_LIB_CTX* libctx = OSSL_LIB_CTX_new();

  explicit Loaded(const std::string& file) {
    if (NCONF_load(conf, file.c_str(), nullptr) != 1 ||
        OSSL_LIB_CTX_load_config(libctx, file.c_str()) != 1) {
      ERR_print_errors_fp(stderr);
      throw test::Failure("OpenSSL refuses " + file);
    }
  }
  ~Loaded() {
    OSSL_LIB_CTX_free(libctx);
    NCONF_free(conf);
  }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  bool active(const char* provider) const { return OSSL_PROVIDER_available(libctx, provider) == 1; }
  std::string value(const char* section, const char* name) const {
    const char* text = NCONF_get_string(conf, section, name);
    return text == nullptr ? "(absent)" : text;
  }
};

void adds_trent_to_what_the_system_has() {
  Directory dir;
  std::string system = dir.write("system.cnf", kSystem);
  Loaded loaded(dir.write("openssl.cnf", cli::openssl_configuration(dir.token(), system)));
  CHECK(loaded.active("trent"));
  CHECK(loaded.active("default"));
  CHECK(loaded.active("legacy"));
  CHECK_EQ(loaded.value(nullptr, "openssl_conf"), "trent_init");
  CHECK_EQ(loaded.value("trent_init", "ssl_conf"), "system_tls");
  CHECK_EQ(loaded.value("trent_init", "random"), "my_random");
  CHECK_EQ(loaded.value("trent_init", "providers"), "trent_providers");
  CHECK_EQ(loaded.value("policy", "MinProtocol"), "TLSv1.2");
  CHECK_EQ(loaded.value("req", "distinguished_name"), "dn");
  CHECK_EQ(loaded.value("trent_provider", "trent-conf"), (dir.path() / "trent.toml").string());
}

void system_without_providers() {
  Directory dir;
  std::string system = dir.write("system.cnf", "openssl_conf = init\n[init]\n[req]\na = b\n");
  Loaded loaded(dir.write("openssl.cnf", cli::openssl_configuration(dir.token(), system)));
  CHECK(loaded.active("trent"));
  CHECK(loaded.active("default"));
  CHECK(!loaded.active("legacy"));
  CHECK_EQ(loaded.value("req", "a"), "b");
}

void system_without_a_configuration() {
  Directory dir;
  Loaded loaded(dir.write(
      "openssl.cnf", cli::openssl_configuration(dir.token(), (dir.path() / "none.cnf").string())));
  CHECK(loaded.active("trent"));
  CHECK(loaded.active("default"));
}

}  // namespace

int main() {
  return RUN_TESTS("init files", TEST(adds_trent_to_what_the_system_has),
                   TEST(system_without_providers), TEST(system_without_a_configuration));
}
