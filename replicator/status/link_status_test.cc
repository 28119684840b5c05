#include "replicator/status/link_status.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/match.h"
#include "replicator/status/status_table.h"

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
  EXPECT_EQ(orders.headroom_records, 50) << "of the partition that lags";
  EXPECT_EQ(orders.source_last_stable_sum, 150);
  EXPECT_EQ(orders.source_high_watermark_sum, 150);
  EXPECT_EQ(orders.copied_to_sum, 110);
  EXPECT_EQ(topics[1].headroom_records, std::nullopt);
  EXPECT_EQ(topics[1].eta_seconds, 0);
}

TEST(LinkStatusTest, WhoIsSlowerThanTheProducersNeverArrives) {
  LinkStatus status = Running();
  status.partitions[0].in_per_s = 100;
  status.partitions[0].source_last_stable = 10'000;
  EXPECT_TRUE(std::isinf(*status.Topics()[0].eta_seconds));
  EXPECT_TRUE(absl::StrContains(ToJson(status), "\"eta_seconds\": \"never\""));
  EXPECT_TRUE(absl::StrContains(StatusText(status, status.as_of_ms), "never"));
}

TEST(LinkStatusTest, WhoKeepsUpArrivesAtOnce) {
  LinkStatus status = Running();
  for (PartitionStatus& partition : status.partitions) {
    partition.in_per_s = 3'010;
    partition.out_per_s = 3'000;
  }
  EXPECT_EQ(status.Topics()[0].eta_seconds, 0);
}

TEST(LinkStatusTest, WhatOnePartitionDoesNotKnowItsTopicDoesNotKnow) {
  LinkStatus status = Running();
  status.partitions[1].state = CopyState::kStalled;
  status.partitions[1].stalled_on = "source broker 1 has not said for 75 s how far it is";
  status.partitions[1].source_last_stable = status.partitions[1].source_high_watermark = std::nullopt;
  status.partitions[1].lag_seconds = std::nullopt;
  const TopicStatus topic = status.Topics()[0];
  EXPECT_EQ(topic.state, CopyState::kStalled);
  EXPECT_EQ(topic.lag_records, std::nullopt);
  std::string why;
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "orders is stalled: source broker 1 has not said for 75 s how far it is\n");
}

TEST(LinkStatusTest, ATopicIsAsOldAsItsPartitionsAndNotKnownWithoutOne) {
  LinkStatus status = Running();
  status.partitions[1].state = CopyState::kCopying;
  status.partitions[1].lag_seconds = std::nullopt;
  EXPECT_EQ(status.Topics()[0].lag_seconds, std::nullopt);
  std::string why;
  EXPECT_EQ(CheckStatus(status, 1e9, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "orders does not say yet how far it is behind\n");
}

TEST(LinkStatusTest, WhatStandsHasNoEta) {
  LinkStatus status = Running();
  ASSERT_TRUE(status.Topics()[0].eta_seconds.has_value());
  status.partitions[0].state = CopyState::kStalled;
  EXPECT_EQ(status.Topics()[0].eta_seconds, std::nullopt);
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
  status.left_out_by_rule = {"heartbeats"};
  status.alarms["orders"] = "retention.ms is 1";
  const absl::StatusOr<LinkStatus> back = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->link, status.link);
  EXPECT_TRUE(back->is_running);
  EXPECT_EQ(back->as_of_ms, status.as_of_ms);
  EXPECT_EQ(back->source_cluster_id, "source-id");
  EXPECT_EQ(back->left_out.size(), 1);
  EXPECT_EQ(back->left_out_by_rule, status.left_out_by_rule);
  EXPECT_EQ(back->alarms, status.alarms);
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

TEST(StatusTextTest, ATopicHasSumsAndAPartitionItsOffsets) {
  LinkStatus status = Running();
  status.partitions[0].source_high_watermark = 120;
  const std::string topics = StatusText(status, status.as_of_ms);
  EXPECT_TRUE(absl::StrContains(topics, "TOPIC   STATE      PARTITIONS  LSO SUM  HW SUM  COPIED SUM  LAG")) << topics;
  EXPECT_TRUE(absl::StrContains(topics, "orders  copying             2      150     170         110   40")) << topics;
  status.partitions[1].last_error = "NOT_ENOUGH_REPLICAS";
  status = status.Only("orders");
  const std::string partitions = StatusText(status, status.as_of_ms, StatusRows::kPartitions);
  EXPECT_TRUE(absl::StrContains(partitions, "PARTITION  STATE      LOG START  LSO   HW  COPIED TO  TARGET END  LAG"))
      << partitions;
  EXPECT_TRUE(absl::StrContains(partitions, "orders-0   copying           10  100  120         60          60   40"))
      << partitions;
  EXPECT_TRUE(absl::StrContains(partitions, "orders-1: NOT_ENOUGH_REPLICAS")) << partitions;
  EXPECT_FALSE(absl::StrContains(partitions, "audit")) << partitions;
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

// Somebody has to copy.
TEST(StatusTextTest, WhoWaitsForNobodyThatIsKnownIsNoStandby) {
  LinkStatus status = Running();
  status.partitions.clear();
  status.waiting = "waiting for the lock of the link: consumer group replicator.A->B";
  absl::StatusOr<LinkStatus> parsed = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::string text = StatusText(*parsed, status.as_of_ms);
  EXPECT_TRUE(absl::StrContains(text, "WAITING as of 2023-11-14 22:13:20 UTC: waiting for the lock")) << text;
  EXPECT_FALSE(absl::StrContains(text, "another process copies")) << text;
  std::string why;
  EXPECT_EQ(CheckStatus(*parsed, 0, &why), ExitCode::kCopyBehind);
  EXPECT_TRUE(absl::StrContains(why, "nobody is known to: waiting for the lock")) << why;
}

TEST(StatusTextTest, AProcessThatHangsDoesNotHideWhatItHasStored) {
  LinkStatus status = Running();
  status.is_running = false;
  status.silent = "a shard does not answer";
  const std::string text = StatusText(status, status.as_of_ms);
  EXPECT_TRUE(absl::StartsWith(text, "the process that has the state folder does not answer (a shard")) << text;
  EXPECT_TRUE(absl::StrContains(text, "orders")) << text;
  std::string why;
  EXPECT_EQ(CheckStatus(status, 0, &why), ExitCode::kCopyBehind);
  EXPECT_TRUE(absl::StartsWith(why, "the process that has the state folder does not answer")) << why;
}

TEST(StatusTextTest, AStoppedLinkHasALineForEachTopicAndSaysWhatWasLost) {
  LinkStatus status = Running();
  status.is_running = false;
  status.partitions[1].records_lost = 1'500;
  const std::string topics = StatusText(status, status.as_of_ms);
  EXPECT_TRUE(absl::StrContains(topics, "TOPIC   STATE")) << topics;
  EXPECT_FALSE(absl::StrContains(topics, "orders-1  ")) << topics;
  EXPECT_TRUE(absl::StrContains(topics, "orders: 1,500 offsets LOST")) << topics;
  const std::string partitions = StatusText(status.Only("orders"), status.as_of_ms, StatusRows::kPartitions);
  EXPECT_TRUE(absl::StrContains(partitions, "orders-1: 1,500 offsets LOST")) << partitions;
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
  status.changelog_age_seconds = 75;
  status.changelog_trouble = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "the changelog on the target is 1 min 15 s behind: TRANSACTIONAL_ID_AUTHORIZATION_FAILED\n");
  status = Running();
  status.store_trouble = "the state folder /var/r cannot be used: No space left on device";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "nothing can be stored: the state folder /var/r cannot be used: No space left on device\n");
  status.partitions.clear();
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind) << "a process that starts";
  status = Running();
  status.topics_trouble = "target cluster B: no controller";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "topics cannot be looked for: target cluster B: no controller\n");
  status = Running();
  status.left_out["strange"] = "no room";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "strange is left out: no room\n");
  status.partitions.clear();
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "strange is left out: no room\n") << "that it starts would not be true";
  status = Running();
  status.alarms["orders"] = "retention.ms is 1 on the target";
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "orders is copied, but retention.ms is 1 on the target\n");
  EXPECT_TRUE(
      absl::StrContains(StatusText(status, 0, StatusRows::kTopics), "\nALARM orders: retention.ms is 1 on the target"));
}

