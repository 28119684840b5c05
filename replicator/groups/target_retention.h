// For how long the target keeps a committed offset that nobody renews.
#ifndef REPLICATOR_REPLICATOR_GROUPS_TARGET_RETENTION_H_
#define REPLICATOR_REPLICATOR_GROUPS_TARGET_RETENTION_H_

#include <asio/awaitable.hpp>
#include <cstdint>

#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"

namespace replicator {

// offsets.retention.minutes, in milliseconds, when all brokers have the same: each expires what it coordinates by its
// own. Errors say which broker does not tell, or which two differ.
// REQUIRES: cluster.metadata() is there. One coroutine at a time uses the cluster.
asio::awaitable<absl::StatusOr<int64_t>> AskOffsetsRetentionMs(kafka::ClusterClient& cluster);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_TARGET_RETENTION_H_
