#include "policy/transaction_filter.h"

#include <algorithm>
#include <utility>

namespace replicator::policy {
namespace {

constexpr int64_t kNoProducerId = -1;

bool StartsLater(const AbortedTransaction& a, const AbortedTransaction& b) { return a.first_offset > b.first_offset; }

}  // namespace

TransactionFilter::TransactionFilter(std::vector<AbortedTransaction> aborted) : pending_(std::move(aborted)) {
  std::make_heap(pending_.begin(), pending_.end(), StartsLater);
}

TransactionDecision TransactionFilter::Decide(int64_t last_offset, int64_t producer_id, bool is_transactional,
                                              bool is_control, bool is_abort_marker) {
  if (producer_id == kNoProducerId) return is_control ? TransactionDecision::kSkipMarker : TransactionDecision::kKeep;
  // Up to the last offset, not the base: compaction may have removed a transaction's first records from its batch.
  while (!pending_.empty() && pending_.front().first_offset <= last_offset) {
    aborting_.insert(pending_.front().producer_id);
    std::pop_heap(pending_.begin(), pending_.end(), StartsLater);
    pending_.pop_back();
  }
  if (is_control) {
    if (is_abort_marker) aborting_.erase(producer_id);
    return TransactionDecision::kSkipMarker;
  }
  // A producer's plain idempotent batches are never part of a transaction, even with the same id.
  if (is_transactional && aborting_.contains(producer_id)) return TransactionDecision::kSkipAborted;
  return TransactionDecision::kKeep;
}

}  // namespace replicator::policy
