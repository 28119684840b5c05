// Writes single records beside the data path: what a link notes on its target.
#ifndef REPLICATOR_KAFKA_CLIENT_APPEND_H_
#define REPLICATOR_KAFKA_CLIENT_APPEND_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "kafka/net/connection.h"

namespace replicator::kafka {

// An uncompressed v2 batch of one record: the first one of an idempotent producer, base sequence 0, or with producer_id
// -1 one of no such producer.
std::string OneRecordBatch(std::string_view key, std::string_view value, int64_t timestamp_ms, int64_t producer_id,
                           int16_t producer_epoch);

// Sends `batch` to the partition's leader and waits until all in-sync replicas have it. Unavailable leaves open whether
// they do; for the rest see ErrorStatus(). One coroutine at a time, on the connection's loop.
asio::awaitable<absl::Status> AppendBatch(std::shared_ptr<Connection> connection, std::string topic, int32_t partition,
                                          std::string batch);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_APPEND_H_
