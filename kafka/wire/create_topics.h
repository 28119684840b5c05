// CreateTopics (key 19): to be sent to the controller.
#ifndef REPLICATOR_KAFKA_WIRE_CREATE_TOPICS_H_
#define REPLICATOR_KAFKA_WIRE_CREATE_TOPICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct CreateTopicsResponse {
  struct Topic {
    std::string name;
    int16_t error_code = 0;
    std::optional<std::string> error_message;  // The broker's own words, mostly with the offending value.
  };

  int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<CreateTopicsResponse> Read(std::string_view body, int16_t version);
};

struct CreateTopicsRequest {
  using Response = CreateTopicsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kCreateTopics, "CreateTopics", {2, 4}, /*version_flexible=*/5};

  struct Assignment {
    int32_t partition = -1;
    std::vector<int32_t> broker_ids;  // The first one is the preferred leader.
  };
  struct Config {
    std::string name;
    std::optional<std::string> value;
  };
  struct Topic {
    std::string name;
    // Both -1 when `assignments` says it; else -1 is the cluster's default, from version 4 on (KIP-464).
    int32_t partition_count = -1;
    int16_t replication_factor = -1;
    std::vector<Assignment> assignments;  // Empty: the controller places the replicas.
    // Part of the request and not set afterwards: a topic that lives with the cluster's defaults for a
    // moment may lose old records to its first retention check.
    std::vector<Config> configs;
  };

  std::vector<Topic> topics;
  int32_t timeout_ms = 30'000;  // How long the controller waits for the creation to finish.
  bool validate_only = false;   // Check everything, create nothing.

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_CREATE_TOPICS_H_
