#include "replicator/serve/progress.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "replicator/base/human.h"

namespace replicator {
namespace {

using std::chrono::seconds;

const kafka::Clock::time_point kStart = kafka::Clock::time_point() + seconds(100);

ShardStatus Status(int64_t copied, int64_t lag) {
  ShardStatus status;
  status.partitions = 4;
  status.begun = 4;
  status.caught_up = lag == 0 ? 4 : 1;
  status.records_copied = copied;
  status.bytes_copied = copied * 100;
  status.lag_records = lag;
  return status;
}

TEST(ProgressTest, ShowsRatesAndALagWithItsEtaNetOfInflow) {
  Progress progress(kStart);
  progress.Observe(Status(1000, 9000), kStart + seconds(1));
  progress.Observe(Status(2000, 8600), kStart + seconds(2));  // 1,000 copied, 600 written meanwhile
  const std::string line = progress.Line(2, 0);
  EXPECT_TRUE(absl::StrContains(line, "2 topics, 4 partitions, 1 caught up; copied 2,000 records, 200.0 kB")) << line;
  EXPECT_TRUE(absl::StrContains(line, "(1.0 k/s, 100.0 kB/s)")) << line;
  EXPECT_TRUE(absl::StrContains(line, "lag 8,600 records, ~860.0 kB, ETA 22 s")) << line;
}

TEST(ProgressTest, ALagThatGrowsHasNoEnd) {
  Progress progress(kStart);
  progress.Observe(Status(1000, 9000), kStart + seconds(1));
  progress.Observe(Status(2000, 9500), kStart + seconds(2));
  EXPECT_TRUE(absl::StrContains(progress.Line(1, 0), "ETA never")) << progress.Line(1, 0);
}

TEST(ProgressTest, ACopyThatKeepsUpDoesNotSayNever) {
  Progress progress(kStart);
  for (int i = 1; i <= 100; ++i) {
    progress.Observe(Status(6'000 * i, 200 + 150 * (i % 3)), kStart + seconds(i));
    EXPECT_FALSE(absl::StrContains(progress.Line(1, 0), "never")) << progress.Line(1, 0);
  }
}

TEST(ProgressTest, PartitionsThatStartGiveNoTrend) {
  Progress progress(kStart);
  ShardStatus starting = Status(0, 10);
  starting.begun = 1;
  progress.Observe(starting, kStart + seconds(1));
  progress.Observe(Status(10, 5000), kStart + seconds(2));
  const std::string line = progress.Line(1, 0);
  EXPECT_FALSE(absl::StrContains(line, "ETA")) << line;
}

TEST(ProgressTest, WhatIsOutOfOrderIsNamed) {
  Progress progress(kStart);
  ShardStatus status = Status(10, 0);
  status.partitions = 6;
  status.stalled = 1;
  status.quarantined.push_back({"orders-3", {QuarantineCode::kForeignWrite, "somebody else writes"}});
  status.waiting.push_back("orders-2: the target answers NOT_ENOUGH_REPLICAS");
  progress.Observe(status, kStart + seconds(1));
  const std::string line = progress.Line(3, 2);
  for (const char* part : {"no lag", "1 starting", "1 stalled", "1 QUARANTINED", "2 topics left out",
                           "orders-2: the target answers NOT_ENOUGH_REPLICAS"}) {
    EXPECT_TRUE(absl::StrContains(line, part)) << part << " is not in " << line;
  }
}

TEST(ProgressTest, NumbersReadWell) {
  EXPECT_EQ(WithCommas(-1234567), "-1,234,567");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(HumanBytes(12'345'678), "12.3 MB");
  EXPECT_EQ(HumanSeconds(59), "59 s");
  EXPECT_EQ(HumanSeconds(3723), "1 h 2 min");
}

}  // namespace
}  // namespace replicator
