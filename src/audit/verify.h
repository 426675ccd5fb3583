// SPDX-License-Identifier: Apache-2.0
// Whether chains of audit records are whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.h"

namespace trent::audit {

// A record that has to be there.
struct Expected {
  std::string hash;
  std::string reason;  // who says so
  // Its place, if that is known.
  std::optional<std::string> chain = {};
  std::uint64_t sequence = 0;
};

// Takes the lines of files, oldest first.
class Verifier {
 public:
  enum class Source {
    File,    // one chain, and nothing but its lines
    Syslog,  // chains of several processes, each line behind a header, among other lines
  };

  Verifier(Source source, std::vector<Expected> expected);

  // A line without its line break; `where` is what it is called in a fault, "audit.log:12". False:
  // there is a fault, and nothing more to find out.
  bool add(std::string_view line, const std::string& where);
  // What a fault at the end is called: where the last line is.
  void finish();

  // The first one: where it is, and what. Empty: none.
  const std::string& fault() const { return fault_; }
  // What is no fault, but to be known.
  const std::vector<std::string>& remarks() const { return remarks_; }

  struct Seen {
    std::uint64_t first = 0;  // sequence numbers
    std::uint64_t last = 0;
    std::string hash;   // of the last one
    std::string where;  // the last one is
  };
  const std::map<std::string, Seen>& chains() const { return chains_; }

 private:
  bool refuse(const std::string& where, const std::string& what);
  bool follow(Seen& seen, const Place& place, const std::string& where);
  bool is_elsewhere(const Expected& expected) const;

  Source source_;
  std::vector<Expected> expected_;
  std::map<std::string, Seen> chains_;  // by their ids
  std::string fault_;
  std::vector<std::string> remarks_;
};

}  // namespace trent::audit
