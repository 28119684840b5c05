// Makes the topics of a link on the target, as the source has them, and gives them more partitions. Belongs to the
// control loop.
#ifndef REPLICATOR_REPLICATOR_CONTROL_TOPIC_CREATOR_H_
#define REPLICATOR_REPLICATOR_CONTROL_TOPIC_CREATOR_H_

#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/admin.h"
#include "kafka/client/cluster.h"
#include "policy/topic_config.h"
#include "replicator/config/config.h"
#include "replicator/config/run_options.h"
#include "replicator/control/topic_reader.h"

namespace replicator {

// A topic of the link: its name on either side.
struct TopicPair {
  std::string source;
  std::string target;
};

class TopicCreator {
 public:
  // `on_fault`: why a topic (of the source) is not made. All outlive this object.
  TopicCreator(const LinkConfig& config, const RunOptions& options, kafka::ClusterClient& source,
               kafka::ClusterClient& target, std::function<void(const std::string& topic, std::string why)> on_fault)
      : config_(config), options_(options), source_(source), target_(target), on_fault_(std::move(on_fault)) {}

  // Makes `missing` with the settings in the request and waits for their leaders. In a dry run the target's controller
  // checks everything and makes nothing.
  asio::awaitable<absl::Status> Create(std::vector<TopicPair> missing);

  // Gives each topic as many partitions as the source has, and waits for their leaders.
  asio::awaitable<absl::Status> Grow(std::vector<TopicPair> pairs);

  // Topics (of the source) that the last Create has made.
  const std::set<std::string>& made() const { return made_; }
  // Some were not made since the target has too few brokers.
  bool wants_brokers() const { return wants_brokers_; }
  void Begin() {
    made_.clear();
    wants_brokers_ = false;
  }

 private:
  // What a topic is made with.
  struct Plan {
    TopicPair pair;
    std::set<std::string> overrides;  // that the source's topic sets itself
    kafka::CreateTopicsRequest::Topic request;
  };

  absl::StatusOr<Plan> PlanTopic(const TopicPair& pair, const TopicsRead& source,
                                 const kafka::ClusterFeatures& features);
  absl::StatusOr<int> ReplicationFactorFor(const TopicPair& pair, const policy::TopicConfigPlan& plan,
                                           const kafka::ClusterFeatures& features);
  asio::awaitable<absl::StatusOr<kafka::TopicOutcomes>> CreateWithWhatIsKnown(std::vector<Plan>& plans);
  void LeaveOutUnknown(Plan& plan);
  void TellMade(const Plan& plan) const;
  void TellBrokersValues(const TopicsRead& source);
  int32_t PartitionsOf(const std::string& source_topic) const;
  asio::awaitable<absl::Status> AwaitLeaders(std::vector<TopicPair> created);

  const LinkConfig& config_;
  const RunOptions& options_;
  kafka::ClusterClient& source_;
  kafka::ClusterClient& target_;
  const std::function<void(const std::string&, std::string)> on_fault_;
  std::set<std::string> unknown_settings_;  // that the target has refused as such
  std::set<std::string> told_;              // notes that were logged
  std::set<std::string> made_;
  bool wants_brokers_ = false;
};

// The settings that the file leaves to the target; null when it says nothing. (MirrorMaker then leaves out
// min.insync.replicas and unclean.leader.election.enable, too; here they are copied.)
policy::IsExcluded ExcludedBy(const LinkConfig& config);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONTROL_TOPIC_CREATOR_H_
