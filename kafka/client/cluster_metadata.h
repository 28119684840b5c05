// What one broker has told about its cluster, and what is believed of that when another broker has told more.
//
// A broker that is cut off from its controller goes on answering, with the leaders that it knew last. So brokers are
// asked in turn, and one that tells older leaders does not undo what another has told. A snapshot is immutable once it
// is shared; snapshots are shared between threads.
#ifndef REPLICATOR_KAFKA_CLIENT_CLUSTER_METADATA_H_
#define REPLICATOR_KAFKA_CLIENT_CLUSTER_METADATA_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "kafka/net/connection.h"
#include "kafka/net/signal.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct PartitionMetadata {
  int32_t leader_id = -1;     // -1: no leader at present
  int32_t leader_epoch = -1;  // -1: not told (sources up to 2.0)
  int replicas = 0;
  int in_sync_replicas = 0;

  bool operator==(const PartitionMetadata&) const = default;
};

struct TopicMetadata {
  int16_t error_code = 0;
  Uuid id = kNoUuid;  // kNoUuid where brokers have none (before 2.8)
  bool is_internal = false;
  std::vector<PartitionMetadata> partitions;  // by partition number

  bool operator==(const TopicMetadata&) const = default;
};

struct ClusterMetadata {
  std::string cluster_id;
  int32_t controller_id = -1;
  bool leader_epochs_are_current = false;  // see MetadataResponse
  std::map<int32_t, Endpoint> brokers;     // those alive, by id
  absl::flat_hash_map<std::string, TopicMetadata> topics;
  // Of the watched topics (ClusterClient::Watch) that are not in `topics`: those of which the broker says, asked by
  // name, that they do not exist. Of a topic that this user may not see it does not say so
  // (TOPIC_AUTHORIZATION_FAILED; KafkaApis of 0.10.1 and later).
  absl::flat_hash_set<std::string> deleted;

  // nullptr for a topic or partition that is not there.
  const PartitionMetadata* FindPartition(const std::string& topic, int32_t partition) const;

  // Whether both say the same of brokers and topics. (KRaft brokers name any broker as the controller.)
  bool TellsTheSame(const ClusterMetadata& other) const {
    return brokers == other.brokers && topics == other.topics && deleted == other.deleted;
  }
};
using MetadataSnapshot = std::shared_ptr<const ClusterMetadata>;

ClusterMetadata ToMetadata(MetadataResponse response);

// Puts later leaders back into what a broker has told. One for each cluster; used by one thread.
//
// | the topic                       | the broker tells another leader of a lower epoch       | what counts          |
// |---------------------------------|--------------------------------------------------------|----------------------|
// | has the id that it had          | always                                                 | the leader of before |
// | has another id                  | always: it was recreated                               | what is told         |
// | has no id (brokers before 2.8)  | until another broker tells that epoch, for 30 s        | the leader of before |
// | has no id                       | then: it was recreated                                 | what is told         |
//
// The epoch counts the leaders of a partition, and only grows as long as the topic lives (KIP-101, KIP-320).
class LeaderMemory {
 public:
  // How long one broker alone is not believed.
  static constexpr Clock::duration kOneBrokerDoubted = std::chrono::seconds(30);

  // `known`: what counted so far. `told`: what the broker at `from` has answered.
  void KeepLaterLeaders(const ClusterMetadata& known, const std::string& from, Clock::time_point now,
                        ClusterMetadata& told);

 private:
  using Key = std::pair<std::string, size_t>;  // topic, partition
  // A lower epoch that a broker has told of a topic without an id.
  struct Claim {
    int32_t leader_epoch = -1;
    std::string from;
    Clock::time_point since;
  };

  bool IsBelieved(const std::map<Key, Claim>& claims, const Key& key, Claim claim);

  std::map<Key, Claim> claims_;  // of the last answer
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_CLUSTER_METADATA_H_
