#include "replicator/partition/partition.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST_F(PartitionTest, NothingHappensBeforeItBegins) {
  EXPECT_FALSE(partition_.wants_fetch());
  partition_.Accept(MakeBatch(0, 3));
  EXPECT_FALSE(partition_.can_send());
  Begin();
  EXPECT_TRUE(partition_.wants_fetch());
}

// A
TEST_F(PartitionTest, BatchesLandInSourceOrderAndAreMapped) {
  Begin(/*position=*/10);
  Copy(10, 3);
  Copy(20, 2);  // 13 ... 19 do not exist
  EXPECT_EQ(partition_.position(), SourceOffset(22));
  EXPECT_EQ(partition_.target_end(), TargetOffset(5));
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(2)), SourceOffset(12));
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(3)), SourceOffset(20));
  EXPECT_EQ(partition_.records_copied(), 5);
  EXPECT_EQ(partition_.bytes_copied(), 2 * kBatchBytes);
}

// A
TEST_F(PartitionTest, WhatIsBelowTheFetchOffsetIsIgnored) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.Accept(MakeBatch(0, 3));
  EXPECT_EQ(partition_.queue_bytes(), kBatchBytes);
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
}

// G: a source that is asked with the epoch of another batch tells of a truncation that was none.
TEST_F(PartitionTest, TheFetchedEpochIsThatOfWhatLiesRightBelowTheFetchOffset) {
  const auto accept = [&](int64_t base, int32_t epoch) {
    Batch batch = MakeBatch(base, 2);
    batch.leader_epoch = epoch;
    partition_.Accept(batch);
    EXPECT_EQ(partition_.fetched_epoch(), epoch);
  };
  Begin();
  EXPECT_EQ(partition_.fetched_epoch(), -1);
  accept(0, 5);
  partition_.SkipTo(SourceOffset(3), 6);  // a marker of the next leader
  const Send send = partition_.TakeSend();
  EXPECT_EQ(partition_.fetched_epoch(), 6);
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_EQ(partition_.fetched_epoch(), 6);
  accept(3, 7);
  accept(5, 8);
  partition_.OnAnswer(partition_.TakeSend().id, Unclear());
  TargetEnd(2, 2, OurTail(2));
  EXPECT_EQ(partition_.fetched_epoch(), 6) << "fetched again from offset 3";
  accept(3, 7);
  partition_.OnAnswer(partition_.TakeSend().id, Appended(2));
  partition_.OnTargetChange();
  TargetEnd(2, 2, OurTail(2));
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
  EXPECT_EQ(partition_.fetched_epoch(), -1) << "of what was cut back it is not known";
  partition_.SkipTo(SourceOffset(5), 9);
  partition_.SkipDeleted(SourceOffset(8));
  EXPECT_EQ(partition_.fetched_epoch(), -1) << "nor of what retention took";
}

// A
TEST_F(PartitionTest, AfterAFailureFetchingBeginsAtTheFirstUnprovenOffset) {
  Begin();
  Copy(0, 3);
  partition_.Accept(MakeBatch(3, 2));
  partition_.Accept(MakeBatch(5, 2));
  partition_.OnAnswer(partition_.TakeSend().id, Unclear());
  EXPECT_EQ(partition_.queue_bytes(), 0) << "waiting batches are given back";
  EXPECT_FALSE(partition_.wants_fetch());
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
  EXPECT_TRUE(partition_.wants_fetch());
}

// B
TEST_F(PartitionTest, TheSequenceIsTheOrdinalNotTheTargetOffset) {
  Begin(/*position=*/0, /*target_end=*/1000, /*ordinal=*/5);
  partition_.Accept(MakeBatch(0, 3));
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.base_sequence, 5);
  EXPECT_EQ(send.expected, TargetOffset(1000));
  EXPECT_EQ(send.producer, kOurs);
}

// B
TEST_F(PartitionTest, TheSequenceWrapsToZeroAfterTwoToThe31) {
  Begin(0, 0, /*ordinal=*/(int64_t{1} << 31) - 1);
  partition_.Accept(MakeBatch(0, 1));
  const Send last = partition_.TakeSend();
  EXPECT_EQ(last.base_sequence, 0x7fffffff);
  partition_.OnAnswer(last.id, Appended(0));
  partition_.Accept(MakeBatch(1, 1));
  EXPECT_EQ(partition_.TakeSend().base_sequence, 0);
}

