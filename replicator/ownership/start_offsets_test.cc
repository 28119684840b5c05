#include "replicator/ownership/start_offsets.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace replicator {
namespace {

using ::testing::ElementsAre;

kafka::Uuid Id(uint8_t first) {
  kafka::Uuid id = kafka::kNoUuid;
  id[0] = first;
  id[15] = 1;
  return id;
}

StartOffsets Some() {
  StartOffsets start;
  start.topics["orders"] = {Id(0x5f), {{0, 120}, {1, 98}}};
  start.topics["users"] = {kafka::kNoUuid, {{0, 7}}};
  return start;
}

TEST(StartOffsetsTest, HasTheLayoutOfTheHeader) {
  const std::vector<std::string> parts = WriteStart(Some());
  EXPECT_THAT(parts, ElementsAre("orders 5f000000000000000000000000000001 0:120 1:98\nusers - 0:7\n"));
  EXPECT_EQ(ReadStart(parts), Some());
}

TEST(StartOffsetsTest, ManyPartitionsTakeSeveralRecordsAndNoneIsTooLarge) {
  StartOffsets many;
  for (int topic = 0; topic < 50; ++topic) {
    StartOffsets::Topic& entry = many.topics[std::string(200, 'x') + std::to_string(topic)];
    entry.id = Id(static_cast<uint8_t>(topic));
    for (int32_t partition = 0; partition < 2000; ++partition) entry.ends[partition] = int64_t{1} << 50;
  }
  const std::vector<std::string> parts = WriteStart(many);
  EXPECT_GT(parts.size(), 10u);
  for (const std::string& part : parts) EXPECT_LE(part.size(), kStartPartBytesMax);
  EXPECT_EQ(ReadStart(parts), many);
}

TEST(StartOffsetsTest, ALinkThatFoundNoPartitionHasAStartToo) {
  EXPECT_EQ(WriteStart({}).size(), 1u) << "so that it is seen that there is one";
  EXPECT_EQ(ReadStart(WriteStart({})), StartOffsets());
}

TEST(StartOffsetsTest, WhatCannotBeReadIsNone) {
  for (const char* line :
       {"orders", "orders xyz 0:1", "orders - 0", "orders - a:1", "orders - 0:-1", "orders - -1:1"}) {
    EXPECT_EQ(ReadStart({line}), std::nullopt) << line;
  }
}

TEST(StartOffsetsTest, OnlyWhatWasThereBeginsAtItsEnd) {
  const StartOffsets start = Some();
  EXPECT_EQ(start.Of("orders", Id(0x5f), 1), 98);
  EXPECT_EQ(start.Of("orders", kafka::kNoUuid, 1), 98) << "brokers without topic ids";
  EXPECT_EQ(start.Of("users", Id(9), 0), 7) << "brokers that have got topic ids since";
  EXPECT_EQ(start.Of("orders", Id(0x60), 1), std::nullopt) << "the topic was created anew";
  EXPECT_EQ(start.Of("orders", Id(0x5f), 2), std::nullopt) << "a later partition";
  EXPECT_EQ(start.Of("later", Id(1), 0), std::nullopt);
}

}  // namespace
}  // namespace replicator
