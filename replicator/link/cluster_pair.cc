#include "replicator/link/cluster_pair.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kafka/client/errors.h"
#include "replicator/ownership/link_topic.h"

namespace replicator {
namespace {

using kafka::Clock;

constexpr Clock::duration kAskTimeout = std::chrono::seconds(15);
// By then every broker of a cluster knows a topic that one of them shows.
constexpr Clock::duration kTopicPatience = std::chrono::seconds(5);
constexpr Clock::duration kTopicPoll = std::chrono::milliseconds(250);

asio::awaitable<absl::StatusOr<kafka::MetadataResponse::Topic>> AskForTopic(kafka::ClusterClient& cluster,
                                                                            std::string topic) {
  kafka::MetadataRequest request;
  request.topics = std::vector<std::string>{topic};
  absl::StatusOr<kafka::MetadataResponse> response = co_await cluster.Ask(request, kAskTimeout);
  if (!response.ok()) co_return response.status();
  if (response->topics.size() == 1) co_return std::move(response->topics.front());
  co_return absl::UnavailableError(absl::StrCat(cluster.name(), " does not answer for topic ", topic));
}

absl::Status Refuse(const LinkConfig& config, absl::string_view why) {
  return absl::AbortedError(
      absl::StrCat(config.source.alias, ".bootstrap.servers and ", config.target.alias,
                   ".bootstrap.servers lead to the same cluster: both sides have one cluster id, and ", why,
                   ". Correct one of them in ", config.file_name));
}

absl::Status RefuseNotTold(const LinkConfig& config, absl::string_view why) {
  return absl::AbortedError(absl::StrCat(config.source.alias, ".bootstrap.servers and ", config.target.alias,
                                         ".bootstrap.servers may lead to the same cluster: both sides have one cluster "
                                         "id, and ",
                                         why));
}

}  // namespace

SidesVerdict CompareSides(const kafka::ClusterMetadata& source, const kafka::ClusterMetadata& target) {
  if (source.cluster_id != target.cluster_id) return {Sides::kTwoClusters, ""};
  for (const auto& [source_id, address] : source.brokers) {
    const bool on_both = std::any_of(target.brokers.begin(), target.brokers.end(),
                                     [&](const auto& broker) { return broker.second == address; });
    if (on_both) return {Sides::kOneCluster, absl::StrCat("both sides show a broker at ", address.ToString())};
  }
  SidesVerdict verdict;
  for (const auto& [name, topic] : source.topics) {
    auto other = target.topics.find(name);
    if (other == target.topics.end() || topic.id == kafka::kNoUuid || other->second.id == kafka::kNoUuid) continue;
    if (topic.id == other->second.id)
      return {Sides::kOneCluster, absl::StrCat("topic ", name, " has the same topic id on both sides")};
    verdict = {Sides::kTwoClusters, absl::StrCat("topic ", name, " has another topic id on each side")};
  }
  return verdict;
}

absl::Status CheckSides(const LinkConfig& config, const kafka::ClusterMetadata& source,
                        const kafka::ClusterMetadata& target) {
  const SidesVerdict verdict = CompareSides(source, target);
  return verdict.sides == Sides::kOneCluster ? Refuse(config, verdict.why) : absl::OkStatus();
}

SidesVerdict JudgeLinkTopic(const kafka::MetadataResponse::Topic& at_source, const kafka::Uuid& id_on_target,
                            SidesVerdict so_far) {
  switch (at_source.error_code) {
    case kafka::kErrorUnknownTopicOrPartition:
      return {Sides::kTwoClusters, absl::StrCat("the source has no topic ", at_source.name)};
    case kafka::kErrorNone:
    case kafka::kErrorLeaderNotAvailable:
      if (at_source.id != kafka::kNoUuid && id_on_target != kafka::kNoUuid && at_source.id != id_on_target)
        return {Sides::kTwoClusters, absl::StrCat("topic ", at_source.name, " has another topic id on each side")};
      return {Sides::kOneCluster,
              absl::StrCat("topic ", at_source.name, ", which this link has on the target, is at the source as well")};
    default:
      if (so_far.sides == Sides::kTwoClusters) return so_far;
      return {Sides::kNotTold,
              absl::StrCat("whether the source has topic ", at_source.name, " would tell, but it answers ",
                           kafka::ErrorText(at_source.error_code), ". Give its user DESCRIBE on that topic")};
  }
}

asio::awaitable<absl::Status> CheckLinkTopic(const LinkConfig& config, kafka::ClusterClient& source,
                                             kafka::ClusterClient& target) {
  if (source.metadata()->cluster_id != target.metadata()->cluster_id) co_return absl::OkStatus();
  const SidesVerdict so_far = CompareSides(*source.metadata(), *target.metadata());
  const std::string link_topic = LinkTopic(config.source.alias, config.target.alias);
  absl::StatusOr<kafka::MetadataResponse::Topic> there = co_await AskForTopic(target, link_topic);
  if (!there.ok()) co_return there.status();
  if (there->error_code != kafka::kErrorNone && there->error_code != kafka::kErrorLeaderNotAvailable) {
    if (so_far.sides == Sides::kTwoClusters) co_return absl::OkStatus();
    co_return RefuseNotTold(config,
                            absl::StrCat("topic ", link_topic, " would tell, but the target does not have it: ",
                                         kafka::ErrorText(there->error_code), ". Give its user CREATE on that topic"));
  }
  // One of the source's brokers after the other, since one alone may not know the topic yet.
  SidesVerdict verdict;
  for (const Clock::time_point deadline = Clock::now() + kTopicPatience;;) {
    absl::StatusOr<kafka::MetadataResponse::Topic> topic = co_await AskForTopic(source, link_topic);
    if (!topic.ok()) co_return topic.status();
    verdict = JudgeLinkTopic(*topic, there->id, so_far);
    const bool may_come = verdict.sides == Sides::kTwoClusters && so_far.sides != Sides::kTwoClusters;
    if (!may_come || Clock::now() >= deadline) break;
    co_await kafka::SleepFor(kTopicPoll);
    absl::StatusOr<kafka::MetadataSnapshot> refreshed = co_await source.FetchMetadata();
    if (!refreshed.ok()) co_return refreshed.status();
  }
  if (verdict.sides == Sides::kOneCluster) co_return Refuse(config, verdict.why);
  if (verdict.sides == Sides::kNotTold) co_return RefuseNotTold(config, verdict.why);
  LOG(INFO) << "both clusters have the id " << source.metadata()->cluster_id << ", but they are two: " << verdict.why;
  co_return absl::OkStatus();
}

}  // namespace replicator
