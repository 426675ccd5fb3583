// SPDX-License-Identifier: Apache-2.0
// Requests to one HTTP/1.1 server (RFC 9112), one after the other. http_client.cc and http.cc are
// the only files that know the library behind them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "server/message.h"

namespace trent::server {

// Where a server is: "http://127.0.0.1:8080", "https://kms.example", "unix:/run/trent/kms.sock".
struct ServerAddress {
  enum class Scheme { Http, Https, Unix };
  Scheme scheme = Scheme::Http;
  std::string host;  // a name or an IP address, without brackets
  std::uint16_t port = 0;
  std::string path;  // of a Unix socket
  std::string text;  // as given

  // For the Host header: the port is left out where it is the scheme's own.
  std::string authority() const;
};
// Throws std::invalid_argument that says what is wrong: "it has no host".
ServerAddress parse_server_address(std::string_view text);

struct ClientOptions {
  std::string ca_file;  // PEM; empty: the authorities that the system trusts
  // From connecting to the last byte of the answer. As the aws command has it: a server may wait
  // for another's change of the catalog, and for an HSM.
  std::chrono::milliseconds patience{60'000};
  std::size_t body_bytes = std::size_t{8} << 20;
};

// There is no answer. what() says why: "Connection refused".
class HttpFailure : public std::runtime_error {
 public:
  enum class Kind {
    Unreachable,  // there was no connection
    NotSent,      // it broke before the request was out: the server has not got all of it
    Unanswered,   // it broke after that: what was asked for may have been done
    Late,         // the same, for there was no answer in time
    NotHttp,      // what came is no answer
  };

  HttpFailure(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct Answer {
  int status = 0;
  std::string content_type;
  SecretString body;
};

class HttpClient {
 public:
  explicit HttpClient(ServerAddress address, ClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const ServerAddress& address() const { return address_; }

  // Connects if need be, and keeps the connection for the next request if the server does. The
  // length of the body is added to the headers. Throws HttpFailure.
  Answer send(const Request& request);

 private:
  class Connection;

  const ServerAddress address_;
  const ClientOptions options_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace trent::server
