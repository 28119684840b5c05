// Moves a topic's replicas to other brokers, by Kafka's own tool: librdkafka has no AlterPartitionReassignments
// (KIP-455), and before Kafka 2.4 plans go through ZooKeeper.
#ifndef REPLICATOR_TESTS_CLUSTER_REASSIGNMENT_H_
#define REPLICATOR_TESTS_CLUSTER_REASSIGNMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/cluster/kafka_cluster.h"

namespace replicator::tests {

// Gives partition i of `topic` the replicas replicas[i] (broker ids, first the preferred leader): returns when the plan
// has been handed over. Errors: the tool failed (its output is in the message), or DeadlineExceeded.
absl::Status BeginReassignment(const KafkaCluster& cluster, const std::string& topic,
                               const std::vector<std::vector<int>>& replicas, absl::Duration timeout);

// Waits until each partition has exactly these replicas, all in sync. DeadlineExceeded otherwise.
absl::Status AwaitReassignment(const KafkaCluster& cluster, const std::string& topic,
                               const std::vector<std::vector<int>>& replicas, absl::Duration timeout);

// Both.
absl::Status ReassignPartitions(const KafkaCluster& cluster, const std::string& topic,
                                const std::vector<std::vector<int>>& replicas, absl::Duration timeout);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_REASSIGNMENT_H_
