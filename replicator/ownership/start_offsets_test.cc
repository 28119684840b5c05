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

std::optional<StartOffsets> Read(const std::vector<StartRecord>& records) {
  StartReader reader;
  for (const StartRecord& record : records) reader.Add(record.key, record.value);
  return reader.start();
}

TEST(StartOffsetsTest, HasTheLayoutOfTheHeader) {
  const std::vector<StartRecord> records = WriteStart(Some(), "s1");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, "start s1 0");
  EXPECT_EQ(records[0].value, "orders 5f000000000000000000000000000001 0:120 1:98\nusers - 0:7\n");
  EXPECT_EQ(records[1].key, "start s1 complete");
  EXPECT_EQ(records[1].value, "1");
  EXPECT_EQ(Read(records), Some());
}

TEST(StartOffsetsTest, ManyPartitionsTakeSeveralRecordsAndNoneIsTooLarge) {
  StartOffsets many;
  for (int topic = 0; topic < 50; ++topic) {
    StartOffsets::Topic& entry = many.topics[std::string(200, 'x') + std::to_string(topic)];
    entry.id = Id(static_cast<uint8_t>(topic));
    for (int32_t partition = 0; partition < 2000; ++partition) entry.ends[partition] = int64_t{1} << 50;
  }
  const std::vector<StartRecord> records = WriteStart(many, "s");
  EXPECT_GT(records.size(), 10u);
  for (const StartRecord& record : records) EXPECT_LE(record.value.size(), kStartRecordBytesMax);
  EXPECT_EQ(Read(records), many);
}

TEST(StartOffsetsTest, ALinkThatFoundNoPartitionHasANoteToo) { EXPECT_EQ(Read(WriteStart({}, "s")), StartOffsets()); }

TEST(StartOffsetsTest, TheFirstCompleteNoteCounts) {
  StartOffsets later = Some();
  later.topics["orders"].ends[0] = 500;
  std::vector<StartRecord> records = {{"host-1", "the producer of this batch is that of link A->B"}, {"start", "x"}};
  // The first writer ended before its note was complete; the third one did not see the second one's.
  const std::vector<StartRecord> torn = WriteStart(later, "torn");
  records.push_back(torn[0]);
  EXPECT_EQ(Read(records), std::nullopt);
  for (const StartRecord& record : WriteStart(Some(), "second")) records.push_back(record);
  for (const StartRecord& record : WriteStart(later, "third")) records.push_back(record);
  records.push_back(torn[1]);
  EXPECT_EQ(Read(records), Some());
}

TEST(StartOffsetsTest, ANoteThatCannotBeReadIsNone) {
  for (const char* line :
       {"orders", "orders xyz 0:1", "orders - 0", "orders - a:1", "orders - 0:-1", "orders - -1:1"}) {
    EXPECT_EQ(Read({{"start s 0", line}, {"start s complete", "1"}}), std::nullopt) << line;
  }
  EXPECT_EQ(Read({{"start s 0", "orders - 0:1"}, {"start s complete", "2"}}), std::nullopt);
  EXPECT_EQ(Read({{"start s 0", "orders - 0:1"}, {"start s complete", ""}}), std::nullopt);
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
