// Whether the source's log is still the one that was copied (invariant G), by what was kept of the last batch copied.
// Pure functions.
#ifndef REPLICATOR_REPLICATOR_SOURCE_HISTORY_H_
#define REPLICATOR_REPLICATOR_SOURCE_HISTORY_H_

#include <cstdint>

#include "kafka/record_batch.h"
#include "offsets/partition_state.h"

namespace replicator {

// Whether `batch` is the batch of the evidence, unchanged.
bool IsCopiedBatch(const kafka::RecordBatchView& batch, const offsets::SourceEvidence& evidence);

// Of a log that may have been compacted since. `batch` is the one at the evidence's offset, or the first behind it.
// True: no compaction makes that of the log that was copied up to `position`. Compaction removes records and whole
// batches; it never moves or joins batches, and keeps a batch's first and last offset and its leader epoch. The bytes
// of a batch change only when records go, or when the time is noted at which tombstones may go
// (org.apache.kafka.common.record.MemoryRecords.filterTo).
bool ContradictsCompacted(const kafka::RecordBatchView& batch, const offsets::SourceEvidence& evidence,
                          int64_t position);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_SOURCE_HISTORY_H_