// Nothing mends it, so it is told for a day.
TEST(CheckStatusTest, ALossAtTheSourceIsAnAlarmForADay) {
  constexpr int64_t kHourMs = 3'600'000;
  LinkStatus status = Running();
  status.partitions[1].records_lost = 1'500;
  status.partitions[1].lost_at_ms = status.as_of_ms - 2 * kHourMs;
  absl::StatusOr<LinkStatus> parsed = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  std::string why;
  EXPECT_EQ(CheckStatus(*parsed, 100, &why), ExitCode::kCopyBehind);
  EXPECT_EQ(why, "orders: 1,500 offsets LOST at the source, the last 2 h 0 min ago\n");
  status.partitions[1].lost_at_ms = status.as_of_ms - 24 * kHourMs;
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kDone) << why;
}

TEST(CheckStatusTest, ATopicThatHasEndedIsShownAndNoAlarm) {
  std::string why;
  LinkStatus status = Running();
  const std::string ended = status.partitions[2].topic;
  status.partitions[2].state = CopyState::kEnded;
  status.partitions[2].ended = "topic audit was deleted at the source";
  status.partitions[2].source_last_stable.reset();
  status.partitions[2].lag_seconds.reset();
  status.ended = {{ended, kEndedText}, {"older", kEndedText}};
  absl::StatusOr<LinkStatus> parsed = ParseLinkStatus(ToJson(status));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->partitions, status.partitions);
  EXPECT_EQ(CheckStatus(*parsed, 100, &why), ExitCode::kDone) << why;
  const std::string text = StatusText(*parsed, status.as_of_ms);
  EXPECT_TRUE(absl::StrContains(text, absl::StrCat(ended, " has ended: it was deleted at the source"))) << text;
  EXPECT_TRUE(absl::StrContains(text, "ENDED older: it was deleted at the source")) << text;
  EXPECT_FALSE(absl::StrContains(text, "ENDED " + ended)) << text;
  // All that there was.
  status.partitions.clear();
  EXPECT_EQ(CheckStatus(status, 100, &why), ExitCode::kDone) << why;
  EXPECT_EQ(status.Only("older").ended.size(), 1);
}

TEST(LinkStatusTest, WhatARuleLeavesOutIsShownAndNoAlarm) {
  LinkStatus status = Running();
  std::string why;
  const ExitCode before = CheckStatus(status, 100, &why);
  status.left_out_by_rule = {"heartbeats", "x.internal"};
  EXPECT_EQ(CheckStatus(status, 100, &why), before);
  EXPECT_EQ(before, ExitCode::kDone);
  EXPECT_NE(StatusText(status, 0, StatusRows::kTopics).find("matches them: heartbeats, x.internal\n"),
            std::string::npos);
  EXPECT_EQ(status.Only("heartbeats").left_out_by_rule, std::vector<std::string>{"heartbeats"});
}

}  // namespace
}  // namespace replicator