// B
TEST_F(PartitionTest, OneBatchIsInFlight) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.Accept(MakeBatch(3, 3));
  const Send send = partition_.TakeSend();
  EXPECT_FALSE(partition_.can_send());
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_TRUE(partition_.can_send());
}

// C
TEST_F(PartitionTest, AnAnswerAtAnotherOffsetIsAForeignWrite) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.OnAnswer(partition_.TakeSend().id, Appended(2));
  ExpectQuarantine(QuarantineCode::kForeignWrite);
  EXPECT_EQ(partition_.position(), SourceOffset(0));
}

// C: what it acknowledged before is gone, and this batch stands in its place.
TEST_F(PartitionTest, AnAnswerAtALowerOffsetIsALoss) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.OnAnswer(partition_.TakeSend().id, Appended(0));
  partition_.Accept(MakeBatch(3, 3));
  partition_.OnAnswer(partition_.TakeSend().id, Appended(1));
  ExpectQuarantine(QuarantineCode::kTargetLost);
  EXPECT_EQ(partition_.position(), SourceOffset(3));
}

// C
TEST_F(PartitionTest, AnswersThatAreNotDueAreIgnored) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  const Send send = partition_.TakeSend();
  partition_.OnAnswer(send.id + 1, Appended(0));
  EXPECT_TRUE(partition_.in_flight());
  partition_.OnAnswer(send.id, Unclear());
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_EQ(partition_.position(), SourceOffset(0)) << "only the target's log can tell now";
  EXPECT_TRUE(partition_.must_settle());
}

// C
TEST_F(PartitionTest, ARefusalForGoodStopsThePartitionWithItsReason) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.OnAnswer(
      partition_.TakeSend().id,
      {.verdict = Verdict::kRefused, .error = "TOPIC_AUTHORIZATION_FAILED", .remedy = "Give the right."});
  ExpectQuarantine(QuarantineCode::kTargetRefused);
  EXPECT_EQ(partition_.quarantine()->reason,
            "TOPIC_AUTHORIZATION_FAILED, for the batch at source offset 0 (3 records). Give the right.");
  EXPECT_FALSE(partition_.can_send() || partition_.wants_fetch() || partition_.must_settle());
}

// H
class GapTest : public PartitionTest {
 protected:
  // Sent and acknowledged, all that waits.
  void SendAll() {
    while (partition_.can_send()) {
      const Send send = partition_.TakeSend();
      partition_.OnAnswer(send.id, Appended(send.expected.value));
    }
  }
};

TEST_F(GapTest, OffsetsThatTheSourceLacksAreLostOnceThePositionHasPassedThem) {
  Begin(/*position=*/10);
  partition_.Accept(MakeBatch(10, 3));
  partition_.Accept(MakeBatch(20, 2));
  EXPECT_EQ(partition_.records_lost(), 0);
  SendAll();
  EXPECT_EQ(partition_.records_lost(), 7);
  const std::optional<SourceGaps> gaps = partition_.TakeGaps();
  ASSERT_TRUE(gaps.has_value());
  EXPECT_EQ(gaps->begin, SourceOffset(13));
  EXPECT_EQ(gaps->end, SourceOffset(20));
  EXPECT_EQ(gaps->count, 1);
  EXPECT_EQ(gaps->offsets, 7);
  EXPECT_FALSE(partition_.TakeGaps().has_value());
  EXPECT_EQ(partition_.position(), SourceOffset(22));
}

TEST_F(GapTest, AreCountedOnceHoweverOftenTheyAreReadAgain) {
  Begin();
  Copy(0, 3);
  SendWithoutAnswer(10, 2);
  EXPECT_TRUE(partition_.TakeGaps().has_value());
  TargetEnd(3, 3, OurTail(3));
  partition_.Accept(MakeBatch(10, 2));
  SendAll();
  EXPECT_EQ(partition_.records_lost(), 7);
  EXPECT_FALSE(partition_.TakeGaps().has_value());
}

