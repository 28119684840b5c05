#include "offsets/store_codec.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace replicator::offsets {
namespace {

PartitionState ExampleState() {
  PartitionState state;
  state.tail_begin = {SourceOffset(3'990), TargetOffset(3'890)};
  state.has_chunks = true;
  state.position = SourceOffset(5'000);
  state.target_end = TargetOffset(4'890);
  state.eras = {{TargetOffset(0), {.id = 4'000, .epoch = 0}, 0}, {TargetOffset(900), {.id = 4'001, .epoch = 0}, -900}};
  state.intents = {{SourceOffset(5'000), SourceOffset(5'127), 127, 0xdeadbeef, kafka::Codec::kZstd},
                   {SourceOffset(5'130), SourceOffset(5'141), 10, 7}};
  state.last_run = Run{SourceOffset(4'000), TargetOffset(3'890), 1'000};
  state.evidence = {.base_offset = 4'900, .leader_epoch = 3, .record_count = 100, .content_crc = 99};
  state.position_epoch = 4;
  state.records_lost = 12;
  state.lost_at_ms = 1'700'000'000'123;
  state.source_log_start_max = 4'000;
  state.is_compacted = true;
  state.quarantine = StoredQuarantine{"foreign-write", "somebody else writes", 1'700'000'000'000};
  state.resume_from = "4711";
  return state;
}

// 100 records and a marker, and 896 records.
KnownRange ExampleChunk() {
  return {{SourceOffset(4'000), TargetOffset(3'890)},
          SourceOffset(5'001),
          {{SourceOffset(4'000), TargetOffset(3'890), 100}, {SourceOffset(4'101), TargetOffset(3'990), 896}}};
}

void ExpectSame(const PartitionState& a, const PartitionState& b) {
  EXPECT_EQ(a.tail_begin, b.tail_begin);
  EXPECT_EQ(a.has_chunks, b.has_chunks);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.target_end, b.target_end);
  EXPECT_EQ(a.eras, b.eras);
  EXPECT_EQ(a.intents, b.intents);
  EXPECT_EQ(a.last_run, b.last_run);
  EXPECT_EQ(a.evidence, b.evidence);
  EXPECT_EQ(a.position_epoch, b.position_epoch);
  EXPECT_EQ(a.records_lost, b.records_lost);
  EXPECT_EQ(a.lost_at_ms, b.lost_at_ms);
  EXPECT_EQ(a.source_log_start_max, b.source_log_start_max);
  EXPECT_EQ(a.is_compacted, b.is_compacted);
  EXPECT_EQ(a.quarantine, b.quarantine);
  EXPECT_EQ(a.resume_from, b.resume_from);
}

TEST(StoreCodec, APartitionIsReadAsItWasWritten) {
  absl::StatusOr<PartitionState> read = DecodePartition(EncodePartition(ExampleState()));
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, ExampleState());
  read = DecodePartition(EncodePartition(PartitionState()));
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, PartitionState());
}

// As a state from before the position's epoch was kept.
TEST(StoreCodec, ThePositionsEpochIsTheLastBatchsWhereNothingWasSkippedBehindIt) {
  PartitionState state = ExampleState();
  state.position_epoch = -1;
  EXPECT_EQ(DecodePartition(EncodePartition(state))->position_epoch, state.evidence.leader_epoch);
  state.position = SourceOffset(5'001);
  state.intents.clear();
  EXPECT_EQ(DecodePartition(EncodePartition(state))->position_epoch, -1);
}

TEST(StoreCodec, AChunkIsReadAsItWasWritten) {
  EXPECT_EQ(DecodeChunk(SourceOffset(4'000), EncodeChunk(ExampleChunk())).value(), ExampleChunk());
  const KnownRange gap = {{SourceOffset(7), TargetOffset(0)}, SourceOffset(9), {}};
  EXPECT_EQ(DecodeChunk(SourceOffset(7), EncodeChunk(gap)).value(), gap);
}

TEST(StoreCodec, AnotherSchemaIsRefused) {
  for (const char* link : {"\x08\x01", "\x08\x63"}) {
    EXPECT_EQ(DecodeLink(link).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST(StoreCodec, ALinkIsReadAsItWasWritten) {
  const LinkRecord link = {"source-id", "target-id", "read_committed", {.id = 1 << 20, .epoch = 0}, "host-0a", 17};
  absl::StatusOr<LinkRecord> read = DecodeLink(EncodeLink(link));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->source_cluster_id, "source-id");
  EXPECT_EQ(read->target_cluster_id, "target-id");
  EXPECT_EQ(read->isolation_level, "read_committed");
  EXPECT_EQ(read->producer, link.producer);
  EXPECT_EQ(read->instance_id, "host-0a");
  EXPECT_EQ(read->lock_held_since_ms, 17);
}

// The worked example of docs/formats.md.
TEST(StoreCodec, KeysLieInTheOrderOfTheirNumbers) {
  EXPECT_EQ(absl::BytesToHexString(PartitionKeyBytes({2, 5})), "500000000200000005");
  EXPECT_EQ(absl::BytesToHexString(ChunkKey({2, 5}, SourceOffset(4'000))), "5200000002000000050000000000000fa0");
  EXPECT_EQ(absl::BytesToHexString(EncodeChunk(ExampleChunk())), "08b21e10e9071a050064028007");
  EXPECT_LT(PartitionKeyBytes({2, 500}), PartitionKeyBytes({3, 0}));
  EXPECT_LT(ChunkKey({2, 5}, SourceOffset(255)), ChunkKey({2, 5}, SourceOffset(256)));
  EXPECT_EQ(ParsePartitionKey(PartitionKeyBytes({7, 8})).value(), (PartitionKey{7, 8}));
  EXPECT_EQ(ParseChunkKey(ChunkKey({7, 8}, SourceOffset(9)))->source_begin, SourceOffset(9));
  EXPECT_EQ(ParseTopicKey(TopicKey("orders")).value(), "orders");
}

TEST(StoreCodec, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(ParsePartitionKey("P123").ok());
  EXPECT_FALSE(ParseChunkKey(PartitionKeyBytes({1, 2})).ok());
  EXPECT_FALSE(ParseTopicKey("T").ok());
  EXPECT_FALSE(DecodePartition("\xff\xff").ok());
  EXPECT_FALSE(DecodeChunk(SourceOffset(1), "").ok()) << "no offsets";
  KnownRange chunk = ExampleChunk();
  chunk.source_end = SourceOffset(4'900);
  EXPECT_FALSE(DecodeChunk(chunk.begin.source, EncodeChunk(chunk)).ok()) << "less than its runs";
  chunk = ExampleChunk();
  chunk.runs[1].target_base += 1;
  EXPECT_FALSE(DecodeChunk(chunk.begin.source, EncodeChunk(chunk)).ok()) << "the target has no gaps";
  PartitionState state = ExampleState();
  state.intents[1].source_base = SourceOffset(5'100);  // inside of the one before it
  EXPECT_FALSE(DecodePartition(EncodePartition(state)).ok());
}

TEST(StoreCodecTest, WhoWritesTheChangelogComesBack) {
  const StoredOwnership ownership = {{.number = 3, .id = ~uint64_t{0}, .flush = 7}, {.number = 2, .id = 1, .flush = 9}};
  EXPECT_EQ(*DecodeOwnership(EncodeOwnership(ownership)), ownership);
  EXPECT_EQ(*DecodeOwnership(""), StoredOwnership());
  EXPECT_FALSE(DecodeOwnership("\xff").ok());
}

}  // namespace
}  // namespace replicator::offsets
