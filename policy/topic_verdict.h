// Whether a topic may be copied, by its settings and partitions on both sides.
#ifndef REPLICATOR_POLICY_TOPIC_VERDICT_H_
#define REPLICATOR_POLICY_TOPIC_VERDICT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/topic_settings.h"

namespace replicator::policy {

struct TopicSides {
  std::string source_topic;
  std::string target_topic;
  // As they hold; null where a cluster does not tell them, with its words.
  const SettingValues* source = nullptr;
  const SettingValues* target = nullptr;
  std::string source_error;
  std::string target_error;
  bool source_brokers_disagree = false;  // on the cleanup.policy of topics that do not set it themselves
  size_t source_partitions = 0;
  size_t target_partitions = 0;
  bool is_begun = false;     // this link has copied it before
  bool is_made = false;      // by this link a moment ago: brokers may not know yet how it was made
  bool is_accepted = false;  // the operator takes the target's settings as they are
  IsExcluded is_excluded;
};

struct TopicVerdict {
  // Why the topic is not to be begun, or is to be stopped, with the remedy; empty: it may be copied.
  std::string stop;
  // Whether the settings were told by which a topic that is being copied is stopped, or the operator accepts the
  // target's. Else an earlier stop counts on.
  bool is_told = false;
  // What is wrong although it is copied, for as long as it is so, with the remedy.
  std::string alarm;
  // What an operator should know at start.
  std::vector<std::string> remarks;
  // By what either side says. A side that does not tell may be compacted.
  bool is_compacted = false;
  bool replaces_times = false;                // or may, and the operator has accepted it
  std::optional<int64_t> tombstones_kept_ms;  // delete.retention.ms of the source, if it is compacted
};
TopicVerdict JudgeTopic(const TopicSides& sides);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_VERDICT_H_
