// ListOffsets for many streams in one request. Shared by Settler (target) and Locator (source).
#ifndef REPLICATOR_REPLICATOR_LOCATE_OFFSETS_QUERY_H_
#define REPLICATOR_REPLICATOR_LOCATE_OFFSETS_QUERY_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/net/connection.h"
#include "kafka/wire/list_offsets.h"
#include "replicator/partition/stream.h"

namespace replicator {

struct OffsetsQuery {
  Side side;
  int32_t replica_id = kafka::kConsumerReplicaId;
  int64_t timestamp_ms = kafka::kLatestTimestamp;
};

// One partition's answer; error kErrorUnknownServer stands for a partition that the answer lacks.
struct OffsetAnswer {
  int16_t error_code = -1;
  int64_t offset = -1;
};

// Answers in the order of `streams`. The leader epoch that is known of each goes along, so that another broker than its
// leader refuses.
asio::awaitable<absl::StatusOr<std::vector<OffsetAnswer>>> ListOffsetsOf(std::shared_ptr<kafka::Connection> connection,
                                                                         std::vector<Stream*> streams,
                                                                         OffsetsQuery query);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LOCATE_OFFSETS_QUERY_H_
