#include "replicator/partition/tombstone_watch.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace replicator {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kStart = 1'700'000'000'000;
constexpr int64_t kDay = 24 * kHour;

class TombstoneWatchTest : public ::testing::Test {
 protected:
  TombstoneWatchTest() {
    watch_.Begin(kStart);
    watch_.set_retention_ms(kDay);
  }
  // There is more to copy, `hours` after the start, and what was fetched last is `age` hours old.
  bool IsNearAfter(int64_t hours, int64_t age) {
    const int64_t now_ms = kStart + hours * kHour;
    watch_.Observe(/*lags=*/true, now_ms - age * kHour, now_ms);
    return watch_.is_near();
  }
  TombstoneWatch watch_;
};

// H
TEST_F(TombstoneWatchTest, TellsWhenTheCopyIsBehindForHalfAsLongAsTombstonesStay) {
  EXPECT_FALSE(IsNearAfter(11, 11));
  ASSERT_TRUE(IsNearAfter(12, 12));
  const std::string text = watch_.Text("accounts");
  EXPECT_TRUE(absl::StrContains(text, "12 h 0 min behind")) << text;
  EXPECT_TRUE(absl::StrContains(text, "--entity-name accounts --add-config delete.retention.ms=864000000")) << text;
  watch_.set_retention_ms(10 * kDay);
  EXPECT_FALSE(IsNearAfter(13, 13)) << "it was raised";
}

TEST_F(TombstoneWatchTest, OldRecordsAreNoLagWhileTheCopyIsYoung) { EXPECT_FALSE(IsNearAfter(1, 9'000)); }

TEST_F(TombstoneWatchTest, WhatCameAfterALongIdleTimeIsYoung) {
  EXPECT_FALSE(IsNearAfter(9'000, 1));
  EXPECT_EQ(watch_.current_at_ms(), kStart) << "it was not caught up";
}

TEST_F(TombstoneWatchTest, CatchingUpEndsIt) {
  ASSERT_TRUE(IsNearAfter(20, 20));
  watch_.Observe(/*lags=*/false, kStart, kStart + 20 * kHour);
  EXPECT_FALSE(watch_.is_near());
  EXPECT_EQ(watch_.current_at_ms(), kStart + 20 * kHour);
  EXPECT_FALSE(IsNearAfter(21, 20));
}

TEST_F(TombstoneWatchTest, NothingIsSaidOfTopicsThatAreNotCompactedOrOfWhatNobodyRead) {
  watch_.Observe(/*lags=*/true, /*fetched_ms=*/-1, kStart + 90 * kDay);
  EXPECT_FALSE(watch_.is_near());
  watch_.set_retention_ms(std::nullopt);
  EXPECT_FALSE(IsNearAfter(9'000, 9'000));
}

}  // namespace
}  // namespace replicator
