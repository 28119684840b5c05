// What the control loop knows of a topic's settings, for the partitions that are copied. By its last look; it changes
// while the process runs.
#ifndef REPLICATOR_REPLICATOR_PARTITION_TOPIC_FACTS_H_
#define REPLICATOR_REPLICATOR_PARTITION_TOPIC_FACTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace replicator {

struct TopicFacts {
  // By cleanup.policy of either side; a side that does not tell counts as compacted.
  bool is_compacted = false;
  std::optional<int64_t> tombstones_kept_ms;  // delete.retention.ms of the source, if it is compacted
  // Why nothing may be copied to the target's topic as it is set; empty: it may.
  std::string hold;
  // The settings on which a hold rests were told, or the operator accepts them. Else an earlier hold counts on.
  bool is_told = false;
  // The target replaces every record's time by its own, or may, and the operator has accepted it.
  bool replaces_times = false;
};

// By the topic's name at the source.
using TopicFactsMap = std::map<std::string, TopicFacts>;
using TopicFactsSnapshot = std::shared_ptr<const TopicFactsMap>;

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_PARTITION_TOPIC_FACTS_H_
