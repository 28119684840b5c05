#include "kafka/batch/same_records.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "kafka/batch/records.h"

namespace replicator::kafka {

absl::StatusOr<BatchContent> ContentOf(const RecordBatchView& batch) {
  absl::Status read = batch.Validate();
  if (!read.ok()) return read;
  BatchContent content = {.codec = batch.codec(),
                          .timestamp_type = batch.timestamp_type(),
                          .record_count = batch.record_count(),
                          .content_crc = batch.ContentCrc()};
  read = VisitRecords(batch, [&](const Record& record) {
    uint64_t hash = absl::HashOf(record.key, record.value, record.headers.size());
    for (const RecordHeader& header : record.headers) hash = absl::HashOf(hash, header.name, header.value);
    content.records = absl::HashOf(content.records, hash);
    content.records_and_times = absl::HashOf(content.records_and_times, hash, record.timestamp_ms);
  });
  if (!read.ok()) return read;
  return content;
}

bool HaveSameRecords(const BatchContent& a, const BatchContent& b) {
  if (a.record_count != b.record_count) return false;
  if (a.timestamp_type == b.timestamp_type && a.codec == b.codec) return a.content_crc == b.content_crc;
  const bool has_times = a.timestamp_type == TimestampType::kCreateTime && b.timestamp_type == a.timestamp_type;
  return has_times ? a.records_and_times == b.records_and_times : a.records == b.records;
}

bool SameRecords(const RecordBatchView& a, const RecordBatchView& b) {
  if (a.record_count() != b.record_count()) return false;
  if (a.codec() == b.codec() && a.timestamp_type() == b.timestamp_type()) {
    return a.base_timestamp_ms() == b.base_timestamp_ms() && a.max_timestamp_ms() == b.max_timestamp_ms() &&
           a.last_offset_delta() == b.last_offset_delta() && a.payload().size() == b.payload().size() &&
           std::equal(a.payload().begin(), a.payload().end(), b.payload().begin());
  }
  const absl::StatusOr<BatchContent> content_of_a = ContentOf(a);
  if (!content_of_a.ok()) return false;
  const absl::StatusOr<BatchContent> content_of_b = ContentOf(b);
  return content_of_b.ok() && HaveSameRecords(*content_of_a, *content_of_b);
}

}  // namespace replicator::kafka
