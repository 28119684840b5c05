#ifndef REPLICATOR_POLICY_TOPIC_FILTER_H_
#define REPLICATOR_POLICY_TOPIC_FILTER_H_

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
  kInternal,     // belongs to the brokers or to MirrorMaker itself: never copied, whatever the patterns say
};

// MirrorMaker 2's defaults, those of DefaultTopicFilter in Kafka 2.4 ... 3.9. Kafka 4.3 has `mm2.*\.internal` for the
// first pattern, and so would copy a topic named `orders.internal`.
inline constexpr absl::string_view kTopicsDefault = ".*";
inline constexpr absl::string_view kTopicsExcludeDefault = R"(.*[\-\.]internal, .*\.replica, __.*)";

struct TopicFilterOptions {
  std::vector<std::string> topics = {".*"};                                                     // Java patterns
  std::vector<std::string> topics_exclude = {R"(.*[\-\.]internal)", R"(.*\.replica)", "__.*"};  // win over `topics`
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

  const TopicFilterOptions& options() const { return options_; }

 private:
  bool IsMirrorMakerTopic(absl::string_view topic) const;

  TopicFilterOptions options_;
  JavaPatternList include_;
  JavaPatternList exclude_;
};

// Topics in which the brokers keep their own state (offsets, transactions, share groups, tiered storage, metadata):
// a copy of one would be read by the target's brokers as their own.
bool IsBrokerTopic(absl::string_view topic);

// A short sentence part, such as "matches topics.exclude".
absl::string_view Explain(TopicDecision decision);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_TOPIC_FILTER_H_
