// FindCoordinator (key 10): the broker that coordinates a consumer group or a transactional id. Any broker answers. The
// first question of a cluster's life creates the topic __consumer_offsets (or __transaction_state), and is answered
// with COORDINATOR_NOT_AVAILABLE until that is done; for ever, where too few brokers are there for its replication
// factor. Source: FindCoordinatorRequest.json of Kafka 4.3; KIP-699 for many keys (v4); the broker's
// KafkaApis.getCoordinator for what it answers.
#ifndef REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_
#define REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

enum class CoordinatorType : int8_t { kGroup = 0, kTransaction = 1 };

struct FindCoordinatorResponse {
  struct Coordinator {
    std::string key;  // Empty below v4, which answers for the one key that was asked for.
    int16_t error_code = 0;
    std::optional<std::string> error_message;
    int32_t node_id = -1;
    std::string host;
    int32_t port = -1;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Coordinator> coordinators;  // Exactly one below v4.

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<FindCoordinatorResponse> Read(std::string_view body, int16_t version);
};

// The first version of FindCoordinator that takes more than one key.
inline constexpr int16_t kFindCoordinatorMany = 4;

struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;
  static constexpr ApiSpec kApi = {
      ApiKey::kFindCoordinator, "FindCoordinator", {1, 2, kFindCoordinatorMany}, /*version_flexible=*/3};

  CoordinatorType type = CoordinatorType::kGroup;
  // REQUIRES: exactly one below v4.
  std::vector<std::string> keys;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_
