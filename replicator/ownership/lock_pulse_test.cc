#include "replicator/ownership/lock_pulse.h"

#include <gtest/gtest.h>

#include <chrono>

namespace replicator {
namespace {

TEST(LockPulseTest, IsFreshForAWhileAfterAConfirmationAndNeverOnceItIsLost) {
  const kafka::Clock::time_point now = kafka::Clock::now();
  constexpr std::chrono::seconds kAgeMax(3);
  LockPulse pulse;
  EXPECT_FALSE(pulse.IsFresh(now, kAgeMax)) << "never confirmed";
  pulse.Confirm(now);
  EXPECT_TRUE(pulse.IsFresh(now, kAgeMax));
  EXPECT_TRUE(pulse.IsFresh(now + kAgeMax, kAgeMax));
  EXPECT_FALSE(pulse.IsFresh(now + kAgeMax + std::chrono::nanoseconds(1), kAgeMax));
  pulse.Confirm(now + kAgeMax);
  EXPECT_TRUE(pulse.IsFresh(now + 2 * kAgeMax, kAgeMax));
  pulse.Lose();
  EXPECT_FALSE(pulse.IsFresh(now + kAgeMax, kAgeMax));
}

}  // namespace
}  // namespace replicator
