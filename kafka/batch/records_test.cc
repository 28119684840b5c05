#include "kafka/batch/records.h"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "kafka/batch/decompress.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

constexpr size_t kMuch = size_t{64} << 20;

// A record with memory of its own.
struct Kept {
  int64_t offset;
  int64_t timestamp_ms;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

std::optional<std::string> Copy(const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) return std::nullopt;
  return std::string(*bytes);
}

absl::StatusOr<std::vector<Kept>> Read(std::string bytes) {
  std::vector<Kept> records;
  const RecordBatchView batch(absl::MakeSpan(bytes));
  EXPECT_TRUE(batch.Validate().ok()) << batch.Validate();
  absl::Status visited = VisitRecords(batch, [&](const Record& record) {
    Kept kept = {record.offset, record.timestamp_ms, Copy(record.key), Copy(record.value), {}};
    for (const RecordHeader& header : record.headers) {
      kept.headers.emplace_back(std::string(header.name), Copy(header.value));
    }
    records.push_back(std::move(kept));
  });
  if (!visited.ok()) return visited;
  return records;
}

// A batch with this payload, at base offset 1000; its checksum is nobody's business here.
std::string BatchOf(std::string_view payload, int records, int last_offset_delta, Codec codec = Codec::kNone) {
  std::string bytes = absl::HexStringToBytes(golden::kBatchNone).substr(0, kBatchHeaderBytes) + std::string(payload);
  StoreInt32(bytes.data() + 8, static_cast<int32_t>(bytes.size() - kLogOverheadBytes));
  StoreInt16(bytes.data() + 21, static_cast<int16_t>(codec));
  StoreInt32(bytes.data() + 23, last_offset_delta);
  StoreInt32(bytes.data() + 57, records);
  return bytes;
}

// Batches of GoldenFrames.java, which Kafka's own classes wrote.
TEST(RecordsTest, EveryCodecGivesTheRecordsThatKafkaWrote) {
  std::string value;
  for (int i = 0; i < 8; ++i) value += "the quick brown fox ";
  for (std::string_view hex : {golden::kBatchNone, golden::kBatchGzip, golden::kBatchSnappy, golden::kBatchLz4,
                               golden::kBatchZstd, golden::kBatchTransactional}) {
    const absl::StatusOr<std::vector<Kept>> records = Read(absl::HexStringToBytes(hex));
    ASSERT_TRUE(records.ok()) << records.status();
    ASSERT_EQ(records->size(), 5);
    for (int i = 0; i < 5; ++i) {
      const Kept& record = (*records)[i];
      EXPECT_EQ(record.offset, 1000 + i);
      EXPECT_EQ(record.timestamp_ms, 1700000000000 + i);
      EXPECT_EQ(record.key, absl::StrCat("key", i));
      EXPECT_EQ(record.value, value);
      EXPECT_TRUE(record.headers.empty());
    }
  }
}

TEST(RecordsTest, WhatTheLogCleanerLeavesKeepsItsOffsetsAndTimes) {
  absl::StatusOr<std::vector<Kept>> records = Read(absl::HexStringToBytes(golden::kBatchHoles));
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 2);
  EXPECT_EQ((*records)[0].offset, 1001);
  EXPECT_EQ((*records)[0].timestamp_ms, 1700000000001);
  EXPECT_EQ((*records)[1].offset, 1004);
  EXPECT_EQ((*records)[1].key, "key4");
  // The base timestamp is the delete horizon, later than the record: its delta is negative.
  records = Read(absl::HexStringToBytes(golden::kBatchDeleteHorizon));
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 1);
  EXPECT_EQ(records->front().timestamp_ms, 1700000000000);
  EXPECT_EQ(records->front().value, std::nullopt) << "a tombstone is not an empty value";
}

TEST(RecordsTest, LogAppendTimeIsThatOfTheBatch) {
  const absl::StatusOr<std::vector<Kept>> records = Read(absl::HexStringToBytes(golden::kBatchLogAppendTime));
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 5);
  for (const Kept& record : *records) EXPECT_EQ(record.timestamp_ms, 1700000009000);
}

TEST(RecordsTest, HeadersWithTextEmptyAndNullValues) {
  // length 16, attributes, timestamp delta 0, offset delta 0, null key, empty value, 3 headers.
  const std::string record(
      "\x20\x00\x00\x00\x01\x00\x06\x02"
      "a\x02"
      "x\x02"
      "b\x00\x02"
      "c\x01",
      17);
  const absl::StatusOr<std::vector<Kept>> records = Read(BatchOf(record, 1, 0));
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 1);
  EXPECT_EQ(records->front().key, std::nullopt);
  EXPECT_EQ(records->front().value, "");
  const std::vector<std::pair<std::string, std::optional<std::string>>> headers = {
      {"a", "x"}, {"b", ""}, {"c", std::nullopt}};
  EXPECT_EQ(records->front().headers, headers);
}

