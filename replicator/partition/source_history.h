// Whether the source's log is still the one that was copied (invariant G), by what was kept of the last batch copied.
// Pure functions.
#ifndef REPLICATOR_REPLICATOR_PARTITION_SOURCE_HISTORY_H_
#define REPLICATOR_REPLICATOR_PARTITION_SOURCE_HISTORY_H_

#include <cstdint>

#include "kafka/batch/record_batch.h"
#include "offsets/partition_state.h"

namespace replicator {

// What the header of a source batch says.
struct SourceBatch {
  int64_t base_offset = -1;
  int64_t last_offset = -1;
  int32_t record_count = 0;
  int32_t leader_epoch = -1;
  uint32_t content_crc = 0;
  bool has_delete_horizon = false;
};
SourceBatch HeaderOf(const kafka::RecordBatchView& batch);

// What is kept of `batch` once it was copied.
offsets::SourceEvidence EvidenceOf(const SourceBatch& batch);

// Whether `batch` is the batch of the evidence, unchanged.
bool IsCopiedBatch(const SourceBatch& batch, const offsets::SourceEvidence& evidence);

// Of a log that may have been compacted since. `batch` is the one at the evidence's offset, or the first behind it.
// True: no compaction makes that of the log that was copied up to `position`. Compaction removes records and whole
// batches; it never moves or joins batches, and keeps a batch's first and last offset and its leader epoch. The bytes
// of a batch change only when records go, or when the time is noted at which tombstones may go
// (org.apache.kafka.common.record.MemoryRecords.filterTo).
bool ContradictsCompacted(const SourceBatch& batch, const offsets::SourceEvidence& evidence, int64_t position);

// Of a log that is not compacted: what lies behind the last copied batch and was skipped. `batch` is the one that holds
// the offset below `position`, or the first behind it; `position_epoch` the leader epoch there, -1: not known. True:
// the log that was read up to `position` had another one there.
bool ContradictsSkipped(const SourceBatch& batch, int64_t position, int32_t position_epoch);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_SOURCE_HISTORY_H_
