// Metadata (key 3): brokers, cluster id, controller, and for each topic its id, partitions and leaders.
#ifndef REPLICATOR_KAFKA_WIRE_METADATA_H_
#define REPLICATOR_KAFKA_WIRE_METADATA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct MetadataResponse {
  struct Broker {
    int32_t node_id = -1;
    std::string host;
    int32_t port = 0;
    std::optional<std::string> rack;
  };
  struct Partition {
    int16_t error_code = 0;
    int32_t partition = -1;
    int32_t leader_id = -1;     // -1: no leader at present.
    int32_t leader_epoch = -1;  // v7+. -1: not told.
    std::vector<int32_t> replicas;
    std::vector<int32_t> in_sync_replicas;
    std::vector<int32_t> offline_replicas;
  };
  struct Topic {
    int16_t error_code = 0;
    std::string name;
    Uuid id = kNoUuid;  // kNoUuid below v10, and from brokers whose metadata has no topic ids.
    bool is_internal = false;
    std::vector<Partition> partitions;  // In no particular order.
  };

  int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;  // Those alive.
  std::optional<std::string> cluster_id;
  int32_t controller_id = -1;
  // From v9 on. Before, a broker may go on telling a leader epoch that is over for as long as its partition is being
  // reassigned (KAFKA-9212), and a leader refuses requests that carry such a one.
  bool leader_epochs_are_current = false;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<MetadataResponse> Read(std::string_view body, int16_t version);
};

struct MetadataRequest {
  using Response = MetadataResponse;
  static constexpr ApiSpec kApi = {ApiKey::kMetadata, "Metadata", {5, 7, 9, 10}, /*version_flexible=*/9};

  // nullopt: all topics. Empty: none, only brokers and cluster id.
  // There is no allow_auto_topic_creation: a replicator that looks must never create, so `false` is always sent.
  std::optional<std::vector<std::string>> topics;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_METADATA_H_
