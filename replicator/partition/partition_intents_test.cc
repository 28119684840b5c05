// D: what a partition must have stored before it sends, and how a new life goes on from that.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "replicator/partition/partition.h"
#include "replicator/partition/partition_fixture.h"

namespace replicator {
namespace {

using Records = TailComparison::Records;

constexpr uint32_t kCrc = 77;

class StoredPartitionTest : public PartitionTest {
 protected:
  StoredPartitionTest() { partition_ = Fresh(); }

  static Partition Fresh(bool is_compacted = false) {
    return Partition({.producer = kOurs,
                      .queue_bytes_max = 100 * kBatchBytes,
                      .stores_intents = true,
                      .is_compacted = is_compacted});
  }

  static Batch BatchWithCrc(int64_t base, int32_t count, uint32_t crc = kCrc) {
    Batch batch = MakeBatch(base, count);
    batch.content_crc = crc;
    return batch;
  }

  // Of three records from offset 0.
  Send StopWithABatchInFlight() {
    partition_.Accept(BatchWithCrc(0, 3));
    partition_.TakeState();
    partition_.OnStored();
    const Send send = partition_.TakeSend();
    partition_.PutInQuarantine(QuarantineCode::kSourceDeleted, "the source does not show it");
    return send;
  }

  // A new process, with what the old one had stored.
  void Restart(const offsets::PartitionState& state, bool is_compacted = false) {
    partition_ = Fresh(is_compacted);
    partition_.Restore(state);
  }
};

TEST_F(StoredPartitionTest, ABatchIsSentOnceTheStateThatNamesItIsStored) {
  Begin();
  EXPECT_FALSE(partition_.must_store());
  partition_.Accept(BatchWithCrc(0, 3));
  partition_.Accept(BatchWithCrc(5, 2));
  EXPECT_FALSE(partition_.can_send());
  ASSERT_TRUE(partition_.must_store());
  const offsets::PartitionState state = partition_.TakeState();
  EXPECT_FALSE(partition_.must_store());
  EXPECT_FALSE(partition_.can_send());
  partition_.Accept(BatchWithCrc(7, 1));  // comes too late for that state
  partition_.OnStored();
  ASSERT_EQ(state.intents.size(), 2u);
  EXPECT_EQ(state.intents[1], (offsets::Intent{SourceOffset(5), SourceOffset(7), 2, kCrc}));
  for (int64_t base : {0, 3}) {
    ASSERT_TRUE(partition_.can_send());
    partition_.OnAnswer(partition_.TakeSend().id, Appended(base));
  }
  EXPECT_FALSE(partition_.can_send());
  EXPECT_TRUE(partition_.must_store());
}

TEST_F(StoredPartitionTest, RunsThatNobodyCanReadAreForgottenInTheStoreToo) {
  Begin();
  constexpr int64_t kRuns = static_cast<int64_t>(offsets::OffsetMap::kChunkRunsMax);
  for (int64_t i = 0; i < kRuns + 2; ++i) {
    partition_.Accept(BatchWithCrc(10 * i, 2));
    partition_.TakeState();
    partition_.OnStored();
    partition_.OnAnswer(partition_.TakeSend().id, Appended(2 * i));
  }
  partition_.TakeState();
  partition_.OnStored();
  partition_.PruneBelow(SourceOffset(10 * kRuns), TargetOffset(2 * kRuns - 1));
  EXPECT_FALSE(partition_.has_unsaved()) << "the target still has the last record of the chunk";
  partition_.PruneBelow(SourceOffset(10 * kRuns), TargetOffset(2 * kRuns));
  EXPECT_TRUE(partition_.has_unsaved());
  EXPECT_EQ(partition_.TakeState().map.forget_below,
            (offsets::LogStarts{SourceOffset(10 * kRuns), TargetOffset(2 * kRuns)}));
  partition_.OnStored();
  partition_.PruneBelow(SourceOffset(10 * kRuns), TargetOffset(2 * kRuns));
  EXPECT_FALSE(partition_.has_unsaved()) << "once";
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(2 * kRuns)), SourceOffset(10 * kRuns));
}

