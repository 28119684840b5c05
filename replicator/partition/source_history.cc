#include "replicator/partition/source_history.h"

namespace replicator {

offsets::SourceEvidence EvidenceOf(const kafka::RecordBatchView& batch) {
  return {batch.base_offset(), batch.partition_leader_epoch(), batch.record_count(), batch.ContentCrc()};
}

bool IsCopiedBatch(const kafka::RecordBatchView& batch, const offsets::SourceEvidence& evidence) {
  return batch.base_offset() == evidence.base_offset && batch.record_count() == evidence.record_count &&
         batch.ContentCrc() == evidence.content_crc;
}

bool ContradictsCompacted(const kafka::RecordBatchView& batch, const offsets::SourceEvidence& evidence,
                          int64_t position) {
  if (batch.base_offset() > evidence.base_offset) {
    // The copied one is gone. What stands in the place of it, or of what was skipped behind it, ends there too.
    return batch.base_offset() < position && batch.last_offset() >= position;
  }
  if (batch.base_offset() < evidence.base_offset || batch.last_offset() >= position) return true;
  if (evidence.leader_epoch >= 0 && batch.partition_leader_epoch() != evidence.leader_epoch) return true;
  if (batch.record_count() != evidence.record_count) return batch.record_count() > evidence.record_count;
  return batch.ContentCrc() != evidence.content_crc && !batch.has_delete_horizon();
}

bool ContradictsSkipped(const kafka::RecordBatchView& batch, int64_t position, int32_t position_epoch) {
  if (batch.base_offset() >= position) return false;  // there is none
  if (batch.last_offset() >= position) return true;
  return position_epoch >= 0 && batch.partition_leader_epoch() != position_epoch;
}

}  // namespace replicator
