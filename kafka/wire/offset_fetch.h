// OffsetFetch (key 9): the offsets that groups have committed. To be asked of their coordinator. A partition without a
// commit is left out when all are asked for, and has the offset -1 when it is named. A group that does not exist has no
// offsets, without an error.
// Source: OffsetFetchRequest.json of Kafka 4.3; KIP-447 (require_stable, v7), KIP-709 (many groups, v8). Without
// require_stable the answer passes over a transaction that has sent offsets and is not ended yet; with it such a
// partition has the error UNSTABLE_OFFSET_COMMIT.
#ifndef REPLICATOR_KAFKA_WIRE_OFFSET_FETCH_H_
#define REPLICATOR_KAFKA_WIRE_OFFSET_FETCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct OffsetFetchResponse {
  struct Partition {
    int32_t partition = -1;
    int64_t offset = -1;        // -1: none
    int32_t leader_epoch = -1;  // v7
    std::optional<std::string> metadata;
    int16_t error_code = 0;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  struct Group {
    std::string group_id;  // Empty below v8, which answers for the one group that was asked for.
    int16_t error_code = 0;
    std::vector<Topic> topics;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Group> groups;  // Exactly one below v8.

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<OffsetFetchResponse> Read(std::string_view body, int16_t version);
};

// The first versions of OffsetFetch that can wait for open transactions, and that take more than one group.
inline constexpr int16_t kOffsetFetchStable = 7;
inline constexpr int16_t kOffsetFetchMany = 8;

// Of every partition for which a group has a commit.
struct OffsetFetchRequest {
  using Response = OffsetFetchResponse;
  static constexpr ApiSpec kApi = {
      ApiKey::kOffsetFetch, "OffsetFetch", {3, kOffsetFetchStable, kOffsetFetchMany}, /*version_flexible=*/6};

  // REQUIRES: exactly one below v8.
  std::vector<std::string> group_ids;
  // v7. A request of v3 leaves it out: ask the connection's version where it matters.
  bool require_stable = false;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_OFFSET_FETCH_H_