TEST_F(StoredPartitionTest, WhatIsInFlightStaysNamedUntilItIsAcknowledged) {
  Begin();
  partition_.Accept(BatchWithCrc(0, 3));
  partition_.TakeState();
  partition_.OnStored();
  const Send send = partition_.TakeSend();
  partition_.Accept(BatchWithCrc(3, 1));
  EXPECT_EQ(partition_.TakeState().intents.size(), 2u);
  partition_.OnStored();
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_TRUE(partition_.has_unsaved());
  const offsets::PartitionState state = partition_.TakeState();
  EXPECT_EQ(state.intents.size(), 1u);
  EXPECT_EQ(state.position, SourceOffset(3));
  EXPECT_EQ(state.last_run, (offsets::Run{SourceOffset(0), TargetOffset(0), 3}));
  EXPECT_FALSE(partition_.has_unsaved());
}

// D, G: it may have landed, so that nothing else of the source may be counted for it.
TEST_F(StoredPartitionTest, WhatIsInFlightStaysNamedThroughAQuarantine) {
  Begin();
  partition_.Accept(BatchWithCrc(0, 3));
  partition_.Accept(BatchWithCrc(3, 2));
  partition_.TakeState();
  partition_.OnStored();
  partition_.TakeSend();
  partition_.PutInQuarantine(QuarantineCode::kSourceTruncated, "the source was truncated");
  const offsets::PartitionState state = partition_.TakeState();
  ASSERT_EQ(state.intents.size(), 1u) << "what was not sent is given up";
  Restart(state);
  partition_.PutInQuarantine(QuarantineCode::kSourceTruncated, "the source was truncated");
  EXPECT_EQ(partition_.TakeState().intents, state.intents);
  partition_.OnStored();
  partition_.CheckAgain();
  TargetTail tail = OurTail(3);
  tail.content_crc = kCrc;
  TargetEnd(3, 3, tail);
  EXPECT_EQ(partition_.position(), SourceOffset(3));
  EXPECT_EQ(partition_.evidence().base_offset, 0);
  EXPECT_EQ(partition_.evidence().content_crc, kCrc) << "by which the new history is told from the old one";
}

TEST_F(StoredPartitionTest, ALateAnswerCountsInAQuarantineAndDoesNotEndIt) {
  for (const Answer& answer : {Appended(0), Appended(7), Unclear(), Answer{.verdict = Verdict::kRefused},
                               Answer{.verdict = Verdict::kRefusedBytes}, Answer{.verdict = Verdict::kForgotten}}) {
    partition_ = Fresh();
    Begin();
    const Send send = StopWithABatchInFlight();
    partition_.OnAnswer(send.id, answer);
    ExpectQuarantine(QuarantineCode::kSourceDeleted);
    EXPECT_FALSE(partition_.must_settle() || partition_.can_send());
    const bool is_known =
        answer.base_offset == 0 || (answer.verdict != Verdict::kAppended && answer.verdict != Verdict::kUnclear);
    EXPECT_EQ(partition_.TakeState().intents.empty(), is_known);
    EXPECT_EQ(partition_.position(), SourceOffset(answer.base_offset == 0 ? 3 : 0));
  }
}

TEST_F(StoredPartitionTest, CheckedAgainItWaitsForTheAnswerThatIsDue) {
  Begin();
  const Send send = StopWithABatchInFlight();
  partition_.CheckAgain();
  EXPECT_FALSE(partition_.must_settle());
  partition_.OnAnswer(send.id, Appended(0));
  EXPECT_TRUE(partition_.must_settle());
  TargetEnd(3, 3, OurTail(3));
  EXPECT_EQ(partition_.position(), SourceOffset(3));
}

