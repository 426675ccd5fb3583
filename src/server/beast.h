// SPDX-License-Identifier: Apache-2.0
// What HTTP is read into and written from by both sides, on Boost.Beast. For http.cc and
// http_client.cc alone: nobody else knows the library.
#pragma once

#include <openssl/ssl.h>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/bytes.h"

namespace trent::server {

// Requests and responses hold plaintext: what they are read into and written from is wiped.
using Buffer = boost::beast::basic_flat_buffer<CleansingAllocator<char>>;

inline void restrict_tls(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

}  // namespace trent::server
