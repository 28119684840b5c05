#include "offsets/offset_map.h"

#include <gtest/gtest.h>

namespace replicator::offsets {
namespace {

Run MakeRun(int64_t source, int64_t target, int64_t count) {
  return {SourceOffset(source), TargetOffset(target), count};
}

TEST(OffsetMap, AdjacentRunsWithTheSameDistanceAreOneRun) {
  OffsetMap map;
  for (int i = 0; i < 1000; ++i) map.Append(MakeRun(i * 10, i * 10, 10));
  ASSERT_EQ(map.runs().size(), 1u);
  EXPECT_EQ(map.runs()[0], MakeRun(0, 0, 10'000));
}

TEST(OffsetMap, AnOffsetInAGapGoesToTheNextRecord) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 5));
  map.Append(MakeRun(8, 5, 5));  // 5, 6 and 7 are gone
  EXPECT_EQ(map.TargetOf(SourceOffset(4)), TargetOffset(4));
  for (int gap : {5, 6, 7, 8}) EXPECT_EQ(map.TargetOf(SourceOffset(gap)), TargetOffset(5)) << gap;
  EXPECT_EQ(map.TargetOf(SourceOffset(12)), TargetOffset(9));
  EXPECT_EQ(map.TargetOf(SourceOffset(13)), std::nullopt);
}

TEST(OffsetMap, TranslationBackIsExactAndDeclinesOutsideTheRuns) {
  OffsetMap map;
  map.Append(MakeRun(100, 3, 2));
  map.Append(MakeRun(110, 5, 2));
  EXPECT_EQ(map.SourceOf(TargetOffset(2)), std::nullopt);
  EXPECT_EQ(map.SourceOf(TargetOffset(3)), SourceOffset(100));
  EXPECT_EQ(map.SourceOf(TargetOffset(4)), SourceOffset(101));
  EXPECT_EQ(map.SourceOf(TargetOffset(5)), SourceOffset(110));
  EXPECT_EQ(map.SourceOf(TargetOffset(7)), std::nullopt);
  EXPECT_EQ(map.TargetOf(SourceOffset(99)), std::nullopt);
}

TEST(OffsetMap, TruncationCutsInsideAndBetweenRuns) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 10));
  map.Append(MakeRun(20, 10, 10));
  map.TruncateTo(TargetOffset(15));
  EXPECT_EQ(map.runs().back(), MakeRun(20, 10, 5));
  map.TruncateTo(TargetOffset(10));
  EXPECT_EQ(map.runs().back(), MakeRun(0, 0, 10));
  map.TruncateTo(TargetOffset(0));
  EXPECT_TRUE(map.runs().empty());
}

TEST(OffsetMap, PastItsBoundItForgetsTheOldestAndSaysSo) {
  OffsetMap map(2);
  map.Append(MakeRun(0, 0, 1));
  map.Append(MakeRun(2, 1, 1));
  map.Append(MakeRun(4, 2, 1));
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_EQ(map.SourceOf(TargetOffset(0)), std::nullopt);
  EXPECT_EQ(map.TargetOf(SourceOffset(1)), std::nullopt);
  EXPECT_EQ(map.SourceOf(TargetOffset(1)), SourceOffset(2));
}

}  // namespace
}  // namespace replicator::offsets
