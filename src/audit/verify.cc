// SPDX-License-Identifier: Apache-2.0
// From line to line: does each carry the hash and the number that it has to?
#include "audit/verify.h"

#include <algorithm>
#include <stdexcept>

namespace trent::audit {

namespace {

// "record 7" or "records 7 to 9".
std::string records(std::uint64_t first, std::uint64_t last) {
  if (first == last) return "record " + std::to_string(first);
  return "records " + std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

Verifier::Verifier(Source source, std::vector<Expected> expected)
    : source_(source), expected_(std::move(expected)) {}

bool Verifier::refuse(const std::string& where, const std::string& what) {
  fault_ = where + ": " + what;
  return false;
}

// The record before it in its chain is `seen`.
bool Verifier::follow(Seen& seen, const Place& place, const std::string& where) {
  if (place.sequence > seen.last + 1)
    return refuse(where, records(seen.last + 1, place.sequence - 1) +
                             (place.sequence == seen.last + 2 ? " is" : " are") +
                             " missing: removed, or moved to another place.");
  if (place.sequence <= seen.last)
    return refuse(where, "record " + std::to_string(place.sequence) + " comes after record " +
                             std::to_string(seen.last) + ": it was put in, or moved.");
  if (place.previous != seen.hash)
    return refuse(seen.where, "record " + std::to_string(seen.last) +
                                  " was changed, or what the next one (" + where + ") says of it.");
  return true;
}

bool Verifier::add(std::string_view line, const std::string& where) {
  if (source_ == Source::Syslog) {
    line = line.substr(std::min(line.find('{'), line.size()));
    if (line.find(R"("chain":{)") == line.npos) return true;
  }
  Place place;
  try {
    place = read_place(line);
  } catch (const std::runtime_error& error) {
    return refuse(where, "this is no record of an audit log, or a changed one: " +
                             std::string(error.what()) + ".");
  }
  const auto known = chains_.find(place.chain);
  if (known == chains_.end()) {
    if (source_ == Source::File && !chains_.empty())
      return refuse(where, "another chain begins here. What was between them cannot be told.");
    if (place.sequence > 1)
      remarks_.push_back(where + ": the chain begins with record " +
                         std::to_string(place.sequence) +
                         ". What was before it is not in these files.");
  } else if (!follow(known->second, place, where)) {
    return false;
  }
  if (place.lost > 0)
    remarks_.push_back(where + ": " + std::to_string(place.lost) + " record" +
                       (place.lost == 1 ? "" : "s") + " could not be written before this one.");
  Seen& seen = chains_[place.chain];
  if (seen.first == 0) seen.first = place.sequence;
  seen.last = place.sequence;
  seen.hash = hash_of(line);
  seen.where = where;
  for (const Expected& each : expected_)
    if (each.chain == place.chain && each.sequence == place.sequence && each.hash != seen.hash)
      return refuse(where, "record " + std::to_string(place.sequence) + " is not the one that " +
                               each.reason + ": it was changed.");
  std::erase_if(expected_, [&](const Expected& each) { return each.hash == seen.hash; });
  return true;
}

// A log that has just been rotated has nothing of what was written last, or only what came later.
bool Verifier::is_elsewhere(const Expected& expected) const {
  if (!expected.chain) return false;
  const auto seen = chains_.find(*expected.chain);
  return chains_.empty() || (seen != chains_.end() && seen->second.first > expected.sequence);
}

void Verifier::finish() {
  std::erase_if(expected_, [&](const Expected& each) { return is_elsewhere(each); });
  if (!fault_.empty() || expected_.empty()) return;
  const Expected& missing = expected_.front();
  const std::string where = chains_.size() == 1 ? chains_.begin()->second.where : "the end";
  refuse(where, "the record" +
                    (missing.chain ? " " + std::to_string(missing.sequence) : std::string()) +
                    " that " + missing.reason + " (" + missing.hash +
                    ") is missing: the end was cut off, or all of it was replaced.");
}

}  // namespace trent::audit
