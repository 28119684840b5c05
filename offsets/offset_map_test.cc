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
  EXPECT_EQ(map.TargetOf(SourceOffset(13)), TargetOffset(10));  // the position: where a reader of everything goes on
  EXPECT_EQ(map.TargetOf(SourceOffset(14)), std::nullopt);
}

TEST(OffsetMap, TranslationBackIsExactAndDeclinesOutsideTheRuns) {
  OffsetMap map;
  map.Reset({SourceOffset(100), TargetOffset(3)});
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

// J
TEST(OffsetMap, TheGapThatEndsTheMapGoesToTheTargetsEnd) {
  OffsetMap map;
  map.Reset({SourceOffset(7), TargetOffset(0)});
  EXPECT_EQ(map.TargetOf(SourceOffset(7)), TargetOffset(0));
  map.AdvanceTo(SourceOffset(9));  // an aborted transaction before the first record
  EXPECT_EQ(map.TargetOf(SourceOffset(6)), std::nullopt);
  EXPECT_EQ(map.TargetOf(SourceOffset(9)), TargetOffset(0));
  map.Append(MakeRun(10, 0, 5));
  map.AdvanceTo(SourceOffset(16));  // its marker
  EXPECT_EQ(map.TargetOf(SourceOffset(8)), TargetOffset(0));
  EXPECT_EQ(map.TargetOf(SourceOffset(16)), TargetOffset(5));
  EXPECT_EQ(map.TargetOf(SourceOffset(17)), std::nullopt);
}

TEST(OffsetMap, ChangesNameEachRunOnceItCanNotGrowAnyMore) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 5));
  EXPECT_TRUE(map.TakeChanges().closed.empty());
  map.Append(MakeRun(8, 5, 5));
  map.Append(MakeRun(20, 10, 1));
  const OffsetMap::Changes changes = map.TakeChanges();
  EXPECT_EQ(changes.closed, (std::vector<offsets::Run>{MakeRun(0, 0, 5), MakeRun(8, 5, 5)}));
  EXPECT_FALSE(changes.forget_from.has_value());
  EXPECT_TRUE(map.TakeChanges().closed.empty());
}

// F
TEST(OffsetMap, ARunThatIsCutGrowsAgainAndIsForgottenAsAClosedOne) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 5));
  map.Append(MakeRun(8, 5, 5));
  map.Append(MakeRun(20, 10, 1));
  map.TakeChanges();
  map.TruncateTo(TargetOffset(7));
  OffsetMap::Changes changes = map.TakeChanges();
  EXPECT_EQ(changes.forget_from, SourceOffset(8));
  EXPECT_TRUE(changes.closed.empty());
  EXPECT_EQ(map.runs().back(), MakeRun(8, 5, 2));
  map.Append(MakeRun(10, 7, 3));
  map.Append(MakeRun(30, 10, 1));
  EXPECT_EQ(map.TakeChanges().closed, std::vector<offsets::Run>{MakeRun(8, 5, 5)});
}

TEST(OffsetMap, ARestoredMapAnswersLikeTheOneBeforeIt) {
  constexpr MapBegin kEnd = {SourceOffset(25), TargetOffset(7)};
  OffsetMap map;
  map.Restore({SourceOffset(3), TargetOffset(0)}, {MakeRun(5, 0, 5)}, MakeRun(20, 5, 2), kEnd, false, {});
  EXPECT_EQ(map.TargetOf(SourceOffset(3)), TargetOffset(0));
  EXPECT_EQ(map.TargetOf(SourceOffset(12)), TargetOffset(5));
  EXPECT_EQ(map.TargetOf(SourceOffset(25)), TargetOffset(7));
  EXPECT_EQ(map.SourceOf(TargetOffset(6)), SourceOffset(21));
  map.Restore({SourceOffset(3), TargetOffset(0)}, {MakeRun(5, 0, 5)}, MakeRun(20, 5, 2), kEnd, true, {});
  EXPECT_EQ(map.TargetOf(SourceOffset(4)), std::nullopt);  // a run that was not loaded may hold it
  EXPECT_EQ(map.TargetOf(SourceOffset(5)), TargetOffset(0));
  EXPECT_EQ(map.origin().source, SourceOffset(3));
}

