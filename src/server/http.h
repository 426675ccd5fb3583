// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 (RFC 9112) over TCP and Unix sockets, with or without TLS. http.cc and http_client.cc
// are the only files that know the library behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/message.h"

namespace trent::server {

// Beyond them a client gets a 4xx or is closed.
struct Limits {
  std::size_t header_bytes = std::size_t{16} * 1024;
  std::size_t headers = 100;
  std::size_t body_bytes = std::size_t{1} << 20;
  std::size_t connections = 1024;
  std::chrono::milliseconds request{10'000};  // from its first byte to its last
  std::chrono::milliseconds response{10'000};
  std::chrono::milliseconds idle{60'000};  // between two requests
};

// PEM files.
struct Tls {
  std::string certificate;  // with its chain
  std::string key;
  std::string client_ca;   // of clients' certificates; empty: none is asked for
  std::string client_crl;  // those of them that are revoked (RFC 5280); empty: none is
};

// A listening socket, which the server does not close.
struct Listener {
  int descriptor = -1;
  std::optional<Tls> tls;  // nullopt: in clear
};

// Gives the response to one request; from any thread, once.
using Respond = std::function<void(Response)>;
// A request that came through the listener of that index. Called by the thread in run(), which
// serves nobody else meanwhile. Throws nothing.
using Handler =
    std::function<void(Request request, const Peer& peer, std::size_t listener, Respond respond)>;
// What is sent for a request that is none: `status` is 400, 408, 413, 414 or 431.
using Refusal = std::function<Response(int status, std::string_view reason)>;

class HttpServer {
 public:
  // Throws trent::Error (in the configuration) for a certificate or key that cannot be used.
  HttpServer(const std::vector<Listener>& listeners, const Limits& limits, Handler handler,
             Refusal refusal);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Serves until drained.
  void run();

  enum class Idle {
    Close,  // connections between two requests are closed now
    Serve,  // they get one more answer, which closes them, so that no client loses a request
  };
  // No new connections; run() returns when those there are have ended, at the latest after
  // `patience`. From any thread.
  void drain(Idle idle, std::chrono::milliseconds patience);
  // Calls `function` in the thread of run(), each time when that long has passed. Before run().
  void every(std::chrono::milliseconds interval, std::function<void()> function);

  std::size_t connections() const;
  // Asked before each accept; while it says no, others are let to accept. Before run().
  void accept_if(std::function<bool()> may_accept);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace trent::server
