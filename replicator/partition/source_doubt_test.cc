// G and H: when the source's history is to be looked at again, and what the look leads to.
#include "replicator/partition/source_doubt.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

using Question = SourceDoubt::Question;
using Clock = SourceDoubt::Clock;

constexpr offsets::SourceEvidence kEvidence = {
    .base_offset = 90, .leader_epoch = 5, .record_count = 10, .content_crc = 0xabc};
constexpr SourceBatch kCopied = {
    .base_offset = 90, .last_offset = 99, .record_count = 10, .leader_epoch = 5, .content_crc = 0xabc};
const Clock::time_point kNow = Clock::time_point() + std::chrono::hours(1);

// A partition that stands at source offset 100, target offset 100.
class Copy {
 public:
  explicit Copy(bool topic_has_id, const offsets::SourceEvidence& evidence = kEvidence, bool is_compacted = false)
      : partition({.producer = kOurs, .is_compacted = is_compacted}), doubt(partition, topic_has_id) {
    partition.Begin(SourceOffset(100), TargetOffset(100), Ordinal(100), evidence);
  }

  // The target has what was acknowledged, or `end`.
  void Settle(int64_t end = 100) {
    const auto sequence = static_cast<int32_t>(end);
    partition.OnTargetEnd(TargetOffset(end), TargetOffset(end), OurTail(sequence));
    doubt.OnTargetSettled();
  }
  absl::StatusOr<HistoryLook> BeginLook(int64_t log_start, int64_t log_end, Clock::time_point now = kNow) {
    return doubt.BeginLook({log_start, log_end, doubt.doubts()}, now);
  }
  absl::StatusOr<int64_t> Range(int64_t log_start, int64_t log_end) {
    return doubt.OnRange({log_start, log_end, doubt.doubts()});
  }
  // Doubts, drains, and begins a look at a log from 0 to 200.
  HistoryLook Look() {
    doubt.Doubt(DoubtReason::kRestored);
    Settle();
    return *BeginLook(0, 200);
  }
  bool IsTruncated() const { return partition.IsQuarantinedFor(QuarantineCode::kSourceTruncated); }

  Partition partition;
  SourceDoubt doubt;
};

// ---- The triggers of the table in docs/architecture.md.

struct Trigger {
  const char* name;
  DoubtReason reason;
  bool is_always_looked_at;
};

constexpr Trigger kTriggers[] = {
    {"LeaderChanged", DoubtReason::kLeaderChanged, false},
    {"ConnectionNew", DoubtReason::kConnectionNew, false},
    {"PartitionUnknown", DoubtReason::kPartitionUnknown, false},
    {"TargetStalled", DoubtReason::kTargetStalled, false},
    {"BatchBeginsEarly", DoubtReason::kBatchBeginsEarly, false},
    {"OtherEpoch", DoubtReason::kOtherEpoch, false},
    {"Restored", DoubtReason::kRestored, true},
    {"CheckedAgain", DoubtReason::kCheckedAgain, true},
    {"TargetCutBack", DoubtReason::kTargetCutBack, true},
    {"OffsetRefused", DoubtReason::kOffsetRefused, true},
};

class SourceDoubtTrigger : public testing::TestWithParam<Trigger> {};

TEST_P(SourceDoubtTrigger, WhereTopicsHaveNoIdsTheLastBatchIsLookedAt) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_FALSE(copy.doubt.may_fetch());
  copy.Settle();
  EXPECT_EQ(copy.doubt.question(), Question::kHistory);
}

TEST_P(SourceDoubtTrigger, WhereTheBrokerTellsOfATruncationByTheEpochBelowItIsLeftToIt) {
  Copy copy(/*topic_has_id=*/true);
  EXPECT_TRUE(copy.doubt.OnResponse(/*broker_tells=*/true));
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_EQ(copy.doubt.may_fetch(), !GetParam().is_always_looked_at);
}

// Sources from 2.8 to 3.0: topics have ids, but nothing is asked by epoch.
TEST_P(SourceDoubtTrigger, WhereTheBrokerIsNotAskedByEpochTheLastBatchIsLookedAt) {
  Copy copy(/*topic_has_id=*/true);
  EXPECT_TRUE(copy.doubt.OnResponse(/*broker_tells=*/false));
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_FALSE(copy.doubt.may_fetch());
}

