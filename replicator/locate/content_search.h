// Finds by content, record by record, where the copy of one partition goes on, when the source was compacted since and
// has its batches no longer as they were copied. The rule stands in policy/tail_match.h; this file reads both sides for
// it. Only marks (hashes) of the records are kept.
//
// The coroutines use a connection's ordinary calls: one at a time, on that connection's loop.
#ifndef REPLICATOR_REPLICATOR_LOCATE_CONTENT_SEARCH_H_
#define REPLICATOR_REPLICATOR_LOCATE_CONTENT_SEARCH_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/client/peek.h"
#include "policy/tail_match.h"
#include "replicator/partition/batch_search.h"
#include "replicator/partition/placement.h"

namespace replicator {

// Read of the target at most, for its marks.
inline constexpr int64_t kMarksBytesMax = int64_t{64} << 20;
// Read of the source at most, from the place on that the records' times give: compaction makes it no more than the
// target has, only aborted records could.
inline constexpr int64_t kSearchBytesMax = int64_t{128} << 20;
// Source records behind the last one that both sides have, in which no other may follow.
inline constexpr int64_t kLookAheadRecords = 10'000;

// Reads the target's records from `begin` on up to `end`, its log end. `has_times`: their times are the source's.
// Errors: what passes.
asio::awaitable<absl::StatusOr<TargetMarks>> ReadTargetMarks(std::shared_ptr<kafka::Connection> connection,
                                                             kafka::PeekTarget where, int64_t begin, int64_t end,
                                                             bool has_times);

// What is read of the source: from `from` on, which no record of the tail lies before, up to `end` at most.
struct SourceRange {
  int64_t from = 0;
  int64_t end = 0;
  kafka::IsolationLevel isolation = kafka::IsolationLevel::kReadCommitted;
};

// Errors: what passes. What cannot be read for good makes the place unclear.
asio::awaitable<absl::StatusOr<policy::TailPlace>> FindInSource(std::shared_ptr<kafka::Connection> connection,
                                                                kafka::PeekTarget where, SourceRange range,
                                                                TargetMarks target);

// Where a response of the source has one batch.
struct Copies {
  std::vector<SourcePlace> places;  // behind each batch that holds the same records, and that the link copies
  int64_t read_to = -1;             // as BatchSearch::OnRead wants it
};
// `batches`: what was read for `read`.
absl::StatusOr<Copies> FindCopies(kafka::PeekedBatches& batches, const kafka::RecordBatchView& sought,
                                  BatchSearch::Read read);

// Whether the first of `batches` is one that the link copies: neither a marker nor of an aborted transaction, whose
// records may be those of one that was copied. `batches`: fetched from that one on. False when there is none.
absl::StatusOr<bool> FirstIsCopied(kafka::PeekedBatches& batches);
// The same of the source's batch at `base_offset`. Errors: what passes.
asio::awaitable<absl::StatusOr<bool>> IsCopiedAt(std::shared_ptr<kafka::Connection> connection, kafka::PeekTarget where,
                                                 int64_t base_offset, kafka::IsolationLevel isolation);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_CONTENT_SEARCH_H_
