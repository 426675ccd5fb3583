// The pages of the List operations.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"

namespace trent::kms {

template <class T>
struct Page {
  std::span<const T> items;
  bool truncated = false;
  std::string next_marker;
};

// `items` are in the order of their `name`, which is unique. A marker is the base64 of the last
// name that was seen, so that a page is right even if items came or went since the last one.
// Throws InvalidMarkerException.
template <class T>
Page<T> take_page(const std::vector<T>& items, std::string T::*name,
                  const std::optional<std::string>& marker, std::size_t limit) {
  auto first = items.begin();
  if (marker) {
    auto last_seen = from_base64(*marker);
    if (!last_seen || last_seen->empty())
      throw Error(ErrorCode::InvalidMarker, "The marker is not valid.",
                  "Use the NextMarker of the previous page as it came.");
    std::string_view after = as_text(*last_seen);
    while (first != items.end() && (*first).*name <= after) ++first;
  }
  Page<T> page;
  auto left = static_cast<std::size_t>(items.end() - first);
  page.truncated = left > limit;
  page.items = std::span<const T>(first, page.truncated ? limit : left);
  if (page.truncated) page.next_marker = to_base64(as_bytes(page.items.back().*name));
  return page;
}

}  // namespace trent::kms