TEST_F(StoredPartitionTest, AStateThatAFailureOvertookCoversNothing) {
  Begin();
  partition_.Accept(BatchWithCrc(0, 3));
  partition_.TakeState();
  partition_.OnTargetChange();
  partition_.OnStored();
  TargetEnd(0, 0, std::nullopt);
  partition_.Accept(BatchWithCrc(0, 3));
  EXPECT_FALSE(partition_.can_send());
  EXPECT_TRUE(partition_.must_store());
}

// A state is due when sending is about to wait for it, and worth its while before that.
TEST_F(StoredPartitionTest, TheNextStateIsDueWhenOneBatchIsLeftThatTheLastOneNames) {
  Begin();
  for (int i = 0; i < 4; ++i) partition_.Accept(BatchWithCrc(i, 1));
  partition_.TakeState();
  partition_.OnStored();
  EXPECT_FALSE(partition_.can_store()) << "there is nothing new";
  partition_.Accept(BatchWithCrc(4, 1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(partition_.can_store());
    EXPECT_FALSE(partition_.must_store()) << i;
    partition_.OnAnswer(partition_.TakeSend().id, Appended(i));
  }
  EXPECT_TRUE(partition_.must_store());
  EXPECT_TRUE(partition_.can_send()) << "meanwhile";
}

TEST_F(StoredPartitionTest, TinyBatchesAreNamedAWindowAtATime) {
  Begin();
  for (int i = 0; i < 90; ++i) partition_.Accept(BatchWithCrc(i, 1));
  EXPECT_EQ(partition_.TakeState().intents.size(), 64u);
  partition_.OnStored();
  EXPECT_FALSE(partition_.can_store()) << "enough is named for now";
  for (int i = 0; i < 40; ++i) partition_.OnAnswer(partition_.TakeSend().id, Appended(i));
  ASSERT_TRUE(partition_.can_store());
  EXPECT_FALSE(partition_.must_store());
  EXPECT_EQ(partition_.TakeState().intents.size(), 50u);
  for (int i = 40; i < 64; ++i) partition_.OnAnswer(partition_.TakeSend().id, Appended(i));
  EXPECT_FALSE(partition_.can_send());
  partition_.OnStored();
  EXPECT_TRUE(partition_.can_send());
}

TEST_F(StoredPartitionTest, ANewLifeSettlesEachIntentByWhatTheTargetHolds) {
  Begin();
  for (int i = 0; i < 3; ++i) partition_.Accept(BatchWithCrc(i * 10, 2, kCrc + i));
  const offsets::PartitionState state = partition_.TakeState();
  for (int landed = 0; landed <= 3; ++landed) {
    Restart(state);
    ASSERT_TRUE(partition_.must_settle());
    EXPECT_FALSE(partition_.wants_fetch());
    TargetTail tail = OurTail(2 * landed);
    tail.content_crc = kCrc + landed - 1;
    TargetEnd(2 * landed, 2 * landed, landed == 0 ? std::nullopt : std::optional(tail));
    ASSERT_FALSE(partition_.quarantined()) << partition_.quarantine()->reason;
    EXPECT_EQ(partition_.position(), SourceOffset(landed == 0 ? 0 : landed * 10 - 8));
    EXPECT_EQ(partition_.target_end(), TargetOffset(2 * landed));
    EXPECT_EQ(partition_.fetch_offset(), partition_.position());
    if (landed > 1) EXPECT_EQ(partition_.map().SourceOf(TargetOffset(2)), SourceOffset(10));
  }
}

TEST_F(StoredPartitionTest, OtherContentUnderOurSequenceIsForeign) {
  Begin();
  partition_.Accept(BatchWithCrc(0, 2));
  Restart(partition_.TakeState());
  TargetTail tail = OurTail(2);
  tail.content_crc = kCrc + 1;
  TargetEnd(2, 2, tail);
  ExpectQuarantine(QuarantineCode::kForeignWrite);
}

// G
TEST_F(StoredPartitionTest, ANewLifeKnowsTheEpochBelowItsPosition) {
  Begin();
  partition_.SkipTo(SourceOffset(3), 6);
  Restart(partition_.TakeState());
  EXPECT_EQ(partition_.fetched_epoch(), 6);
}

// F, after a power cut took the latest states: the rest is counted, not sent again.
TEST_F(StoredPartitionTest, AnOldStateIsBroughtUpToWhatTheTargetHolds) {
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  Restart(state);
  TargetEnd(5, 5, OurTail(5));
  ASSERT_FALSE(partition_.quarantined());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(0));
  partition_.Accept(BatchWithCrc(0, 3));
  partition_.Accept(BatchWithCrc(4, 2));
  EXPECT_FALSE(partition_.must_store());
  EXPECT_EQ(partition_.position(), SourceOffset(6));
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(3)), SourceOffset(4));
}

