#include "tests/cluster/sequence_match.h"

#include <gtest/gtest.h>

#include <vector>

namespace replicator::tests {
namespace {

using Sequence = std::vector<uint64_t>;

struct Case {
  const char* name;
  Sequence source;
  Sequence target;
  SequenceMatch want;
};

class SequenceMatchTest : public ::testing::TestWithParam<Case> {};

TEST_P(SequenceMatchTest, CountsAndNamesTheFirstDifference) {
  const Case& test = GetParam();
  const SequenceMatch got = MatchSequences(test.source, test.target);
  EXPECT_EQ(got.missing, test.want.missing);
  EXPECT_EQ(got.duplicated, test.want.duplicated);
  EXPECT_EQ(got.reordered, test.want.reordered);
  EXPECT_EQ(got.changed, test.want.changed);
  EXPECT_EQ(got.foreign, test.want.foreign);
  EXPECT_EQ(static_cast<int>(got.kind), static_cast<int>(test.want.kind));
  EXPECT_EQ(got.index, test.want.index);
  EXPECT_EQ(got.source_index_of_target, test.want.source_index_of_target);
}

SequenceMatch Want(FirstDifference kind, int64_t index, int64_t source_index, SequenceMatch counts) {
  counts.kind = kind;
  counts.index = index;
  counts.source_index_of_target = source_index;
  return counts;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SequenceMatchTest,
    ::testing::Values(
        Case{"Equal", {1, 2, 3}, {1, 2, 3}, {}}, Case{"Empty", {}, {}, {}},
        Case{"EqualWithRepeatsInTheSource", {1, 1, 2, 1}, {1, 1, 2, 1}, {}},
        Case{"MissingInTheMiddle", {1, 2, 3}, {1, 3}, Want(FirstDifference::kMissing, 1, 2, {.missing = 1})},
        Case{"MissingAtTheEnd", {1, 2, 3}, {1}, Want(FirstDifference::kMissing, 1, -1, {.missing = 2})},
        Case{"DuplicatedAtOnce", {1, 2, 3}, {1, 2, 2, 3}, Want(FirstDifference::kDuplicated, 2, 1, {.duplicated = 1})},
        Case{"WindowReplayed",
             {1, 2, 3, 4},
             {1, 2, 3, 2, 3, 4},
             Want(FirstDifference::kDuplicated, 3, 1, {.duplicated = 2})},
        Case{"DuplicatedAtTheEnd", {1, 2}, {1, 2, 1}, Want(FirstDifference::kDuplicated, 2, 0, {.duplicated = 1})},
        Case{"OneOfTwoEqualRecordsMissing", {1, 1, 2}, {1, 2}, Want(FirstDifference::kMissing, 1, 2, {.missing = 1})},
        Case{
            "NeighboursSwapped", {1, 2, 3, 4}, {1, 3, 2, 4}, Want(FirstDifference::kReordered, 1, 2, {.reordered = 1})},
        Case{"OneRecordMovedFar",
             {1, 2, 3, 4, 5},
             {5, 1, 2, 3, 4},
             Want(FirstDifference::kReordered, 0, 4, {.reordered = 1})},
        Case{"Changed", {1, 2, 3}, {1, 9, 3}, Want(FirstDifference::kChanged, 1, -1, {.changed = 1})},
        Case{"ForeignInserted", {1, 2, 3}, {1, 9, 2, 3}, Want(FirstDifference::kForeign, 1, -1, {.foreign = 1})},
        Case{"ForeignAtTheEnd", {1, 2}, {1, 2, 9}, Want(FirstDifference::kForeign, 2, -1, {.foreign = 1})},
        Case{"ChangedAndMissing",
             {1, 2, 3, 4},
             {1, 9, 4},
             Want(FirstDifference::kChanged, 1, -1, {.missing = 1, .changed = 1})},
        Case{"AllMissing", {1, 2}, {}, Want(FirstDifference::kMissing, 0, -1, {.missing = 2})}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace replicator::tests
