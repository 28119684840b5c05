// LeaveGroup (key 13): a member says good-bye, so that its session need not end first; or an admin removes members. A
// member id is enough, for static members too; DescribeGroups tells both.
// Source: LeaveGroupRequest.json of Kafka 4.3; KIP-345 for many members (v3), which the broker answers one by one.
#ifndef REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_
#define REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct LeaveGroupResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    int16_t error_code = 0;
  };

  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;       // Below v3 that of the one member.
  std::vector<Member> members;  // v3

  // The first error of all, the request's own before those of its members.
  int16_t FirstError() const;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<LeaveGroupResponse> Read(std::string_view body, int16_t version);
};

// The first version of LeaveGroup that takes more than one member.
inline constexpr int16_t kLeaveGroupMany = 3;

struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  static constexpr ApiSpec kApi = {ApiKey::kLeaveGroup, "LeaveGroup", {1, 2, kLeaveGroupMany}, /*version_flexible=*/4};

  struct Member {
    std::string member_id;
    // v3. With an empty member id: whoever has this instance id at present.
    std::optional<std::string> group_instance_id;
  };

  std::string group_id;
  // REQUIRES: exactly one below v3.
  std::vector<Member> members;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_LEAVE_GROUP_H_