// What a power cut takes of a partition that just began is found again by its content. What it brings back of an
// earlier life would be taken for where this one stands.
TEST_F(StoredPartitionTest, IsOnDiskAtOnceWhereAnotherLifeWasStoredBefore) {
  Begin();
  EXPECT_FALSE(partition_.TakeState().must_sync);
  partition_.OnStored();
  partition_.PutInQuarantine(QuarantineCode::kTargetRecreated, "made anew");
  partition_.StartAnew();
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  EXPECT_TRUE(state.must_sync);
  Restart(state);
  TargetEnd(5, 5, OurTail(5));
  partition_.Accept(BatchWithCrc(0, 2));
  partition_.SkipDeleted(SourceOffset(4));  // its place is to be found by content
  Begin(4, 5, 5);
  EXPECT_TRUE(partition_.TakeState().must_sync);
}

// A, F: below the end that was cut back other records may come to lie than did before.
TEST_F(StoredPartitionTest, IsOnDiskAtOnceWhenTheTargetHasLostRecords) {
  Begin();
  for (int64_t base : {0, 2, 4}) {
    partition_.Accept(BatchWithCrc(base, 2));
    partition_.TakeState();
    partition_.OnStored();
    const Send send = partition_.TakeSend();
    partition_.OnAnswer(send.id, Appended(send.expected.value));
  }
  EXPECT_FALSE(partition_.TakeState().must_sync);
  partition_.OnStored();
  partition_.OnTargetChange();
  TargetEnd(2, 2, OurTail(2));
  EXPECT_EQ(partition_.position(), SourceOffset(2));
  EXPECT_EQ(partition_.records_copied(), 6) << "by this process, those that come again as well";
  EXPECT_TRUE(partition_.TakeState().must_sync);
}

// A: what another holder of the link copied lies behind what this one had copied.
TEST_F(StoredPartitionTest, APlaceBelowItsOwnIsNotTheEndOfWhatWasCopied) {
  Begin();
  EXPECT_TRUE(partition_.CanGoOnAt(SourceOffset(0), TargetOffset(0)));
  partition_.SkipTo(SourceOffset(10));
  EXPECT_FALSE(partition_.CanGoOnAt(SourceOffset(6), TargetOffset(3)));
  EXPECT_FALSE(partition_.CanGoOnAt(SourceOffset(12), TargetOffset(3))) << "three records are no two offsets";
  EXPECT_TRUE(partition_.CanGoOnAt(SourceOffset(13), TargetOffset(3)));
  EXPECT_TRUE(Fresh().CanGoOnAt(SourceOffset(6), TargetOffset(3))) << "it has none of its own";
}

// A, H: of what was copied the source has some no more, so counting what it still has would pass over as many others.
TEST_F(StoredPartitionTest, AnOldStateIsNotBroughtUpByCountingWhatLiesBehindRetention) {
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  Restart(state);
  TargetEnd(5, 5, OurTail(5));
  partition_.Accept(BatchWithCrc(0, 2));
  EXPECT_EQ(partition_.SkipDeleted(SourceOffset(4)), 0) << "nothing is lost that is on the target";
  EXPECT_FALSE(partition_.begun());
  EXPECT_FALSE(partition_.quarantined() || partition_.wants_fetch());
}

