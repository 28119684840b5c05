// JoinGroup (key 11): becoming, or staying, a member of a group. The coordinator answers when every member has joined,
// or when the longest rebalance timeout of all members is over.
//
// A static member (v5, KIP-345) is known by its instance id: the coordinator gives it a new member id, the assignment
// of the one before, and no rebalance. Whoever has the old member id is fenced.
#ifndef REPLICATOR_KAFKA_WIRE_JOIN_GROUP_H_
#define REPLICATOR_KAFKA_WIRE_JOIN_GROUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct JoinGroupResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;  // v5
    std::string metadata;
  };

  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;
  int32_t generation_id = -1;
  std::string protocol_name;
  std::string leader;  // member id
  std::string member_id;
  std::vector<Member> members;  // Everyone, for the leader; empty for everyone else.

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<JoinGroupResponse> Read(std::string_view body, int16_t version);
};

struct JoinGroupRequest {
  using Response = JoinGroupResponse;
  static constexpr ApiSpec kApi = {ApiKey::kJoinGroup, "JoinGroup", {2, 3, 5}, /*version_flexible=*/6};

  struct Protocol {
    std::string name;
    std::string metadata;
  };

  std::string group_id;
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = 0;
  std::string member_id;  // Empty: not a member yet.
  // v5. A lower version leaves it out: ask the connection's version where it matters.
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<Protocol> protocols;

  void Write(Writer& writer, int16_t version) const;
};

// The first version of JoinGroup that knows static members.
inline constexpr int16_t kJoinGroupStatic = 5;

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_JOIN_GROUP_H_
