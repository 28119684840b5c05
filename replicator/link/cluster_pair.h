// Whether the two sides of a link are two clusters: what is copied from a cluster to itself would be copied again and
// again. Cluster ids tell it, unless two clusters were formatted with one id (one image, one compose file).
//
// | cluster ids | what is seen                                                   | verdict       |
// |-------------|----------------------------------------------------------------|---------------|
// | differ      |                                                                | two clusters  |
// | equal       | both sides show a broker at one address                        | one cluster   |
// | equal       | both sides show a topic with one topic id                      | one cluster   |
// | equal       | both sides show topics of one name, and their ids differ       | two clusters  |
// | equal       | nothing of these (topics have no ids before Kafka 2.8)         | not told      |
//
// A run then looks at the source for the link's own topic, which it has made on the target. It does so whenever the
// cluster ids are equal. Addresses alone do not tell two clusters: one cluster shows others on each listener.
#ifndef REPLICATOR_REPLICATOR_LINK_CLUSTER_PAIR_H_
#define REPLICATOR_REPLICATOR_LINK_CLUSTER_PAIR_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kafka/client/cluster.h"
#include "kafka/client/cluster_metadata.h"
#include "kafka/wire/metadata.h"
#include "replicator/config/config.h"

namespace replicator {

enum class Sides : uint8_t { kTwoClusters, kOneCluster, kNotTold };

struct SidesVerdict {
  Sides sides = Sides::kNotTold;
  std::string why;  // a clause; empty for cluster ids that differ
};

// By the table. Snapshots of one moment.
SidesVerdict CompareSides(const kafka::ClusterMetadata& source, const kafka::ClusterMetadata& target);

// Aborted, with the remedy, for one cluster.
absl::Status CheckSides(const LinkConfig& config, const kafka::ClusterMetadata& source,
                        const kafka::ClusterMetadata& target);

// What the source says of the link's topic, which has this id on the target. `so_far` counts where the source's user
// may not know.
SidesVerdict JudgeLinkTopic(const kafka::MetadataResponse::Topic& at_source, const kafka::Uuid& id_on_target,
                            SidesVerdict so_far);

// Looks for the link's topic. OK for two clusters. Aborted, with the reason and the remedy, for one, and where nothing
// tells. Unavailable: a side does not answer.
// REQUIRES: the link has made its topic on the target, if it may; both sides' metadata is there.
asio::awaitable<absl::Status> CheckLinkTopic(const LinkConfig& config, kafka::ClusterClient& source,
                                             kafka::ClusterClient& target);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_CLUSTER_PAIR_H_