// A: the last batch that is counted must be the one that the target has there.
TEST_F(StoredPartitionTest, AnOldStateIsNotBroughtUpByCountingToAnotherBatch) {
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  for (const uint32_t crc : {kCrc, kCrc + 1}) {
    Restart(state);
    TargetTail tail = OurTail(5);
    tail.content_crc = crc;
    TargetEnd(5, 5, tail);
    partition_.Accept(BatchWithCrc(0, 3));
    partition_.Accept(BatchWithCrc(4, 2));
    EXPECT_EQ(partition_.begun(), crc == kCrc);
    EXPECT_FALSE(partition_.quarantined());
  }
}

// H
TEST_F(StoredPartitionTest, WhatRetentionTookBeforeItWasCopiedIsSkipped) {
  Begin();
  EXPECT_EQ(partition_.SkipDeleted(SourceOffset(4)), 4);
  EXPECT_EQ(partition_.position(), SourceOffset(4));
  EXPECT_TRUE(partition_.wants_fetch());
}

// F, K: a standby held the link meanwhile, and had to renew the producer.
TEST_F(StoredPartitionTest, WhatAnotherHolderCopiedWithItsOwnProducerIsLookedForInTheSource) {
  Begin();
  partition_.Accept(BatchWithCrc(0, 2));
  partition_.TakeState();
  partition_.OnStored();
  partition_.OnAnswer(partition_.TakeSend().id, Appended(0));
  const offsets::PartitionState state = partition_.TakeState();
  Restart(state);
  const TargetTail tail = {{.id = kOurs.id + 1, .epoch = 0}, 3};
  TargetEnd(5, 5, tail);
  EXPECT_FALSE(partition_.quarantined());
  ASSERT_FALSE(partition_.begun());
  EXPECT_TRUE(partition_.is_foreign_unless_found());
  partition_.PutInQuarantine(QuarantineCode::kForeignWrite, "it is not found");
  partition_.CheckAgain();
  TargetEnd(5, 5, tail);
  ASSERT_FALSE(partition_.begun()) << "it is looked for again";
  partition_.UseProducer(tail.producer);
  Begin(/*position=*/7, /*target_end=*/5, /*ordinal=*/3);
  EXPECT_FALSE(partition_.is_foreign_unless_found());
  partition_.Accept(BatchWithCrc(7, 1));
  partition_.TakeState();
  partition_.OnStored();
  const Send send = partition_.TakeSend();
  EXPECT_EQ(send.producer, tail.producer);
  EXPECT_EQ(send.base_sequence, 3);
  partition_.OnAnswer(send.id, Unclear());
  TargetEnd(7, 7, TargetTail{{.id = 99, .epoch = 0}, 2});
  ExpectQuarantine(QuarantineCode::kForeignWrite);  // this process alone holds the link now
}

TEST_F(StoredPartitionTest, WhatANewLifeFindsOfNoIdempotentProducerIsForeign) {
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  Restart(state);
  TargetEnd(5, 5, TargetTail{{.id = -1, .epoch = -1}, -1});
  ExpectQuarantine(QuarantineCode::kForeignWrite);
}

// A: compaction may have taken records since, so counting them proves nothing.
TEST_F(StoredPartitionTest, OnACompactedTopicAnOldStateIsNotBroughtUpByCounting) {
  Begin();
  const offsets::PartitionState state = partition_.TakeState();
  Restart(state, /*is_compacted=*/true);
  TargetEnd(5, 5, OurTail(5));
  EXPECT_FALSE(partition_.begun());
  EXPECT_FALSE(partition_.quarantined());
  EXPECT_FALSE(partition_.wants_fetch());
}

