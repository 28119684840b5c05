// DescribeConfigs (key 32): the configs of topics and brokers, and from where each value comes.
// Topics: any broker answers. A broker: only that broker answers for itself.
#ifndef REPLICATOR_KAFKA_WIRE_DESCRIBE_CONFIGS_H_
#define REPLICATOR_KAFKA_WIRE_DESCRIBE_CONFIGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/wire/header.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

// org.apache.kafka.common.config.ConfigResource.Type
enum class ConfigResourceType : int8_t { kTopic = 2, kBroker = 4 };

// Where a value was set (org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource). A topic's
// own overrides are those with kTopic; everything else it would get from the cluster that it lives on.
enum class ConfigSource : int8_t {
  kUnknown = 0,  // Also any source that this client does not know.
  kTopic = 1,
  kDynamicBroker = 2,         // Set for one broker by AlterConfigs.
  kDynamicDefaultBroker = 3,  // Set for all brokers by AlterConfigs.
  kStaticBroker = 4,          // From the broker's properties file.
  kDefault = 5,
};

struct DescribeConfigsResponse {
  struct Config {
    std::string name;
    std::optional<std::string> value;  // nullopt if sensitive.
    bool read_only = false;
    ConfigSource source = ConfigSource::kUnknown;
    bool is_sensitive = false;
  };
  struct Resource {
    int16_t error_code = 0;
    std::optional<std::string> error_message;
    ConfigResourceType type = ConfigResourceType::kTopic;
    std::string name;
    std::vector<Config> configs;
  };

  int32_t throttle_time_ms = 0;
  std::vector<Resource> resources;

  // `body`: what ResponseBody() gave. InvalidArgument if malformed.
  static absl::StatusOr<DescribeConfigsResponse> Read(std::string_view body, int16_t version);
};

struct DescribeConfigsRequest {
  using Response = DescribeConfigsResponse;
  static constexpr ApiSpec kApi = {ApiKey::kDescribeConfigs, "DescribeConfigs", {1}, /*version_flexible=*/4};

  struct Resource {
    ConfigResourceType type = ConfigResourceType::kTopic;
    std::string name;                              // Topic name, or broker id in decimal.
    std::optional<std::vector<std::string>> keys;  // nullopt: all.
  };

  std::vector<Resource> resources;

  void Write(Writer& writer, int16_t version) const;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_WIRE_DESCRIBE_CONFIGS_H_
