#include "policy/topic_filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace replicator::policy {
namespace {

constexpr absl::string_view kHeartbeats = "heartbeats";

constexpr std::array<absl::string_view, 5> kBrokerTopics = {
    "__consumer_offsets", "__transaction_state", "__share_group_state", "__remote_log_metadata", "__cluster_metadata"};

}  // namespace

bool IsLinkTopic(absl::string_view topic) {
  return absl::StartsWith(topic, "replicator-link.") && absl::EndsWith(topic, ".internal");
}

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
      return "is internal by its name, and not named in full in topics";
    case TopicDecision::kNever:
      return "belongs to the brokers or to a link of this program";
  }
  return "unknown";
}

absl::StatusOr<TopicFilter> TopicFilter::Create(TopicFilterOptions options) {
  absl::StatusOr<JavaPatternList> include = JavaPatternList::Compile(options.topics);
  if (!include.ok()) return include.status();
  absl::StatusOr<JavaPatternList> exclude = JavaPatternList::Compile(options.topics_exclude);
  if (!exclude.ok()) return exclude.status();
  TopicFilter filter;
  for (const std::string& element : options.topics) {
    if (std::optional<std::string> name = NameInPattern(element)) filter.named_.insert(*std::move(name));
  }
  filter.options_ = std::move(options);
  filter.include_ = *std::move(include);
  filter.exclude_ = *std::move(exclude);
  return filter;
}

// Names as ReplicationPolicy (offsetSyncsTopic, checkpointsTopic, heartbeatsTopic) and MirrorMakerConfig.workerConfig
// build them. The separator is taken both as configured and as ".", for topics written before it was changed.
bool TopicFilter::IsInternal(absl::string_view topic) const {
  if (absl::StartsWith(topic, "__") || absl::StartsWith(topic, ".") || topic == kHeartbeats) return true;
  for (const std::string& alias : options_.cluster_aliases) {
    if (topic == absl::StrCat(alias, options_.separator, kHeartbeats)) return true;
  }
  for (const absl::string_view separator :
       {absl::string_view(options_.separator), absl::string_view("."), absl::string_view("-")}) {
    if (absl::EndsWith(topic, absl::StrCat(separator, "internal"))) return true;
  }
  return false;
}

TopicDecision TopicFilter::Decide(absl::string_view topic) const {
  if (IsBrokerTopic(topic) || IsLinkTopic(topic)) return TopicDecision::kNever;
  const bool is_named = named_.contains(topic);
  if (!include_.Matches(topic)) return TopicDecision::kNotIncluded;
  if (!(is_named && options_.excludes_by_default) && exclude_.Matches(topic)) return TopicDecision::kExcluded;
  if (!is_named && IsInternal(topic)) return TopicDecision::kInternal;
  return TopicDecision::kCopy;
}

bool TopicFilter::IsLeftOutByRule(absl::string_view topic) const {
  const TopicDecision decision = Decide(topic);
  return decision == TopicDecision::kInternal || (decision == TopicDecision::kExcluded && options_.excludes_by_default);
}

std::vector<std::string> TopicFilter::PatternsWithout(const std::vector<std::string>& topics) const {
  std::vector<std::string> without;
  for (const std::string& element : options_.topics) {
    const absl::StatusOr<JavaPatternList> pattern = JavaPatternList::Compile({element});
    const bool matches = pattern.ok() && std::any_of(topics.begin(), topics.end(),
                                                     [&](const std::string& topic) { return pattern->Matches(topic); });
    if (!matches) without.push_back(element);
  }
  return without;
}

}  // namespace replicator::policy
