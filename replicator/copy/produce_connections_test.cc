#include "replicator/copy/produce_connections.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace replicator {
namespace {

using Clock = ProduceConnections::Clock;

constexpr Clock::duration kLookInterval = std::chrono::milliseconds(250);
constexpr int64_t kBytesPerSecond = 1'000'000;

class ProduceConnectionsTest : public ::testing::Test {
 protected:
  // Looks every 250 ms for `duration`. `share` of all connections is saturated at each look. Returns how many were
  // opened.
  int Watch(Clock::duration duration, double share, int64_t bytes_per_second) {
    int opened = 0;
    const Clock::time_point end = now_ + duration;
    while (now_ < end) {
      now_ += kLookInterval;
      bytes_ += bytes_per_second / 4;
      saturated_ += share * connections_.open();
      const int whole = static_cast<int>(saturated_);
      saturated_ -= whole;
      if (connections_.Look(now_, whole, bytes_)) ++opened;
    }
    return opened;
  }

  ProduceConnections connections_{4};
  Clock::time_point now_{std::chrono::hours(1)};
  int64_t bytes_ = 5'000'000'000;
  double saturated_ = 0;
};

TEST_F(ProduceConnectionsTest, BeginWithOneAndStayThereWhileItHasRoom) {
  EXPECT_EQ(connections_.open(), 1);
  EXPECT_EQ(Watch(std::chrono::minutes(5), 0, kBytesPerSecond), 0);
  EXPECT_EQ(Watch(std::chrono::minutes(5), 0.5, kBytesPerSecond), 0);
  EXPECT_EQ(connections_.open(), 1);
}

TEST_F(ProduceConnectionsTest, SaturatedForMostOfAWindowGetsAnother) {
  EXPECT_EQ(Watch(std::chrono::seconds(1), 1, kBytesPerSecond), 0);  // not yet
  EXPECT_EQ(Watch(std::chrono::seconds(1), 1, kBytesPerSecond), 1);
  EXPECT_EQ(connections_.open(), 2);
}

TEST_F(ProduceConnectionsTest, GrowToTheMostWhileEachHelps) {
  for (int open = 2; open <= 4; ++open) {
    EXPECT_EQ(Watch(std::chrono::milliseconds(1750), 0.9, kBytesPerSecond * (open - 1)), 1);
    EXPECT_EQ(connections_.open(), open);
  }
  EXPECT_EQ(Watch(std::chrono::minutes(5), 1, kBytesPerSecond * 4), 0);
  EXPECT_EQ(connections_.open(), 4);
}

TEST_F(ProduceConnectionsTest, OneThatDidNotHelpIsTheLastForAMinute) {
  EXPECT_EQ(Watch(std::chrono::milliseconds(1750), 1, kBytesPerSecond), 1);
  EXPECT_EQ(Watch(std::chrono::seconds(60), 1, kBytesPerSecond * 1.05), 0);
  EXPECT_EQ(Watch(std::chrono::seconds(5), 1, kBytesPerSecond * 1.05), 1);
  EXPECT_EQ(connections_.open(), 3);
}

TEST_F(ProduceConnectionsTest, OneThatIsNotSaturatedSpeaksForNone) {
  EXPECT_EQ(Watch(std::chrono::milliseconds(1750), 1, kBytesPerSecond), 1);
  EXPECT_EQ(Watch(std::chrono::minutes(5), 0.5, kBytesPerSecond * 2), 0);  // one of two
}

TEST_F(ProduceConnectionsTest, BrokerThatDoesNotAnswerGetsNone) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Watch(std::chrono::seconds(1), 1, 0), 0);
    connections_.Forget();
  }
  EXPECT_EQ(connections_.open(), 1);
}

TEST_F(ProduceConnectionsTest, MostOfOneIsAlwaysOne) {
  ProduceConnections one(1);
  for (int i = 0; i < 1000; ++i) {
    now_ += kLookInterval;
    EXPECT_FALSE(one.Look(now_, 1, bytes_ += 1000));
  }
  EXPECT_EQ(one.open(), 1);
}

}  // namespace
}  // namespace replicator
