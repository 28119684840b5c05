// A look at the record batches in a Fetch response: finding them, reading and patching their headers.
// Records inside are not looked at, except for the one of a control batch.
//
// Layout of a v2 batch (KIP-98; org.apache.kafka.common.record.DefaultRecordBatch), big-endian:
//   0 base offset       8    21 attributes          2    43 producer id     8
//   8 batch length      4    23 last offset delta   4    51 producer epoch  2
//  12 leader epoch      4    27 base timestamp      8    53 base sequence   4
//  16 magic             1    35 max timestamp       8    57 record count    4
//  17 crc               4                                61 records
// The batch length counts from byte 12 on, the CRC-32C covers from byte 21 on.
//
// Ownership: everything here points into the caller's buffer. Threading: as the buffer's.
#ifndef REPLICATOR_KAFKA_BATCH_RECORD_BATCH_H_
#define REPLICATOR_KAFKA_BATCH_RECORD_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kafka/wire/big_endian.h"

namespace replicator::kafka {

inline constexpr size_t kBatchHeaderBytes = 61;
// Base offset and batch length: what stands before the bytes that the batch length counts.
inline constexpr size_t kLogOverheadBytes = 12;
// A batch must fit in a log segment, and segment.bytes is 1 GiB unless someone raised it: a longer one is
// taken for a damaged length.
inline constexpr size_t kBatchBytesMax = size_t{1} << 30;

enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
// The name as in compression.type: "none", "gzip", "snappy", "lz4", "zstd".
const char* CodecName(Codec codec);

enum class TimestampType : uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

// One whole v2 batch. Cheap to copy.
class RecordBatchView {
 public:
  // REQUIRES: `bytes` is one whole batch, as NextBatch() found it: its length as its header says, magic 2.
  explicit RecordBatchView(absl::Span<char> bytes) : bytes_(bytes) {}

  int64_t base_offset() const { return LoadInt64(At(kBaseOffsetAt)); }
  int32_t partition_leader_epoch() const { return LoadInt32(At(kLeaderEpochAt)); }
  uint32_t crc() const { return static_cast<uint32_t>(LoadInt32(At(kCrcAt))); }
  int16_t attributes() const { return LoadInt16(At(kAttributesAt)); }
  int32_t last_offset_delta() const { return LoadInt32(At(kLastOffsetDeltaAt)); }
  int64_t base_timestamp_ms() const { return LoadInt64(At(kBaseTimestampAt)); }
  int64_t max_timestamp_ms() const { return LoadInt64(At(kMaxTimestampAt)); }
  int64_t producer_id() const { return LoadInt64(At(kProducerIdAt)); }  // -1: not idempotent.
  int16_t producer_epoch() const { return LoadInt16(At(kProducerEpochAt)); }
  int32_t base_sequence() const { return LoadInt32(At(kBaseSequenceAt)); }
  int32_t record_count() const { return LoadInt32(At(kRecordCountAt)); }

  // Offset of the last record that the batch had when it was written; compaction keeps it.
  int64_t last_offset() const { return base_offset() + last_offset_delta(); }
  // Where the next batch may begin.
  int64_t next_offset() const { return last_offset() + 1; }
  // Compaction removed records, or all of them: offsets and count disagree.
  bool has_holes() const { return int64_t{last_offset_delta()} + 1 != record_count(); }

  // REQUIRES: Validate() was OK; other values of the codec bits have no name.
  Codec codec() const { return static_cast<Codec>(attributes() & kCodecMask); }
  TimestampType timestamp_type() const {
    return (attributes() & kLogAppendTimeBit) != 0 ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return (attributes() & kTransactionalBit) != 0; }
  bool is_control() const { return (attributes() & kControlBit) != 0; }
  // The log cleaner noted since when tombstones and markers may go (KIP-534). The base timestamp then is
  // that time; the records' own times are still deltas to it, so clearing the bit changes no record.
  bool has_delete_horizon() const { return (attributes() & kDeleteHorizonBit) != 0; }

  absl::Span<char> bytes() const { return bytes_; }
  absl::Span<const char> payload() const { return bytes_.subspan(kBatchHeaderBytes); }

  // Whether the header makes sense: known codec, offset range and record count neither negative nor
  // overflowing, no more records than offsets. InvalidArgument with the reason otherwise. Reads no payload.
  absl::Status Validate() const;
  // Reads the whole batch, about 50 us per MB.
  bool CrcMatches() const;

  // A checksum of what the batch says, the same for the source's batch and for the one that PatchForProduce makes of
  // it: the CRC that it would have with no producer and without the bits that are cleared. Trusts crc(), reads no
  // payload.
  uint32_t ContentCrc() const;

  // Makes the batch one that an idempotent, non-transactional producer sends: base offset 0 and leader
  // epoch -1, as producers write them; producer id, epoch and base sequence as given; transactional and
  // delete-horizon bits cleared. Repairs the CRC without touching the payload.
  void PatchForProduce(int64_t producer_id, int16_t producer_epoch, int32_t base_sequence);

 private:
  static constexpr size_t kBaseOffsetAt = 0;
  static constexpr size_t kLeaderEpochAt = 12;
  static constexpr size_t kCrcAt = 17;
  static constexpr size_t kAttributesAt = 21;
  static constexpr size_t kLastOffsetDeltaAt = 23;
  static constexpr size_t kBaseTimestampAt = 27;
  static constexpr size_t kMaxTimestampAt = 35;
  static constexpr size_t kProducerIdAt = 43;
  static constexpr size_t kProducerEpochAt = 51;
  static constexpr size_t kBaseSequenceAt = 53;
  static constexpr size_t kRecordCountAt = 57;

  static constexpr int16_t kCodecMask = 0x07;
  static constexpr int16_t kLogAppendTimeBit = 0x08;
  static constexpr int16_t kTransactionalBit = 0x10;
  static constexpr int16_t kControlBit = 0x20;
  static constexpr int16_t kDeleteHorizonBit = 0x40;

  char* At(size_t at) const { return bytes_.data() + at; }

  absl::Span<char> bytes_;
};

enum class BatchKind : uint8_t {
  kEnd,        // No bytes left.
  kBatch,      // A whole v2 batch.
  kPartial,    // The begin of a batch that the broker cut off: fetch again from its base offset.
  kOldMagic,   // A whole magic 0 or 1 message (set): needs re-encoding; `reason` says so.
  kMalformed,  // A length or magic that cannot be: nothing behind it can be trusted; see `reason`.
};

struct NextBatchResult {
  BatchKind kind = BatchKind::kEnd;
  // kBatch and kOldMagic: all of it. kPartial: what there is. kMalformed and kEnd: empty.
  absl::Span<char> bytes;
  // Bytes that the whole batch takes, by its own header; 0 if not even that was there.
  size_t declared_bytes = 0;
  std::string reason;
};

// What stands at the begin of `records`, a Fetch response's bytes of one partition. Go on behind
// result.bytes after kBatch and kOldMagic. Reads nothing beyond `records`.
NextBatchResult NextBatch(absl::Span<char> records);

// The decision that a control batch records (org.apache.kafka.common.record.ControlRecordType).
enum class ControlMarker : uint8_t {
  kAbort,
  kCommit,
  kOther,  // Another control record, or none left after compaction: takes its offsets, decides nothing.
};

// REQUIRES: batch.is_control(). InvalidArgument if the record is malformed or compressed, which brokers
// never write.
absl::StatusOr<ControlMarker> ReadControlMarker(const RecordBatchView& batch);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_RECORD_BATCH_H_
