#include "kafka/batch/record_batch.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "kafka/wire/testdata/golden_frames.h"

namespace replicator::kafka {
namespace {

// A batch as Kafka's own classes write it, in a buffer of its own.
class Golden {
 public:
  explicit Golden(std::string_view hex) : bytes_(absl::HexStringToBytes(hex)) {}

  RecordBatchView View() { return RecordBatchView(Span()); }
  absl::Span<char> Span() { return absl::MakeSpan(bytes_); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

TEST(RecordBatchTest, TheFieldsOfABatchAreRead) {
  Golden golden(golden::kBatchLz4);
  const RecordBatchView batch = golden.View();
  EXPECT_EQ(batch.base_offset(), 1000);
  EXPECT_EQ(batch.partition_leader_epoch(), 9);
  EXPECT_EQ(batch.last_offset_delta(), 4);
  EXPECT_EQ(batch.last_offset(), 1004);
  EXPECT_EQ(batch.next_offset(), 1005);
  EXPECT_EQ(batch.base_timestamp_ms(), 1700000000000);
  EXPECT_EQ(batch.max_timestamp_ms(), 1700000000004);
  EXPECT_EQ(batch.producer_id(), 77);
  EXPECT_EQ(batch.producer_epoch(), 3);
  EXPECT_EQ(batch.base_sequence(), 40);
  EXPECT_EQ(batch.record_count(), 5);
  EXPECT_EQ(batch.timestamp_type(), TimestampType::kCreateTime);
  EXPECT_FALSE(batch.is_transactional());
  EXPECT_FALSE(batch.is_control());
  EXPECT_FALSE(batch.has_delete_horizon());
  EXPECT_FALSE(batch.has_holes());
  EXPECT_EQ(batch.payload().size(), golden.bytes().size() - kBatchHeaderBytes);
  EXPECT_EQ(batch.Validate(), absl::OkStatus());
  EXPECT_TRUE(batch.CrcMatches());
}

TEST(RecordBatchTest, TheBitsOfTheAttributesAreRead) {
  EXPECT_EQ(Golden(golden::kBatchNone).View().codec(), Codec::kNone);
  EXPECT_EQ(Golden(golden::kBatchGzip).View().codec(), Codec::kGzip);
  EXPECT_EQ(Golden(golden::kBatchSnappy).View().codec(), Codec::kSnappy);
  EXPECT_EQ(Golden(golden::kBatchLz4).View().codec(), Codec::kLz4);
  EXPECT_EQ(Golden(golden::kBatchZstd).View().codec(), Codec::kZstd);
  EXPECT_STREQ(CodecName(Codec::kZstd), "zstd");
  EXPECT_TRUE(Golden(golden::kBatchTransactional).View().is_transactional());
  EXPECT_TRUE(Golden(golden::kBatchAbortMarker).View().is_control());
  EXPECT_TRUE(Golden(golden::kBatchDeleteHorizon).View().has_delete_horizon());
  EXPECT_EQ(Golden(golden::kBatchLogAppendTime).View().timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_TRUE(Golden(golden::kBatchHoles).View().has_holes());
  EXPECT_EQ(Golden(golden::kBatchNotIdempotent).View().producer_id(), -1);
}

TEST(RecordBatchTest, APatchedBatchIsAnIdempotentProducersAndItsCrcHolds) {
  for (std::string_view hex : {golden::kBatchNone, golden::kBatchGzip, golden::kBatchSnappy, golden::kBatchLz4,
                               golden::kBatchZstd, golden::kBatchTransactional, golden::kBatchNotIdempotent,
                               golden::kBatchLogAppendTime, golden::kBatchHoles, golden::kBatchDeleteHorizon}) {
    Golden golden(hex);
    const RecordBatchView batch = golden.View();
    ASSERT_TRUE(batch.CrcMatches()) << hex;
    const std::string payload(batch.payload().data(), batch.payload().size());
    const Codec codec = batch.codec();
    const TimestampType timestamp_type = batch.timestamp_type();
    const int64_t base_timestamp_ms = batch.base_timestamp_ms();
    const int32_t record_count = batch.record_count();
    const int32_t last_offset_delta = batch.last_offset_delta();

    RecordBatchView patched = golden.View();
    patched.PatchForProduce(int64_t{1} << 40, 12, std::numeric_limits<int32_t>::max());

    EXPECT_EQ(batch.base_offset(), 0);
    EXPECT_EQ(batch.partition_leader_epoch(), -1);
    EXPECT_EQ(batch.producer_id(), int64_t{1} << 40);
    EXPECT_EQ(batch.producer_epoch(), 12);
    EXPECT_EQ(batch.base_sequence(), std::numeric_limits<int32_t>::max());
    EXPECT_FALSE(batch.is_transactional());
    EXPECT_FALSE(batch.has_delete_horizon());
    EXPECT_EQ(batch.codec(), codec);
    EXPECT_EQ(batch.timestamp_type(), timestamp_type);
    EXPECT_EQ(batch.base_timestamp_ms(), base_timestamp_ms);
    EXPECT_EQ(batch.record_count(), record_count);
    EXPECT_EQ(batch.last_offset_delta(), last_offset_delta);
    EXPECT_EQ(std::string(batch.payload().data(), batch.payload().size()), payload);
    EXPECT_TRUE(batch.CrcMatches()) << hex;
    EXPECT_EQ(batch.Validate(), absl::OkStatus());
  }
}

TEST(RecordBatchTest, APatchHidesNoDamage) {
  Golden golden(golden::kBatchZstd);
  golden.bytes().back() ^= 1;
  RecordBatchView batch = golden.View();
  EXPECT_FALSE(batch.CrcMatches());
  batch.PatchForProduce(1, 0, 0);
  EXPECT_FALSE(batch.CrcMatches());
}

TEST(RecordBatchTest, HeadersThatMakeNoSenseAreRefusedWithTheReason) {
  struct Damage {
    size_t at;
    std::string_view value;
    std::string_view reason;
  };
  using namespace std::string_view_literals;
  const Damage damages[] = {
      {21, "\x00\x05"sv, "codec"},
      {0, "\xff\xff\xff\xff\xff\xff\xff\xff"sv, "base offset is negative"},
      {0, "\x7f\xff\xff\xff\xff\xff\xff\xfb"sv, "overflow"},
      {23, "\xff\xff\xff\xff"sv, "last offset"},
      {57, "\xff\xff\xff\xff"sv, "record count is negative"},
      {57, "\x00\x00\x00\x06"sv, "more records than offsets"},
  };
  for (const Damage& damage : damages) {
    Golden golden(golden::kBatchNone);
    golden.bytes().replace(damage.at, damage.value.size(), damage.value);
    const absl::Status status = golden.View().Validate();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << damage.reason;
    EXPECT_TRUE(absl::StrContains(status.message(), damage.reason)) << status;
  }
}

TEST(NextBatchTest, BatchesAreFoundOneAfterTheOtherUpToTheCutOffTail) {
  Golden records(golden::kBatchLz4);
  const size_t first_bytes = records.bytes().size();
  records.bytes() += Golden(golden::kBatchAbortMarker).bytes();
  const size_t two_bytes = records.bytes().size();
  const std::string tail = Golden(golden::kBatchZstd).bytes();
  records.bytes() += tail.substr(0, tail.size() - 1);

  absl::Span<char> rest = records.Span();
  NextBatchResult next = NextBatch(rest);
  EXPECT_EQ(next.kind, BatchKind::kBatch);
  EXPECT_EQ(next.bytes.data(), records.bytes().data());
  EXPECT_EQ(next.bytes.size(), first_bytes);
  rest.remove_prefix(next.bytes.size());
  next = NextBatch(rest);
  EXPECT_EQ(next.kind, BatchKind::kBatch);
  EXPECT_TRUE(RecordBatchView(next.bytes).is_control());
  rest.remove_prefix(next.bytes.size());
  EXPECT_EQ(rest.data(), records.bytes().data() + two_bytes);
  next = NextBatch(rest);
  EXPECT_EQ(next.kind, BatchKind::kPartial);
  EXPECT_EQ(next.declared_bytes, tail.size());
  EXPECT_EQ(next.bytes.size(), tail.size() - 1);
  EXPECT_EQ(NextBatch({}).kind, BatchKind::kEnd);
}

TEST(NextBatchTest, EveryTruncationIsAPartialBatch) {
  const std::string whole = Golden(golden::kBatchNone).bytes();
  for (size_t size = 1; size < whole.size(); ++size) {
    std::string cut(whole, 0, size);  // A copy of its own, so that sanitizers see its end.
    const NextBatchResult next = NextBatch(absl::MakeSpan(cut));
    EXPECT_EQ(next.kind, BatchKind::kPartial) << size;
    EXPECT_EQ(next.declared_bytes, size < kLogOverheadBytes ? 0 : whole.size());
  }
}

TEST(NextBatchTest, AnImpossibleLengthOrMagicIsMalformedWithTheReason) {
  using namespace std::string_view_literals;
  for (std::string_view length :
       {"\xff\xff\xff\xff"sv, "\x80\x00\x00\x00"sv, "\x7f\xff\xff\xff"sv, "\x00\x00\x00\x00"sv, "\x00\x00\x00\x30"sv}) {
    Golden golden(golden::kBatchNone);
    golden.bytes().replace(8, length.size(), length);
    const NextBatchResult next = NextBatch(golden.Span());
    EXPECT_EQ(next.kind, BatchKind::kMalformed);
    EXPECT_TRUE(absl::StrContains(next.reason, "batch length")) << next.reason;
    EXPECT_TRUE(next.bytes.empty());
  }
  for (char magic : {'\x03', '\xff', '\x7f'}) {
    Golden golden(golden::kBatchNone);
    golden.bytes()[16] = magic;
    const NextBatchResult next = NextBatch(golden.Span());
    EXPECT_EQ(next.kind, BatchKind::kMalformed);
    EXPECT_TRUE(absl::StrContains(next.reason, "magic")) << next.reason;
  }
}

TEST(NextBatchTest, OldMessagesAreRecognisedAndCanBeSteppedOver) {
  Golden records(golden::kMessageMagic1);
  const size_t message_bytes = records.bytes().size();
  records.bytes() += Golden(golden::kBatchLz4).bytes();
  const NextBatchResult next = NextBatch(records.Span());
  EXPECT_EQ(next.kind, BatchKind::kOldMagic);
  EXPECT_EQ(next.bytes.size(), message_bytes);
  EXPECT_TRUE(absl::StrContains(next.reason, "magic 1")) << next.reason;
  EXPECT_EQ(NextBatch(records.Span().subspan(message_bytes)).kind, BatchKind::kBatch);
}

TEST(ControlMarkerTest, MarkersAreToldApart) {
  EXPECT_EQ(ReadControlMarker(Golden(golden::kBatchAbortMarker).View()).value(), ControlMarker::kAbort);
  EXPECT_EQ(ReadControlMarker(Golden(golden::kBatchCommitMarker).View()).value(), ControlMarker::kCommit);
  EXPECT_EQ(ReadControlMarker(Golden(golden::kBatchLeaderChange).View()).value(), ControlMarker::kOther);
}

TEST(ControlMarkerTest, AnEmptiedControlBatchDecidesNothing) {
  Golden golden(golden::kBatchAbortMarker);
  golden.bytes().resize(kBatchHeaderBytes);
  golden.bytes().replace(57, 4, 4, '\0');
  EXPECT_EQ(ReadControlMarker(golden.View()).value(), ControlMarker::kOther);
}

TEST(ControlMarkerTest, DamageIsAnErrorAndNoCrash) {
  Golden compressed(golden::kBatchAbortMarker);
  compressed.bytes()[22] |= 3;
  EXPECT_FALSE(ReadControlMarker(compressed.View()).ok());
  const std::string whole = Golden(golden::kBatchAbortMarker).bytes();
  for (size_t size = kBatchHeaderBytes; size < whole.size(); ++size) {
    std::string cut(whole, 0, size);
    EXPECT_FALSE(ReadControlMarker(RecordBatchView(absl::MakeSpan(cut))).ok()) << size;
  }
}

}  // namespace
}  // namespace replicator::kafka
