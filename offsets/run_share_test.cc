#include "offsets/run_share.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace replicator::offsets {
namespace {

constexpr size_t kAll = std::numeric_limits<size_t>::max();

TEST(RunShareTest, TheLargestGiveWayFirst) {
  EXPECT_EQ(RunsEach({}, 10), kAll);
  EXPECT_EQ(RunsEach({3, 4, 3}, 10), kAll) << "there is room for all";
  EXPECT_EQ(RunsEach({3, 5, 3}, 10), 4u);
  EXPECT_EQ(RunsEach({100, 1, 100, 2}, 23), 10u);
  EXPECT_EQ(RunsEach({7, 7, 7}, 2), 0u);
}

// A run is a transaction: of ten thousand partitions, a tenth is written in transactions, and some of these much more
// than others.
TEST(RunShareTest, ManyMapsStayWithinTheBudgetOfAProcess) {
  constexpr size_t kRunsMaxHere = 60'000;
  constexpr int kMaps = 1'000;
  std::vector<OffsetMap> maps(kMaps);
  for (int i = 0; i < kMaps; ++i) {
    const int64_t transactions = i % 10 != 0 ? 1 : i % 100 == 0 ? 5'000 : 300;
    for (int64_t t = 0; t < transactions; ++t) maps[i].Append({SourceOffset(2 * t), TargetOffset(t), 1});
    maps[i].TakeChanges();  // they are stored
  }
  const auto counts = [&] {
    std::vector<size_t> all;
    for (const OffsetMap& map : maps) all.push_back(map.run_count());
    return all;
  };
  const size_t each = RunsEach(counts(), kRunsMaxHere);
  for (OffsetMap& map : maps) map.LeaveToTheStore(each);
  size_t runs = 0;
  for (const size_t count : counts()) runs += count;
  EXPECT_LE(runs, kRunsMaxHere);
  EXPECT_GT(runs, kRunsMaxHere / 2) << "and use it";
  EXPECT_EQ(maps[10].run_count(), 300u) << "those with few keep all";
  EXPECT_FALSE(maps[10].older_are_stored());
  EXPECT_TRUE(maps[100].older_are_stored());
  EXPECT_EQ(maps[100].SourceOf(TargetOffset(4'999)), SourceOffset(9'998)) << "the oldest have left";
}

}  // namespace
}  // namespace replicator::offsets
