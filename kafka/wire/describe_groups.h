// DescribeGroups (key 15): who is in a group. To be asked of its coordinator. A group that does not exist is "Dead" and
// has no members, and so is one of another type (KIP-848 and later), however alive: ListGroups tells them apart.
#ifndef REPLICATOR_KAFKA_WIRE_DESCRIBE_GROUPS_H_
#define REPLICATOR_KAFKA_WIRE_DESCRIBE_GROUPS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct DescribeGroupsResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;  // v4
    std::string client_id;
    std::string client_host;  // The address that its connection came from, as Java prints it: "/10.0.0.1".
    // Both are empty unless the group is stable.
    std::string metadata;
    std::string assignment;
  };
  struct Group {
    int16_t error_code = 0;
    std::string group_id;
    std::string state;  // Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
    std::string protocol_type;
    std::vector<Member> members;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<DescribeGroupsResponse> Read(std::string_view body, int16_t version);
};

struct DescribeGroupsRequest {
  using Response = DescribeGroupsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kDescribeGroups, "DescribeGroups", {1, 2, 4}, /*version_flexible=*/5};

  std::vector<std::string> group_ids;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_DESCRIBE_GROUPS_H_
