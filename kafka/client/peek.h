// Reads record batches beside the data path: to prove by content where a copy stands. Uses a connection's ordinary
// calls, so one coroutine at a time, on that connection's loop.
#ifndef REPLICATOR_KAFKA_CLIENT_PEEK_H_
#define REPLICATOR_KAFKA_CLIENT_PEEK_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/batch/record_batch.h"
#include "kafka/net/connection.h"
#include "kafka/wire/fetch.h"

namespace replicator::kafka {

struct PeekTarget {
  std::string topic;
  Uuid topic_id = kNoUuid;
  int32_t partition = -1;
  int32_t leader_epoch = -1;
};

struct PeekedBatch {
  std::string bytes;  // one whole v2 batch, or empty when there is none at or behind the offset
  RecordBatchView view() { return RecordBatchView(absl::MakeSpan(bytes)); }
};

// The first batch that holds `offset` or lies behind it. OutOfRange when the log no longer, or not yet, has that
// offset; Unavailable for what passes; Unimplemented for a batch older than v2.
asio::awaitable<absl::StatusOr<PeekedBatch>> PeekBatch(std::shared_ptr<Connection> connection, PeekTarget where,
                                                       int64_t offset);

// The whole batches of one Fetch answer.
class PeekedBatches {
 public:
  // REQUIRES: `bytes` are whole v2 batches, one behind the other.
  PeekedBatches(std::string bytes, std::vector<FetchResponse::AbortedTransaction> aborted)
      : bytes_(std::move(bytes)), aborted_(std::move(aborted)) {}

  // Transactions of which the batches hold data that no read_committed reader may see.
  const std::vector<FetchResponse::AbortedTransaction>& aborted() const { return aborted_; }
  // Visits them in order. Stops at the first error, and returns it.
  absl::Status ForEach(absl::FunctionRef<absl::Status(RecordBatchView)> visit);
  int64_t size_bytes() const { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::string bytes_;
  std::vector<FetchResponse::AbortedTransaction> aborted_;
};

// The batch that holds `offset` or lies behind it, and as many behind that one as fit into a megabyte: at least one,
// none at the log's end (of a read_committed reader: at the last stable offset). Errors as of PeekBatch.
asio::awaitable<absl::StatusOr<PeekedBatches>> PeekBatches(std::shared_ptr<Connection> connection, PeekTarget where,
                                                           int64_t offset, IsolationLevel isolation);

// Some partitions of one topic in one exchange.
struct PeekManyQuestion {
  std::string topic;
  Uuid topic_id = kNoUuid;
  struct Place {
    int32_t partition = -1;
    int64_t offset = 0;
    int32_t leader_epoch = -1;
  };
  std::vector<Place> places;
  IsolationLevel isolation = IsolationLevel::kReadCommitted;
};
// By partition; those that the answer does not name are missing. Of each, as many batches as fit into a megabyte, and
// some may have none although there are: 16 megabytes are the most for all together. Errors of each as of PeekBatch.
using PeekedPartitions = std::map<int32_t, absl::StatusOr<PeekedBatches>>;
asio::awaitable<absl::StatusOr<PeekedPartitions>> PeekMany(std::shared_ptr<Connection> connection,
                                                           PeekManyQuestion question);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_PEEK_H_
