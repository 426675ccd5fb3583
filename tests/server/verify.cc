// SPDX-License-Identifier: Apache-2.0
// For signers other than our own: reads requests, one line of JSON each, and says of each
// "accepted" or why not. Arguments: SECRET REGION.
//
//   {"method": "POST", "target": "/", "headers": [["host", "..."], ...], "body": "..."}
#include <iostream>
#include <nlohmann/json.hpp>

#include "signing.h"

using namespace trent;

int main(int, char** argv) {
  const std::string secret = argv[1];
  server::SignatureRules rules;
  rules.regions = {argv[2]};
  for (std::string line; std::getline(std::cin, line);) {
    const auto json = nlohmann::json::parse(line);
    server::Request request{json["method"], json["target"], {}, {}};
    for (const auto& header : json["headers"]) request.headers.push_back({header[0], header[1]});
    request.body = json["body"].get<std::string>();
    try {
      const server::Signature signature = server::read_signature(request);
      server::check_rules(signature, request, rules, std::chrono::system_clock::now());
      if (!server::is_signed_with(
              test::signing_key(secret, signature.service, signature.region, signature.date),
              signature, request))
        throw server::wrong_signature();
      std::cout << "accepted" << std::endl;
    } catch (const server::AuthenticationError& error) {
      std::cout << error.name() << ": " << error.message() << std::endl;
    }
  }
}
