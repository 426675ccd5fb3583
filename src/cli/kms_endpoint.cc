// SPDX-License-Identifier: Apache-2.0
// The token as an endpoint, and whether it is the token or a server.
#include "cli/kms_endpoint.h"

#include <cstdlib>

#include "base/error.h"
#include "cli/errors.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

class TokenEndpoint final : public KmsEndpoint {
 public:
  explicit TokenEndpoint(const std::string& config_option)
      : service_(open_service(config_option)) {}

  bool is_token() const override { return true; }
  void run(const kms::model::Operation& operation, const void* request, void* response) override {
    service_.run(service_.caller(), operation, request, response);
  }

  // All of them: the token is not asked again.
  std::map<std::string, kms::KeyAndAliases> describe(const std::set<std::string>&, bool) override {
    std::map<std::string, kms::KeyAndAliases> keys;
    for (kms::KeyAndAliases& key : call(kms::ListEverythingRequest{true}).keys)
      keys.emplace(key.metadata.key_id, std::move(key));
    return keys;
  }

 private:
  kms::Service service_;
};

// A token with a PIN pad has no pin-source, and its C_Login() is the question.
void require_pin_sources(const Config& config) {
  for (const TokenConfig& token : config.tokens)
    if (token.pin_source.empty())
      throw ConfigurationError("The token " + token.uri +
                               " has no pin-source: set it in the configuration.");
}

std::unique_ptr<KmsEndpoint> open_server(const char* name, const std::string& url) {
  server::ServerAddress address;
  try {
    address = server::parse_server_address(url);
  } catch (const std::invalid_argument& error) {  // the text is not shown: it may have a password
    throw UsageError(std::string(name) + " must be http://HOST:PORT, https://HOST:PORT or " +
                     "unix:PATH: " + error.what() + ".");
  }
  server::ClientOptions options;
  if (const char* bundle = std::getenv("AWS_CA_BUNDLE")) options.ca_file = bundle;
  try {
    return server_endpoint(std::move(address), std::move(options),
                           server::access_key_of_environment());
  } catch (const Error& error) {
    throw ConfigurationError(error.text());
  }
}

}  // namespace

std::unique_ptr<KmsEndpoint> token_endpoint(const std::string& config_option, Questions questions) {
  if (questions == Questions::Forbidden) require_pin_sources(configuration(config_option));
  return std::make_unique<TokenEndpoint>(config_option);
}

std::unique_ptr<KmsEndpoint> open_endpoint(const std::string& config_option,
                                           const std::string& endpoint_option,
                                           Questions questions) {
  if (!config_option.empty() && !endpoint_option.empty())
    throw UsageError(
        "--config is for the token and --endpoint-url for a server: give one of them.");
  if (!endpoint_option.empty()) return open_server("--endpoint-url", endpoint_option);
  const char* variable = std::getenv("TRENT_ENDPOINT");
  if (config_option.empty() && variable != nullptr && *variable != '\0')
    return open_server("TRENT_ENDPOINT", variable);
  return token_endpoint(config_option, questions);
}

}  // namespace trent::cli
