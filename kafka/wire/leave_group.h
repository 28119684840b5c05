// LeaveGroup (key 13): a member says good-bye, so that its session need not end first. By member id, which removes a
// static member too.
#ifndef REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_
#define REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct LeaveGroupResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<LeaveGroupResponse> Read(std::string_view body, int16_t version);
};

struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  static constexpr ApiSpec kApi = {ApiKey::kLeaveGroup, "LeaveGroup", {2}, /*version_flexible=*/4};

  std::string group_id;
  std::string member_id;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_