TEST_P(SourceDoubtTrigger, WhereTheEpochBelowIsNotKnownTheLastBatchIsLookedAt) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnResponse(/*broker_tells=*/true);
  copy.partition.SkipTo(SourceOffset(101));
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_FALSE(copy.doubt.may_fetch());
}

TEST_P(SourceDoubtTrigger, WhereNothingWasCopiedOfATopicWithAnIdThereIsNothingToLookAt) {
  Copy copy(/*topic_has_id=*/true, offsets::SourceEvidence());
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_EQ(copy.doubt.may_fetch(), !GetParam().is_always_looked_at);
}

// What was asked before settles nothing, whatever the partition is doing.
TEST_P(SourceDoubtTrigger, EveryReasonCounts) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnResponse(/*broker_tells=*/true);
  const uint64_t before = copy.doubt.doubts();
  copy.doubt.Doubt(GetParam().reason);
  EXPECT_GT(copy.doubt.doubts(), before);
  Partition new_one({.producer = kOurs});
  SourceDoubt doubt(new_one, /*topic_has_id=*/false);
  doubt.Doubt(GetParam().reason);
  EXPECT_GT(doubt.doubts(), 0);
  EXPECT_TRUE(doubt.may_fetch()) << "nothing was copied yet";
}

TEST_P(SourceDoubtTrigger, WhatWaitsToBeSentIsGivenUp) {
  Copy copy(/*topic_has_id=*/false);
  copy.partition.Accept(MakeBatch(100, 5));
  copy.doubt.Doubt(GetParam().reason);
  // Behind a cut back nothing waits: the partition has begun anew from there.
  if (GetParam().reason != DoubtReason::kTargetCutBack) EXPECT_EQ(copy.partition.queue_bytes(), 0);
}

INSTANTIATE_TEST_SUITE_P(SourceDoubt, SourceDoubtTrigger, testing::ValuesIn(kTriggers),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SourceDoubt, ABrokerThatNoLongerTellsIsAReason) {
  Copy copy(/*topic_has_id=*/true);
  EXPECT_TRUE(copy.doubt.OnResponse(/*broker_tells=*/true));
  EXPECT_FALSE(copy.doubt.OnResponse(/*broker_tells=*/false));
  EXPECT_FALSE(copy.doubt.may_fetch());
}

TEST(SourceDoubt, WhatTheTargetLostIsAReason) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnResponse(/*broker_tells=*/true);
  copy.partition.Accept(MakeBatch(100, 5));
  copy.partition.OnAnswer(copy.partition.TakeSend().id, Appended(100));
  copy.partition.OnTargetChange();
  copy.Settle(/*end=*/105);
  EXPECT_TRUE(copy.doubt.may_fetch());
  copy.partition.OnTargetChange();
  copy.Settle(/*end=*/100);
  EXPECT_FALSE(copy.doubt.may_fetch());
  EXPECT_EQ(copy.doubt.question(), Question::kHistory);
}

// A leader that lost the partition and got it back answers as if nothing had been.
TEST(SourceDoubt, AnotherEpochThanTheOneBelowIsLookedAtOnce) {
  Copy copy(/*topic_has_id=*/false);
  EXPECT_TRUE(copy.doubt.OnFirstBatch(5));
  EXPECT_FALSE(copy.doubt.OnFirstBatch(7));
  copy.Settle();
  HistoryLook look = *copy.BeginLook(0, 200);
  ASSERT_TRUE(copy.doubt.OnLook(look, kCopied).ok());
  ASSERT_TRUE(copy.doubt.may_fetch());
  EXPECT_TRUE(copy.doubt.OnFirstBatch(5)) << "what was dropped for the look comes again";
  EXPECT_TRUE(copy.doubt.OnFirstBatch(6)) << "with all that lies between";
  EXPECT_TRUE(copy.doubt.may_fetch());
  EXPECT_TRUE(copy.doubt.OnFirstBatch(7)) << "and what it was for, too";
  EXPECT_FALSE(copy.doubt.OnFirstBatch(8));
}

TEST(SourceDoubt, AnEpochThatGoesBackIsLookedAtOnceToo) {
  Copy copy(/*topic_has_id=*/false);
  EXPECT_FALSE(copy.doubt.OnFirstBatch(3));
  copy.Settle();
  HistoryLook look = *copy.BeginLook(0, 200);
  ASSERT_TRUE(copy.doubt.OnLook(look, kCopied).ok());
  EXPECT_TRUE(copy.doubt.OnFirstBatch(3));
}