TEST(RecordsTest, AnEmptyBatchHasNone) {
  const absl::StatusOr<std::vector<Kept>> records = Read(BatchOf("", 0, 4, Codec::kLz4));
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_TRUE(records->empty());
}

TEST(RecordsTest, DamagedRecordsAreRefused) {
  const std::string good("\x0c\x00\x00\x00\x01\x01\x00", 7);
  ASSERT_TRUE(Read(BatchOf(good, 1, 0)).ok());
  const std::vector<std::string> damaged = {
      BatchOf(good, 2, 1),                                                // fewer than it says
      BatchOf(good + good, 1, 0),                                         // more than it says
      BatchOf(good + good, 2, 1),                                         // the same offset twice
      BatchOf(std::string("\x0c\x00\x00\x02\x01\x01\x00", 7), 1, 0),      // beyond the last offset
      BatchOf(std::string("\x0c\x00\x00\x01\x01\x01\x00", 7), 1, 0),      // before the first
      BatchOf(std::string("\x0e\x00\x00\x00\x01\x01\x00\x00", 8), 1, 0),  // more bytes than fields
      BatchOf(std::string("\x0c\x00\x00\x00\x01\x01\x01", 7), 1, 0),      // -1 headers
      BatchOf(std::string("\x0c\x00\x00\x00\x01\x01\x7e", 7), 1, 0),      // headers that are not there
      BatchOf(std::string("\x0c\x00\x00\x00\x03\x01\x00", 7), 1, 0),      // a key of -2 bytes
      BatchOf(good.substr(0, 6), 1, 0),                                   // cut off
      BatchOf("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1, 0),      // a length without end
      BatchOf("\xff\xff\xff\xff\x0f", 1, 0),                              // a negative length
      BatchOf(good, 1, 0, Codec::kGzip),                                  // not compressed
      BatchOf(good, 1, 0, Codec::kLz4),
      BatchOf(good, 1, 0, Codec::kZstd),
      BatchOf(good, 1, 0, Codec::kSnappy),
  };
  for (size_t i = 0; i < damaged.size(); ++i) {
    EXPECT_TRUE(absl::IsInvalidArgument(Read(damaged[i]).status())) << i << " " << Read(damaged[i]).status();
  }
}

TEST(DecompressTest, TooMuchAndTooLittleAreRefused) {
  for (std::string_view hex :
       {golden::kBatchNone, golden::kBatchGzip, golden::kBatchSnappy, golden::kBatchLz4, golden::kBatchZstd}) {
    std::string bytes = absl::HexStringToBytes(hex);
    const RecordBatchView batch(absl::MakeSpan(bytes));
    const std::string_view payload(batch.payload().data(), batch.payload().size());
    const absl::StatusOr<std::string> all = Decompress(batch.codec(), payload, kMuch);
    ASSERT_TRUE(all.ok()) << all.status();
    EXPECT_EQ(*Decompress(batch.codec(), payload, all->size() + 1), *all);
    EXPECT_TRUE(absl::IsResourceExhausted(Decompress(batch.codec(), payload, all->size() - 1).status()));
    if (batch.codec() == Codec::kNone) continue;
    for (size_t cut = 0; cut < payload.size(); ++cut) {
      const absl::StatusOr<std::string> part = Decompress(batch.codec(), payload.substr(0, cut), kMuch);
      EXPECT_FALSE(part.ok() && *part == *all) << CodecName(batch.codec()) << " cut at " << cut;
    }
  }
}

TEST(DecompressTest, SnappyComesRawOrInBlocks) {
  std::string raw;
  snappy::Compress("hello hello hello", 17, &raw);
  EXPECT_EQ(*Decompress(Codec::kSnappy, raw, kMuch), "hello hello hello");
  std::string blocks("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
  for (int i = 0; i < 2; ++i) blocks += std::string("\0\0\0", 3) + static_cast<char>(raw.size()) + raw;
  EXPECT_EQ(*Decompress(Codec::kSnappy, blocks, kMuch), "hello hello hellohello hello hello");
  // A length that no block has.
  EXPECT_TRUE(absl::IsResourceExhausted(Decompress(Codec::kSnappy, "\xff\xff\xff\xff\x0f", kMuch).status()));
}

// A bomb is given up at the limit, not after it was unpacked.
TEST(DecompressTest, AGzipBombStopsAtTheLimit) {
  const std::string zeros(16 << 20, '\0');
  std::string bomb(1 << 20, '\0');
  z_stream stream = {};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  bomb.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_TRUE(absl::IsResourceExhausted(Decompress(Codec::kGzip, bomb, 1 << 20).status()));
  EXPECT_EQ(Decompress(Codec::kGzip, bomb, kMuch)->size(), zeros.size());
}

}  // namespace
}  // namespace replicator::kafka
