// What a stream's three machines do together.
#include "replicator/partition/stream.h"

#include <gtest/gtest.h>

#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

const Clock::time_point kNow = Clock::time_point() + std::chrono::hours(1);

// One that stands at offset 100 of a topic that has an id, or none.
class StreamTest : public ::testing::Test {
 protected:
  static Assignment Orders() {
    Assignment assignment;
    assignment.source_topic = assignment.target_topic = "orders";
    return assignment;
  }
  StreamTest() : stream_(Orders(), Partition::Options{.producer = kOurs}) {
    stream_.partition.Begin(SourceOffset(100), TargetOffset(100), Ordinal(100),
                            {.base_offset = 90, .leader_epoch = 5, .record_count = 10, .content_crc = 0xabc});
  }

  void RefuseAtTheTarget() { stream_.partition.PutInQuarantine(QuarantineCode::kTargetRefused, "no right to write"); }

  Stream stream_;
};

// G: for a minute and more nobody asked the source, which may be another topic by now.
TEST_F(StreamTest, ARetryOfWhatTheTargetRefusedLooksAtTheSourcesHistoryFirst) {
  RefuseAtTheTarget();
  EXPECT_FALSE(stream_.RetryIfDue(kNow));
  EXPECT_FALSE(stream_.RetryIfDue(kNow + Stream::kRetryMin - std::chrono::seconds(1)));
  EXPECT_TRUE(stream_.partition.quarantined());
  ASSERT_TRUE(stream_.RetryIfDue(kNow + Stream::kRetryMin));
  EXPECT_FALSE(stream_.partition.quarantined());
  EXPECT_FALSE(stream_.doubt.may_fetch());
  stream_.partition.OnTargetEnd(TargetOffset(100), TargetOffset(100), OurTail(100));
  EXPECT_EQ(stream_.doubt.question(), SourceDoubt::Question::kHistory);
}

TEST_F(StreamTest, RetriesBecomeRarer) {
  Clock::time_point now = kNow;
  for (int doublings : {0, 1, 2, 3, 4, 4}) {
    RefuseAtTheTarget();
    EXPECT_FALSE(stream_.RetryIfDue(now));
    const Clock::duration wait = Stream::kRetryMin * (1 << doublings);
    EXPECT_FALSE(stream_.RetryIfDue(now + wait - std::chrono::seconds(1)));
    now += wait;
    EXPECT_TRUE(stream_.RetryIfDue(now));
  }
}

TEST_F(StreamTest, WhatDoesNotPassByItselfIsNotTriedAgain) {
  stream_.partition.PutInQuarantine(QuarantineCode::kForeignWrite, "somebody else writes");
  EXPECT_FALSE(stream_.RetryIfDue(kNow));
  EXPECT_FALSE(stream_.RetryIfDue(kNow + std::chrono::hours(24)));
}

// What the target showed before a quarantine may be old when it is over.
TEST_F(StreamTest, OneThatIsCheckedAgainBeforeItBeganAsksTheTargetAnew) {
  Stream stream(Orders(), Partition::Options{.producer = kOurs});
  stream.placement.OnTarget({TargetOffset(0), std::nullopt, std::nullopt});
  ASSERT_TRUE(stream.placement.must_search());
  stream.partition.PutInQuarantine(QuarantineCode::kSourceDeleted, "hidden");
  EXPECT_FALSE(stream.placement.must_search());
  stream.CheckAgain();
  EXPECT_TRUE(stream.placement.must_ask_target());
}

TEST_F(StreamTest, OneThatIsResumedElsewhereHasNoHistoryToLookAt) {
  stream_.partition.PutInQuarantine(QuarantineCode::kSourceTruncated, "shorter");
  stream_.ResumeAt(SourceOffset(30), /*keeps_map=*/true);
  EXPECT_TRUE(stream_.doubt.may_fetch());
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetRecreated, "another topic");
  stream_.StartAnew();
  EXPECT_TRUE(stream_.doubt.may_fetch());
  EXPECT_TRUE(stream_.placement.must_ask_target());
}

// Of a link that left out what the source had when it was started for the first time.
TEST_F(StreamTest, OnlyOneThatStartsAnewBeginsAtTheStartOfTheSourcesLog) {
  stream_.assignment.begin_at = 60;
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetDeleted, "hidden");
  stream_.CheckAgain();
  EXPECT_EQ(stream_.assignment.begin_at, 60);
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetRecreated, "another topic");
  stream_.StartAnew();
  EXPECT_EQ(stream_.assignment.begin_at, -1);
}

TEST_F(StreamTest, OneThatIsRestoredLooksAtTheSourcesHistoryFirst) {
  const offsets::PartitionState stored = [] {
    Partition earlier({.producer = kOurs});
    earlier.Begin(SourceOffset(100), TargetOffset(100), Ordinal(100));
    offsets::PartitionState state = earlier.TakeState();
    state.source_log_start_max = 70;
    return state;
  }();
  Stream stream(Orders(), Partition::Options{.producer = kOurs});
  stream.Restore(stored);
  EXPECT_FALSE(stream.doubt.may_fetch());
  EXPECT_EQ(stream.doubt.log_start_max(), 70);
}

TEST_F(StreamTest, AHoldIsLiftedOnlyOnceTheSettingsAreTold) {
  EXPECT_FALSE(stream_.TakeFacts({.hold = "it would compact", .is_told = true}));
  ASSERT_TRUE(stream_.partition.IsQuarantinedFor(QuarantineCode::kTargetSettings));
  EXPECT_FALSE(stream_.TakeFacts({.is_told = false}));
  EXPECT_TRUE(stream_.partition.quarantined());
  EXPECT_EQ(stream_.assignment.facts.hold, "it would compact");
  EXPECT_TRUE(stream_.TakeFacts({.is_told = true}));
  EXPECT_FALSE(stream_.partition.quarantined());
  EXPECT_EQ(stream_.assignment.facts.hold, "");
}

TEST_F(StreamTest, NoOtherWayOutOfAQuarantineLeadsPastAHold) {
  RefuseAtTheTarget();
  EXPECT_FALSE(stream_.TakeFacts({.hold = "it would compact", .is_told = true}));
  EXPECT_TRUE(stream_.partition.IsQuarantinedFor(QuarantineCode::kTargetRefused)) << "which came first";
  EXPECT_FALSE(stream_.RetryIfDue(kNow));
  ASSERT_TRUE(stream_.RetryIfDue(kNow + Stream::kRetryMin));
  stream_.KeepHold();
  EXPECT_TRUE(stream_.partition.IsQuarantinedFor(QuarantineCode::kTargetSettings));
  EXPECT_TRUE(stream_.TakeFacts({.is_told = true}));
  stream_.KeepHold();
  EXPECT_FALSE(stream_.partition.quarantined());
}

// What an earlier process was stopped for, when the target does not tell this one.
TEST_F(StreamTest, AStoredHoldIsLiftedOnlyOnceTheSettingsAreTold) {
  stream_.partition.PutInQuarantine(QuarantineCode::kTargetSettings, "it would compact");
  EXPECT_FALSE(stream_.TakeFacts({.is_told = false}));
  EXPECT_TRUE(stream_.partition.quarantined());
  EXPECT_TRUE(stream_.TakeFacts({.is_told = true}));
}

}  // namespace
}  // namespace replicator
