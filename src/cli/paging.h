// SPDX-License-Identifier: Apache-2.0
// Lists: KMS gives them in pages; the command follows all pages, as the AWS CLI does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cli/errors.h"
#include "cli/options.h"
#include "kms/model/json.h"

namespace trent::cli {

// The longest page that KMS gives: each page is a search in the token.
inline constexpr std::int64_t kDefaultPageSize = 1000;

struct Paging {
  std::optional<std::int64_t> limit;  // these two ask for exactly one page ...
  std::optional<std::string> marker;
  bool no_paginate = false;
  std::optional<std::int64_t> max_items;  // ... and these are about all of them
  std::optional<std::int64_t> page_size;
  std::optional<std::string> starting_token;
};

inline void paging_options(Options& options, Paging& paging) {
  options.number(paging.max_items, "--max-items", Need::Optional,
                 "Print at most so many, and NextToken if there are more");
  options.text(paging.starting_token, "--starting-token", Need::Optional,
               "NextToken of the command that printed the part before");
  options.number(paging.page_size, "--page-size", Need::Optional,
                 "Ask the service for so many at a time");
  options.flag(paging.no_paginate, "--no-paginate", "Print the first page only, as KMS sends it");
  options.number(paging.limit, "--limit", Need::Optional,
                 "One page of at most so many, as KMS sends it");
  options.text(paging.marker, "--marker", Need::Optional,
               "One page: the one after that which ended in this\nNextMarker");
}

// `list(limit, marker)` does one call of the operation and gives its response; `items` is the name
// of the list in it.
template <class List>
kms::Json list_pages(const Paging& paging, const kms::Json::string_t& items, List list) {
  bool one_page = paging.limit || paging.marker || paging.no_paginate;
  bool all_pages = paging.max_items || paging.page_size || paging.starting_token;
  if (one_page && all_pages)
    throw UsageError(
        "--limit, --marker and --no-paginate ask for one page: they do not go together with "
        "--max-items, --page-size and --starting-token.");
  if (one_page) return list(paging.limit, paging.marker);
  if (paging.max_items && *paging.max_items < 1)
    throw UsageError("Error parsing parameter '--max-items': It must be at least 1.");

  kms::Json all = kms::Json::array();
  std::optional<std::int64_t> missing = paging.max_items;
  std::optional<std::string> next = paging.starting_token;
  for (;;) {
    // The pages end where --max-items does, so that KMS's marker is the token to go on with.
    std::int64_t limit = paging.page_size.value_or(kDefaultPageSize);
    if (missing) limit = std::min(limit, *missing);
    const std::optional<std::string> asked = std::exchange(next, std::nullopt);
    kms::Json page = list(limit, asked);
    if (const auto found = page.find(items); found != page.end()) {
      if (missing) *missing -= static_cast<std::int64_t>(found->size());
      for (kms::Json& item : *found) all.push_back(std::move(item));
    }
    if (const auto marker = page.find("NextMarker"); marker != page.end())
      next = std::string(std::string_view(marker->template get_ref<const kms::Json::string_t&>()));
    if (next && next == asked) throw Failure("The list does not end: the same page comes again.");
    if (!next || (missing && *missing <= 0)) break;
  }
  kms::Json json = kms::Json::object();
  json[items] = std::move(all);
  if (next) json["NextToken"] = *next;
  return json;
}

}  // namespace trent::cli
