#ifndef REPLICATOR_POLICY_BATCH_PLAN_H_
#define REPLICATOR_POLICY_BATCH_PLAN_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "policy/transaction_filter.h"

namespace replicator::policy {

// What the header of a fetched batch says. For magic 0 and 1 only `magic` and `base_offset` count.
struct BatchFacts {
  int8_t magic = 2;
  int64_t base_offset = 0;
  int32_t last_offset_delta = 0;
  int32_t record_count = 0;
  bool is_control = false;          // attributes, bit 0x20
  bool is_log_append_time = false;  // attributes, bit 0x08
  int8_t codec = 0;                 // attributes, bits 0x07: none, gzip, snappy, lz4, zstd
};

// What the batch meets.
struct BatchContext {
  int64_t wanted_offset = 0;  // the next source offset to look at
  TransactionDecision transaction = TransactionDecision::kKeep;
};

enum class BatchAction {
  kRaw,     // copy it as it is, header patched
  kSkip,    // nothing in it is to be copied; go on behind it
  kRefuse,  // it holds records, but the target would refuse or change them as they are
};

enum class BatchReason {
  kNone,
  // Skips.
  kControl,       // a transaction marker or another control batch
  kAborted,       // data of an aborted transaction
  kEmpty,         // compaction kept the header alone, for the producer's state
  kBeforeWanted,  // ends before the wanted offset: seen already
  // Refusals.
  kOldFormat,      // magic 0 or 1
  kUnknownFormat,  // magic above 2, or a codec that is not defined
  kMalformed,      // counts that contradict each other
  kStartsEarly,    // holds records from before the wanted offset
  kHoles,          // compaction removed records from its middle
  kLogAppendTime,  // its records' times stand in the header
};

struct BatchPlan {
  BatchAction action = BatchAction::kRaw;
  BatchReason reason = BatchReason::kNone;
  // A sentence with this batch's numbers; empty unless refused.
  std::string explanation;
};

// Decides by the header alone. Skips come first: what is not copied needs no place on the target. The table is that of
// the broker's LogValidator (Kafka 2.1 to 4.3), which rebuilds, renumbers or refuses what is refused here.
BatchPlan PlanBatch(const BatchFacts& batch, const BatchContext& context);

// A stable name such as "compacted-holes", for metrics and for `status`.
absl::string_view Name(BatchReason reason);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_BATCH_PLAN_H_
