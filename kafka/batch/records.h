// Reads the records of a v2 batch: decompressed, one by one. Beside the data path only, where a place must be found by
// content: records that pass from the source to the target are never looked at.
//
// Layout of a record (KIP-82, KIP-98; org.apache.kafka.common.record.DefaultRecord), lengths and deltas as zigzag
// varints, -1 for null:
//   length, attributes (1 byte), timestamp delta, offset delta, key length, key, value length, value, count of headers,
//   and of each header: name length, name, value length, value
#ifndef REPLICATOR_KAFKA_BATCH_RECORDS_H_
#define REPLICATOR_KAFKA_BATCH_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "kafka/batch/record_batch.h"

namespace replicator::kafka {

// Bytes of one batch's records, decompressed: 64 times what brokers accept by default as compressed.
inline constexpr size_t kRecordsBytesMax = size_t{64} << 20;

struct RecordHeader {
  std::string_view name;
  std::optional<std::string_view> value;
  bool operator==(const RecordHeader&) const = default;
};

// Views are valid during the visit only.
struct Record {
  int64_t offset = -1;
  int64_t timestamp_ms = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<RecordHeader> headers;
};

// Visits the records in order. InvalidArgument for bytes that are no such batch, ResourceExhausted for more than
// kRecordsBytesMax; some records may have been visited before either. Memory: the decompressed records, once.
// REQUIRES: batch.Validate() was OK.
absl::Status VisitRecords(const RecordBatchView& batch, absl::FunctionRef<void(const Record&)> visit);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_RECORDS_H_
