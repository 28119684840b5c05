// Keeps the target's topics in step with the source's: finds the topics of the link, has those made that are missing
// (topic_creator.h), adds the partitions that a copied topic has got meanwhile, compares the settings of both sides
// (policy/topic_verdict.h), and says which partitions are to be copied.
//
//   a topic with fewer partitions on the target | then
//   this link has made or copied it             | it grows
//   nobody knows it, it holds records           | the partitions that do are placed. A copy shows it is ours: it grows
//   nobody knows it, it never held a record     | it is left out: somebody made it so
//
// A topic whose fault only the operator can mend is left out, with the reason; all others go on. Belongs to the control
// loop.
#ifndef REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_
#define REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_

#include <asio/awaitable.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "policy/topic_verdict.h"
#include "replicator/config/config.h"
#include "replicator/config/run_options.h"
#include "replicator/control/topic_creator.h"
#include "replicator/control/topic_reader.h"
#include "replicator/partition/stream.h"
#include "replicator/partition/topic_facts.h"

namespace replicator {

class Reconciler {
 public:
  // All outlive this object.
  Reconciler(const LinkConfig& config, const RunOptions& options, kafka::ClusterClient& source,
             kafka::ClusterClient& target);

  // This link copies `topic` (of the source): an earlier process has, or a partition of it is found to be a copy. What
  // the source adds to it, the target gets too.
  void RememberCopied(const std::string& topic) {
    copied_before_.insert(topic);
    unproven_.erase(topic);
  }

  // One pass over fresh metadata of both sides. Returns the assignments that no pass before has returned. In a dry run
  // the target's controller checks what would be created, and creates nothing; those topics get no assignments.
  asio::awaitable<absl::StatusOr<std::vector<Assignment>>> Reconcile();

  // By the last pass, by source topic: those that are left out, and why; those that are copied although something is
  // wrong, and what.
  const std::map<std::string, std::string>& faults() const { return faults_; }
  const std::map<std::string, std::string>& alarms() const { return alarms_; }
  // Of every topic that is copied.
  TopicFactsSnapshot facts() const { return facts_; }
  int topics() const { return topics_; }
  // When to look again although the interval is longer; nullopt: no need.
  std::optional<Clock::duration> look_again_in() const;

 private:
  std::vector<TopicPair> Select();
  void KeepFirst(std::vector<TopicPair>& pairs);
  bool IsGoneForGood(const TopicPair& pair) const;
  bool IsOnBothSides(const TopicPair& pair) const;
  asio::awaitable<absl::Status> MakeTopics(std::vector<TopicPair> pairs);
  asio::awaitable<absl::Status> LookForCopies(std::vector<TopicPair> pairs);
  bool HasTooFew(const TopicPair& pair) const;
  asio::awaitable<absl::Status> Judge(std::vector<TopicPair> pairs);
  policy::TopicVerdict VerdictOn(const TopicPair& pair, const TopicsRead& source, const TopicsRead& target) const;
  std::vector<Assignment> Assign(const std::vector<TopicPair>& pairs);
  void CheckPartitions(const TopicPair& pair);
  bool IsCopied(const std::string& topic) const {
    return !unproven_.contains(topic) && (assigned_.contains({topic, 0}) || copied_before_.contains(topic));
  }
  void Fault(const std::string& topic, std::string why);
  void Alarm(const std::string& topic, std::string why);
  void TellRemarks(const std::map<std::string, std::vector<std::string>>& topics_by_remark);
  bool HasFault(const std::string& topic) const { return faults_.contains(topic); }

  const LinkConfig& config_;
  const RunOptions& options_;
  kafka::ClusterClient& source_;
  kafka::ClusterClient& target_;
  TopicCreator creator_;
  std::map<std::string, std::string> faults_;
  std::map<std::string, std::string> alarms_;
  std::map<std::string, std::string> reported_;         // faults already logged
  std::map<std::string, std::string> alarms_reported_;  // likewise
  std::set<std::pair<std::string, std::string>> remarks_told_;
  std::set<std::string> notes_told_;
  std::set<std::pair<std::string, int32_t>> assigned_;
  std::set<std::string> copied_before_;
  // Topics of which it is not known whether the target's is this link's: the partitions that show it.
  std::map<std::string, std::set<int32_t>> unproven_;
  std::optional<std::set<std::string>> first_;  // the topics of the first pass, where these are all there shall be
  std::set<std::string> made_;        // by this process: until they have all of their partitions, these may grow
  std::set<std::string> unfinished_;  // of these: the target does not show all of their partitions yet
  TopicFactsSnapshot facts_ = std::make_shared<TopicFactsMap>();
  bool is_held_ = false;        // some topic waits for its settings to be altered
  bool is_unfinished_ = false;  // some topic was made, or its settings were not told, a moment ago
  int topics_ = 0;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONTROL_RECONCILER_H_
