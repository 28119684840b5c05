#include "replicator/status/stream_status.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/match.h"
#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

const Clock::time_point kStart = Clock::time_point() + std::chrono::hours(1);

class StreamStatusTest : public testing::Test {
 protected:
  StreamStatusTest() : stream_(Orders(), Partition::Options{.producer = kOurs}) {
    stream_.source_leader = {.broker = 1, .epoch = 0};
    stream_.target_leader = {.broker = 2, .epoch = 0};
  }

  static Assignment Orders() {
    Assignment assignment;
    assignment.source_topic = assignment.target_topic = "orders";
    assignment.partition = 3;
    return assignment;
  }

  // What a source says of a log that ends at `end`.
  void SourceSays(int64_t log_start, int64_t end) {
    stream_.source_log_start = log_start;
    stream_.source_end = stream_.source_high_watermark = end;
  }

  void Copy(int64_t base, int32_t count) {
    stream_.partition.Accept(MakeBatch(base, count));
    const Send send = stream_.partition.TakeSend();
    stream_.partition.OnAnswer(send.id, Appended(send.expected.value));
  }

  PartitionStatus Status(std::chrono::seconds after = std::chrono::seconds(0)) const {
    return StatusOf(stream_, around_, kStart + after);
  }

  Stream stream_;
  StreamSurroundings around_;
};

TEST_F(StreamStatusTest, ShowsHowFarACopyIs) {
  stream_.partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
  SourceSays(0, 20);
  Copy(0, 8);
  const PartitionStatus copying = Status();
  EXPECT_EQ(copying.state, CopyState::kCopying);
  EXPECT_EQ(copying.copied_to, 8);
  EXPECT_EQ(copying.target_end, 8);
  EXPECT_EQ(copying.lag_records(), 12);
  Copy(8, 12);
  EXPECT_EQ(Status().state, CopyState::kCaughtUp);
}

TEST_F(StreamStatusTest, OneThatStoppedBeforeItBeganIsNowhere) {
  SourceSays(10, 500);
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetNotOurs, "not ours");
  const PartitionStatus status = Status();
  EXPECT_EQ(status.state, CopyState::kQuarantined);
  EXPECT_EQ(status.copied_to, std::nullopt);
  EXPECT_EQ(status.target_end, std::nullopt);
  EXPECT_EQ(status.lag_records(), std::nullopt);
  EXPECT_EQ(status.headroom_records(), std::nullopt);
  EXPECT_EQ(status.quarantine->remedy, "replicator resume --topic=orders --partition=3");
}