// Markers and aborted batches are there, and leave no gap.
TEST_F(GapTest, WhatIsSkippedIsNoneButWhatLiesBeforeItIs) {
  Begin();
  partition_.SkipTo(SourceOffset(2), /*leader_epoch=*/0, SourceOffset(0));
  partition_.SkipTo(SourceOffset(6), /*leader_epoch=*/0, SourceOffset(5));  // 2 ... 4, at once
  EXPECT_EQ(partition_.records_lost(), 3);
  partition_.Accept(MakeBatch(6, 1));
  partition_.SkipTo(SourceOffset(10), /*leader_epoch=*/0, SourceOffset(9));  // 7 and 8, behind a batch that waits
  const Send send = partition_.TakeSend();
  partition_.SkipTo(SourceOffset(12), /*leader_epoch=*/0, SourceOffset(11));  // 10, behind one in flight
  EXPECT_EQ(partition_.records_lost(), 3);
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_EQ(partition_.records_lost(), 6);
  EXPECT_EQ(partition_.TakeGaps()->count, 3);
}

TEST_F(GapTest, CompactionLeavesSome) {
  partition_.NoteCompacted();
  Begin();
  Copy(10, 3);
  EXPECT_EQ(partition_.records_lost(), 0);
  EXPECT_FALSE(partition_.TakeGaps().has_value());
}

// Its settings were looked at before the topic was altered.
TEST_F(GapTest, ThoseThatWereMetSinceTheLastLookWereCompactionsIfThatIsOnNow) {
  Begin();
  Copy(10, 3);
  partition_.NoteNotCompacted();
  Copy(20, 3);
  partition_.Accept(MakeBatch(30, 3));
  EXPECT_EQ(partition_.records_lost(), 17);
  partition_.NoteCompacted();
  EXPECT_EQ(partition_.records_lost(), 10);
  SendAll();
  EXPECT_EQ(partition_.records_lost(), 10);
}

// What its topic had beyond the position is lost, unless the topic turns out to be there.
TEST_F(PartitionTest, EndsWithItsTopic) {
  Begin();
  Copy(0, 3);
  partition_.End(/*source_end=*/10, "deleted");
  EXPECT_TRUE(partition_.has_ended());
  EXPECT_EQ(partition_.records_lost(), 7);
  EXPECT_EQ(partition_.position(), SourceOffset(3));
  EXPECT_FALSE(partition_.wants_fetch() || partition_.must_settle());
  partition_.CheckAgain();
  EXPECT_FALSE(partition_.has_ended());
  EXPECT_EQ(partition_.records_lost(), 0);
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
}

TEST_F(PartitionTest, HowMuchIsLostWithATopicOfWhichNothingIsKnownIsNotGuessed) {
  partition_.End(/*source_end=*/10, "deleted before it began");
  EXPECT_TRUE(partition_.has_ended());
  EXPECT_EQ(partition_.records_lost(), 0);
}

class RefusedBytesTest : public PartitionTest {
 protected:
  void SetUp() override {
    Begin();
    Copy(0, 3);
  }

  // The batch of three records behind those three, as it is read again and again.
  void Refuse(int32_t keyless = 0) {
    Batch batch = MakeBatch(3, 3);
    batch.keyless_records = keyless;
    partition_.Accept(batch);
    partition_.OnAnswer(partition_.TakeSend().id, {.verdict = Verdict::kRefusedBytes, .error = "INVALID_RECORD"});
  }
};

TEST_F(RefusedBytesTest, AreReadAgainOnceAndStopThePartitionTheSecondTime) {
  EXPECT_FALSE(partition_.refused_base().has_value());
  Refuse();
  EXPECT_EQ(partition_.refused_base(), SourceOffset(3)) << "to be checked when it is read again";
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
  Refuse(/*keyless=*/2);
  ExpectQuarantine(QuarantineCode::kTargetRefused);
  const std::string& reason = partition_.quarantine()->reason;
  EXPECT_THAT(reason, HasSubstr("INVALID_RECORD, twice, for the batch at source offset 3 (3 records)"));
  EXPECT_THAT(reason, HasSubstr("2 of its records have no key"));
  EXPECT_THAT(reason, EndsWith("resume with --from=6"));
  EXPECT_EQ(partition_.position(), SourceOffset(3));
}

