// Keeps the target's topics in step with the source's: finds the topics of the link, creates those that are missing
// with the source's overrides inside the CreateTopics request, adds the partitions that a copied topic has got
// meanwhile, and says which partitions are to be copied.
//
// A topic whose fault only the operator can mend is left out, with the reason; all others go on. Belongs to the control
// loop.
#ifndef REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_
#define REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_

#include <asio/awaitable.hpp>
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
#include "replicator/partition/stream.h"

namespace replicator {

class Reconciler {
 public:
  // All outlive this object.
  Reconciler(const LinkConfig& config, const RunOptions& options, kafka::ClusterClient& source,
             kafka::ClusterClient& target)
      : config_(config), options_(options), source_(source), target_(target) {}

  // An earlier process of this link has copied `topic` (of the source): what the source adds to it, the target gets
  // too.
  void RememberCopied(const std::string& topic) { copied_before_.insert(topic); }

  // One pass over fresh metadata of both sides. Returns the assignments that no pass before has returned. In a dry run
  // the target's controller checks what would be created, and creates nothing; those topics get no assignments.
  asio::awaitable<absl::StatusOr<std::vector<Assignment>>> Reconcile();

  // Source topics that are left out, and why; by the last pass.
  const std::map<std::string, std::string>& faults() const { return faults_; }
  int topics() const { return topics_; }
  // delete.retention.ms of the source's compacted topics, by name; by the last pass.
  const std::map<std::string, int64_t>& tombstone_retention_ms() const { return tombstone_retention_ms_; }

 private:
  // A topic of the link: its name on either side.
  struct Pair {
    std::string source;
    std::string target;
  };

  std::vector<Pair> Select();
  asio::awaitable<absl::Status> AddPartitions(std::vector<Pair> pairs);
  std::vector<Assignment> Assign(const std::vector<Pair>& pairs, const std::set<std::string>& compacted);
  absl::StatusOr<int> ReplicationFactorFor(const Pair& pair, const policy::TopicConfigPlan& plan,
                                           const kafka::ClusterFeatures& target) const;
  bool IsCopied(const std::string& topic) const {
    return assigned_.contains({topic, 0}) || copied_before_.contains(topic);
  }
  asio::awaitable<absl::Status> CreateMissing(std::vector<Pair> missing);
  asio::awaitable<absl::StatusOr<std::vector<kafka::CreateTopicsRequest::Topic>>> PlanTopics(std::vector<Pair> missing);
  asio::awaitable<absl::Status> AwaitLeaders(std::vector<Pair> created);
  asio::awaitable<absl::StatusOr<std::set<std::string>>> Compacted(std::vector<Pair> pairs);
  asio::awaitable<absl::Status> ReadTombstoneRetention(std::vector<Pair> pairs, std::set<std::string> compacted);
  void Fault(const std::string& topic, std::string why);
  bool HasFault(const std::string& topic) const { return faults_.contains(topic); }

  const LinkConfig& config_;
  const RunOptions& options_;
  kafka::ClusterClient& source_;
  kafka::ClusterClient& target_;
  std::map<std::string, std::string> faults_;
  std::map<std::string, std::string> reported_;  // faults already logged
  std::set<std::pair<std::string, int32_t>> assigned_;
  std::set<std::string> copied_before_;
  std::map<std::string, int64_t> tombstone_retention_ms_;
  int topics_ = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_
