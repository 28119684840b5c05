// DescribeProducers (key 61, KIP-664): who writes to a partition, and with which transaction open. To be asked of the
// partition's leader; needs the right to read the topic.
#ifndef REPLICATOR_KAFKA_WIRE_DESCRIBE_PRODUCERS_H_
#define REPLICATOR_KAFKA_WIRE_DESCRIBE_PRODUCERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct DescribeProducersResponse {
  struct Producer {
    int64_t id = -1;
    int32_t epoch = -1;
    int64_t last_timestamp_ms = -1;  // of its last batch, as the producer or the broker stamped it
    int64_t transaction_start = -1;  // offset of the first record of the open transaction; -1: none is open
  };
  struct Partition {
    std::string topic;
    int32_t partition = -1;
    int16_t error_code = 0;
    std::vector<Producer> producers;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Partition> partitions;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<DescribeProducersResponse> Read(std::string_view body, int16_t version);
};

struct DescribeProducersRequest {
  using Response = DescribeProducersResponse;
  static constexpr ApiSpec kApi = {ApiKey::kDescribeProducers, "DescribeProducers", {0}, /*version_flexible=*/0};

  struct Topic {
    std::string name;
    std::vector<int32_t> partitions;
  };
  std::vector<Topic> topics;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_DESCRIBE_PRODUCERS_H_
