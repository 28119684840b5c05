// What a topic of the target has to be created with, so that it keeps what the source's topic keeps and takes the
// batches as they are. By the table in topic_settings.h.
#ifndef REPLICATOR_POLICY_TOPIC_CONFIG_H_
#define REPLICATOR_POLICY_TOPIC_CONFIG_H_

#include <string>
#include <vector>

#include "policy/topic_settings.h"

namespace replicator::policy {

struct TargetTraits {
  // Kafka 4.0 removed settings (KIP-724, KIP-937) and raised minima (KIP-1030); such a one in CreateTopics refuses the
  // whole topic.
  bool is_4_or_newer = false;
};

struct PlannedSetting {
  std::string name;
  std::string value;
  // The source's topic sets it itself: where the target does not know it, that is to be told.
  bool is_override = false;
  bool operator==(const PlannedSetting&) const = default;
};

struct TopicConfigPlan {
  // For CreateTopics, sorted by name.
  std::vector<PlannedSetting> configs;
  // One sentence for each override that is left out or changed, for the log; without the topic's name.
  std::vector<std::string> notes;
};

// `source`: every setting of the source's topic as it holds there. `is_excluded` may be null.
TopicConfigPlan PlanTopicConfigs(const SettingValues& source, const TargetTraits& target,
                                 const IsExcluded& is_excluded);

// "topic override that the target does not know", as the broker's words to CreateTopics name it; empty when they are
// about something else ("Unknown topic config name: NAME" since Kafka 0.10, LogConfig.validateNames).
std::string UnknownSetting(absl::string_view broker_says);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_CONFIG_H_
