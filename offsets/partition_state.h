// What must outlive the process about one topic-partition: where its copy stands, and what may be under way. Plain
// values; the store (store.h) keeps them, replicator/partition/partition.h makes them and begins from them.
#ifndef REPLICATOR_OFFSETS_PARTITION_STATE_H_
#define REPLICATOR_OFFSETS_PARTITION_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/batch/record_batch.h"
#include "offsets/offset_map.h"
#include "offsets/offsets.h"

namespace replicator::offsets {

// The producer identity that batches of a link carry.
struct Producer {
  int64_t id = -1;
  int16_t epoch = -1;
  bool operator==(const Producer&) const = default;
};

// The part of the target's log that carries one producer id.
struct Era {
  TargetOffset begin;  // what lies below is of an earlier era, or from before the copy
  Producer producer;
  int64_t ordinal_minus_target = 0;  // of the records that the producer's sequences count
  bool operator==(const Era&) const = default;
};

// A batch that may have been sent (invariant D). It lands behind the one before it in the list; the first one of a list
// at the state's target end.
struct Intent {
  SourceOffset source_base;
  SourceOffset source_end;   // the next source offset to look at once this batch is on the target
  int32_t record_count = 0;  // > 0
  uint32_t content_crc = 0;  // kafka::RecordBatchView::ContentCrc()
  kafka::Codec codec = kafka::Codec::kNone;
  bool operator==(const Intent&) const = default;
};

// The last source batch below the position, as it was read: what shows later that the source's history is still the one
// that was copied (invariant G). base_offset -1: nothing was copied yet.
struct SourceEvidence {
  int64_t base_offset = -1;
  int32_t leader_epoch = -1;  // -1: not known
  int32_t record_count = 0;
  uint32_t content_crc = 0;
  bool operator==(const SourceEvidence&) const = default;
};

// Why a partition stands still, as it was told first.
struct StoredQuarantine {
  std::string code;
  std::string reason;
  int64_t since_ms = 0;  // Unix time
  bool operator==(const StoredQuarantine&) const = default;
};

// Of the offset map (offset_map.h): chunks of closed runs, each stored by itself, and here the tail.
struct PartitionState {
  // Of the tail: where the last chunk ends, or where another range begins. From there to the position there is at most
  // `last_run`; the rest is nothing to copy.
  MapBegin tail_begin;
  SourceOffset position;    // everything below is on the target, or is nothing to copy
  TargetOffset target_end;  // the target's log end as acknowledged
  std::vector<Era> eras;    // oldest first
  std::vector<Intent> intents;
  std::optional<Run> last_run;  // the one that is still growing
  SourceEvidence evidence;
  int32_t position_epoch =
      -1;  // leader epoch of the source batch right below the position, skipped ones too; -1: not known
  int64_t records_lost = 0;           // deleted or lost by the source before they were copied
  int64_t lost_at_ms = 0;             // when that rose last; Unix time, 0: never
  int64_t source_log_start_max = -1;  // the highest that the source ever told; -1: not known
  // Compaction may have changed the source since it was first read: places are found by content, never by counting.
  bool is_compacted = false;
  std::optional<StoredQuarantine> quarantine;
  // Where the operator wants a quarantined partition to go on, until it does: "earliest", "latest" or a source offset.
  std::string resume_from;
  // When everything that the source had was copied last, or copying began; Unix time, 0: not known.
  int64_t current_at_ms = 0;

  bool has_chunks = false;  // below the tail

  // Written: what changed since the state before this one. Read: the latest chunks, without the older ones when
  // `older_chunks_omitted`.
  OffsetMap::Changes map;
  bool older_chunks_omitted = false;

  // Written: to the disk at once. A producer that even a power cut must not take.
  bool must_sync = false;

  KnownRange tail() const {
    KnownRange tail = {.begin = tail_begin, .source_end = position, .runs = {}};
    if (last_run.has_value()) tail.runs.push_back(*last_run);
    return tail;
  }
};

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_PARTITION_STATE_H_
