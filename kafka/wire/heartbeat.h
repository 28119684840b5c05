// Heartbeat (key 12): keeps a member's session alive, and tells it that the group rebalances.
#ifndef REPLICATOR_KAFKA_WIRE_HEARTBEAT_H_
#define REPLICATOR_KAFKA_WIRE_HEARTBEAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct HeartbeatResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<HeartbeatResponse> Read(std::string_view body, int16_t version);
};

struct HeartbeatRequest {
  using Response = HeartbeatResponse;
  static constexpr ApiSpec kApi = {ApiKey::kHeartbeat, "Heartbeat", {1, 2, 3}, /*version_flexible=*/4};

  std::string group_id;
  int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;  // v3: an older process with the same one is fenced

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_HEARTBEAT_H_
