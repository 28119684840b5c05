#include "tests/demo/text_table.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace replicator::tests {

TextTable::TextTable(const std::vector<std::string>& columns) {
  std::vector<std::string>& head = rows_.emplace_back();
  for (const std::string& column : columns) {
    right_.push_back(absl::StartsWith(column, ">"));
    head.push_back(column.substr(right_.back() ? 1 : 0));
  }
  AddRule();
}

void TextTable::AddRow(std::vector<std::string> cells) {
  CHECK_EQ(cells.size(), right_.size());
  rows_.push_back(std::move(cells));
}

void TextTable::AddRule() { rows_.emplace_back(); }

std::string TextTable::Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const {
  std::string line;
  for (size_t i = 0; i < widths.size(); ++i) {
    const std::string cell = cells.empty() ? std::string(widths[i], '-') : cells[i];
    const std::string fill(widths[i] - cell.size(), ' ');
    absl::StrAppend(&line, i > 0 ? "  " : "", right_[i] ? fill : "", cell, right_[i] ? "" : fill);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string TextTable::ToString(const std::string& indent) const {
  std::vector<size_t> widths(right_.size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows_) absl::StrAppend(&text, indent, Line(row, widths), "\n");
  return text;
}

std::string WithCommas(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string Megabytes(int64_t bytes) { return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / 1e6); }

std::string Mebibytes(int64_t bytes) { return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / (1 << 20)); }

}  // namespace replicator::tests
