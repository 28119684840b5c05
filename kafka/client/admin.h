// Administrative requests to one cluster, over our own wire client. Every call is one exchange (or one per batch of
// topics) and returns errors in words that name the topic and the remedy.
//
// Belongs to the event loop of its ClusterClient; one coroutine at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_ADMIN_H_
#define REPLICATOR_KAFKA_CLIENT_ADMIN_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/client/request_steps.h"
#include "kafka/wire/create_topics.h"
#include "kafka/wire/describe_configs.h"
#include "kafka/wire/init_producer_id.h"

namespace replicator::kafka {

struct ProducerIdentity {
  int64_t id = -1;
  int16_t epoch = -1;
};

// The configs of each topic that could be described, with where each value comes from. A topic that could not (deleted
// meanwhile, not authorised) has its error in `errors`.
struct TopicConfigs {
  absl::flat_hash_map<std::string, std::vector<DescribeConfigsResponse::Config>> configs;
  absl::flat_hash_map<std::string, absl::Status> errors;
};
// `keys`: only these configs; nullopt: all. Any broker answers, and tells its own values where the topic sets none.
asio::awaitable<absl::StatusOr<TopicConfigs>> DescribeTopics(
    ClusterClient& cluster, std::vector<std::string> topics,
    std::optional<std::vector<std::string>> keys = std::nullopt);
// The same as broker `id` sees it.
asio::awaitable<absl::StatusOr<TopicConfigs>> DescribeTopicsAt(ClusterClient& cluster, int32_t id,
                                                               std::vector<std::string> topics,
                                                               std::vector<std::string> keys);

// What became of one topic of a request.
struct TopicOutcome {
  absl::Status status;  // AlreadyExists is one of them
  int16_t error_code = 0;
  std::string broker_says;  // its own words
  bool is_made = false;     // by this CreateTopics, though perhaps not with all of its partitions
};
using TopicOutcomes = absl::flat_hash_map<std::string, TopicOutcome>;

// Creates topics with their configs in the request, in steps (request_steps.h). A topic that is made with fewer
// partitions than asked for, since the rest could not be added, has the reason.
// `validate_only`: the controller checks everything and creates nothing.
asio::awaitable<absl::StatusOr<TopicOutcomes>> CreateTopics(ClusterClient& cluster,
                                                            std::vector<CreateTopicsRequest::Topic> topics,
                                                            bool validate_only);

// Gives topics more partitions, in steps. A topic's outcome is the first that is an error.
asio::awaitable<absl::StatusOr<TopicOutcomes>> CreatePartitions(ClusterClient& cluster,
                                                                std::vector<TopicGrowth> topics);

// A new producer id, not transactional.
asio::awaitable<absl::StatusOr<ProducerIdentity>> NewProducerId(ClusterClient& cluster);

// What a cluster's version means for creating topics, by the API versions of one of its brokers.
struct ClusterFeatures {
  // Kafka 4.0 or newer: it dropped topic configs and old API versions (KIP-896: Fetch begins at v4).
  bool is_4_or_newer = false;
  // CreateTopics takes -1 for the cluster's own default.replication.factor (KIP-464, Kafka 2.4: CreateTopics v4).
  bool has_default_replication_factor = false;
};
asio::awaitable<absl::StatusOr<ClusterFeatures>> FeaturesOf(ClusterClient& cluster);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_ADMIN_H_
