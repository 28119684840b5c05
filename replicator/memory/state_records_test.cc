#include "replicator/memory/state_records.h"

#include <gtest/gtest.h>

#include "offsets/store_codec.h"

namespace replicator {
namespace {

using offsets::KnownRange;
using offsets::PartitionState;
using offsets::SourceOffset;
using offsets::TargetOffset;

const offsets::TopicPartition kOrders = {"orders", 5};

// Records at every second source offset from `begin` on.
KnownRange Chunk(int64_t begin, int64_t target, int64_t count) {
  KnownRange chunk = {{SourceOffset(begin), TargetOffset(target)}, SourceOffset(begin + 2 * count), {}};
  for (int64_t i = 0; i < count; ++i) chunk.runs.push_back({SourceOffset(begin + 2 * i), TargetOffset(target + i), 1});
  return chunk;
}

PartitionState At(int64_t position) {
  PartitionState state;
  state.position = SourceOffset(position);
  return state;
}

std::string Runs(int64_t begin) { return offsets::LoggedRunsKey(kOrders, SourceOffset(begin)); }

// What a topic holds after these records, compacted.
void ApplyTo(std::map<std::string, std::string>& topic, const StateRecords::Records& records) {
  for (const auto& [key, value] : records) {
    if (value.has_value()) {
      topic[key] = *value;
    } else {
      topic.erase(key);
    }
  }
}

TEST(StateRecordsTest, IntentsAreLeftOut) {
  PartitionState state = At(7);
  state.intents = {{SourceOffset(7), SourceOffset(9), 2, 1}};
  StateRecords states;
  StateRecords::Records records;
  states.Add(kOrders, state, records);
  ASSERT_EQ(records.size(), 1u);
  const absl::StatusOr<PartitionState> read = offsets::DecodePartition(*records[offsets::LoggedPartitionKey(kOrders)]);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->position, SourceOffset(7));
  EXPECT_TRUE(read->intents.empty());
}

TEST(StateRecordsTest, TheLastStateOfAPartitionCountsAndChunksAddUp) {
  StateRecords states;
  StateRecords::Records records;
  PartitionState state = At(10);
  state.map.chunks = {Chunk(0, 0, 5)};
  states.Add(kOrders, state, records);
  state = At(30);
  state.map.chunks = {Chunk(0, 0, 10), Chunk(20, 10, 5)};
  states.Add(kOrders, state, records);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(offsets::DecodePartition(*records[offsets::LoggedPartitionKey(kOrders)])->position, SourceOffset(30));
  EXPECT_EQ(*offsets::DecodeChunk(SourceOffset(0), *records[Runs(0)]), Chunk(0, 0, 10)) << "written again as it grew";
  EXPECT_EQ(*offsets::DecodeChunk(SourceOffset(20), *records[Runs(20)]), Chunk(20, 10, 5));
}

TEST(StateRecordsTest, WhatAStoreForgetsInRangesIsForgottenKeyByKey) {
  StateRecords states;
  std::map<std::string, std::string> topic;
  StateRecords::Records records;
  PartitionState state = At(60);
  state.map.chunks = {Chunk(0, 0, 10), Chunk(20, 10, 10), Chunk(40, 20, 10)};
  states.Add(kOrders, state, records);
  ApplyTo(topic, records);
  // Of another partition nothing goes.
  records.clear();
  state.map.chunks = {Chunk(40, 20, 10)};
  states.Add({"orders", 6}, state, records);
  ApplyTo(topic, records);
  ASSERT_EQ(topic.size(), 6u);

  records.clear();
  state = At(50);
  state.map.forget_from = SourceOffset(40);
  state.map.chunks = {Chunk(40, 20, 5)};
  states.Add(kOrders, state, records);
  EXPECT_EQ(*offsets::DecodeChunk(SourceOffset(40), *records[Runs(40)]), Chunk(40, 20, 5)) << "forgotten, then kept";
  ApplyTo(topic, records);

  // A process that goes on from the topic knows what is there to be forgotten.
  StateRecords later;
  ASSERT_TRUE(later.Restore(topic).ok());
  for (StateRecords* each : {&states, &later}) {
    records.clear();
    state = At(50);
    state.map.forget_below = {SourceOffset(40), TargetOffset(15)};
    each->Add(kOrders, state, records);
    EXPECT_EQ(records.size(), 2u);
    EXPECT_EQ(records.at(Runs(0)), std::nullopt) << "below both starts";
    EXPECT_FALSE(records.contains(Runs(20))) << "the target still has some of it";
  }
  ApplyTo(topic, records);
  records.clear();
  state = At(0);
  state.map.forget_from = SourceOffset(0);
  later.Add(kOrders, state, records);
  ApplyTo(topic, records);
  EXPECT_EQ(topic.size(), 3u) << "its state, and what is the other partition's";
}

TEST(StateRecordsTest, WhatCannotBeReadIsSaid) {
  StateRecords states;
  EXPECT_FALSE(states.Restore({{Runs(0), "nonsense"}}).ok());
  EXPECT_FALSE(states.Restore({{"Rx", ""}}).ok());
  EXPECT_TRUE(states.Restore({{"Gx", "nonsense"}, {offsets::LoggedPartitionKey(kOrders), ""}}).ok());
}

}  // namespace
}  // namespace replicator