TEST_F(StreamStatusTest, OneThatIsTriedAgainAndStopsForAnotherReasonIsToldAnew) {
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetRefused, "no right to write");
  EXPECT_TRUE(stream_.TellsQuarantine(1'000));
  EXPECT_FALSE(stream_.TellsQuarantine(2'000));
  stream_.partition.CheckAgain();
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetRefused, "no right to write");
  EXPECT_FALSE(stream_.TellsQuarantine(3'000)) << "tried again, for nothing";
  EXPECT_EQ(Status().quarantine->since_ms, 1'000);
  stream_.partition.CheckAgain();
  stream_.partition.PutInQuarantine(QuarantineCode::kForeignWrite, "somebody else writes");
  EXPECT_TRUE(stream_.TellsQuarantine(4'000));
  EXPECT_EQ(Status().quarantine->since_ms, 4'000);
  stream_.ForgetQuarantine();
  EXPECT_TRUE(stream_.TellsQuarantine(5'000));
}

TEST_F(StreamStatusTest, AQuarantineOfAnEarlierLifeKeepsItsTime) {
  stream_.quarantined_since_ms = 500;
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetRefused, "no right to write");
  EXPECT_TRUE(stream_.TellsQuarantine(1'000));
  EXPECT_EQ(Status().quarantine->since_ms, 500);
}

TEST_F(StreamStatusTest, OneThatCannotBeginStandsAndSaysForWhom) {
  stream_.meter.Observe({.source_end = -1}, kStart);
  stream_.settle_error = "target broker 2: connection refused";
  const PartitionStatus creating = Status(std::chrono::seconds(59));
  EXPECT_EQ(creating.state, CopyState::kCreating);
  EXPECT_EQ(creating.last_error, "target broker 2: connection refused");
  const PartitionStatus stalled = Status(std::chrono::seconds(60));
  EXPECT_EQ(stalled.state, CopyState::kStalled);
  EXPECT_EQ(stalled.stalled_on, "target broker 2: connection refused");
  stream_.settle_error.clear();
  EXPECT_EQ(Status(std::chrono::seconds(60)).stalled_on, "target broker 2");
  // The target has answered; now it is the source's turn.
  stream_.placement.OnTarget({});
  stream_.locate_error = "source broker 1: no answer";
  EXPECT_EQ(Status(std::chrono::seconds(60)).stalled_on, "source broker 1: no answer");
  stream_.partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
  EXPECT_EQ(Status().last_error, "") << "what was asked for is known";
}

TEST_F(StreamStatusTest, AStoreThatCannotBeWrittenIsNotTheBrokersFault) {
  stream_.partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
  SourceSays(0, 20);
  stream_.partition.Accept(MakeBatch(0, 8));
  for (int look = 0; look < 2; ++look) stream_.meter.Observe({.source_end = 20, .position = 0}, kStart);
  EXPECT_EQ(Status(std::chrono::seconds(60)).stalled_on, "target broker 2");
  around_.store_trouble = "the state folder cannot be used: No space left on device";
  EXPECT_EQ(Status(std::chrono::seconds(60)).stalled_on, around_.store_trouble);
}

class CaughtUpTest : public StreamStatusTest {
 protected:
  CaughtUpTest() {
    stream_.partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
    SourceSays(0, 8);
    stream_.source_heard_at = kStart;
    Copy(0, 8);
  }
};

TEST_F(CaughtUpTest, WithoutNewsOfTheSourceTheLagIsNotKnown) {
  const PartitionStatus in_time = Status(std::chrono::seconds(59));
  EXPECT_EQ(in_time.state, CopyState::kCaughtUp);
  EXPECT_EQ(in_time.lag_records(), 0);
  EXPECT_EQ(in_time.source_heard_seconds, 59);
  const PartitionStatus late = Status(std::chrono::seconds(75));
  EXPECT_EQ(late.state, CopyState::kStalled);
  EXPECT_EQ(late.lag_records(), std::nullopt);
  EXPECT_EQ(late.lag_seconds, std::nullopt);
  EXPECT_EQ(late.stalled_on, "source broker 1 has not said for 75 s how far it is");
}

// Nobody asks the source for a partition that stands in quarantine.
TEST_F(CaughtUpTest, InAQuarantineTheLagIsNotKnownForLong) {
  EXPECT_TRUE(IsKnownToBeCurrent(stream_, kStart));
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetDeleted, "it is gone");
  EXPECT_FALSE(IsKnownToBeCurrent(stream_, kStart)) << "what comes now is not copied";
  EXPECT_EQ(Status(std::chrono::seconds(59)).lag_records(), 0);
  const PartitionStatus late = Status(std::chrono::seconds(75));
  EXPECT_EQ(late.state, CopyState::kQuarantined);
  EXPECT_EQ(late.lag_records(), std::nullopt);
  EXPECT_EQ(late.lag_seconds, std::nullopt);
  EXPECT_EQ(late.headroom_records(), std::nullopt);
  EXPECT_EQ(late.copied_to, 8);
}

TEST_F(CaughtUpTest, OneThatIsBeingResumedSaysSo) {
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetDeleted, "it is gone");
  stream_.resume.emplace();
  stream_.resume->request.from = "latest";
  around_.state_dir = "/var/lib/r";
  const PartitionStatus status = Status();
  EXPECT_EQ(status.last_error, "is being resumed, from latest");
  EXPECT_TRUE(absl::EndsWith(status.quarantine->remedy, " --state-dir=/var/lib/r")) << status.quarantine->remedy;
}

TEST_F(CaughtUpTest, WithoutNewsForAMinuteItIsNotKnownToBeCurrent) {
  EXPECT_TRUE(IsKnownToBeCurrent(stream_, kStart + std::chrono::seconds(59)));
  EXPECT_FALSE(IsKnownToBeCurrent(stream_, kStart + std::chrono::seconds(60)));
}

TEST_F(CaughtUpTest, WhoeverKeepsTheNewsBackIsNamed) {
  around_.source_trouble = "connection refused";
  EXPECT_EQ(Status(std::chrono::seconds(75)).stalled_on, "source broker 1: connection refused");
  stream_.source_error = "TOPIC_AUTHORIZATION_FAILED";
  EXPECT_EQ(Status(std::chrono::seconds(75)).stalled_on, "source broker 1: TOPIC_AUTHORIZATION_FAILED");
  around_.target_is_silent = true;
  EXPECT_EQ(Status(std::chrono::seconds(75)).stalled_on, "target broker 2 does not answer");
}

TEST_F(CaughtUpTest, WhatHasEnoughToSendNeedsNoNews) {
  SourceSays(0, 12);
  stream_.partition.Accept(MakeBatch(8, 4));
  EXPECT_EQ(Status(std::chrono::seconds(75)).state, CopyState::kCopying);
  EXPECT_EQ(Status(std::chrono::seconds(75)).lag_records(), 4);
}

TEST_F(StreamStatusTest, OneWhoseTopicWasDeletedHasEndedAndIsNotQuarantined) {
  stream_.partition.Begin(SourceOffset(0), TargetOffset(0), Ordinal(0));
  SourceSays(0, 20);
  Copy(0, 8);
  stream_.partition.End(stream_.source_end, "topic orders was deleted at the source");
  const PartitionStatus status = Status();
  EXPECT_EQ(status.state, CopyState::kEnded);
  EXPECT_EQ(status.ended, "topic orders was deleted at the source");
  EXPECT_EQ(status.records_lost, 12);
  EXPECT_EQ(status.quarantine, std::nullopt);
  EXPECT_EQ(status.lag_records(), std::nullopt);
}

}  // namespace
}  // namespace replicator
