#ifndef REPLICATOR_POLICY_TOPIC_FILTER_H_
#define REPLICATOR_POLICY_TOPIC_FILTER_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/java_pattern_list.h"

namespace replicator::policy {

// Why a topic of the source is copied or not.
enum class TopicDecision {
  kCopy,
  kNotIncluded,  // no pattern of `topics` matches
  kExcluded,     // a pattern of `topics.exclude` matches
  kInternal,     // by its name; no pattern includes it, its full name among `topics` does
  kNever,        // belongs to the brokers or to a link of this program
};

// MirrorMaker 2's defaults, those of DefaultTopicFilter in Kafka 2.4 ... 3.9. Kafka 4.3 has `mm2.*\.internal` for the
// first pattern.
inline constexpr absl::string_view kTopicsDefault = ".*";
inline constexpr absl::string_view kTopicsExcludeDefault = R"(.*[\-\.]internal, .*\.replica, __.*)";

// What is left out whatever the patterns say, as ReplicationPolicy.isInternalTopic() of Kafka 2.4 ... 4.0 has it:
//  - names that begin with `__` or `.`, and those that end with `.internal` or `-internal`;
//  - MirrorMaker's own topics, which it names with the separator of the file: heartbeats, checkpoints, offset syncs,
//  and
//    the three of its Connect worker.
// MirrorMaker copies heartbeats topics, under the name `A.heartbeats`. Here they are internal, too: nothing writes
// them.
struct TopicFilterOptions {
  std::vector<std::string> topics = {".*"};                                                     // Java patterns
  std::vector<std::string> topics_exclude = {R"(.*[\-\.]internal)", R"(.*\.replica)", "__.*"};  // win over `topics`
  // topics_exclude is MirrorMaker's default: a full name among `topics` wins over it.
  bool excludes_by_default = true;
  // Of all clusters of the file: recognises heartbeats that came from another cluster, like `A.heartbeats`.
  std::vector<std::string> cluster_aliases;
  std::string separator = ".";
};

// Selects the topics of a link by name. Immutable, cheap to copy; any thread may call it.
class TopicFilter {
 public:
  // Copies nothing.
  TopicFilter() = default;

  // INVALID_ARGUMENT for a pattern that is not valid or not supported (see JavaPatternList).
  static absl::StatusOr<TopicFilter> Create(TopicFilterOptions options);

  TopicDecision Decide(absl::string_view topic) const;
  // Matches `topics`, and is left out by a rule that does not stand in the file: its full name among `topics` would
  // have it copied.
  bool IsLeftOutByRule(absl::string_view topic) const;
  // Elements of `topics` that match none of these names, in their order.
  std::vector<std::string> PatternsWithout(const std::vector<std::string>& topics) const;
  // Names that stand in `topics` in full.
  const std::set<std::string, std::less<>>& named() const { return named_; }

  const TopicFilterOptions& options() const { return options_; }

 private:
  bool IsInternal(absl::string_view topic) const;

  TopicFilterOptions options_;
  std::set<std::string, std::less<>> named_;
  JavaPatternList include_;
  JavaPatternList exclude_;
};

// Topics in which the brokers keep their own state (offsets, transactions, share groups, tiered storage, metadata):
// a copy of one would be read by the target's brokers as their own.
bool IsBrokerTopic(absl::string_view topic);

// Topics that links of this program keep on their targets (replicator/ownership/link_topic.h).
bool IsLinkTopic(absl::string_view topic);

// A short sentence part, such as "matches topics.exclude".
absl::string_view Explain(TopicDecision decision);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_FILTER_H_
