// What the demo copies: its topics, how they are filled, and what the verifier says of each.
#ifndef REPLICATOR_TESTS_DEMO_DEMO_TOPICS_H_
#define REPLICATOR_TESTS_DEMO_DEMO_TOPICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/kafka_cluster.h"
#include "tests/cluster/load.h"

namespace replicator::tests {

struct DemoTopic {
  std::string name;
  std::string about;  // for people
  int partitions = 1;
  std::string codec;
  int64_t records = 0;  // 0: written by the producer that runs all the while
  int headers = 0;
  int64_t keys = -1;  // as in LoadOptions
  int tombstone_every = 0;
  int records_per_transaction = 0;
  double abort_share = 0;
  std::map<std::string, std::string> configs = {};

  // Markers and aborted records take offsets at the source that a copy does not have.
  bool has_gaps() const { return records_per_transaction > 0; }
};

// The topics, one per codec and kind; `scale` multiplies the records.
std::vector<DemoTopic> DemoTopics(double scale);
// The last one of these: the running producer's.
inline constexpr char kLiveTopic[] = "live";

LoadOptions LoadFor(const DemoTopic& topic, const std::string& bootstrap_servers);

// Creates all topics on the source.
absl::Status CreateTopics(const std::vector<DemoTopic>& topics, ClusterAdmin& source);
// Fills all but the live one, in parallel. Returns the records that a reader of committed records sees, by topic.
absl::StatusOr<std::map<std::string, int64_t>> FillTopics(const std::vector<DemoTopic>& topics,
                                                          const std::string& bootstrap_servers);

// A topic as it stands on both sides in the end.
struct TopicVerdict {
  int64_t records = 0;
  int64_t bytes = 0;      // keys and values
  int64_t log_bytes = 0;  // in the source's log, compressed
  bool equal = false;     // records, and unless the topic has gaps their offsets
  bool same_settings = false;
  std::string difference;  // in words, empty if there is none
};

// Lets the verifier read both sides, and compares partition counts and overrides.
absl::StatusOr<TopicVerdict> Judge(const DemoTopic& topic, KafkaCluster& source, KafkaCluster& target,
                                   ClusterAdmin& source_admin, ClusterAdmin& target_admin);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_DEMO_DEMO_TOPICS_H_
