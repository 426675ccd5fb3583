// SPDX-License-Identifier: Apache-2.0
// Every way to tamper with a line of an audit log is seen, at the line where it is.
#include "audit/verify.h"

#include "audit/chain.h"
#include "audit/state_file.h"
#include "logs.h"

namespace {

using namespace trent;
using namespace trent::test;
using audit::Expected;
using audit::Verifier;

constexpr std::size_t kLines = 6;

std::string record(std::size_t number) {
  return R"({"eventVersion":"1.11","eventName":"Decrypt","number":)" + std::to_string(number) + "}";
}

std::vector<std::string> some_lines(std::size_t count = kLines) {
  std::vector<std::string> lines;
  audit::Chain chain = audit::new_chain();
  for (std::size_t i = 1; i <= count; ++i) lines.push_back(audit::add(chain, record(i), 0));
  return lines;
}

void check_fault(const std::vector<std::string>& lines, const std::string& where,
                 const std::string& what, const std::vector<Expected>& expected = {}) {
  const Verifier verifier = verify(lines, expected);
  if (!verifier.fault().starts_with(where + ":") ||
      verifier.fault().find(what) == std::string::npos)
    throw Failure("expected " + where + ": " + what + ", got: " + verifier.fault());
}

std::string line_number(std::size_t index) {
  return "line " + std::to_string(index + 1);
}

void a_whole_chain_has_no_fault() {
  const auto lines = some_lines();
  const Verifier verifier = verify(lines);
  CHECK_EQ(verifier.fault(), "");
  CHECK(verifier.remarks().empty());
  CHECK_EQ(verifier.chains().size(), 1U);
  const auto& seen = verifier.chains().begin()->second;
  CHECK_EQ(seen.first, 1U);
  CHECK_EQ(seen.last, kLines);
  CHECK_EQ(seen.hash, audit::hash_of(lines.back()));
  CHECK_EQ(verify({}).fault(), "");
}

void each_line_that_is_removed_is_missed() {
  const auto whole = some_lines();
  for (std::size_t i = 1; i + 1 < kLines; ++i) {
    auto lines = whole;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
    check_fault(lines, line_number(i), "record " + std::to_string(i + 1) + " is missing");
  }
  auto lines = whole;
  lines.erase(lines.begin() + 1, lines.begin() + 4);
  check_fault(lines, "line 2", "records 2 to 4 are missing");
  // Old records may be in a file that is gone by now.
  lines = whole;
  lines.erase(lines.begin());
  const Verifier verifier = verify(lines);
  CHECK_EQ(verifier.fault(), "");
  CHECK_EQ(verifier.remarks().size(), 1U);
  CHECK(verifier.remarks()[0].find("begins with record 2") != std::string::npos);
}

// One character of it, wherever: the last line aside, of which nothing else speaks.
void each_line_that_is_changed_is_seen() {
  const auto whole = some_lines();
  for (std::size_t i = 0; i + 1 < kLines; ++i)
    for (std::size_t at = 0; at < whole[i].size(); ++at) {
      auto lines = whole;
      lines[i][at] = lines[i][at] == '1' ? '2' : '1';
      const std::string fault = verify(lines).fault();
      if (fault.empty()) throw Failure("unseen: " + lines[i]);
    }
  auto lines = whole;
  lines[2].replace(lines[2].find("Decrypt"), 7, "Encrypt");
  check_fault(lines, "line 3", "record 3 was changed");
}

void lines_that_are_swapped_or_put_in_are_seen() {
  const auto whole = some_lines();
  for (std::size_t i = 0; i + 1 < kLines; ++i) {
    auto lines = whole;
    std::swap(lines[i], lines[i + 1]);
    CHECK(!verify(lines).fault().empty());
    lines = whole;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i + 1), whole[i]);
    check_fault(lines, line_number(i + 1), "was put in");
    lines = whole;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), "");
    check_fault(lines, line_number(i), "no record");
    lines = whole;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), record(7));
    check_fault(lines, line_number(i), "no record");
  }
}

void another_chain_is_a_fault() {
  auto lines = some_lines();
  const auto others = some_lines();
  lines.insert(lines.end(), others.begin(), others.end());
  check_fault(lines, line_number(kLines), "another chain");
}

