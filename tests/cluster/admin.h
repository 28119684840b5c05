// What a test asks of a cluster and does to it: topics, configs, offsets, leaders. Built on librdkafka alone, so that
// it shares no code with the program under test.
//
// Calls block. One ClusterAdmin may be used from several threads. Each call asks again while the answer can pass (a
// broker or controller that is away or moves, an answer that is late); what has not passed then is the harness's
// failure (verdict.h). All of them may be asked twice: one that creates or deletes finds its own work done.
#ifndef REPLICATOR_TESTS_CLUSTER_ADMIN_H_
#define REPLICATOR_TESTS_CLUSTER_ADMIN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct rd_kafka_s;

namespace replicator::tests {

struct TopicSpec {
  std::string name;
  int partitions = 1;
  int replication_factor = 1;
  std::map<std::string, std::string> configs;
  // Broker ids per partition, first the preferred leader. If not empty it decides partitions and replication factor.
  std::vector<std::vector<int>> replicas;
};

struct PartitionState {
  int partition = 0;
  int leader = -1;  // -1: none.
  std::vector<int> replicas;
  std::vector<int> isr;
};

struct TopicState {
  std::string name;
  std::vector<PartitionState> partitions;  // Index is the partition.
};

// Log start offset, and the end that consumers see (high watermark) or with read_committed the last stable offset.
struct OffsetRange {
  int64_t start = 0;
  int64_t end = 0;
};

class ClusterAdmin {
 public:
  // Bound of one request.
  static constexpr absl::Duration kRequestTimeout = absl::Seconds(20);
  // A Metadata request repeats while brokers come and go; one try takes at most this long.
  static constexpr absl::Duration kMetadataTry = absl::Seconds(3);
  // How long each call below asks, unless it takes a timeout.
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  // `client_properties` are librdkafka's own, for example security settings. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<ClusterAdmin>> Create(
      const std::string& bootstrap_servers, const std::map<std::string, std::string>& client_properties = {});
  ~ClusterAdmin();
  ClusterAdmin(const ClusterAdmin&) = delete;
  ClusterAdmin& operator=(const ClusterAdmin&) = delete;

  // In place of kPatience. Zero asks once. Before any other call.
  void set_patience(absl::Duration patience) { patience_ = patience; }

  // Ids of the brokers in a Metadata answer.
  absl::StatusOr<std::vector<int>> Brokers(absl::Duration timeout = kRequestTimeout);
  absl::StatusOr<std::string> ClusterId(absl::Duration timeout = kRequestTimeout);
  absl::StatusOr<int> ControllerId(absl::Duration timeout = kRequestTimeout);

  // These return, unless they say something else, when every broker knows of the change.
  // Creates the topic and waits until each partition has a leader and its full ISR. AlreadyExists if there is one.
  absl::Status CreateTopic(const TopicSpec& spec);
  // Creates many topics by few requests and waits until each of their partitions has a leader, as one broker sees it.
  absl::Status CreateTopics(const std::vector<TopicSpec>& specs, absl::Duration timeout);
  // Deletes the topic and waits until it is gone.
  absl::Status DeleteTopic(const std::string& topic);
  // Raises the partition count and waits for leaders.
  absl::Status CreatePartitions(const std::string& topic, int partitions_total);

  // All topics, without internal ones (names that begin with "__").
  absl::StatusOr<std::vector<TopicState>> ListTopics();
  // NotFound if the topic does not exist. Never creates it.
  absl::StatusOr<TopicState> DescribeTopic(const std::string& topic);
  absl::StatusOr<int> Leader(const std::string& topic, int partition);

  // The topic's own settings (source DYNAMIC_TOPIC_CONFIG), not the defaults.
  absl::StatusOr<std::map<std::string, std::string>> TopicOverrides(const std::string& topic);
  // Sets settings; nullopt deletes the override. Other overrides stay (IncrementalAlterConfigs, KIP-339; brokers
  // >= 2.3).
  absl::Status AlterTopicConfigs(const std::string& topic,
                                 const std::map<std::string, std::optional<std::string>>& configs);

  // One entry per partition of the topic.
  absl::StatusOr<std::vector<OffsetRange>> Offsets(const std::string& topic, bool read_committed = false);
  // Moves the log start offset up to `before_offset` (-1: to the high watermark).
  absl::Status DeleteRecords(const std::string& topic, int partition, int64_t before_offset);

  // Commits offsets (partition -> offset) for a group without members, and reads all of a group's offsets of a topic.
  absl::Status CommitGroupOffsets(const std::string& group, const std::string& topic,
                                  const std::map<int, int64_t>& offsets);
  absl::StatusOr<std::map<int, int64_t>> GroupOffsets(const std::string& group, const std::string& topic);

  // Makes the first replica of each partition its leader again; returns when that is so.
  absl::Status ElectPreferredLeaders(const std::string& topic);

  // Wait on conditions; the error tells what was seen last.
  absl::Status WaitForFullIsr(const std::string& topic, absl::Duration timeout);
  // Waits until the partition has a leader other than `old_leader` (-1: any leader), and returns it.
  absl::StatusOr<int> WaitForLeader(const std::string& topic, int partition, int old_leader, absl::Duration timeout);

 private:
  ClusterAdmin(rd_kafka_s* handle, rd_kafka_s* metadata_handle) : handle_(handle), metadata_handle_(metadata_handle) {}

  rd_kafka_s* const handle_;
  rd_kafka_s* const metadata_handle_;  // Gives up on a hanging broker sooner.
  absl::Duration patience_ = kPatience;
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_ADMIN_H_
