// Whether two batches hold the same records, although their bytes differ: a broker whose topic has another
// compression.type than "producer" compresses a batch anew, and one with message.timestamp.type=LogAppendTime puts its
// own time in place of the records' times. Neither changes the number or the order of the records, their keys, values
// and headers, or the producer id and sequences (org.apache.kafka.storage.internals.log.LogValidator).
//
// Pure functions.
#ifndef REPLICATOR_KAFKA_BATCH_SAME_RECORDS_H_
#define REPLICATOR_KAFKA_BATCH_SAME_RECORDS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "kafka/batch/record_batch.h"

namespace replicator::kafka {

// What is kept of a batch to compare it with another one. Good within one process: the hashes are seeded at its start.
struct BatchContent {
  Codec codec = Codec::kNone;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  int32_t record_count = 0;
  uint32_t content_crc = 0;
  uint64_t records = 0;            // a hash of all keys, values and headers, in order
  uint64_t records_and_times = 0;  // the same with the records' times
};

// Decompresses the batch. Errors: as VisitRecords, and those of Validate().
absl::StatusOr<BatchContent> ContentOf(const RecordBatchView& batch);

// Whether both hold the same records. Batches of the same codec and time type must have the same bytes, by their
// checksum. Else the records are compared; their times unless one of the two has a broker's times.
bool HaveSameRecords(const BatchContent& a, const BatchContent& b);

// The same of two batches as they are. Decompresses only where it has to; what cannot be read is not the same.
bool SameRecords(const RecordBatchView& a, const RecordBatchView& b);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_BATCH_SAME_RECORDS_H_