void an_end_that_is_cut_off_is_seen_by_who_knows_it() {
  const auto whole = some_lines();
  const std::string last = audit::hash_of(whole.back());
  auto cut = whole;
  cut.pop_back();
  CHECK_EQ(verify(cut).fault(), "");  // no chain can know
  check_fault(cut, line_number(kLines - 2), "that you say (" + last + ") is missing",
              {{last, "you say"}});
  CHECK_EQ(verify(whole, {{last, "you say"}}).fault(), "");
  // Whatever came later.
  CHECK_EQ(verify(whole, {{audit::hash_of(whole[2]), "you say"}}).fault(), "");
  // The last line itself.
  auto changed = whole;
  changed.back().replace(changed.back().find("Decrypt"), 7, "Encrypt");
  const std::string id = audit::read_place(whole.back()).chain;
  check_fault(changed, line_number(kLines - 1), "it was changed",
              {{last, "the state says", id, kLines}});
  check_fault(cut, line_number(kLines - 2), "is missing", {{last, "the state says", id, kLines}});
  check_fault(some_lines(), line_number(kLines - 1), "is missing",
              {{last, "the state says", id, kLines}});
  // A log that has just been rotated.
  CHECK_EQ(verify({}, {{last, "the state says", id, kLines}}).fault(), "");
  CHECK_EQ(verify({whole[4], whole[5]}, {{"", "the state says", id, 3}}).fault(), "");
}

void places_are_read_strictly() {
  const auto lines = some_lines(2);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{R"("sequence":2)", R"("sequence":0)"},
                                                        {R"("sequence":2)", R"("sequence":-2)"},
                                                        {R"("sequence":2)", R"("sequence":"2")"},
                                                        {R"("sequence":2)", R"("sequence":1)"},
                                                        {R"("sequence":2)", R"("number":2)"},
                                                        {R"("previous":")", R"("previous":"0)"},
                                                        {R"("id":")", R"("id":"0)"},
                                                        {R"("chain":{)", R"("other":{)"},
                                                        {R"("number")", R"("chain")"}}) {
    std::string line = lines[1];
    line.replace(line.find(from), from.size(), to);
    try {
      audit::read_place(line);
    } catch (const std::runtime_error& error) {
      CHECK(*error.what() != '\0');
      continue;
    }
    throw Failure("taken: " + line);
  }
}

void losses_are_told() {
  audit::Chain chain = audit::new_chain();
  std::vector<std::string> lines{audit::add(chain, record(1), 0), audit::add(chain, record(2), 17)};
  const Verifier verifier = verify(lines);
  CHECK_EQ(verifier.fault(), "");
  CHECK_EQ(verifier.remarks().size(), 1U);
  CHECK(verifier.remarks()[0].find("17 records could not be written") != std::string::npos);
}

// Processes write to syslog in any order, and so do others.
void chains_are_told_apart_in_syslog() {
  const auto one = some_lines(3);
  const auto two = some_lines(2);
  const std::string header = "Nov 30 11:00:00 host trent[17]: ";
  std::vector<std::string> lines{header + one[0], "Nov 30 11:00:00 host sshd[1]: hello {",
                                 header + two[0], header + one[1],
                                 header + two[1], header + one[2]};
  Verifier verifier = verify(lines, {}, Verifier::Source::Syslog);
  CHECK_EQ(verifier.fault(), "");
  CHECK_EQ(verifier.chains().size(), 2U);
  lines.erase(lines.begin() + 3);
  verifier = verify(lines, {}, Verifier::Source::Syslog);
  CHECK(verifier.fault().find("record 2 is missing") != std::string::npos);
}

void states_come_back() {
  audit::State state;
  state.chain = audit::new_chain();
  state.chain.sequence = UINT64_MAX;
  state.lost = state.device = state.inode = state.size = UINT64_MAX;
  const std::string text = audit::to_text(state);
  CHECK_EQ(text.size(), audit::kStateSize);
  const auto again = audit::parse_state(text);
  CHECK(again.has_value());
  CHECK_EQ(audit::to_text(*again), text);
  for (std::size_t i = 0; i < text.size() && text[i] != '}'; ++i)
    CHECK(!audit::parse_state(text.substr(0, i)));
  CHECK(!audit::parse_state(std::string(audit::kStateSize, '\0')));
}

}  // namespace

int main() {
  return RUN_TESTS(
      "audit verify", TEST(a_whole_chain_has_no_fault), TEST(each_line_that_is_removed_is_missed),
      TEST(each_line_that_is_changed_is_seen), TEST(lines_that_are_swapped_or_put_in_are_seen),
      TEST(another_chain_is_a_fault), TEST(an_end_that_is_cut_off_is_seen_by_who_knows_it),
      TEST(places_are_read_strictly), TEST(losses_are_told), TEST(chains_are_told_apart_in_syslog),
      TEST(states_come_back));
}
