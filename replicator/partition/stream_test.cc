// G: when the source's history is to be looked at again.
#include "replicator/partition/stream.h"

#include <gtest/gtest.h>

namespace replicator {
namespace {

constexpr offsets::SourceEvidence kEvidence = {.base_offset = 90, .leader_epoch = 5, .record_count = 10};

class StreamTest : public ::testing::Test {
 protected:
  // One that stands at offset 100 of a topic that has an id, or none.
  static Stream At100(bool has_id, const offsets::SourceEvidence& evidence) {
    Assignment assignment;
    assignment.source_topic = "a";
    if (has_id) assignment.source_topic_id[0] = 1;
    Stream stream(assignment, Partition::Options());
    stream.partition.Begin(SourceOffset(100), TargetOffset(100), Ordinal(100), evidence);
    stream.told_of_truncation = has_id;
    return stream;
  }
};

TEST_F(StreamTest, WhereTopicsHaveIdsTheBrokerTellsOfATruncationByTheEpochBelow) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  EXPECT_EQ(stream.partition.fetched_epoch(), 5);
  stream.DoubtHistory();
  EXPECT_FALSE(stream.history_in_doubt);
}

TEST_F(StreamTest, WhereTheEpochBelowIsNotKnownTheLastBatchIsLookedAtAgain) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  stream.partition.SkipTo(SourceOffset(101));
  stream.DoubtHistory();
  EXPECT_TRUE(stream.history_in_doubt);
  EXPECT_TRUE(stream.partition.must_settle()) << "what was read since is given up";
}

// Brokers from 2.8 to 3.0: they are not asked with an epoch.
TEST_F(StreamTest, WhereTheBrokerIsNotAskedByEpochTheLastBatchIsLookedAtAgain) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  stream.told_of_truncation = false;
  stream.DoubtHistory();
  EXPECT_TRUE(stream.history_in_doubt);
}

TEST_F(StreamTest, WhereNothingWasCopiedNothingIsInDoubt) {
  Stream stream = At100(/*has_id=*/true, {});
  stream.DoubtHistory();
  EXPECT_FALSE(stream.history_in_doubt);
}

TEST_F(StreamTest, WhereTopicsHaveNoIdsTheLastBatchIsAlwaysLookedAtAgain) {
  Stream stream = At100(/*has_id=*/false, kEvidence);
  stream.DoubtHistory();
  EXPECT_TRUE(stream.history_in_doubt);
}

// What was asked before settles nothing, whatever the stream is doing.
TEST_F(StreamTest, EveryReasonForDoubtCounts) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  const uint64_t before = stream.doubts;
  stream.DoubtHistory();
  EXPECT_GT(stream.doubts, before);
  Stream new_one(Assignment{}, Partition::Options{});
  new_one.DoubtHistory();
  EXPECT_GT(new_one.doubts, 0);
}

// A leader that lost the partition and got it back answers as if nothing had been.
TEST_F(StreamTest, AnotherEpochThanTheOneBelowIsLookedAtOnce) {
  Stream stream = At100(/*has_id=*/false, kEvidence);
  EXPECT_FALSE(stream.DoubtsBorder(5));
  EXPECT_TRUE(stream.DoubtsBorder(7));
  EXPECT_TRUE(stream.history_in_doubt);
  stream.history_in_doubt = false;  // it was looked at
  EXPECT_FALSE(stream.DoubtsBorder(5)) << "what was dropped for the look comes again";
  EXPECT_FALSE(stream.DoubtsBorder(7)) << "and what it was for, too";
  EXPECT_TRUE(stream.DoubtsBorder(8));
}

TEST_F(StreamTest, AnEpochThatIsNotKnownIsNoBorder) {
  Stream stream = At100(/*has_id=*/false, {});
  EXPECT_FALSE(stream.DoubtsBorder(7));
  EXPECT_FALSE(stream.history_in_doubt);
}

TEST_F(StreamTest, ABorderThatCannotBeLookedAtIsPassed) {
  Stream stream = At100(/*has_id=*/true, {});
  stream.partition.SkipTo(SourceOffset(101), /*leader_epoch=*/5);
  EXPECT_FALSE(stream.DoubtsBorder(7));
}

// H
TEST_F(StreamTest, ALostRangeIsCountedOnce) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  stream.range_in_doubt = true;
  EXPECT_EQ(stream.PassRetention(130), 0) << "the target is asked first";
  EXPECT_TRUE(stream.range_in_doubt);
  EXPECT_FALSE(stream.IsAtRest());
  const TargetTail tail = {Producer(), 100};
  stream.partition.OnTargetEnd(TargetOffset(100), TargetOffset(100), tail);
  stream.partition.Pause();
  EXPECT_FALSE(stream.IsAtRest()) << "nothing can be skipped now";
  stream.partition.Resume();
  ASSERT_TRUE(stream.IsAtRest());
  EXPECT_EQ(stream.PassRetention(140), 40);
  EXPECT_FALSE(stream.range_in_doubt);
  EXPECT_EQ(stream.partition.position(), SourceOffset(140));
  EXPECT_EQ(stream.records_lost, 40);
}

// H: it landed after it was given up, and has to be counted before anything behind the gap is.
TEST_F(StreamTest, WhatTheTargetHasIsNotCountedAsLost) {
  Stream stream = At100(/*has_id=*/true, kEvidence);
  stream.range_in_doubt = true;
  stream.PassRetention(130);
  const TargetTail tail = {Producer(), 110};
  stream.partition.OnTargetEnd(TargetOffset(110), TargetOffset(110), tail);
  ASSERT_TRUE(stream.IsAtRest());
  EXPECT_EQ(stream.PassRetention(130), 0);
  EXPECT_FALSE(stream.range_in_doubt);
  EXPECT_EQ(stream.records_lost, 0);
  EXPECT_FALSE(stream.partition.begun()) << "its place is to be found by content";
}

}  // namespace
}  // namespace replicator
