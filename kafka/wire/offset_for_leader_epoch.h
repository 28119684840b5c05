// OffsetForLeaderEpoch (key 23): where a leader epoch ends on its leader (KIP-320). Shows a truncation.
#ifndef REPLICATOR_KAFKA_WIRE_OFFSET_FOR_LEADER_EPOCH_H_
#define REPLICATOR_KAFKA_WIRE_OFFSET_FOR_LEADER_EPOCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct OffsetForLeaderEpochResponse {
  struct Partition {
    int16_t error_code = 0;
    int32_t partition = -1;
    int32_t leader_epoch = -1;  // The largest epoch <= the one asked for; -1: the leader knows none.
    int64_t end_offset = -1;    // First offset behind that epoch; -1: the leader knows none.
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<OffsetForLeaderEpochResponse> Read(std::string_view body, int16_t version);
};

struct OffsetForLeaderEpochRequest {
  using Response = OffsetForLeaderEpochResponse;
  static constexpr ApiSpec kApi = {ApiKey::kOffsetForLeaderEpoch,
                                   "OffsetForLeaderEpoch",
                                   {2},
                                   /*version_flexible=*/4};

  struct Partition {
    int32_t partition = -1;
    int32_t current_leader_epoch = -1;  // -1: not fenced.
    int32_t leader_epoch = -1;          // The one whose end is wanted.
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  std::vector<Topic> topics;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_OFFSET_FOR_LEADER_EPOCH_H_
