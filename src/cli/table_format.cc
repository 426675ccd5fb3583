// SPDX-License-Identifier: Apache-2.0
// --output table, by the rules of awscli/table.py and awscli/formatter.py.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

#include "cli/formats.h"

namespace trent::cli {

namespace {

using kms::Json;
using Name = Json::string_t;
using Row = std::vector<SecretString>;
using Widths = std::vector<std::size_t>;

constexpr std::size_t kPadding = 4;  // of a cell

std::uint32_t code_point(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  std::uint32_t out = first & (0x3fU >> more);
  for (std::size_t i = 1; i <= more && at + i < text.size(); ++i)
    out = out << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
  return out;
}

// What takes two columns (Unicode's East Asian Width), in blocks.
bool is_wide(std::uint32_t c) {
  constexpr std::pair<std::uint32_t, std::uint32_t> kWide[] = {
      {0x1100, 0x115f},   {0x2e80, 0xa4cf},  {0xac00, 0xd7a3}, {0xf900, 0xfaff},
      {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
      {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  return std::ranges::any_of(
      kWide, [&](const auto& block) { return c >= block.first && c <= block.second; });
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
      width += is_wide(code_point(text, i)) ? 2 : 1;
  return width;
}

SecretString spaces(std::size_t count) {
  return SecretString(count, ' ');
}

// Python counts with numbers below zero where a cell is too narrow; there are no spaces then.
std::size_t less(std::size_t from, std::size_t what) {
  return from > what ? from - what : 0;
}

SecretString centred(const SecretString& text, std::size_t width, std::string_view left_edge) {
  const std::size_t size = width_of(text);
  SecretString out(left_edge);
  const std::size_t before = less(width / 2, size / 2 + 1);
  out += spaces(before) + text;
  out += spaces(less(width, 1 + left_edge.size() + before + size));
  return out + '|';
}

SecretString aligned_left(const SecretString& text, std::size_t width, std::string_view left_edge) {
  constexpr std::size_t kLeft = 2;
  const std::size_t size = width_of(text);
  const std::size_t padding = width >= size + kLeft + left_edge.size() + 1 ? kLeft : 0;
  SecretString out(left_edge);
  out += spaces(padding) + text;
  out += spaces(less(width, left_edge.size() + padding + size + 1));
  return out + '|';
}

class Section {
 public:
  Section(std::string_view title, std::size_t indent) : title_(title), indent_(indent) {}

  void add_header(const Row& header) {
    widen(header);
    columns_ = columns_.value_or(header.size());
    header_ = header;
  }
  void add_row(Row row) {
    columns_ = columns_.value_or(row.size());
    if (row.size() != *columns_)
      throw std::invalid_argument("its rows are not equally long: one has " +
                                  std::to_string(row.size()) + " columns, and not " +
                                  std::to_string(*columns_));
    widen(row);
    rows_.push_back(std::move(row));
  }

  // With what is around it.
  std::size_t width() const {
    const std::size_t columns =
        std::accumulate(widths_.begin(), widths_.end(), std::size_t{0}) + kPadding * widths_.size();
    return std::max(width_of(title_), columns) + 2 + 2 * indent_;
  }

  // One row under a header becomes a row for each column.
  void stand_upright() {
    if (rows_.size() != 1 || header_.empty()) return;
    Section upright(title_, indent_);
    for (std::size_t i = 0; i < header_.size(); ++i)
      upright.add_row({header_[i], rows_.front()[i]});
    *this = std::move(upright);
  }

  void draw(SecretString& out, std::size_t max_width) const {
    const std::size_t width = max_width - 2 * indent_;
    if (!title_.empty()) {
      line(out, centred(title_, width, "|"));
      if (header_.empty() && rows_.empty()) line(out, "+" + SecretString(width - 2, '-') + "+");
    }
    const Widths widths = scaled(width);
    if (!header_.empty()) {
      rule(out, widths);
      cells(out, widths, header_, centred);
    }
    if (rows_.empty() || widths.empty()) return;
    rule(out, widths);
    for (const Row& row : rows_) cells(out, widths, row, aligned_left);
    rule(out, widths);
  }

 private:
  void widen(const Row& row) {
    if (widths_.empty()) widths_.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      widths_[i] = std::max(widths_[i], width_of(row[i]));
  }

  // The columns, as wide as the table.
  Widths scaled(std::size_t width) const {
    Widths out;
    std::size_t all = 0;
    for (const std::size_t each : widths_) all += each + kPadding;
    const double scale = static_cast<double>(width) / static_cast<double>(all);
    std::size_t sum = 0;
    for (const std::size_t each : widths_) {
      // Half to even, as Python rounds.
      out.push_back(
          static_cast<std::size_t>(std::nearbyint(scale * static_cast<double>(each + kPadding))));
      sum += out.back();
    }
    while (!out.empty() && sum != width) {
      if (sum > width)
        for (auto each = out.begin(); each != out.end() && sum > width; ++each, --sum) --*each;
      else
        for (auto each = out.rbegin(); each != out.rend() && sum < width; ++each, ++sum) ++*each;
    }
    return out;
  }

  void line(SecretString& out, const SecretString& text) const {
    const SecretString edge(indent_, '|');
    out += edge + text + edge + '\n';
  }
  void rule(SecretString& out, const Widths& widths) const {
    SecretString text = "+";
    for (std::size_t i = 0; i < widths.size(); ++i)
      text += SecretString(less(widths[i], i == 0 ? 2 : 1), '-') + '+';
    line(out, text);
  }
  template <class Cell>
  void cells(SecretString& out, const Widths& widths, const Row& row, Cell cell) const {
    SecretString text;
    for (std::size_t i = 0; i < row.size(); ++i) text += cell(row[i], widths[i], i == 0 ? "|" : "");
    line(out, text);
  }

  SecretString title_;
  std::size_t indent_;
  Row header_;
  std::vector<Row> rows_;
  std::optional<std::size_t> columns_;
  Widths widths_;
};

// Members that are shown in columns, and those that get a section of their own.
struct Members {
  std::set<Name> scalars{};
  std::set<Name> others{};

  void add(const Json& object) {
    if (!object.is_object())
      throw std::invalid_argument("a list in it has both objects and what is none");
    for (const auto& [name, value] : object.items())
      (value.is_structured() ? others : scalars).insert(Name(name));
  }
  Row header() const { return {scalars.begin(), scalars.end()}; }
};

class Table {
 public:
  // False if there is nothing to show.
  bool add(const SecretString* title, const Json& json, std::size_t indent = 0) {
    const bool is_zero = json.is_number() && json == Json(0);
    const bool is_no = json.is_null() || json == Json(false) || is_zero;
    const bool is_empty = json.is_string() ? json.get_ref<const Name&>().empty() : json.empty();
    if (is_no || is_empty) return false;
    if (title != nullptr) sections_.emplace_back(*title, indent);
    if (json.is_object()) add_object(json, indent);
    if (!json.is_array()) return true;
    if (json.front().is_object()) {
      add_objects(json, indent, title == nullptr ? SecretString() : *title);
      return true;
    }
    for (const Json& each : json) {
      if (!each.is_structured()) {
        sections_.back().add_row({scalar_text(each)});
      } else if (each.is_object()) {
        throw std::invalid_argument("a list in it has both objects and what is none");
      } else if (std::ranges::none_of(each, &Json::is_structured)) {
        Row row;
        for (const Json& cell : each) row.push_back(scalar_text(cell));
        sections_.back().add_row(std::move(row));
      } else {
        add(nullptr, each);
      }
    }
    return true;
  }

  SecretString draw(std::size_t terminal) {
    std::size_t width = widest();
    if (width > terminal) {
      for (Section& section : sections_) section.stand_upright();
      width = widest();
    }
    SecretString out = SecretString(width, '-') + '\n';
    for (const Section& section : sections_) section.draw(out, width);
    return out;
  }

 private:
  std::size_t widest() const {
    std::size_t width = 0;
    for (const Section& section : sections_) width = std::max(width, section.width());
    return width;
  }

  void add_object(const Json& object, std::size_t indent) {
    Members members;
    members.add(object);
    Row row;
    for (const Name& name : members.scalars) row.push_back(scalar_text(object[name]));
    if (row.size() == 1) {
      row.insert(row.begin(), *members.scalars.begin());
      sections_.back().add_row(std::move(row));
    } else if (!row.empty()) {
      sections_.back().add_header(members.header());
      sections_.back().add_row(std::move(row));
    }
    for (const Name& name : members.others) add(&name, object[name], indent + 1);
  }

  void add_objects(const Json& list, std::size_t indent, const SecretString& title) {
    Members members;
    for (const Json& each : list) members.add(each);
    sections_.back().add_header(members.header());
    bool first = true;
    for (const Json& each : list) {
      if (!std::exchange(first, false) && !members.others.empty()) {
        sections_.emplace_back(title, indent);
        sections_.back().add_header(members.header());
      }
      Row row;
      for (const Name& name : members.scalars) {
        const auto found = each.find(name);
        row.push_back(found == each.end() ? SecretString() : scalar_text(*found));
      }
      sections_.back().add_row(std::move(row));
      for (const Name& name : members.others)
        if (const auto found = each.find(name); found != each.end()) add(&name, *found, indent + 1);
    }
  }

  std::vector<Section> sections_;
};

}  // namespace

SecretString table_format(std::string_view title, const Json& json, std::size_t width) {
  Table table;
  const SecretString name(title);
  return table.add(&name, json) ? table.draw(width) : SecretString();
}

}  // namespace trent::cli
