// Reads one record batch beside the data path: to prove by content where a copy stands. Uses a connection's ordinary
// calls, so one coroutine at a time, on that connection's loop.
#ifndef REPLICATOR_KAFKA_PEEK_H_
#define REPLICATOR_KAFKA_PEEK_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "kafka/connection.h"
#include "kafka/record_batch.h"

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

// Whether both hold the same records: the same count, codec, times and payload, whatever the headers' offsets and
// producers.
bool SameRecords(const RecordBatchView& a, const RecordBatchView& b);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_PEEK_H_
