#include "replicator/partition/source_history.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/types/span.h"
#include "kafka/wire/big_endian.h"

namespace replicator {
namespace {

struct Header {
  int64_t base_offset = 100;
  int32_t last_offset_delta = 9;
  int32_t record_count = 10;
  int32_t leader_epoch = 4;
  int64_t max_timestamp_ms = 5'000;
  int16_t attributes = 0;
};

class SourceHistoryTest : public ::testing::Test {
 protected:
  // A batch whose records nobody looks at.
  SourceBatch BatchOf(const Header& header) {
    bytes_.assign(kafka::kBatchHeaderBytes, '\0');
    kafka::StoreInt64(bytes_.data(), header.base_offset);
    kafka::StoreInt32(bytes_.data() + 8, static_cast<int32_t>(bytes_.size() - kafka::kLogOverheadBytes));
    kafka::StoreInt32(bytes_.data() + 12, header.leader_epoch);
    kafka::StoreInt16(bytes_.data() + 21, header.attributes);
    kafka::StoreInt32(bytes_.data() + 23, header.last_offset_delta);
    kafka::StoreInt64(bytes_.data() + 35, header.max_timestamp_ms);
    kafka::StoreInt32(bytes_.data() + 57, header.record_count);
    kafka::StoreInt32(bytes_.data() + 17,
                      static_cast<int32_t>(header.max_timestamp_ms));  // another content, another crc
    return HeaderOf(kafka::RecordBatchView(absl::MakeSpan(bytes_)));
  }
  offsets::SourceEvidence EvidenceOf(const Header& header) { return replicator::EvidenceOf(BatchOf(header)); }
  bool Contradicts(const Header& now) {
    const offsets::SourceEvidence evidence = EvidenceOf({});
    return ContradictsCompacted(BatchOf(now), evidence, /*position=*/110);
  }

  std::string bytes_;
};

TEST_F(SourceHistoryTest, TheSameBatchIsTheSame) {
  const offsets::SourceEvidence evidence = EvidenceOf({});
  EXPECT_TRUE(IsCopiedBatch(BatchOf({}), evidence));
  EXPECT_FALSE(IsCopiedBatch(BatchOf({.base_offset = 101}), evidence));
  EXPECT_FALSE(IsCopiedBatch(BatchOf({.record_count = 9}), evidence));
  EXPECT_FALSE(IsCopiedBatch(BatchOf({.max_timestamp_ms = 5'001}), evidence));
}

TEST_F(SourceHistoryTest, WhatCompactionLeavesContradictsNothing) {
  EXPECT_FALSE(Contradicts({})) << "untouched";
  EXPECT_FALSE(Contradicts({.record_count = 3, .max_timestamp_ms = 4'000})) << "some of its records";
  EXPECT_FALSE(Contradicts({.max_timestamp_ms = 6'000, .attributes = 0x40})) << "its tombstones wait";
  EXPECT_FALSE(Contradicts({.base_offset = 110, .leader_epoch = 5})) << "it is gone, and this one is new";
  EXPECT_FALSE(Contradicts({.base_offset = 105, .last_offset_delta = 4, .record_count = 5})) << "what was skipped";
}

TEST_F(SourceHistoryTest, AnotherLogContradicts) {
  EXPECT_TRUE(Contradicts({.base_offset = 99})) << "begins earlier, and reaches into it";
  EXPECT_TRUE(Contradicts({.last_offset_delta = 10, .record_count = 11})) << "reaches behind what was copied";
  EXPECT_TRUE(Contradicts({.base_offset = 105})) << "so does this one";
  EXPECT_TRUE(Contradicts({.last_offset_delta = 8, .record_count = 11})) << "holds more";
  EXPECT_TRUE(Contradicts({.leader_epoch = 0})) << "was written under another leader";
  EXPECT_TRUE(Contradicts({.max_timestamp_ms = 6'000})) << "holds as many, and others";
}

TEST_F(SourceHistoryTest, WhatWasSkippedEndsAtThePositionUnderTheSameLeader) {
  const Header marker = {.base_offset = 109, .last_offset_delta = 0, .record_count = 1, .leader_epoch = 5};
  EXPECT_FALSE(ContradictsSkipped(BatchOf(marker), /*position=*/110, /*position_epoch=*/5));
  EXPECT_FALSE(ContradictsSkipped(BatchOf(marker), 110, /*position_epoch=*/-1));
  EXPECT_TRUE(ContradictsSkipped(BatchOf(marker), 110, 4)) << "written by another leader";
  EXPECT_TRUE(ContradictsSkipped(BatchOf({.base_offset = 100, .last_offset_delta = 10, .leader_epoch = 5}), 110, 5));
  EXPECT_FALSE(ContradictsSkipped(BatchOf({.base_offset = 110, .leader_epoch = 9}), 110, 5)) << "there is nothing";
}

}  // namespace
}  // namespace replicator
