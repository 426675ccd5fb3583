// SPDX-License-Identifier: Apache-2.0
// The token as an endpoint, and whether it is the token or a server.
#include "cli/kms_endpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/encoding.h"
#include "base/error.h"
#include "cli/aws_profile.h"
#include "cli/errors.h"
#include "cli/verb.h"

namespace trent::cli {

namespace {

// The principal of the configuration, in the account and the region that the command line names.
kms::Caller caller_in(const kms::Service& service, const EndpointOptions& options) {
  kms::Caller caller = service.caller();
  if (options.account.empty() && options.region.empty()) return caller;
  const std::vector<TokenConfig>& tokens = service.config().tokens;
  const auto fits = [&](const TokenConfig& token) {
    return (options.account.empty() || token.account == options.account) &&
           (options.region.empty() || token.region == options.region);
  };
  // The caller's own, if it will do.
  auto found = std::ranges::find_if(tokens, [&](const TokenConfig& token) {
    return token.account == caller.account && fits(token);
  });
  if (found == tokens.end()) found = std::ranges::find_if(tokens, fits);
  if (found == tokens.end())
    throw ConfigurationError("No [[token]] of " + service.config().source + " has" +
                             (options.account.empty() ? "" : " the account " + options.account) +
                             (options.account.empty() || options.region.empty() ? "" : " and") +
                             (options.region.empty() ? "" : " the region " + options.region) +
                             ". Leave the option out to use the first one, or set it there.");
  // Who is root by the configuration is root of each account in it; others stay who they are.
  if (caller.principal == "arn:aws:iam::" + caller.account + ":root")
    caller.principal = "arn:aws:iam::" + found->account + ":root";
  caller.account = found->account;
  caller.region = found->region;
  return caller;
}

class TokenEndpoint final : public KmsEndpoint {
 public:
  explicit TokenEndpoint(const EndpointOptions& options)
      : service_(open_service(options.config)), caller_(caller_in(service_, options)) {}

  bool is_token() const override { return true; }
  void run(const kms::model::Operation& operation, const void* request, void* response) override {
    service_.run(caller_, operation, request, response);
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
  const kms::Caller caller_;
};

// A token with a PIN pad has no pin-source, and its C_Login() is the question.
void require_pin_sources(const Config& config) {
  for (const TokenConfig& token : config.tokens)
    if (token.pin_source.empty())
      throw ConfigurationError("The token " + token.uri +
                               " has no pin-source: set it in the configuration.");
}

// Of AWS_REGION and its like; empty: not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What requests are signed with, as `aws` finds it: --profile, the environment, the profile that
// AWS_PROFILE names, or the default one. The last is not for who is known by the Unix socket.
std::optional<server::AccessKey> access_key(const EndpointOptions& options,
                                            const std::optional<AwsProfile>& given, bool is_unix) {
  std::optional<server::AccessKey> key;
  std::string profile_region;
  if (!given) key = server::access_key_of_environment();
  if (!key) {
    const std::string named = variable("AWS_PROFILE");
    std::optional<AwsProfile> profile = given;
    if (!profile && !named.empty()) profile = aws_profile(named);
    if (!profile && !is_unix) profile = find_aws_profile("default");
    if (profile) {
      profile_region = profile->region;
      key = access_key_of(*profile);
    }
  }
  if (!key) return std::nullopt;
  for (const std::string& region :
       {options.region, variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"), profile_region})
    if (!region.empty()) {
      if (std::ranges::any_of(region, [](char c) { return is_control(c) || c == ' ' || c == '/'; }))
        throw UsageError("The region to sign for is not the name of one.");
      key->region = region;
      break;
    }
  return key;
}

std::unique_ptr<KmsEndpoint> open_server(const char* name, const std::string& url,
                                         const EndpointOptions& options,
                                         const std::optional<AwsProfile>& profile) {
  if (!options.account.empty())
    throw UsageError(
        "--account chooses one of several tokens, and a server knows itself whose account it acts "
        "in: leave it out.");
  server::ServerAddress address;
  try {
    address = server::parse_server_address(url);
  } catch (const std::invalid_argument& error) {  // the text is not shown: it may have a password
    throw UsageError(std::string(name) + " must be http://HOST:PORT, https://HOST:PORT or " +
                     "unix:PATH: " + error.what() + ".");
  }
  server::ClientOptions client;
  client.ca_file = options.ca_file.empty() ? variable("AWS_CA_BUNDLE") : options.ca_file;
  if (!client.ca_file.empty() && access(client.ca_file.c_str(), R_OK) != 0)
    throw ConfigurationError("The certificates in " + client.ca_file + " cannot be read: " +
                             std::strerror(errno) + ". Correct --ca-bundle or AWS_CA_BUNDLE.");
  const bool is_unix = address.scheme == server::ServerAddress::Scheme::Unix;
  try {
    std::optional<server::AccessKey> key = access_key(options, profile, is_unix);
    if (!options.region.empty() && !key)
      throw UsageError(
          "--region: a server is told the region by the signature of the request, and there are no "
          "credentials to sign with.");
    return server_endpoint(std::move(address), std::move(client), std::move(key));
  } catch (const Error& error) {
    throw ConfigurationError(error.text());
  }
}

}  // namespace

std::unique_ptr<KmsEndpoint> token_endpoint(const EndpointOptions& options, Questions questions) {
  if (questions == Questions::Forbidden) require_pin_sources(configuration(options.config));
  return std::make_unique<TokenEndpoint>(options);
}

std::unique_ptr<KmsEndpoint> open_endpoint(const EndpointOptions& options, Questions questions) {
  if (!options.config.empty() && (!options.url.empty() || !options.profile.empty()))
    throw UsageError("--config is for the token, and " +
                     std::string(options.url.empty() ? "--profile" : "--endpoint-url") +
                     " for a server: give one of them.");
  std::optional<AwsProfile> profile;
  if (!options.profile.empty()) profile = aws_profile(options.profile);
  if (!options.url.empty()) return open_server("--endpoint-url", options.url, options, profile);
  const std::string url = variable("TRENT_ENDPOINT");
  if (options.config.empty() && !url.empty())
    return open_server("TRENT_ENDPOINT", url, options, profile);
  if (!profile) return token_endpoint(options, questions);
  if (profile->endpoint_url.empty())
    throw UsageError(
        "--profile has the credentials for a server, and none is named: give --endpoint-url, set "
        "TRENT_ENDPOINT, or set endpoint_url in the profile. The token takes no credentials: leave "
        "--profile out to use it.");
  return open_server("endpoint_url of the profile", profile->endpoint_url, options, profile);
}

}  // namespace trent::cli
