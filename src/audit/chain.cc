// SPDX-License-Identifier: Apache-2.0
// The links of a chain of audit records, as text.
#include "audit/chain.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/openssl.h"
#include "base/uuid.h"

namespace trent::audit {

namespace {

// What the first record of a chain has for the hash of the line before it.
const std::string kNothing(64, '0');

bool is_hash(std::string_view text) {
  return text.size() == kNothing.size() &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Chain new_chain() {
  return {format_uuid(random_uuid()), 0, kNothing};
}

std::string hash_of(std::string_view line) {
  return to_hex(sha256({as_bytes(line)}));
}

std::string link(Chain& chain, std::string_view record, std::uint64_t lost) {
  std::string end;
  end.reserve(250);
  end.append(R"(,"chain":{"id":")").append(chain.id);
  end.append(R"(","sequence":)").append(std::to_string(chain.sequence + 1));
  end.append(R"(,"previous":")").append(chain.hash).append("\"");
  if (lost > 0) end.append(R"(,"lost":)").append(std::to_string(lost));
  end.append("}}");
  record.remove_suffix(1);
  chain.hash = to_hex(sha256({as_bytes(record), as_bytes(end)}));
  ++chain.sequence;
  return end;
}

std::string add(Chain& chain, std::string_view record, std::uint64_t lost) {
  const std::string end = link(chain, record, lost);
  return std::string(record.substr(0, record.size() - 1)) + end;
}

Place read_place(std::string_view line) {
  return read_json(line, [](const nlohmann::json& json) {
    const nlohmann::json& chain = json.at("chain");
    Place place{chain.at("id").get<std::string>(),
                whole_number<std::uint64_t>(chain.at("sequence")),
                chain.at("previous").get<std::string>(), 0};
    if (!parse_uuid(place.chain)) throw std::runtime_error("the id of its chain is no UUID");
    if (place.sequence == 0) throw std::runtime_error("its sequence number is 0");
    if (!is_hash(place.previous)) throw std::runtime_error("\"previous\" is no SHA-256");
    if ((place.sequence == 1) != (place.previous == kNothing))
      throw std::runtime_error("a chain begins with number 1 and a \"previous\" of zeros");
    if (const auto lost = chain.find("lost"); lost != chain.end())
      place.lost = whole_number<std::uint64_t>(*lost);
    return place;
  });
}

}  // namespace trent::audit
