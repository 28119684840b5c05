#include "replicator/partition/absence.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

constexpr Absence::Clock::time_point kStart = Absence::Clock::time_point(std::chrono::hours(1));
constexpr Absence::Clock::duration kMoment = std::chrono::milliseconds(1);

TEST(AbsenceTest, WhatIsMissingForAMomentIsNotGone) {
  Absence absence;
  EXPECT_FALSE(absence.IsGone(false, kStart));
  EXPECT_FALSE(absence.is_there());
  EXPECT_EQ(absence.tells_at(), kStart + Absence::kGoneAfter);
  EXPECT_FALSE(absence.IsGone(false, kStart + Absence::kGoneAfter - kMoment));
  EXPECT_FALSE(absence.IsGone(true, kStart + Absence::kGoneAfter));
  EXPECT_TRUE(absence.is_there());
  EXPECT_EQ(absence.tells_at(), std::nullopt);
}

TEST(AbsenceTest, WhatStaysAwayIsGoneUntilItIsSeenAgain) {
  Absence absence;
  EXPECT_FALSE(absence.IsGone(true, kStart));
  EXPECT_FALSE(absence.IsGone(false, kStart + kMoment));
  EXPECT_TRUE(absence.IsGone(false, kStart + kMoment + Absence::kGoneAfter));
  EXPECT_TRUE(absence.IsGone(false, kStart + 2 * Absence::kGoneAfter));
  EXPECT_FALSE(absence.IsGone(true, kStart + 3 * Absence::kGoneAfter));
  EXPECT_FALSE(absence.IsGone(false, kStart + 4 * Absence::kGoneAfter)) << "counted anew";
}

}  // namespace
}  // namespace replicator