TEST_F(StoredPartitionTest, LostRecordsAreCutBackByTheStoredMap) {
  Begin();
  for (int i = 0; i < 3; ++i) {
    partition_.Accept(BatchWithCrc(i * 10, 2));
    partition_.TakeState();
    partition_.OnStored();
    partition_.OnAnswer(partition_.TakeSend().id, Appended(i * 2));
  }
  const offsets::PartitionState state = partition_.TakeState();
  ASSERT_EQ(state.map.chunks.size(), 1u);
  EXPECT_EQ(state.map.chunks[0].runs.size(), 2u);
  TargetTail tail = OurTail(2);
  tail.content_crc = kCrc;
  tail.record_count = 2;
  // The target may have changed the batch's bytes: what is kept of it is what the source has.
  const SourceBatch at_source = {.base_offset = 0, .record_count = 2, .leader_epoch = 6, .content_crc = kCrc + 9};
  const offsets::SourceEvidence other = {.base_offset = 0, .record_count = 2, .content_crc = kCrc};
  const std::pair<TailComparison, offsets::SourceEvidence> cases[] = {
      {{at_source, Records::kSame}, EvidenceOf(at_source)},
      {{at_source, Records::kDiffer}, other},
      {{std::nullopt}, {}},
  };
  for (const auto& [comparison, evidence] : cases) {
    Restart(state);
    TargetEnd(2, 2, tail);
    ASSERT_NE(partition_.tail_question(), nullptr);
    EXPECT_EQ(partition_.tail_question()->source_base, SourceOffset(0));
    EXPECT_FALSE(partition_.wants_fetch());
    partition_.OnTailCompared(comparison);
    ASSERT_FALSE(partition_.quarantined());
    EXPECT_EQ(partition_.fetch_offset(), SourceOffset(10));
    EXPECT_EQ(partition_.evidence(), evidence) << "to be compared with the source";
    EXPECT_TRUE(partition_.TakeCutBack());
    EXPECT_FALSE(partition_.TakeCutBack());
    EXPECT_EQ(partition_.TakeState().map.forget_from, SourceOffset(0));
  }
}

// E, F: a target that compresses anew, or puts its own times in, shows other bytes for what was sent.
class RewrittenTailTest : public StoredPartitionTest {
 protected:
  // The two batches of a stored state have landed.
  void SetUp() override {
    partition_ = Fresh();
    Begin();
    partition_.Accept(BatchWithCrc(0, 2));
    partition_.Accept(BatchWithCrc(10, 2, kSentCrc));
    Restart(partition_.TakeState());
    TargetEnd(4, 4, tail_);
  }
  void ExpectCopiedUpTo(int64_t target_end, int64_t position) {
    ASSERT_FALSE(partition_.quarantined()) << partition_.quarantine()->reason;
    EXPECT_EQ(partition_.tail_question(), nullptr);
    EXPECT_EQ(partition_.target_end(), TargetOffset(target_end));
    EXPECT_EQ(partition_.position(), SourceOffset(position));
    EXPECT_TRUE(partition_.wants_fetch());
  }

  static constexpr uint32_t kSentCrc = kCrc + 1;
  const TargetTail tail_ = {
      .producer = kOurs, .next_sequence = 4, .content_crc = kCrc + 7, .record_count = 2, .codec = kafka::Codec::kGzip};
  const SourceBatch sent_ = {.base_offset = 10, .last_offset = 11, .record_count = 2, .content_crc = kSentCrc};
};

TEST_F(RewrittenTailTest, IsOursWhenItsRecordsAreWhatTheSourceHas) {
  ASSERT_NE(partition_.tail_question(), nullptr);
  EXPECT_EQ(partition_.tail_question()->source_base, SourceOffset(10));
  EXPECT_FALSE(partition_.must_settle() || partition_.wants_fetch() || partition_.can_send());
  EXPECT_EQ(partition_.OnTailCompared({sent_, Records::kSame}), "");
  ExpectCopiedUpTo(4, 12);
  EXPECT_EQ(partition_.evidence(), EvidenceOf(sent_)) << "what the source has, not what the target has";
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(2)), SourceOffset(10));
}

