#include "policy/topic_filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace replicator::policy {
namespace {

constexpr absl::string_view kHeartbeats = "heartbeats";

constexpr std::array<absl::string_view, 5> kBrokerTopics = {
    "__consumer_offsets", "__transaction_state", "__share_group_state", "__remote_log_metadata", "__cluster_metadata"};

}  // namespace

bool IsBrokerTopic(absl::string_view topic) {
  return std::find(kBrokerTopics.begin(), kBrokerTopics.end(), topic) != kBrokerTopics.end();
}

absl::string_view Explain(TopicDecision decision) {
  switch (decision) {
    case TopicDecision::kCopy:
      return "is copied";
    case TopicDecision::kNotIncluded:
      return "matches no pattern of topics";
    case TopicDecision::kExcluded:
      return "matches topics.exclude";
    case TopicDecision::kInternal:
      return "is internal to the brokers or to MirrorMaker";
  }
  return "unknown";
}

absl::StatusOr<TopicFilter> TopicFilter::Create(TopicFilterOptions options) {
  absl::StatusOr<JavaPatternList> include = JavaPatternList::Compile(options.topics);
  if (!include.ok()) return include.status();
  absl::StatusOr<JavaPatternList> exclude = JavaPatternList::Compile(options.topics_exclude);
  if (!exclude.ok()) return exclude.status();
  TopicFilter filter;
  filter.options_ = std::move(options);
  filter.include_ = *std::move(include);
  filter.exclude_ = *std::move(exclude);
  return filter;
}

// Names as ReplicationPolicy (offsetSyncsTopic, checkpointsTopic, heartbeatsTopic) and MirrorMakerConfig.workerConfig
// build them. The separator is taken both as configured and as ".", for topics written before it was changed.
bool TopicFilter::IsMirrorMakerTopic(absl::string_view topic) const {
  if (topic == kHeartbeats) return true;
  for (const std::string& alias : options_.cluster_aliases) {
    if (topic == absl::StrCat(alias, options_.separator, kHeartbeats)) return true;
  }
  for (const absl::string_view separator : {absl::string_view(options_.separator), absl::string_view(".")}) {
    const std::string internal = absl::StrCat(separator, "internal");
    if (absl::StartsWith(topic, "mm2-") && absl::EndsWith(topic, internal)) return true;
    if (absl::EndsWith(topic, absl::StrCat(separator, "checkpoints", internal))) return true;
  }
  return false;
}

TopicDecision TopicFilter::Decide(absl::string_view topic) const {
  if (IsBrokerTopic(topic) || IsMirrorMakerTopic(topic)) return TopicDecision::kInternal;
  if (!include_.Matches(topic)) return TopicDecision::kNotIncluded;
  if (exclude_.Matches(topic)) return TopicDecision::kExcluded;
  return TopicDecision::kCopy;
}

}  // namespace replicator::policy
