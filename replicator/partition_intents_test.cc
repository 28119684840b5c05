// D: what a partition must have stored before it sends, and how a new life goes on from that.
#include <gtest/gtest.h>

#include <optional>

#include "replicator/partition.h"
#include "replicator/partition_fixture.h"

namespace replicator {
namespace {

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
  for (int64_t base : {0, 10, 20}) {
    partition_.Accept(BatchWithCrc(base, 2));
    partition_.TakeState();
    partition_.OnStored();
    partition_.OnAnswer(partition_.TakeSend().id, Appended(base / 5));
  }
  partition_.TakeState();
  partition_.OnStored();
  partition_.PruneBelow(SourceOffset(11), TargetOffset(3));
  EXPECT_TRUE(partition_.has_unsaved());
  EXPECT_EQ(partition_.TakeState().runs.forget_below, SourceOffset(10));
  partition_.OnStored();
  partition_.PruneBelow(SourceOffset(11), TargetOffset(3));
  EXPECT_FALSE(partition_.has_unsaved()) << "once";
  EXPECT_EQ(partition_.map().SourceOf(TargetOffset(2)), SourceOffset(10)) << "what the target still has";
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
  offsets::PartitionState state = partition_.TakeState();
  EXPECT_EQ(state.runs.closed.size(), 1u);  // the other one went with a state before
  state.runs.closed = {{SourceOffset(0), TargetOffset(0), 2}, {SourceOffset(10), TargetOffset(2), 2}};
  Restart(state);
  TargetEnd(2, 2, OurTail(2));
  ASSERT_FALSE(partition_.quarantined());
  EXPECT_EQ(partition_.fetch_offset(), SourceOffset(10));
  EXPECT_EQ(partition_.TakeState().runs.forget_from, SourceOffset(0));
}

}  // namespace
}  // namespace replicator
