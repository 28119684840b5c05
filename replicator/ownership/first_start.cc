#include "replicator/ownership/first_start.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/wire/list_offsets.h"

namespace replicator {
namespace {

using kafka::Clock;

// Leaders that are being elected are there by then.
constexpr Clock::duration kPatience = std::chrono::seconds(60);
constexpr Clock::duration kListOffsetsTimeout = std::chrono::seconds(15);

// As in link_topic.cc: another broker may lead soon.
bool CanPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsDataLoss(status);
}

// Partitions that the link selects, by their leaders; the ids of their topics in `start`. Unavailable: one has no
// leader.
absl::StatusOr<std::map<int32_t, std::map<std::string, std::vector<int32_t>>>> SelectByLeader(
    const LinkConfig& config, const kafka::ClusterMetadata& source, StartOffsets& start) {
  std::map<int32_t, std::map<std::string, std::vector<int32_t>>> by_leader;
  for (const auto& [name, topic] : source.topics) {
    if (topic.is_internal || config.topic_filter.Decide(name) != policy::TopicDecision::kCopy) continue;
    if (config.replication_policy.IsCycle(name)) continue;
    if (topic.error_code != kafka::kErrorNone)
      return absl::UnavailableError(absl::StrCat("topic ", name, ": ", kafka::ErrorText(topic.error_code)));
    start.topics[name].id = topic.id;
    for (size_t partition = 0; partition < topic.partitions.size(); ++partition) {
      const int32_t leader = topic.partitions[partition].leader_id;
      if (!source.brokers.contains(leader))
        return absl::UnavailableError(absl::StrCat(name, "-", partition, " has no leader at the source at present"));
      by_leader[leader][name].push_back(static_cast<int32_t>(partition));
    }
  }
  return by_leader;
}

asio::awaitable<absl::StatusOr<StartOffsets>> AskEnds(const LinkConfig& config, kafka::ClusterClient& source) {
  absl::StatusOr<kafka::MetadataSnapshot> metadata = co_await source.FetchMetadata();
  if (!metadata.ok()) co_return metadata.status();
  StartOffsets start;
  auto by_leader = SelectByLeader(config, **metadata, start);
  if (!by_leader.ok()) co_return by_leader.status();
  for (const auto& [leader, topics] : *by_leader) {
    kafka::ListOffsetsRequest request(kafka::kConsumerReplicaId);
    request.isolation_level = config.isolation_level;
    for (const auto& [name, partitions] : topics) {
      request.topics.push_back({name, {}});
      for (const int32_t partition : partitions) request.topics.back().partitions.push_back({partition});
    }
    const auto& [first_topic, first_partitions] = *topics.begin();
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection =
        co_await source.Leader(first_topic, first_partitions.front());
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<kafka::Connection> open = *connection;
    absl::StatusOr<kafka::ListOffsetsResponse> response = co_await open->Call(request, kListOffsetsTimeout);
    if (!response.ok()) co_return response.status();
    for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
      for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
        if (partition.error_code != kafka::kErrorNone) {
          co_return kafka::ErrorStatus(partition.error_code,
                                       absl::StrCat("list offsets of ", topic.name, "-", partition.partition));
        }
        start.topics[topic.name].ends[partition.partition] = partition.offset;
      }
    }
  }
  for (const auto& [name, topic] : start.topics) {
    if (topic.ends.size() != (*metadata)->topics.at(name).partitions.size())
      co_return absl::UnavailableError(absl::StrCat("list offsets: an answer lacks partitions of ", name));
  }
  co_return start;
}

}  // namespace

asio::awaitable<absl::StatusOr<StartOffsets>> AskStart(const LinkConfig& config, kafka::ClusterClient& source) {
  const Clock::time_point begin = Clock::now();
  kafka::Backoff backoff;
  for (;;) {
    absl::StatusOr<StartOffsets> ends = co_await AskEnds(config, source);
    if (ends.ok() || !CanPass(ends.status())) co_return ends;
    const Clock::duration wait = backoff.Next();
    if (Clock::now() + wait - begin > kPatience) co_return ends.status();
    co_await kafka::SleepFor(wait);
  }
}

}  // namespace replicator
