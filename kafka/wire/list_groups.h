// ListGroups (key 16): the groups that one broker coordinates. To be asked of every broker; a group whose coordinator
// is asked appears exactly once, and one whose coordinator does not answer is missing, so a list counts only when all
// brokers have answered. Groups of every type are listed, whatever DescribeGroups says of them; those for which our
// user has no DESCRIBE are left out without an error, unless it has it for the cluster.
// Source: ListGroupsRequest.json of Kafka 4.3; KIP-518 (states), KIP-848 (types); KafkaApis.handleListGroupsRequest.
#ifndef REPLICATOR_KAFKA_WIRE_LIST_GROUPS_H_
#define REPLICATOR_KAFKA_WIRE_LIST_GROUPS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct ListGroupsResponse {
  struct Group {
    std::string group_id;
    // "consumer" for Kafka's consumers, "connect", ... Empty: never had a member, only commits.
    std::string protocol_type;
    std::string state;  // v4, as in DescribeGroups; of a consumer group (KIP-848) also Assigning and Reconciling
    std::string type;   // v5: "classic", "consumer", "share", "streams"
  };

  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;
  std::vector<Group> groups;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<ListGroupsResponse> Read(std::string_view body, int16_t version);
};

// Of all states and types.
struct ListGroupsRequest {
  using Response = ListGroupsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kListGroups, "ListGroups", {1, 4, 5}, /*version_flexible=*/3};

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_LIST_GROUPS_H_
