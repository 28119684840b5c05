#include "kafka/batch/same_records.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "kafka/wire/big_endian.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

// A batch of GoldenFrames.java, whose bytes a test may change.
class Golden {
 public:
  explicit Golden(std::string_view hex) : bytes_(absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()))) {}
  RecordBatchView view() { return RecordBatchView(absl::MakeSpan(bytes_)); }
  BatchContent content() {
    const absl::StatusOr<BatchContent> content = ContentOf(view());
    EXPECT_TRUE(content.ok()) << content.status();
    return content.value_or(BatchContent());
  }
  void SetBaseTimestamp(int64_t ms) { StoreInt64(bytes_.data() + 27, ms); }
  // Where the payload has `from`, of the same size as `to`.
  void Replace(std::string_view from, std::string_view to) { bytes_.replace(bytes_.find(from), from.size(), to); }
  void Truncate() { bytes_.resize(kBatchHeaderBytes + 3); }

 private:
  std::string bytes_;
};

// By both ways of comparing.
bool AreSame(Golden& a, Golden& b) {
  const bool is_same = HaveSameRecords(a.content(), b.content());
  EXPECT_EQ(SameRecords(a.view(), b.view()), is_same);
  EXPECT_EQ(SameRecords(b.view(), a.view()), is_same);
  return is_same;
}

const std::vector<std::string_view> kCodecs = {golden::kBatchNone, golden::kBatchGzip, golden::kBatchSnappy,
                                               golden::kBatchLz4, golden::kBatchZstd};

TEST(SameRecordsTest, TheSameRecordsAreTheSameInEveryCodec) {
  for (std::string_view one : kCodecs) {
    for (std::string_view other : kCodecs) {
      Golden a(one), b(other);
      EXPECT_TRUE(AreSame(a, b));
    }
  }
}

TEST(SameRecordsTest, WhoWroteThemAndWhereDoesNotMatter) {
  Golden a(golden::kBatchGzip), b(golden::kBatchLz4);
  b.view().PatchForProduce(/*producer_id=*/77, /*producer_epoch=*/2, /*base_sequence=*/500);
  EXPECT_TRUE(AreSame(a, b));
}

TEST(SameRecordsTest, TimesCountUnlessABrokerHasPutItsOwnIn) {
  Golden a(golden::kBatchNone), b(golden::kBatchGzip), append(golden::kBatchLogAppendTime);
  EXPECT_TRUE(AreSame(a, append));
  EXPECT_TRUE(AreSame(b, append));
  b.SetBaseTimestamp(b.view().base_timestamp_ms() + 1);
  EXPECT_FALSE(AreSame(a, b));
  EXPECT_TRUE(AreSame(b, append));
}

TEST(SameRecordsTest, KeysAndValuesCount) {
  for (const auto& [from, to] : {std::pair{"key3", "key9"}, std::pair{"quick", "quack"}}) {
    Golden a(golden::kBatchNone), b(golden::kBatchGzip), append(golden::kBatchLogAppendTime);
    a.Replace(from, to);
    EXPECT_FALSE(AreSame(a, b));
    EXPECT_FALSE(AreSame(a, append));
  }
}

TEST(SameRecordsTest, TheOrderAndTheNumberCount) {
  Golden a(golden::kBatchNone), b(golden::kBatchGzip), fewer(golden::kBatchHoles);
  a.Replace("key0", "keyX");
  a.Replace("key1", "key0");
  a.Replace("keyX", "key1");
  EXPECT_FALSE(AreSame(a, b));
  EXPECT_FALSE(AreSame(b, fewer));
}

// A target that passes bytes on has these bytes, or others.
TEST(SameRecordsTest, OfOneCodecAndTimeTypeTheBytesCount) {
  BatchContent a = Golden(golden::kBatchGzip).content();
  BatchContent b = a;
  EXPECT_TRUE(HaveSameRecords(a, b));
  b.content_crc ^= 1;
  EXPECT_FALSE(HaveSameRecords(a, b));
  b.codec = Codec::kZstd;
  EXPECT_TRUE(HaveSameRecords(a, b));
}

TEST(SameRecordsTest, WhatCannotBeReadIsNotTheSame) {
  Golden a(golden::kBatchNone), b(golden::kBatchGzip);
  b.Truncate();
  EXPECT_FALSE(ContentOf(b.view()).ok());
  EXPECT_FALSE(SameRecords(a.view(), b.view()));
  EXPECT_FALSE(SameRecords(b.view(), a.view()));
}

}  // namespace
}  // namespace replicator::kafka
