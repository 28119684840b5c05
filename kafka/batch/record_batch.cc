#include "kafka/batch/record_batch.h"

#include <glog/logging.h>

#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "kafka/batch/crc32c.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {
namespace {

constexpr size_t kBatchLengthAt = 8;
constexpr size_t kMagicAt = 16;
constexpr size_t kCrcCoversFrom = 21;
constexpr int8_t kMagicV2 = 2;

// The least that a magic 0 message counts: crc, magic, attributes, key length, value length.
constexpr int32_t kOldMessageLengthMin = 4 + 1 + 1 + 4 + 4;
constexpr int32_t kBatchLengthMin = kBatchHeaderBytes - kLogOverheadBytes;

NextBatchResult Malformed(std::string reason) {
  return {.kind = BatchKind::kMalformed, .bytes = {}, .declared_bytes = 0, .reason = std::move(reason)};
}

NextBatchResult Partial(absl::Span<char> records, size_t declared_bytes) {
  return {.kind = BatchKind::kPartial, .bytes = records, .declared_bytes = declared_bytes, .reason = {}};
}

}  // namespace

const char* CodecName(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kGzip:
      return "gzip";
    case Codec::kSnappy:
      return "snappy";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "unknown";
}

absl::Status RecordBatchView::Validate() const {
  const int codec_bits = attributes() & kCodecMask;
  const char* reason = nullptr;
  if (codec_bits > static_cast<int>(Codec::kZstd)) {
    reason = "its compression codec is unknown";
  } else if (base_offset() < 0) {
    reason = "its base offset is negative";
  } else if (last_offset_delta() < 0) {
    reason = "its last offset lies before its first";
  } else if (base_offset() > std::numeric_limits<int64_t>::max() - last_offset_delta() - 1) {
    reason = "its offsets overflow";
  } else if (record_count() < 0) {
    reason = "its record count is negative";
  } else if (record_count() > int64_t{last_offset_delta()} + 1) {
    reason = "it holds more records than offsets";
  }
  if (reason == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the batch at offset ", base_offset(), " is malformed: ", reason,
                                                 " (codec ", codec_bits, ", last offset delta ", last_offset_delta(),
                                                 ", records ", record_count(), ")"));
}

bool RecordBatchView::CrcMatches() const { return Crc32c(bytes_.subspan(kCrcCoversFrom)) == crc(); }

void RecordBatchView::PatchForProduce(int64_t producer_id, int16_t producer_epoch, int32_t base_sequence) {
  DCHECK(!is_control());
  constexpr int32_t kNoLeaderEpoch = -1;
  std::array<char, kCrcHeaderBytes> old_header;
  std::memcpy(old_header.data(), At(kCrcCoversFrom), old_header.size());
  // Outside of the CRC.
  StoreInt64(At(kBaseOffsetAt), 0);
  StoreInt32(At(kLeaderEpochAt), kNoLeaderEpoch);
  // Covered by the CRC.
  StoreInt16(At(kAttributesAt), static_cast<int16_t>(attributes() & ~(kTransactionalBit | kDeleteHorizonBit)));
  StoreInt64(At(kProducerIdAt), producer_id);
  StoreInt16(At(kProducerEpochAt), producer_epoch);
  StoreInt32(At(kBaseSequenceAt), base_sequence);
  const uint32_t new_crc = Crc32cReplaceHeader(
      crc(), old_header, absl::MakeConstSpan(At(kCrcCoversFrom), kCrcHeaderBytes), payload().size());
  StoreInt32(At(kCrcAt), static_cast<int32_t>(new_crc));
}

uint32_t RecordBatchView::ContentCrc() const {
  std::array<char, kCrcHeaderBytes> header;
  std::memcpy(header.data(), At(kCrcCoversFrom), header.size());
  const absl::Span<const char> old_header = absl::MakeConstSpan(At(kCrcCoversFrom), kCrcHeaderBytes);
  const auto at = [&](size_t field) { return header.data() + (field - kCrcCoversFrom); };
  StoreInt16(at(kAttributesAt), static_cast<int16_t>(attributes() & ~(kTransactionalBit | kDeleteHorizonBit)));
  StoreInt64(at(kProducerIdAt), 0);
  StoreInt16(at(kProducerEpochAt), 0);
  StoreInt32(at(kBaseSequenceAt), 0);
  return Crc32cReplaceHeader(crc(), old_header, header, payload().size());
}

NextBatchResult NextBatch(absl::Span<char> records) {
  if (records.empty()) return {};
  if (records.size() < kLogOverheadBytes) return Partial(records, 0);
  const int32_t length = LoadInt32(records.data() + kBatchLengthAt);
  const size_t declared_bytes = kLogOverheadBytes + static_cast<size_t>(length < 0 ? 0 : length);
  if (length < kOldMessageLengthMin || declared_bytes > kBatchBytesMax) {
    return Malformed(absl::StrCat("batch length ", length, " is out of range"));
  }
  if (records.size() <= kMagicAt) return Partial(records, declared_bytes);
  const int8_t magic = static_cast<int8_t>(records[kMagicAt]);
  if (magic < 0 || magic > kMagicV2)
    return Malformed(absl::StrCat("record format (magic) ", int{magic}, " is unknown"));
  if (magic == kMagicV2 && length < kBatchLengthMin) {
    return Malformed(absl::StrCat("batch length ", length, " is shorter than a batch header"));
  }
  if (declared_bytes > records.size()) return Partial(records, declared_bytes);
  NextBatchResult result;
  result.kind = magic == kMagicV2 ? BatchKind::kBatch : BatchKind::kOldMagic;
  result.bytes = records.first(declared_bytes);
  result.declared_bytes = declared_bytes;
  if (result.kind == BatchKind::kOldMagic) {
    result.reason = absl::StrCat(
        "messages in the old record format (magic ", int{magic},
        ", from before Kafka 0.11 or log.message.format.version) cannot be produced as they are: exclude the topic");
  }
  return result;
}

absl::StatusOr<ControlMarker> ReadControlMarker(const RecordBatchView& batch) {
  constexpr int16_t kTypeAbort = 0;
  constexpr int16_t kTypeCommit = 1;
  if (batch.record_count() <= 0) return ControlMarker::kOther;
  const absl::Span<const char> payload = batch.payload();
  if (batch.codec() != Codec::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat("the control batch at offset ", batch.base_offset(), " is compressed"));
  }
  // DefaultRecord: length, attributes, timestamp delta, offset delta, key length, key, ...
  Reader reader(std::string_view(payload.data(), payload.size()), Encoding::kClassic);
  const int32_t record_bytes = reader.ReadVarint();
  Reader record(reader.ReadRaw(record_bytes), Encoding::kClassic);
  record.ReadInt8();
  record.ReadVarlong();
  record.ReadVarint();
  const int32_t key_bytes = record.ReadVarint();
  Reader key(record.ReadRaw(key_bytes), Encoding::kClassic);
  key.ReadInt16();  // Version of the key; later ones only append (ControlRecordType.parseTypeId).
  const int16_t type = key.ReadInt16();
  if (!reader.ok() || !record.ok() || !key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the control record at offset ", batch.base_offset(), " is malformed"));
  }
  if (type == kTypeAbort) return ControlMarker::kAbort;
  if (type == kTypeCommit) return ControlMarker::kCommit;
  return ControlMarker::kOther;
}

}  // namespace replicator::kafka
