// SPDX-License-Identifier: Apache-2.0
// The known answers in tests/data: blob-vectors.json, and blob-vectors-more.json with the lengths
// at which the encoding changes, the longest ones, and contexts at the edges of the rules.
#pragma once

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"

namespace trent::test {

inline nlohmann::json read_vectors(std::initializer_list<const char*> files) {
  const char* source = std::getenv("TRENT_SOURCE");
  nlohmann::json vectors = nlohmann::json::array();
  for (const char* name : files) {
    std::ifstream file(std::string(source == nullptr ? "." : source) + "/tests/data/" + name);
    const nlohmann::json content = nlohmann::json::parse(file);
    for (const nlohmann::json& vector : content.at("vectors")) vectors.push_back(vector);
  }
  return vectors;
}

inline const nlohmann::json& vectors() {
  static const nlohmann::json all = read_vectors({"blob-vectors.json", "blob-vectors-more.json"});
  return all;
}

// Of suite 5404.
inline const nlohmann::json& enforced_vectors() {
  static const nlohmann::json all = read_vectors({"blob-vectors-5404.json"});
  return all;
}

inline Bytes hex(const nlohmann::json& text) {
  return from_hex(text.get<std::string>()).value();
}

}  // namespace trent::test
