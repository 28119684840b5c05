// ListOffsets (key 2): where a partition's log begins and ends.
//
// What "latest" means depends on who asks, so ListOffsetsRequest::replica_id has no default:
//   kConsumerReplicaId  the high watermark, or the last stable offset with kReadCommitted
//   kDebugReplicaId     the log end offset. A follower answers this one too, with its own end: to trust it,
//                       ask again as a consumer on the same connection with current_leader_epoch (v4);
//                       an error then voids the first answer.
#ifndef REPLICATOR_KAFKA_WIRE_LIST_OFFSETS_H_
#define REPLICATOR_KAFKA_WIRE_LIST_OFFSETS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

inline constexpr int32_t kConsumerReplicaId = -1;
inline constexpr int32_t kDebugReplicaId = -2;

// Instead of a timestamp (org.apache.kafka.common.requests.ListOffsetsRequest).
inline constexpr int64_t kLatestTimestamp = -1;
inline constexpr int64_t kEarliestTimestamp = -2;

struct ListOffsetsResponse {
  struct Partition {
    int32_t partition = -1;
    int16_t error_code = 0;
    int64_t timestamp = -1;     // Of the record at `offset`; -1 for latest and earliest.
    int64_t offset = -1;        // -1: no record has a timestamp that late.
    int32_t leader_epoch = -1;  // v4: of the record at `offset`; -1: not known.
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<ListOffsetsResponse> Read(std::string_view body, int16_t version);
};

struct ListOffsetsRequest {
  using Response = ListOffsetsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kListOffsets, "ListOffsets", {2, 4}, /*version_flexible=*/6};

  struct Partition {
    int32_t partition = -1;
    int32_t current_leader_epoch = -1;  // v4. -1: not fenced.
    int64_t timestamp = kLatestTimestamp;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  explicit ListOffsetsRequest(int32_t replica) : replica_id(replica) {}

  int32_t replica_id;
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::vector<Topic> topics;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_LIST_OFFSETS_H_
