// SPDX-License-Identifier: Apache-2.0
// How far a chain has come, as words on one line: JSON would take longer than all the rest.
#include "audit/state_file.h"

#include <algorithm>
#include <charconv>

namespace trent::audit {

namespace {

constexpr std::string_view kFormat = "trent-audit-1";

bool consists_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == text.npos;
}

// Takes the next word off a text.
std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool read_number(std::string_view& text, std::uint64_t& out) {
  const std::string_view word = next_word(text);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

}  // namespace

std::string state_path(const std::string& log) {
  return log + ".chain";
}

std::string to_text(const State& state) {
  std::string text(kFormat);
  text.reserve(kStateSize);
  text.append(" ").append(state.chain.id).append(" ").append(state.chain.hash);
  for (const std::uint64_t number :
       {state.chain.sequence, state.lost, state.device, state.inode, state.size})
    text.append(" ").append(std::to_string(number));
  text.resize(kStateSize - 1, ' ');
  text.push_back('\n');
  return text;
}

std::optional<State> parse_state(std::string_view text) {
  if (text.size() != kStateSize || !text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  State state;
  if (next_word(text) != kFormat) return std::nullopt;
  state.chain.id = next_word(text);
  state.chain.hash = next_word(text);
  for (std::uint64_t* number :
       {&state.chain.sequence, &state.lost, &state.device, &state.inode, &state.size})
    if (!read_number(text, *number)) return std::nullopt;
  // What is here gets into a record as it is.
  const bool is_chain =
      state.chain.id.size() == 36 && consists_of(state.chain.id, "0123456789abcdef-") &&
      state.chain.hash.size() == 64 && consists_of(state.chain.hash, "0123456789abcdef");
  if (!is_chain || !consists_of(text, " ")) return std::nullopt;
  return state;
}

}  // namespace trent::audit
