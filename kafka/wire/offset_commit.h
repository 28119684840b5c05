// OffsetCommit (key 8): sets committed offsets of one group, as its member, or from outside of it, as an admin does:
// with no member id and generation -1. To be sent to its coordinator. From outside it is taken while the group is
// missing or has no members; else each partition is answered with UNKNOWN_MEMBER_ID (ILLEGAL_GENERATION,
// REBALANCE_IN_PROGRESS by some versions). There is no compare-and-set: whatever stands there is replaced. Source:
// OffsetCommitRequest.json of Kafka 4.3; GroupMetadataManager.validateOffsetCommit of the group coordinator.
#ifndef REPLICATOR_KAFKA_WIRE_OFFSET_COMMIT_H_
#define REPLICATOR_KAFKA_WIRE_OFFSET_COMMIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct OffsetCommitResponse {
  struct Partition {
    int32_t partition = -1;
    int16_t error_code = 0;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<OffsetCommitResponse> Read(std::string_view body, int16_t version);
};

struct OffsetCommitRequest {
  using Response = OffsetCommitResponse;
  static constexpr ApiSpec kApi = {ApiKey::kOffsetCommit, "OffsetCommit", {3, 6}, /*version_flexible=*/8};

  struct Partition {
    int32_t partition = -1;
    int64_t offset = -1;
    // The leader epoch is always sent as -1: that of another cluster would make consumers take metadata for stale.
    std::optional<std::string> metadata;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  std::string group_id;
  std::vector<Topic> topics;
  int32_t generation_id = -1;
  std::string member_id;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_OFFSET_COMMIT_H_
