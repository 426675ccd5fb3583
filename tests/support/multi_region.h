// SPDX-License-Identifier: Apache-2.0
// Two tokens that are two regions of one account.
#pragma once

#include <string>

#include "fault.h"
#include "key_pairs.h"
#include "words.h"

namespace trent::test {

inline const std::string kHome = "eu-west-1";
inline const std::string kAway = "us-east-2";
inline const std::string kAwayLabel = "kms2";

// The test's own token, and another one of its account.
inline Config with_other_region(Config config) {
  TokenConfig second = config.tokens.front();
  second.region = kAway;
  second.uri = "pkcs11:token=" + kAwayLabel;
  config.tokens.push_back(second);
  return config;
}

inline Config regions_config() {
  Config config = load_config();
  config.refresh = std::chrono::milliseconds(0);
  config.tokens.front().region = kHome;
  return with_other_region(std::move(config));
}

// A program whose requests are for this region: with its token first, bare ids are of it.
inline Service& at_home() {
  static Service service(regions_config());
  return service;
}
inline Service& away() {
  static Service service([] {
    Config config = regions_config();
    std::swap(config.tokens[0], config.tokens[1]);
    return config;
  }());
  return service;
}

inline std::string arn_in(const std::string& region, const std::string& key) {
  return "arn:aws:kms:" + region + ":" + kAccount + ":key/" + key;
}

inline std::string create_multi_region(Service& service) {
  return request(service, "CreateKey", {{"MultiRegion", true}})["KeyMetadata"]["KeyId"]
      .get<std::string>();
}
inline kms::Json replicate(Service& service, const std::string& key,
                           const std::string& region = kAway) {
  return request(service, "ReplicateKey", {{"KeyId", key}, {"ReplicaRegion", region}});
}
inline kms::Json describe(Service& service, const std::string& key) {
  return request(service, "DescribeKey", {{"KeyId", key}})["KeyMetadata"];
}

}  // namespace trent::test
