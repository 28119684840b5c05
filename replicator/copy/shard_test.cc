#include "replicator/copy/shard.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "kafka/net/steady_event.h"

namespace replicator {
namespace {

constexpr std::chrono::minutes kPatience(1);

class ShardTest : public testing::Test {
 protected:
  std::unique_ptr<Shard> Start() {
    Shard::Options options;
    options.buffer_bytes_max = 8 << 20;
    options.source.limit = &limit_;
    options.target_limit = &limit_;
    auto shard = std::make_unique<Shard>(std::move(options), [](Side) {});
    shard->Start();
    return shard;
  }

  RateLimiter limit_{0};
};

TEST_F(ShardTest, OneThatIsStoppedEnds) {
  const std::unique_ptr<Shard> shard = Start();
  shard->Stop(Clock::duration::zero());
  EXPECT_TRUE(shard->Join(Clock::now() + kPatience));
}

TEST_F(ShardTest, OneThatHasMoreToDoAtTheDeadlineIsEnded) {
  const std::unique_ptr<Shard> shard = Start();
  const auto runs = std::make_shared<kafka::SteadyEvent>();  // its loop does
  shard->Describe([runs](const std::vector<PartitionStatus>&) { runs->Notify(); });
  ASSERT_TRUE(runs->WaitUntil(Clock::now() + kPatience));
  // It may be called again, on a machine that lets the thread wait.
  const Clock::time_point end = Clock::now() + kPatience;
  bool has_ended = false;
  while (!has_ended && Clock::now() < end) has_ended = shard->Join(Clock::now());
  EXPECT_TRUE(has_ended);
}

// The process has ten seconds for all of them.
TEST_F(ShardTest, TwoThatAreStuckInAHandlerAreWaitedForUntilOneDeadline) {
  kafka::SteadyEvent release;
  kafka::SteadyEvent stuck[2];
  const std::unique_ptr<Shard> shards[2] = {Start(), Start()};
  for (int i = 0; i < 2; ++i) {
    shards[i]->Describe([&release, &is_stuck = stuck[i]](const std::vector<PartitionStatus>&) {
      is_stuck.Notify();
      release.WaitUntil(Clock::now() + std::chrono::hours(1));
    });
    ASSERT_TRUE(stuck[i].WaitUntil(Clock::now() + kPatience));
    shards[i]->Stop(Clock::duration::zero());
  }
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(100);
  EXPECT_FALSE(shards[0]->Join(deadline));
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_FALSE(shards[1]->Join(deadline)) << "which has passed";
  release.Notify();
  EXPECT_TRUE(shards[0]->Join(Clock::now() + kPatience));
  EXPECT_TRUE(shards[1]->Join(Clock::now() + kPatience));
}

}  // namespace
}  // namespace replicator
