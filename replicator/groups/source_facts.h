// What a cutover asks of a cluster beside groups: where logs end, whether transactions hold back offsets, whether a
// topic is compacted.
//
// On the event loop of the cluster client; one coroutine at a time.
#ifndef REPLICATOR_REPLICATOR_GROUPS_SOURCE_FACTS_H_
#define REPLICATOR_REPLICATOR_GROUPS_SOURCE_FACTS_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/group_requests.h"
#include "kafka/wire/fetch.h"

namespace replicator {

// High watermarks, or last stable offsets with kReadCommitted. Errors name the partition; Unavailable when the patience
// is over. REQUIRES: metadata was fetched.
asio::awaitable<absl::StatusOr<std::map<kafka::TopicPartition, int64_t>>> AskEnds(
    kafka::ClusterClient& cluster, std::vector<kafka::TopicPartition> partitions, kafka::IsolationLevel isolation,
    kafka::Clock::duration patience);

// The partition of __consumer_offsets that holds a group's offsets: the hash of Java's String, as
// GroupMetadataManager.partitionFor takes it. -1: the name is not UTF-8.
int32_t OffsetsPartitionOf(std::string_view group, int32_t partitions);

// For brokers that cannot be asked with require_stable (before Kafka 2.5): no transaction is open in that partition, by
// its last stable offset and its high watermark. Asked until it is so, or the patience is over.
asio::awaitable<absl::Status> AskOffsetsTopicIsStable(kafka::ClusterClient& cluster, std::string group,
                                                      kafka::Clock::duration patience, bool* is_stable);

// By cleanup.policy.
asio::awaitable<absl::StatusOr<bool>> AskIsCompacted(kafka::ClusterClient& cluster, std::string topic);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_GROUPS_SOURCE_FACTS_H_
