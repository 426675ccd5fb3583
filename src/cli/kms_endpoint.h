// SPDX-License-Identifier: Apache-2.0
// Who performs the command's operations: the token, by a service in this process, or a server.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "kms/object_requests.h"
#include "server/http_client.h"
#include "server/sign_request.h"

namespace trent::cli {

class KmsEndpoint {
 public:
  virtual ~KmsEndpoint() = default;

  // In this process, with nobody in between.
  virtual bool is_token() const = 0;

  // As kms::Service::run(). Throws trent::Error; a server's may be a ForeignError, and one that
  // gives no answer is a Failure.
  virtual void run(const kms::model::Operation& operation, const void* request, void* response) = 0;
  template <class Request>
  typename Request::Response call(const Request& request) {
    typename Request::Response response;
    run(Request::operation(), &request, &response);
    return response;
  }

  // At least those of these keys that there are, by their ids; with their aliases, if these are
  // asked for. A List operation has just found the ids.
  virtual std::map<std::string, kms::KeyAndAliases> describe(const std::set<std::string>& key_ids,
                                                             bool with_aliases) = 0;
};

// Whether the person at the terminal, or at the PIN pad of a token, may be asked for a PIN.
enum class Questions { Allowed, Forbidden };

// What the command line says of it. Empty: nothing.
struct EndpointOptions {
  std::string config{};
  std::string url{};
  std::string profile{};  // of ~/.aws, for a server
  std::string region{};   // that requests are signed for; of the token
  std::string account{};  // of the token
  std::string ca_file{};  // of whom a server's certificate is
};

// The server that --endpoint-url or TRENT_ENDPOINT names, or the profile that is given; otherwise
// the token of the configuration. --config goes before TRENT_ENDPOINT, as it is meant for this one
// command. Throws UsageError, ConfigurationError.
std::unique_ptr<KmsEndpoint> open_endpoint(const EndpointOptions& options,
                                           Questions questions = Questions::Allowed);

// The two there are.
std::unique_ptr<KmsEndpoint> token_endpoint(const EndpointOptions& options,
                                            Questions questions = Questions::Allowed);
std::unique_ptr<KmsEndpoint> server_endpoint(server::ServerAddress address,
                                             server::ClientOptions options,
                                             std::optional<server::AccessKey> access_key);

}  // namespace trent::cli