TEST_F(RefusedBytesTest, OfAnotherBatchAreReadAgainToo) {
  Refuse();
  TargetEnd(3, 3, OurTail(3));
  Copy(3, 3);
  EXPECT_FALSE(partition_.refused_base().has_value()) << "it had been damaged on the way";
  partition_.Accept(MakeBatch(6, 1));
  partition_.OnAnswer(partition_.TakeSend().id, {.verdict = Verdict::kRefusedBytes, .error = "CORRUPT_MESSAGE"});
  EXPECT_FALSE(partition_.quarantined());
  EXPECT_EQ(partition_.refused_base(), SourceOffset(6));
}

// The cause may have passed, and then it lands; if not, one refusal tells.
TEST_F(RefusedBytesTest, AreSentOnceMoreWhenThePartitionIsCheckedAgain) {
  Refuse();
  TargetEnd(3, 3, OurTail(3));
  Refuse();
  partition_.CheckAgain();
  EXPECT_EQ(partition_.refused_base(), SourceOffset(3));
  TargetEnd(3, 3, OurTail(3));
  Refuse();
  ExpectQuarantine(QuarantineCode::kTargetRefused);
  EXPECT_THAT(partition_.quarantine()->reason, HasSubstr("The log of the target's broker says"));
}

// B
TEST_F(PartitionTest, AForgottenProducerIsRenewedWithItsOrdinalCountedFromTheTargetsEnd) {
  Begin();
  Copy(0, 3);
  partition_.Accept(MakeBatch(3, 2));
  partition_.OnAnswer(partition_.TakeSend().id, {.verdict = Verdict::kForgotten, .error = "UNKNOWN_PRODUCER_ID"});
  ASSERT_TRUE(partition_.must_settle());
  EXPECT_TRUE(partition_.must_outwait_old_requests());
  TargetEnd(3, 3, OurTail(3));
  ASSERT_TRUE(partition_.must_renew_producer());
  EXPECT_FALSE(partition_.can_send() || partition_.wants_fetch() || partition_.must_settle());
  const Producer renewed = {.id = kOurs.id + 1, .epoch = 0};
  partition_.RenewProducer(renewed);
  EXPECT_FALSE(partition_.must_outwait_old_requests());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(3));
  partition_.Accept(MakeBatch(3, 2));
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.producer, renewed);
  EXPECT_EQ(send.base_sequence, 0);
  EXPECT_EQ(send.expected, TargetOffset(3));
  partition_.OnAnswer(send.id, Appended(3));
  SendWithoutAnswer(5, 1);
  TargetEnd(6, 6, TargetTail{renewed, 3});
  EXPECT_EQ(partition_.position(), SourceOffset(6)) << "the new id's sequence tells where the target stands";
}

// B
TEST_F(PartitionTest, ANewLeaderBeforeTheProducerIsRenewedIsAskedFirst) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.OnAnswer(partition_.TakeSend().id, {.verdict = Verdict::kForgotten, .error = "UNKNOWN_PRODUCER_ID"});
  TargetEnd(0, 0, std::nullopt);
  ASSERT_TRUE(partition_.must_renew_producer());
  partition_.OnTargetChange();
  EXPECT_FALSE(partition_.must_renew_producer());
  EXPECT_TRUE(partition_.must_settle());
}

// E
TEST_F(PartitionTest, NothingIsSentBetweenAnUnclearAnswerAndTheSettle) {
  Begin();
  SendWithoutAnswer(0, 3);
  EXPECT_EQ(partition_.failures(), 1);
  EXPECT_EQ(partition_.last_error(), "no answer");
  partition_.Accept(MakeBatch(0, 3));
  EXPECT_FALSE(partition_.can_send());
  EXPECT_TRUE(partition_.must_settle());
}

// E
TEST_F(PartitionTest, ABatchWhoseAnswerWasLostIsAcknowledgedByTheLog) {
  Begin();
  SendWithoutAnswer(0, 3);
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.position(), SourceOffset(3));
  EXPECT_EQ(TargetOf(partition_, 2), TargetOffset(2));
  EXPECT_EQ(partition_.failures(), 0);
  EXPECT_EQ(partition_.last_error(), "");
}

// E
TEST_F(PartitionTest, ASettleWaitsForTheHighWatermark) {
  Begin();
  SendWithoutAnswer(0, 3);
  TargetEnd(3, 0, std::nullopt);
  EXPECT_TRUE(partition_.must_settle());
  EXPECT_EQ(partition_.failures(), 2);
  EXPECT_EQ(partition_.position(), SourceOffset(0));
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.position(), SourceOffset(3));
}

