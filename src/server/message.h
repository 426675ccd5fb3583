// SPDX-License-Identifier: Apache-2.0
// An HTTP request and its response (RFC 9110), free of whatever library reads and writes them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace trent::server {

// The other end of a connection.
struct Peer {
  std::string address;  // "127.0.0.1", "::1"; "unix" for a Unix socket
  bool is_encrypted = false;
  std::optional<uid_t> uid;  // of the process at the other end of a Unix socket
  // Of the client certificate that TLS has verified: its subject alternative names, as "DNS:name",
  // "URI:name" or "email:name". Empty without one.
  std::vector<std::string> certificate_names;
};

struct Header {
  std::string name;   // in lower case
  std::string value;  // without white space around it
};

struct Request {
  std::string method;           // "POST"
  std::string target;           // as received: "/", "/?X-Amz-Date=..."
  std::vector<Header> headers;  // in the order received; a name may come more than once
  SecretString body;            // whole, taken out of its chunks

  // The first of that name, in lower case. Null if there is none.
  const std::string* header(std::string_view name) const {
    for (const Header& header : headers)
      if (header.name == name) return &header.value;
    return nullptr;
  }
};

struct Response {
  int status = 200;
  std::vector<Header> headers;  // beside Date, Content-Length and Connection
  SecretString body;
};

}  // namespace trent::server
