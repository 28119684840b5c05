#include "replicator/copy/rate_limiter.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Clock::time_point kNow = Clock::time_point() + seconds(1000);

TEST(RateLimiterTest, WithoutACapNobodyWaits) {
  RateLimiter limiter(0);
  EXPECT_EQ(limiter.Book(int64_t{1} << 40, kNow), kNow);
}

TEST(RateLimiterTest, EachBookingTakesItsTimeBehindTheOthers) {
  RateLimiter limiter(1000);
  EXPECT_EQ(limiter.Book(500, kNow), kNow + milliseconds(500));
  EXPECT_EQ(limiter.Book(500, kNow), kNow + seconds(1));
  EXPECT_EQ(limiter.Book(1000, kNow + milliseconds(1500)), kNow + milliseconds(2500));
}

TEST(RateLimiterTest, WhatWasNotUsedIsNotMadeUpFor) {
  RateLimiter limiter(1000);
  limiter.Book(1000, kNow);
  EXPECT_EQ(limiter.Book(1000, kNow + seconds(60)), kNow + seconds(61));
}

}  // namespace
}  // namespace replicator