TEST(SourceDoubt, AnEpochThatIsNotKnownIsNoBorder) {
  Copy copy(/*topic_has_id=*/false, offsets::SourceEvidence());
  EXPECT_TRUE(copy.doubt.OnFirstBatch(7));
  EXPECT_TRUE(copy.doubt.may_fetch());
}

// What was left out so far ends there under a leader epoch: that can be looked at although nothing was copied.
TEST(SourceDoubt, WhereOnlyMarkersWereReadTheLastOneIsLookedAt) {
  Copy copy(/*topic_has_id=*/true, offsets::SourceEvidence());
  copy.partition.SkipTo(SourceOffset(101), /*leader_epoch=*/5);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  ASSERT_EQ(copy.doubt.question(), Question::kHistory);
  HistoryLook look = *copy.BeginLook(0, 200);
  ASSERT_EQ(look.read_at, 100);
  const SourceBatch other = {.base_offset = 100, .last_offset = 102, .record_count = 3, .leader_epoch = 7};
  ASSERT_TRUE(copy.doubt.OnLook(look, other).ok());
  EXPECT_TRUE(copy.IsTruncated());
}

TEST(SourceDoubt, ALogThatDivergesIsAnother) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnDiverged(SourceOffset(100), /*epoch=*/5, /*epoch_end=*/80);
  EXPECT_TRUE(copy.IsTruncated());
}

// ---- Looks.

struct LookCase {
  const char* name;
  bool is_compacted;
  std::optional<SourceBatch> found;
  bool is_the_same;
};

SourceBatch With(SourceBatch batch, int32_t record_count, uint32_t crc) {
  batch.record_count = record_count;
  batch.content_crc = crc;
  return batch;
}

const LookCase kLooks[] = {
    {"TheBatch", false, kCopied, true},
    {"OtherContent", false, With(kCopied, 10, 0xdef), false},
    {"OtherCount", false, With(kCopied, 9, 0xabc), false},
    {"TheBatchCompacted", true, With(kCopied, 3, 0xdef), true},
    {"MoreThanWasCompacted", true, With(kCopied, 11, 0xdef), false},
    {"GoneByCompaction", true, std::nullopt, true},
};

class SourceDoubtLook : public testing::TestWithParam<LookCase> {};

TEST_P(SourceDoubtLook, TellsAnotherLog) {
  Copy copy(/*topic_has_id=*/false, kEvidence, GetParam().is_compacted);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  EXPECT_EQ(copy.doubt.question(), Question::kNone) << "what was read before is to reach the target first";
  EXPECT_TRUE(copy.doubt.in_doubt());
  copy.Settle();
  HistoryLook look = *copy.BeginLook(0, 200);
  EXPECT_EQ(look.read_at, 90);
  EXPECT_TRUE(look.may_be_gone);
  ASSERT_TRUE(copy.doubt.OnLook(look, GetParam().found).ok());
  EXPECT_FALSE(look.read_at.has_value());
  EXPECT_EQ(copy.IsTruncated(), !GetParam().is_the_same);
  EXPECT_EQ(copy.doubt.may_fetch(), GetParam().is_the_same);
}

INSTANTIATE_TEST_SUITE_P(SourceDoubt, SourceDoubtLook, testing::ValuesIn(kLooks),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SourceDoubt, ABatchThatIsGoneAfterTheEndsWereToldIsAskedForAgain) {
  Copy copy(/*topic_has_id=*/false);
  HistoryLook look = copy.Look();
  EXPECT_TRUE(absl::IsUnavailable(copy.doubt.OnLook(look, std::nullopt)));
  EXPECT_FALSE(copy.doubt.may_fetch());
  EXPECT_FALSE(copy.partition.quarantined());
}

TEST(SourceDoubt, WhatWasSaidBeforeTheLastReasonSettlesNothing) {
  Copy copy(/*topic_has_id=*/false);
  HistoryLook look = copy.Look();
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  ASSERT_TRUE(copy.doubt.OnLook(look, kCopied).ok());
  EXPECT_FALSE(look.read_at.has_value());
  EXPECT_FALSE(copy.doubt.may_fetch());
  copy.Settle();
  const LogEnds old = {0, 200, copy.doubt.doubts() - 1};
  EXPECT_FALSE(copy.doubt.BeginLook(old, kNow)->read_at.has_value());
  EXPECT_FALSE(copy.doubt.may_fetch());
  EXPECT_EQ(copy.doubt.question(), Question::kHistory) << "asked once more";
}