// E
TEST_F(PartitionTest, ALogEndThatNobodyAskedForIsIgnored) {
  Begin();
  TargetEnd(9, 9, std::nullopt);
  EXPECT_FALSE(partition_.quarantined());
  EXPECT_EQ(partition_.target_end(), TargetOffset(0));
}

// F
TEST_F(PartitionTest, LostAcknowledgedRecordsCutTheMapBackAndAreCopiedAgain) {
  Begin();
  Copy(0, 3);
  Copy(10, 2);
  SendWithoutAnswer(12, 2);
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.position(), SourceOffset(10));
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(10));
  EXPECT_EQ(TargetOf(partition_, 10), TargetOffset(3)) << "where it will be again";
  EXPECT_EQ(TargetOf(partition_, 11), std::nullopt);
  EXPECT_EQ(partition_.records_copied(), 5);
  partition_.Accept(MakeBatch(10, 2));
  EXPECT_EQ(partition_.TakeSend().base_sequence, 3);
}

// F
TEST_F(PartitionTest, ALossFromBeforeTheMapBeginsIsNotGuessedAt) {
  Begin(/*position=*/50, /*target_end=*/50, /*ordinal=*/50);
  SendWithoutAnswer(50, 2);
  TargetEnd(40, 40, OurTail(40));
  ExpectQuarantine(QuarantineCode::kTargetLost);
}

// F
TEST_F(PartitionTest, AsManyForeignRecordsAsAreInFlightAreNotTakenForOurs) {
  Begin();
  Copy(0, 3);
  SendWithoutAnswer(3, 2);
  TargetEnd(5, 5, TargetTail{.producer = {.id = 99, .epoch = 0}, .next_sequence = 5});
  ExpectQuarantine(QuarantineCode::kForeignWrite);
  EXPECT_EQ(partition_.position(), SourceOffset(3)) << "nothing of it counts as copied";
}

// F, I
TEST_F(PartitionTest, AnOldBatchStoredAgainIsNotTakenForTheOneInFlight) {
  Begin();
  Copy(0, 3);
  Copy(3, 3);
  SendWithoutAnswer(6, 3);
  TargetEnd(9, 9, OurTail(/*next_sequence=*/3));  // the first batch once more
  ExpectQuarantine(QuarantineCode::kForeignWrite);
}

// F
TEST_F(PartitionTest, WithoutABatchAtTheTargetsEndTheCountMustFitOrThePlaceIsLookedFor) {
  Begin();
  SendWithoutAnswer(0, 3);
  TargetEnd(4, 4, std::nullopt);
  EXPECT_FALSE(partition_.begun());
  EXPECT_TRUE(partition_.is_foreign_unless_found());
}

// F
TEST_F(PartitionTest, TheLastBatchOfAnEarlierProducerIsNoForeignWrite) {
  Begin(/*position=*/7, /*target_end=*/7, /*ordinal=*/0);
  SendWithoutAnswer(7, 2);
  TargetEnd(7, 7, TargetTail{.producer = {.id = 99, .epoch = 0}, .next_sequence = 7});
  EXPECT_FALSE(partition_.quarantined());
  EXPECT_TRUE(partition_.wants_fetch());
}

// A, F
TEST_F(PartitionTest, RecordsThatLandedAfterTheyWereGivenUpAreCountedNotSentAgain) {
  Begin();
  SendWithoutAnswer(0, 3);
  TargetEnd(0, 0, std::nullopt);
  partition_.OnTargetChange();
  TargetEnd(3, 3, OurTail(3));  // it landed meanwhile
  EXPECT_EQ(partition_.position(), SourceOffset(0));
  partition_.Accept(MakeBatch(0, 3));
  EXPECT_FALSE(partition_.can_send());
  EXPECT_EQ(partition_.position(), SourceOffset(3));
  EXPECT_EQ(TargetOf(partition_, 0), TargetOffset(0));
  partition_.Accept(MakeBatch(3, 1));
  EXPECT_EQ(partition_.TakeSend().expected, TargetOffset(3));
}