// Another process copied what lies between, and the place behind it was found by content.
TEST(OffsetMap, WhatIsNotKnownIsNeverTold) {
  OffsetMap map;
  map.Append(MakeRun(0, 0, 5));
  map.AdvanceTo(SourceOffset(7));
  map.ContinueAt({SourceOffset(50), TargetOffset(40)});
  OffsetMap restored;
  restored.Restore({}, {}, MakeRun(0, 0, 5), {SourceOffset(50), TargetOffset(40)}, false, {});
  for (OffsetMap* each : {&map, &restored}) {
    EXPECT_EQ(each->TargetOf(SourceOffset(4)), TargetOffset(4));
    for (const int64_t source : {5, 7, 20, 49}) EXPECT_EQ(each->TargetOf(SourceOffset(source)), std::nullopt) << source;
    EXPECT_EQ(each->TargetOf(SourceOffset(50)), TargetOffset(40));
    each->Append(MakeRun(52, 40, 2));
    EXPECT_EQ(each->TargetOf(SourceOffset(49)), std::nullopt);
    EXPECT_EQ(each->SourceOf(TargetOffset(39)), std::nullopt);
    EXPECT_EQ(each->TargetOf(SourceOffset(53)), TargetOffset(41));
    EXPECT_EQ(each->TargetOf(SourceOffset(54)), TargetOffset(42));
    each->TruncateTo(TargetOffset(40));
    EXPECT_EQ(each->TargetOf(SourceOffset(52)), TargetOffset(40));
    EXPECT_EQ(each->TargetOf(SourceOffset(51)), std::nullopt);
  }
}

TEST(OffsetMap, RunsBelowBothLogStartsArePruned) {
  OffsetMap map;
  for (int i = 0; i < 4; ++i) map.Append(MakeRun(i * 10, i * 5, 5));
  map.TakeChanges();
  map.PruneBelow(SourceOffset(25), TargetOffset(9));  // the target still holds the second run's last record
  EXPECT_EQ(map.runs().size(), 3u);
  EXPECT_EQ(map.TakeChanges().forget_below, SourceOffset(10));
  EXPECT_EQ(map.TargetOf(SourceOffset(4)), std::nullopt);
  EXPECT_EQ(map.TargetOf(SourceOffset(10)), TargetOffset(5));
  map.PruneBelow(SourceOffset(1000), TargetOffset(1000));
  EXPECT_EQ(map.runs().size(), 1u);  // the last one grows
}

TEST(OffsetMap, PastItsBoundItForgetsTheOldestAndSaysSo) {
  OffsetMap map(2);
  map.Append(MakeRun(0, 0, 1));
  map.Append(MakeRun(2, 1, 1));
  map.Append(MakeRun(4, 2, 1));
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_EQ(map.SourceOf(TargetOffset(0)), std::nullopt);
  EXPECT_EQ(map.TargetOf(SourceOffset(0)), std::nullopt);
  EXPECT_EQ(map.SourceOf(TargetOffset(1)), SourceOffset(2));
}

// A busy transactional topic has more runs within its retention than are kept here.
TEST(OffsetMap, RunsThatOnlyTheStoreHasArePrunedUpToAMark) {
  constexpr int64_t kRuns = 3 * OffsetMap::kMarkEvery;
  OffsetMap map(10);
  for (int64_t i = 0; i < kRuns; ++i) map.Append(MakeRun(i * 10, i * 5, 5));
  map.TakeChanges();
  const int64_t middle = kRuns / 2;
  EXPECT_FALSE(map.PruneBelow(SourceOffset(middle * 10), TargetOffset(0))) << "the target still holds them";
  EXPECT_FALSE(map.PruneBelow(SourceOffset(0), TargetOffset(middle * 5)));
  EXPECT_TRUE(map.PruneBelow(SourceOffset(middle * 10), TargetOffset(middle * 5)));
  const OffsetMap::Changes changes = map.TakeChanges();
  ASSERT_TRUE(changes.forget_below.has_value());
  EXPECT_LE(*changes.forget_below, SourceOffset(middle * 10));
  EXPECT_GT(*changes.forget_below, SourceOffset((middle - OffsetMap::kMarkEvery) * 10));
  EXPECT_EQ(map.origin().source, *changes.forget_below);
  EXPECT_EQ(map.origin().target.value * 2, changes.forget_below->value);
  EXPECT_FALSE(map.PruneBelow(SourceOffset(middle * 10), TargetOffset(middle * 5))) << "once";
  map.TruncateTo(TargetOffset(0));
  EXPECT_EQ(map.origin().source, SourceOffset((kRuns - 10 - 1) * 10 + 5)) << "nothing below is known, or stored";
}

}  // namespace
}  // namespace replicator::offsets