// Another log, perhaps: the batch that was copied last now is another one than the look is at.
TEST(SourceDoubt, ALookAtABatchThatIsNoLongerTheLastOneSettlesNothing) {
  Copy copy(/*topic_has_id=*/false);
  HistoryLook look = copy.Look();
  copy.partition.Accept(MakeBatch(100, 5));
  copy.partition.OnAnswer(copy.partition.TakeSend().id, Appended(100));
  ASSERT_TRUE(copy.doubt.OnLook(look, With(kCopied, 10, 0xdef)).ok());
  EXPECT_FALSE(copy.IsTruncated());
  EXPECT_FALSE(copy.doubt.may_fetch());
}

TEST(SourceDoubt, WhatWasSkippedBehindTheLastBatchIsReadToo) {
  struct Case {
    SourceBatch skipped;
    bool is_the_same;
  };
  const SourceBatch marker = {.base_offset = 100, .last_offset = 100, .record_count = 1, .leader_epoch = 6};
  SourceBatch longer = marker;
  longer.last_offset = 103;
  SourceBatch of_another_leader = marker;
  of_another_leader.leader_epoch = 7;
  for (const Case& each : {Case{marker, true}, Case{longer, false}, Case{of_another_leader, false}}) {
    Copy copy(/*topic_has_id=*/false);
    copy.partition.SkipTo(SourceOffset(101), /*leader_epoch=*/6);
    HistoryLook look = copy.Look();
    ASSERT_TRUE(copy.doubt.OnLook(look, kCopied).ok());
    ASSERT_EQ(look.read_at, 100);
    EXPECT_FALSE(look.may_be_gone);
    ASSERT_TRUE(copy.doubt.OnLook(look, each.skipped).ok());
    EXPECT_EQ(copy.IsTruncated(), !each.is_the_same);
    EXPECT_EQ(copy.doubt.may_fetch(), each.is_the_same);
  }
}

TEST(SourceDoubt, ALogThatBeginsWithinTheLastBatchStillHasIt) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  EXPECT_EQ(copy.BeginLook(95, 200)->read_at, 95);
}

TEST(SourceDoubt, WhereRetentionTookTheLastBatchTheLogGoesOnBehindIt) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.OnLogStart(100);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  EXPECT_FALSE(copy.BeginLook(100, 200)->read_at.has_value());
  EXPECT_TRUE(copy.doubt.may_fetch());
}

TEST(SourceDoubt, WhereRetentionTookTheLastBatchALogThatBeginsLowerIsAnother) {
  for (const bool topic_has_id : {false, true}) {
    Copy copy(topic_has_id);
    copy.doubt.OnLogStart(120);
    copy.doubt.Doubt(DoubtReason::kRestored);
    copy.Settle();
    EXPECT_FALSE(copy.BeginLook(100, 200)->read_at.has_value());
    EXPECT_EQ(copy.IsTruncated(), !topic_has_id) << "a topic with an id shows by it that it was made anew";
  }
}

TEST(SourceDoubt, WhereTheLogBeganIsStoredOnceTheLastBatchIsGone) {
  Partition partition({.producer = kOurs, .stores_intents = true});
  SourceDoubt doubt(partition, /*topic_has_id=*/false);
  partition.Begin(SourceOffset(100), TargetOffset(100), Ordinal(100), kEvidence);
  partition.TakeState();
  partition.OnStored();
  doubt.OnLogStart(90);
  EXPECT_FALSE(partition.has_unsaved());
  doubt.OnLogStart(91);
  EXPECT_TRUE(partition.has_unsaved());
  EXPECT_EQ(doubt.log_start_max(), 91);
  doubt.OnLogStart(50);
  EXPECT_EQ(doubt.log_start_max(), 91) << "it does not go back";
}

TEST(SourceDoubt, AShorterLogIsAnotherOnceItWasForLong) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  EXPECT_TRUE(absl::IsUnavailable(copy.BeginLook(0, 99).status()));
  const auto grace = SourceDoubt::kShortLogGrace;
  EXPECT_TRUE(absl::IsUnavailable(copy.BeginLook(0, 99, kNow + grace - std::chrono::seconds(1)).status()));
  EXPECT_FALSE(copy.partition.quarantined());
  EXPECT_TRUE(copy.BeginLook(0, 99, kNow + grace).ok());
  EXPECT_TRUE(copy.IsTruncated());
}

