#include "kafka/client/cluster_metadata.h"

#include <algorithm>
#include <utility>

namespace replicator::kafka {
namespace {

// More partitions than any cluster has; a larger number would be a damaged answer.
constexpr int32_t kPartitionNumberMax = 1'000'000;

bool IsOlder(const PartitionMetadata& told, const PartitionMetadata& known) {
  return told.leader_epoch >= 0 && told.leader_epoch < known.leader_epoch && told.leader_id != known.leader_id;
}

}  // namespace

const PartitionMetadata* ClusterMetadata::FindPartition(const std::string& topic, int32_t partition) const {
  auto found = topics.find(topic);
  if (found == topics.end() || partition < 0 || static_cast<size_t>(partition) >= found->second.partitions.size())
    return nullptr;
  return &found->second.partitions[partition];
}

ClusterMetadata ToMetadata(MetadataResponse response) {
  ClusterMetadata metadata;
  metadata.cluster_id = response.cluster_id.value_or("");
  metadata.controller_id = response.controller_id;
  metadata.leader_epochs_are_current = response.leader_epochs_are_current;
  for (MetadataResponse::Broker& broker : response.brokers) {
    metadata.brokers[broker.node_id] = Endpoint{std::move(broker.host), static_cast<uint16_t>(broker.port)};
  }
  for (MetadataResponse::Topic& from : response.topics) {
    TopicMetadata& topic = metadata.topics[from.name];
    topic.error_code = from.error_code;
    topic.id = from.id;
    topic.is_internal = from.is_internal;
    for (const MetadataResponse::Partition& partition : from.partitions) {
      if (partition.partition < 0 || partition.partition > kPartitionNumberMax) continue;
      if (topic.partitions.size() <= static_cast<size_t>(partition.partition))
        topic.partitions.resize(partition.partition + 1);
      topic.partitions[partition.partition] = {.leader_id = partition.leader_id,
                                               .leader_epoch = partition.leader_epoch,
                                               .replicas = static_cast<int>(partition.replicas.size()),
                                               .in_sync_replicas = static_cast<int>(partition.in_sync_replicas.size())};
    }
  }
  return metadata;
}

void LeaderMemory::KeepLaterLeaders(const ClusterMetadata& known, const std::string& from, Clock::time_point now,
                                    ClusterMetadata& told) {
  // Whoever tells no lower epoch has contradicted a claim.
  const std::map<Key, Claim> claims = std::exchange(claims_, {});
  for (auto& [name, topic] : told.topics) {
    auto before = known.topics.find(name);
    if (before == known.topics.end() || before->second.id != topic.id) continue;
    const std::vector<PartitionMetadata>& partitions = before->second.partitions;
    for (size_t i = 0; i < std::min(partitions.size(), topic.partitions.size()); ++i) {
      if (!IsOlder(topic.partitions[i], partitions[i])) continue;
      if (topic.id == kNoUuid && IsBelieved(claims, {name, i}, {topic.partitions[i].leader_epoch, from, now})) continue;
      topic.partitions[i] = partitions[i];
    }
  }
}

// Else the claim is noted.
bool LeaderMemory::IsBelieved(const std::map<Key, Claim>& claims, const Key& key, Claim claim) {
  auto earlier = claims.find(key);
  if (earlier != claims.end() && earlier->second.leader_epoch == claim.leader_epoch) {
    if (earlier->second.from != claim.from || claim.since - earlier->second.since >= kOneBrokerDoubted) return true;
    claim.since = earlier->second.since;
  }
  claims_[key] = std::move(claim);
  return false;
}

}  // namespace replicator::kafka