TEST_F(RewrittenTailTest, IsForeignWhenItsRecordsAreOthers) {
  partition_.OnTailCompared({sent_, Records::kDiffer});
  ExpectQuarantine(QuarantineCode::kForeignWrite);
  EXPECT_TRUE(
      absl::StrContains(partition_.quarantine()->reason, "of the 4 records that the target has from offset 0 on"))
      << partition_.quarantine()->reason;
}

// Retention or compaction has taken the source's batch, or its history is another one, which the next look shows.
TEST_F(RewrittenTailTest, IsOursByProducerSequenceAndCountWhereTheSourceNoLongerHasIt) {
  SourceBatch another = sent_;
  another.content_crc = 1;
  for (const TailComparison& gone :
       {TailComparison(), TailComparison{another, Records::kDiffer}, TailComparison{sent_, Records::kUnreadable}}) {
    SetUp();
    const std::string told = partition_.OnTailCompared(gone);
    EXPECT_TRUE(absl::StrContains(told, "its last 2 records, which should be the source's from offset 10 on")) << told;
    ExpectCopiedUpTo(4, 12);
    EXPECT_EQ(partition_.evidence(), EvidenceOf(sent_));
  }
}

TEST_F(RewrittenTailTest, OfAnotherNumberOfRecordsIsForeign) {
  partition_ = Fresh();
  Begin();
  partition_.Accept(BatchWithCrc(0, 2));
  Restart(partition_.TakeState());
  TargetTail longer = tail_;
  longer.next_sequence = 2;
  longer.record_count = 1;
  TargetEnd(2, 2, longer);
  ExpectQuarantine(QuarantineCode::kForeignWrite);
}

TEST_F(RewrittenTailTest, IsAskedForAnewAfterTheTargetChanged) {
  partition_.OnTargetChange();
  EXPECT_EQ(partition_.tail_question(), nullptr);
  EXPECT_TRUE(partition_.must_settle());
  EXPECT_EQ(partition_.OnTailCompared({sent_, Records::kDiffer}), "");
  EXPECT_FALSE(partition_.quarantined()) << "the answer came too late to count";
  TargetTail times = tail_;
  times.codec = kafka::Codec::kNone;
  times.has_append_times = true;
  TargetEnd(4, 4, times);
  EXPECT_NE(partition_.tail_question(), nullptr) << "append times change bytes, too";
}

// A: the last batch that is counted must be the one that the target has there.
TEST_F(RewrittenTailTest, AnOldStateIsBroughtUpByCountingToTheSameRecords) {
  for (const Records records : {Records::kSame, Records::kDiffer}) {
    partition_ = Fresh();
    Begin();
    Restart(partition_.TakeState());
    TargetEnd(4, 4, tail_);
    partition_.Accept(BatchWithCrc(0, 2));
    partition_.Accept(BatchWithCrc(10, 2, kSentCrc));
    ASSERT_TRUE(partition_.must_settle()) << "the target is asked for its last batch once more";
    TargetEnd(4, 4, tail_);
    ASSERT_NE(partition_.tail_question(), nullptr);
    partition_.OnTailCompared({sent_, records});
    EXPECT_FALSE(partition_.quarantined());
    EXPECT_EQ(partition_.begun(), records == Records::kSame) << "else it is looked for by content";
    if (records == Records::kSame) ExpectCopiedUpTo(4, 12);
  }
}

TEST_F(StoredPartitionTest, APolicyThatIsAlteredToCompactIsStored) {
  Begin();
  EXPECT_FALSE(partition_.TakeState().is_compacted);
  partition_.OnStored();
  EXPECT_FALSE(partition_.has_unsaved());
  partition_.NoteCompacted();
  EXPECT_TRUE(partition_.has_unsaved());
  EXPECT_TRUE(partition_.TakeState().is_compacted);
  partition_.OnStored();
  partition_.NoteCompacted();
  EXPECT_FALSE(partition_.has_unsaved()) << "it was known";
}

}  // namespace
}  // namespace replicator
