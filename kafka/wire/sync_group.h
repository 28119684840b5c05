// SyncGroup (key 14): the second half of joining. The leader sends everyone's assignment; each member gets its own,
// once the leader's are there. For a group that is stable already: the assignment that the member has.
#ifndef REPLICATOR_KAFKA_WIRE_SYNC_GROUP_H_
#define REPLICATOR_KAFKA_WIRE_SYNC_GROUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct SyncGroupResponse {
  int32_t throttle_time_ms = 0;
  int16_t error_code = 0;
  std::string assignment;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<SyncGroupResponse> Read(std::string_view body, int16_t version);
};

struct SyncGroupRequest {
  using Response = SyncGroupResponse;
  static constexpr ApiSpec kApi = {ApiKey::kSyncGroup, "SyncGroup", {1, 2, 3}, /*version_flexible=*/4};

  struct Assignment {
    std::string member_id;
    std::string assignment;
  };

  std::string group_id;
  int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;  // v3: an older process with the same one is fenced
  std::vector<Assignment> assignments;           // Of the leader only.

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_SYNC_GROUP_H_