// A, F
TEST_F(PartitionTest, ALandedEndInsideABatchIsNotGuessedAt) {
  Begin();
  partition_.OnTargetChange();
  TargetEnd(2, 2, OurTail(2));
  partition_.Accept(MakeBatch(0, 3));
  ExpectQuarantine(QuarantineCode::kTargetNotOurs);
}

// F
TEST_F(PartitionTest, ANewTargetLeaderIsAskedBeforeAnythingIsSent) {
  Begin();
  Copy(0, 3);
  partition_.Accept(MakeBatch(3, 1));
  partition_.OnTargetChange();
  EXPECT_FALSE(partition_.can_send());
  EXPECT_TRUE(partition_.must_settle());
  EXPECT_EQ(partition_.failures(), 0);
  TargetEnd(0, 0, std::nullopt);
  EXPECT_EQ(partition_.position(), SourceOffset(0));
}

// F
TEST_F(PartitionTest, ANewTargetLeaderThatCaughtUpLeavesNoErrorBehind) {
  Begin();
  Copy(0, 3);
  partition_.OnTargetChange();
  TargetEnd(3, 0, std::nullopt);
  EXPECT_NE(partition_.last_error(), "");
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.last_error(), "");
  EXPECT_EQ(partition_.failures(), 0);
}

// F
TEST_F(PartitionTest, ANewTargetLeaderIsAskedOnlyWhenNothingIsInFlight) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  const Send send = partition_.TakeSend();
  partition_.OnTargetChange();
  EXPECT_FALSE(partition_.must_settle());
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_TRUE(partition_.must_settle());
  EXPECT_EQ(partition_.position(), SourceOffset(0)) << "the new leader may not have it";
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.position(), SourceOffset(3));
}

// J
TEST_F(PartitionTest, ThePositionMovesOverWhatIsSkippedWithoutAnAnswer) {
  Begin();
  partition_.SkipTo(SourceOffset(4));
  EXPECT_EQ(partition_.position(), SourceOffset(4));
  EXPECT_EQ(partition_.target_end(), TargetOffset(0));
}

// J
TEST_F(PartitionTest, ThePositionPassesASkippedRangeOnlyBehindTheBatchesBeforeIt) {
  Begin();
  partition_.Accept(MakeBatch(0, 3));
  partition_.SkipTo(SourceOffset(4));
  const Send first = partition_.TakeSend();
  partition_.SkipTo(SourceOffset(6));
  EXPECT_EQ(partition_.position(), SourceOffset(0));
  partition_.OnAnswer(first.id, Appended(0));
  EXPECT_EQ(partition_.position(), SourceOffset(6));
}

TEST_F(PartitionTest, FetchingPausesWhileEnoughWaitsToBeSent) {
  Begin();
  partition_.Accept(MakeBatch(0, 1));
  EXPECT_TRUE(partition_.wants_fetch());
  partition_.Accept(MakeBatch(1, 1));
  EXPECT_FALSE(partition_.wants_fetch());
}

// A
TEST_F(PartitionTest, APausedPartitionHoldsNoBatchAndMissesNone) {
  Begin();
  partition_.Accept(MakeBatch(0, 1));
  partition_.Accept(MakeBatch(1, 1));
  const Send send = partition_.TakeSend();
  partition_.Pause();
  EXPECT_EQ(partition_.queue_bytes(), 0);
  partition_.Accept(MakeBatch(1, 1));
  partition_.SkipTo(SourceOffset(9));
  EXPECT_EQ(partition_.queue_bytes(), 0);
  EXPECT_FALSE(partition_.wants_fetch());
  partition_.OnAnswer(send.id, Appended(0));
  partition_.Resume();
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(1));
  EXPECT_EQ(partition_.position(), SourceOffset(1));
}

// G
TEST_F(PartitionTest, AQuarantineKeepsItsFirstReasonAndHoldsNoBatch) {
  Begin();
  partition_.Accept(MakeBatch(0, 1));
  partition_.PutInQuarantine(QuarantineCode::kSourceTruncated, "first");
  partition_.PutInQuarantine(QuarantineCode::kTargetLost, "second");
  ExpectQuarantine(QuarantineCode::kSourceTruncated);
  EXPECT_EQ(partition_.quarantine()->reason, "first");
  EXPECT_EQ(partition_.queue_bytes(), 0);
}

}  // namespace
}  // namespace replicator
