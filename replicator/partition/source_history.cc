#include "replicator/partition/source_history.h"

namespace replicator {

SourceBatch HeaderOf(const kafka::RecordBatchView& batch) {
  return {.base_offset = batch.base_offset(),
          .last_offset = batch.last_offset(),
          .record_count = batch.record_count(),
          .leader_epoch = batch.partition_leader_epoch(),
          .content_crc = batch.ContentCrc(),
          .has_delete_horizon = batch.has_delete_horizon()};
}

offsets::SourceEvidence EvidenceOf(const SourceBatch& batch) {
  return {batch.base_offset, batch.leader_epoch, batch.record_count, batch.content_crc};
}

bool IsCopiedBatch(const SourceBatch& batch, const offsets::SourceEvidence& evidence) {
  return batch.base_offset == evidence.base_offset && batch.record_count == evidence.record_count &&
         batch.content_crc == evidence.content_crc;
}

bool ContradictsCompacted(const SourceBatch& batch, const offsets::SourceEvidence& evidence, int64_t position) {
  if (batch.base_offset > evidence.base_offset) {
    // The copied one is gone. What stands in the place of it, or of what was skipped behind it, ends there too.
    return batch.base_offset < position && batch.last_offset >= position;
  }
  if (batch.base_offset < evidence.base_offset || batch.last_offset >= position) return true;
  if (evidence.leader_epoch >= 0 && batch.leader_epoch != evidence.leader_epoch) return true;
  if (batch.record_count != evidence.record_count) return batch.record_count > evidence.record_count;
  return batch.content_crc != evidence.content_crc && !batch.has_delete_horizon;
}

bool ContradictsSkipped(const SourceBatch& batch, int64_t position, int32_t position_epoch) {
  if (batch.base_offset >= position) return false;  // there is none
  if (batch.last_offset >= position) return true;
  return position_epoch >= 0 && batch.leader_epoch != position_epoch;
}

}  // namespace replicator
