// CreatePartitions (key 37): gives a topic more partitions; to be sent to the controller.
#ifndef REPLICATOR_KAFKA_WIRE_CREATE_PARTITIONS_H_
#define REPLICATOR_KAFKA_WIRE_CREATE_PARTITIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct CreatePartitionsResponse {
  struct Topic {
    std::string name;
    int16_t error_code = 0;
    std::optional<std::string> error_message;  // The broker's own words.
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<CreatePartitionsResponse> Read(std::string_view body, int16_t version);
};

struct CreatePartitionsRequest {
  using Response = CreatePartitionsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kCreatePartitions, "CreatePartitions", {1}, /*version_flexible=*/2};

  // The controller places the new replicas, as many per partition as the topic has.
  struct Topic {
    std::string name;
    int32_t partition_count = -1;  // In all, with those that are there.
  };

  std::vector<Topic> topics;
  int32_t timeout_ms = 30'000;  // How long the controller waits for the creation to finish.
  bool validate_only = false;   // Check everything, create nothing.

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_CREATE_PARTITIONS_H_