TEST(SourceDoubt, AShorterLogThatIsLongEnoughAgainIsLookedAt) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  EXPECT_FALSE(copy.BeginLook(0, 99).ok());
  EXPECT_EQ(copy.BeginLook(0, 100)->read_at, 90);
  EXPECT_FALSE(copy.BeginLook(0, 99, kNow + SourceDoubt::kShortLogGrace).ok()) << "it is short anew";
  EXPECT_FALSE(copy.partition.quarantined());
}

TEST(SourceDoubt, ACopyThatBeginsElsewhereHasNothingToDoubt) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.OnLogStart(120);
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.doubt.OnOutOfRange();
  const uint64_t before = copy.doubt.doubts();
  copy.partition.PutInQuarantine(QuarantineCode::kSourceRecreated, "it is another one");
  copy.partition.ResumeAt(SourceOffset(0), /*keeps_map=*/true);
  copy.doubt.OnBegunElsewhere();
  EXPECT_TRUE(copy.doubt.may_fetch());
  EXPECT_EQ(copy.doubt.log_start_max(), -1);
  EXPECT_GT(copy.doubt.doubts(), before) << "a look that is under way is at what was";
}

// ---- Range (H).

TEST(SourceDoubt, ALostRangeIsCountedOnce) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnOutOfRange();
  EXPECT_EQ(copy.doubt.question(), Question::kRange);
  EXPECT_EQ(*copy.Range(130, 200), 0) << "the target is asked first";
  EXPECT_FALSE(copy.doubt.may_fetch());
  EXPECT_EQ(copy.doubt.question(), Question::kNone);
  copy.Settle();
  copy.partition.Pause();
  EXPECT_EQ(copy.doubt.question(), Question::kNone) << "nothing can be skipped now";
  copy.partition.Resume();
  ASSERT_EQ(copy.doubt.question(), Question::kRange);
  EXPECT_EQ(*copy.Range(140, 200), 40);
  EXPECT_TRUE(copy.doubt.may_fetch());
  EXPECT_EQ(copy.partition.position(), SourceOffset(140));
}

// It landed after it was given up, and has to be counted before anything behind the gap is.
TEST(SourceDoubt, WhatTheTargetHasIsNotCountedAsLost) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnOutOfRange();
  EXPECT_EQ(*copy.Range(130, 200), 0);
  copy.Settle(/*end=*/110);
  ASSERT_EQ(copy.doubt.question(), Question::kRange);
  EXPECT_EQ(*copy.Range(130, 200), 0);
  EXPECT_TRUE(copy.doubt.may_fetch());
  EXPECT_FALSE(copy.partition.begun()) << "its place is to be found by content";
}

TEST(SourceDoubt, ALogThatEndsBelowThePositionWasTruncated) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnOutOfRange();
  EXPECT_EQ(*copy.Range(0, 99), 0);
  EXPECT_TRUE(copy.IsTruncated());
}

// The log was shorter a moment ago: it may be another one, which has grown past the offset since.
TEST(SourceDoubt, AnOffsetThatTheLogHoldsAlthoughItWasRefusedPutsTheHistoryInDoubt) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnOutOfRange();
  EXPECT_TRUE(absl::IsUnavailable(copy.Range(0, 200).status()));
  copy.Settle();
  EXPECT_EQ(copy.doubt.question(), Question::kHistory);
}

TEST(SourceDoubt, TheHistoryIsLookedAtBeforeTheRange) {
  Copy copy(/*topic_has_id=*/false);
  copy.doubt.OnOutOfRange();
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  copy.Settle();
  EXPECT_EQ(copy.doubt.question(), Question::kHistory);
  EXPECT_FALSE(copy.BeginLook(120, 200)->read_at.has_value());
  EXPECT_EQ(copy.doubt.question(), Question::kRange) << "what it found is a log that begins above the position";
}

TEST(SourceDoubt, ARangeThatWasAskedForBeforeTheLastReasonSettlesNothing) {
  Copy copy(/*topic_has_id=*/true);
  copy.doubt.OnResponse(/*broker_tells=*/true);
  copy.doubt.OnOutOfRange();
  const LogEnds old = {0, 99, copy.doubt.doubts()};
  copy.doubt.Doubt(DoubtReason::kLeaderChanged);
  EXPECT_EQ(*copy.doubt.OnRange(old), 0);
  EXPECT_FALSE(copy.partition.quarantined());
  EXPECT_EQ(copy.doubt.question(), Question::kRange);
}

}  // namespace
}  // namespace replicator
