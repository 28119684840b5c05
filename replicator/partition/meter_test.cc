#include "replicator/partition/meter.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

using std::chrono::seconds;

const Meter::TimePoint kStart = Meter::TimePoint() + seconds(100);

TEST(MeterTest, ShowsWhatComesInAndWhatGoesOut) {
  Meter meter;
  meter.Observe({.source_end = -1}, kStart);  // the source has not said yet
  meter.Observe({.source_end = 1'000, .position = 0, .bytes_copied = 0}, kStart + seconds(1));
  EXPECT_FALSE(meter.in_per_s().has_value());
  meter.Observe({.source_end = 1'200, .position = 500, .bytes_copied = 50'000}, kStart + seconds(3));
  EXPECT_DOUBLE_EQ(*meter.in_per_s(), 100);
  EXPECT_DOUBLE_EQ(*meter.out_per_s(), 250);
  EXPECT_DOUBLE_EQ(*meter.bytes_per_s(), 25'000);
  for (int i = 4; i < 200; ++i)
    meter.Observe({.source_end = 1'200, .position = 500, .bytes_copied = 50'000}, kStart + seconds(i));
  EXPECT_LT(*meter.out_per_s(), 1);
}

TEST(MeterTest, StandsFromTheFirstReadingWithoutProgressWhileThereIsMore) {
  Meter meter;
  meter.Observe({.source_end = 10, .position = 5}, kStart);
  meter.Observe({.source_end = 10, .position = 6}, kStart + seconds(1));
  EXPECT_FALSE(meter.standing_since().has_value());
  meter.Observe({.source_end = 10, .position = 6}, kStart + seconds(2));
  meter.Observe({.source_end = 11, .position = 6}, kStart + seconds(90));
  EXPECT_EQ(meter.standing_since(), kStart + seconds(2));
  meter.Observe({.source_end = 11, .position = 7}, kStart + seconds(91));
  EXPECT_FALSE(meter.standing_since().has_value());
}

TEST(MeterTest, WhoDoesNotBeginStandsFromItsFirstReadingOn) {
  Meter meter;
  for (int i = 0; i < 100; ++i) meter.Observe({.source_end = -1}, kStart + seconds(i));
  EXPECT_EQ(meter.standing_since(), kStart);
  meter.Observe({.source_end = 10, .position = 0}, kStart + seconds(100));
  EXPECT_EQ(meter.standing_since(), kStart + seconds(100)) << "now it has begun";
  meter.Observe({.source_end = 10, .position = 4}, kStart + seconds(101));
  EXPECT_FALSE(meter.standing_since().has_value());
}

TEST(MeterTest, WhoHasNothingToCopyDoesNotStand) {
  Meter meter;
  for (int i = 0; i < 100; ++i) meter.Observe({.source_end = 6, .position = 6}, kStart + seconds(i));
  EXPECT_FALSE(meter.standing_since().has_value());
  EXPECT_EQ(meter.caught_up_at(), kStart + seconds(99));
  meter.Observe({.source_end = 6, .position = 6, .is_current = false}, kStart + seconds(200));
  EXPECT_EQ(meter.caught_up_at(), kStart + seconds(99)) << "the source may have more by now";
}

}  // namespace
}  // namespace replicator
