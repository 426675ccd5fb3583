// SPDX-License-Identifier: Apache-2.0
// The pages of the List operations.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"

namespace trent::kms {

// So that not just any base64 is a marker.
inline constexpr std::string_view kMarkerPrefix = "after:";

template <class Record>
struct Page {
  std::vector<std::shared_ptr<const Record>> items;
  bool truncated = false;
  std::string next_marker;
};

// The next `limit` of those for which `keep` holds. `records` are in the order of their `name`,
// which is unique. A marker says the last name that was seen, so that a page is right even if
// records came or went since the last one. Throws InvalidMarkerException.
template <class Record, class Keep>
Page<Record> take_page(const std::vector<std::shared_ptr<const Record>>& records,
                       std::string Record::*name, const std::optional<std::string>& marker,
                       std::size_t limit, Keep keep) {
  auto next = records.begin();
  if (marker) {
    const auto decoded = from_base64(*marker);
    std::string_view last_seen = decoded ? as_text(*decoded) : std::string_view();
    if (!last_seen.starts_with(kMarkerPrefix))
      throw Error(ErrorCode::InvalidMarker, "The marker is not valid.",
                  "Use the NextMarker of the previous page as it came.");
    last_seen.remove_prefix(kMarkerPrefix.size());
    next = std::upper_bound(
        records.begin(), records.end(), last_seen,
        [&](std::string_view after, const auto& record) { return after < (*record).*name; });
  }
  Page<Record> page;
  for (; next != records.end() && !page.truncated; ++next) {
    if (!keep(**next)) continue;
    if (page.items.size() == limit)
      page.truncated = true;
    else
      page.items.push_back(*next);
  }
  if (page.truncated)
    page.next_marker = to_base64(as_bytes(std::string(kMarkerPrefix) + (*page.items.back()).*name));
  return page;
}

}  // namespace trent::kms
