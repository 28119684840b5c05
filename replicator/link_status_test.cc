#include "replicator/link_status.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/match.h"
#include "replicator/status_table.h"

namespace replicator {
namespace {

PartitionStatus Copying(const std::string& topic, int32_t partition, int64_t copied_to, int64_t source_end) {
  PartitionStatus status;
  status.topic = status.target_topic = topic;
  status.partition = partition;
  status.state = copied_to < source_end ? CopyState::kCopying : CopyState::kCaughtUp;
  status.source_log_start = 10;
  status.source_last_stable = source_end;
  status.source_high_watermark = source_end;
  status.copied_to = copied_to;
  status.target_end = copied_to;
  status.records_copied = copied_to;
  status.bytes_copied = copied_to * 100;
  status.lag_seconds = copied_to < source_end ? 90 : 0;
  status.in_per_s = 10;
  status.out_per_s = 30;
  status.bytes_per_s = 3000;
  return status;
}

LinkStatus Running() {
  LinkStatus status;
  status.link = "old->new";
  status.is_running = true;
  status.as_of_ms = 1'700'000'000'000;
  status.source_cluster_id = "source-id";
  status.target_cluster_id = "target-id";
  status.partitions = {Copying("orders", 0, 60, 100), Copying("orders", 1, 50, 50), Copying("audit", 0, 70, 70)};
  return status;
}

void PutInQuarantine(PartitionStatus& partition) {
  partition.state = CopyState::kQuarantined;
  partition.quarantine = {"foreign-write", "somebody else writes", 1'699'999'000'000,
                          "replicator resume --topic=audit"};
}

TEST(LinkStatusTest, ATopicSumsItsPartitions) {
  const std::vector<TopicStatus> topics = Running().Topics();
  ASSERT_EQ(topics.size(), 2);
  const TopicStatus& orders = topics[0];
  EXPECT_EQ(orders.topic, "orders") << "what is not caught up comes first";
  EXPECT_EQ(orders.state, CopyState::kCopying);
  EXPECT_EQ(orders.lag_records, 40);
  EXPECT_EQ(orders.lag_bytes, 4000);
  EXPECT_EQ(orders.lag_seconds, 90);
  EXPECT_EQ(orders.eta_seconds, 1);  // 40 records at 2 * (30 - 10)
  EXPECT_EQ(orders.headroom_records, 40);
  EXPECT_EQ(topics[1].eta_seconds, 0);
}

TEST(LinkStatusTest, WhoIsSlowerThanTheProducersNeverArrives) {
  LinkStatus status = Running();
  status.partitions[0].in_per_s = 100;
  EXPECT_TRUE(std::isinf(*status.Topics()[0].eta_seconds));
  EXPECT_TRUE(absl::StrContains(ToJson(status), "\"eta_seconds\": \"never\""));
  EXPECT_TRUE(absl::StrContains(StatusText(status, status.as_of_ms), "never"));
}

TEST(LinkStatusTest, WhatIsNotKnownIsLeftOut) {
  LinkStatus status = Running();
  status.partitions = {PartitionStatus{.topic = "new", .target_topic = "new", .partition = 0}};
  const std::string json = ToJson(status);
  EXPECT_FALSE(absl::StrContains(json, "lag")) << json;
  EXPECT_FALSE(absl::StrContains(json, "eta")) << json;
}

TEST(LinkStatusTest, JsonComesBackAsItWas) {
  LinkStatus status = Running();
  PutInQuarantine(status.partitions[2]);
  status.partitions[1].state = CopyState::kStalled;
  status.partitions[1].stalled_on = "target broker 2 does not answer";
  status.left_out["strange"] = "no \"room\" \xff";
  const absl::StatusOr<LinkStatus> back = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->link, status.link);
  EXPECT_TRUE(back->is_running);
  EXPECT_EQ(back->as_of_ms, status.as_of_ms);
  EXPECT_EQ(back->source_cluster_id, "source-id");
  EXPECT_EQ(back->left_out.size(), 1);
  ASSERT_EQ(back->partitions.size(), 3);
  EXPECT_EQ(back->partitions[0], status.partitions[2]) << "the quarantined one first";
  EXPECT_EQ(back->partitions[1], status.partitions[0]);
  EXPECT_EQ(back->partitions[2], status.partitions[1]);
}

TEST(LinkStatusTest, OtherTextsAreRefused) {
  for (const char* text : {"", "[]", "{\"schema_version\": 99, \"topics\": []}", "{\"schema_version\": 1}",
                           "{\"schema_version\": 1, \"topics\": [{\"topic\": 5}]}"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseLinkStatus(text).status())) << text;
  }
}

TEST(StatusTextTest, TheQuarantinedComeFirstWithTheirRemedy) {
  LinkStatus status = Running();
  PutInQuarantine(status.partitions[2]);
  const std::string text = StatusText(status, status.as_of_ms + 1000);
  EXPECT_LT(text.find("audit   quarantined"), text.find("orders  copying")) << text;
  EXPECT_TRUE(absl::StrContains(text, "QUARANTINED audit-0 (foreign-write) since 2023-11-14 21:56:40 UTC")) << text;
  EXPECT_TRUE(absl::StrContains(text, "replicator resume --topic=audit")) << text;
  EXPECT_TRUE(absl::StrContains(text, "~4.0 kB")) << text;
}

TEST(StatusTextTest, AStoppedProcessIsNamedWithTheAgeOfItsFigures) {
  LinkStatus status = Running();
  status.is_running = false;
  const std::string text = StatusText(status, status.as_of_ms + 120'000);
  EXPECT_TRUE(
      absl::StartsWith(text, "no process answers: what was stored last, at 2023-11-14 22:13:20 UTC (2 min 0 s ago)"))
      << text;
}

TEST(StatusTextTest, AStandbySaysForWhomItWaitsAndNothingIsWrongWithIt) {
  LinkStatus status = Running();
  status.partitions.clear();
  status.standby = "host-1 pid 7 holds the lock since noon";
  absl::StatusOr<LinkStatus> parsed = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::string text = StatusText(*parsed, status.as_of_ms);
  EXPECT_TRUE(absl::StrContains(text, "STANDBY as of 2023-11-14 22:13:20 UTC: host-1 pid 7 holds the lock")) << text;
  std::string why;
  EXPECT_EQ(CheckStatus(*parsed, 0, &why), ExitCode::kDone);
  EXPECT_EQ(why, "a standby: host-1 pid 7 holds the lock since noon\n");
}

TEST(CheckStatusTest, TellsWhatIsWrongByItsCode) {
  std::string why;
  LinkStatus status = Running();
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kDone) << why;
  EXPECT_EQ(CheckStatus(status, 89, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "orders is 1 min 30 s behind\n");
  status.partitions[2].state = CopyState::kStalled;
  status.partitions[2].stalled_on = "target broker 2";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "audit is stalled: target broker 2\n");
  PutInQuarantine(status.partitions[2]);
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kQuarantined);
  status = Running();
  status.is_running = false;
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  status = Running();
  status.partitions[1].state = CopyState::kCreating;
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  status = Running();
  status.left_out["strange"] = "no room";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
}

}  // namespace
}  // namespace replicator
