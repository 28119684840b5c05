#ifndef REPLICATOR_POLICY_TRANSACTION_FILTER_H_
#define REPLICATOR_POLICY_TRANSACTION_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace replicator::policy {

// One element of a Fetch response's aborted list (v4+): the transaction of `producer_id` whose first record lies at
// `first_offset` ends in an ABORT marker.
struct AbortedTransaction {
  int64_t producer_id = -1;
  int64_t first_offset = -1;
};

enum class TransactionDecision {
  kKeep,
  kSkipAborted,  // data of an aborted transaction
  kSkipMarker,   // a COMMIT, ABORT or other control batch: no client ever sees it
};

// What read_committed means, batch by batch and without decoding one: the broker leaves aborted data in a response and
// names it beside it (Kafka's CompletedFetch: consumeAbortedTransactionsUpTo, isBatchAborted, containsAbortMarker).
//
// One filter serves one partition of one Fetch response; batches are asked for in offset order, each once. The list
// covers every transaction that reaches into the response, also one that began before it. Not thread-safe.
class TransactionFilter {
 public:
  explicit TransactionFilter(std::vector<AbortedTransaction> aborted);

  // The batch's header fields: `last_offset` is base offset plus last offset delta; `is_abort_marker` is the control
  // record's type, read from its key (ControlRecordType), and counts only with `is_control`.
  TransactionDecision Decide(int64_t last_offset, int64_t producer_id, bool is_transactional, bool is_control,
                             bool is_abort_marker);

 private:
  // A min-heap by first offset.
  std::vector<AbortedTransaction> pending_;
  // Producers inside of an aborted transaction at the current position.
  absl::flat_hash_set<int64_t> aborting_;
};

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TRANSACTION_FILTER_H_
