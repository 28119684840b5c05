#ifndef REPLICATOR_POLICY_TOPIC_CONFIG_H_
#define REPLICATOR_POLICY_TOPIC_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace replicator::policy {

// Where a value in a DescribeConfigs answer comes from; the numbers are the protocol's
// (DescribeConfigsResponse.ConfigSource, KIP-226), so a field of the answer may be cast to it.
enum class ConfigSource : int8_t {
  kUnknown = 0,
  kTopicOverride = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
};

// One entry of the source's DescribeConfigs answer for one topic. A sensitive value is absent.
struct SourceTopicConfig {
  std::string name;
  std::optional<std::string> value;
  ConfigSource source = ConfigSource::kUnknown;
};

struct TargetTraits {
  // Kafka 4.0 removed configs (KIP-724, KIP-937) and raised minima (KIP-1030); such a config in CreateTopics refuses
  // the whole topic.
  bool is_4_or_newer = false;
};

struct TopicConfigPlan {
  // For CreateTopics, sorted by name.
  std::vector<std::pair<std::string, std::string>> configs;
  // One sentence for each config that is left out or changed, for the log; without the topic's name.
  std::vector<std::string> notes;
};

// What the target's topic has to be created with, so that it keeps what the source's topic keeps:
//  - every override of the topic, but for what the target refuses or cannot mean;
//  - what the source's brokers (not Kafka's own defaults) say about cleanup.policy, retention.ms, retention.bytes and
//    max.message.bytes. A topic which relies on its brokers' log.retention.ms=-1 would otherwise lose its old records
//    at the target's first retention check.
TopicConfigPlan PlanTopicConfigs(absl::Span<const SourceTopicConfig> source, const TargetTraits& target);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_CONFIG_H_
