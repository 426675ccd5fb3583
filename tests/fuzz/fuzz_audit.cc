// SPDX-License-Identifier: Apache-2.0
// `trent audit verify` reads what others may have written: a fault has a reason, and what is no
// fault in a file is none among other lines. Whatever the input is, a chain over it is whole until
// one bit of it is another one.
#include <string>
#include <vector>

#include "audit/state_file.h"
#include "audit/verify.h"
#include "base/bytes.h"
#include "fuzz.h"

using namespace trent;
using fuzz::require;
using Source = audit::Verifier::Source;

namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

audit::Verifier verify(const std::vector<std::string>& lines, Source source) {
  audit::Verifier verifier(source, {});
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!verifier.add(lines[i], std::to_string(i + 1))) break;
  verifier.finish();
  return verifier;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  const std::vector<std::string> lines = lines_of(text);
  const audit::Verifier as_file = verify(lines, Source::File);
  const audit::Verifier in_syslog = verify(lines, Source::Syslog);
  require(!as_file.fault().empty() || as_file.chains().size() <= 1, "a file has one chain");
  for (const auto& [id, seen] : in_syslog.chains())
    require(seen.first >= 1 && seen.first <= seen.last && seen.hash.size() == 64,
            "what is seen makes sense");

  if (const auto state = audit::parse_state(text)) {
    const auto again = audit::parse_state(audit::to_text(*state));
    require(again && audit::to_text(*again) == audit::to_text(*state), "a state comes back");
  }

  // Digits of the input as the records of a chain.
  audit::Chain chain = audit::new_chain();
  std::vector<std::string> good;
  for (std::size_t i = 0; i < size && i < 8; ++i)
    good.push_back(audit::add(chain, "{\"n\":" + std::to_string(data[i]) + "}", data[i] % 3));
  require(verify(good, Source::File).fault().empty(), "a chain is whole");
  if (good.size() >= 2) {
    std::string& line = good[data[0] % (good.size() - 1)];
    line[data[1] % line.size()] = static_cast<char>(line[data[1] % line.size()] ^ 1);
    require(!verify(good, Source::File).fault().empty(), "a change is seen");
  }
  return 0;
}
