// Tables and numbers for people, in plain text.
#ifndef REPLICATOR_TESTS_DEMO_TEXT_TABLE_H_
#define REPLICATOR_TESTS_DEMO_TEXT_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace replicator::tests {

// Columns as wide as their widest cell. Cells whose column's name begins with '>' (not shown) stand at the right.
class TextTable {
 public:
  explicit TextTable(const std::vector<std::string>& columns);

  // REQUIRES: as many cells as columns.
  void AddRow(std::vector<std::string> cells);
  // A line between the rows before and after.
  void AddRule();

  // Every line begins with `indent` and ends with a line break.
  std::string ToString(const std::string& indent = "") const;

 private:
  std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the first is the head; an empty one is a rule
};

// 1234567 -> "1,234,567"
std::string WithCommas(int64_t number);
// 12345678 -> "12.3 MB"
std::string Megabytes(int64_t bytes);
// 12345678 -> "11.8 MiB"
std::string Mebibytes(int64_t bytes);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_DEMO_TEXT_TABLE_H_
