// FindCoordinator (key 10): the broker that coordinates a consumer group. Any broker answers. The first question of a
// cluster's life creates the topic __consumer_offsets, and is answered with COORDINATOR_NOT_AVAILABLE until that is
// done.
#ifndef REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_
#define REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct FindCoordinatorResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;
  std::optional<std::string> error_message;
  int32_t node_id = -1;
  std::string host;
  int32_t port = -1;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<FindCoordinatorResponse> Read(std::string_view body, int16_t version);
};

// Always of a group, never of a transactional id.
struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;
  static constexpr ApiSpec kApi = {ApiKey::kFindCoordinator, "FindCoordinator", {2}, /*version_flexible=*/3};

  std::string group_id;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_FIND_COORDINATOR_H_
