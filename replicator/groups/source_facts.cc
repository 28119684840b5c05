#include "replicator/groups/source_facts.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kafka/client/admin.h"
#include "kafka/client/errors.h"
#include "kafka/net/lane.h"
#include "kafka/wire/list_offsets.h"

namespace replicator {
namespace {

using kafka::Clock;
using kafka::TopicPartition;

constexpr Clock::duration kAskTimeout = std::chrono::seconds(10);
constexpr Clock::duration kPollInterval = std::chrono::milliseconds(200);
constexpr char kOffsetsTopic[] = "__consumer_offsets";

using Ends = std::map<TopicPartition, int64_t>;

// One round: adds what is answered.
asio::awaitable<absl::Status> AskEndsOnce(kafka::ClusterClient& cluster, std::vector<TopicPartition> partitions,
                                          kafka::IsolationLevel isolation, Ends* ends) {
  std::map<int32_t, kafka::ListOffsetsRequest> by_leader;
  for (const TopicPartition& partition : partitions) {
    const kafka::PartitionMetadata* known = cluster.metadata()->FindPartition(partition.topic, partition.partition);
    if (known == nullptr || known->leader_id < 0)
      co_return absl::UnavailableError(
          absl::StrCat(partition.topic, "-", partition.partition, " of ", cluster.name(), " has no leader at present"));
    kafka::ListOffsetsRequest& request =
        by_leader.try_emplace(known->leader_id, kafka::kConsumerReplicaId).first->second;
    request.isolation_level = isolation;
    if (request.topics.empty() || request.topics.back().name != partition.topic)
      request.topics.push_back({partition.topic, {}});
    request.topics.back().partitions.push_back({.partition = partition.partition});
  }
  for (auto& [leader, request] : by_leader) {
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await cluster.Broker(leader);
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<kafka::Connection> open = *connection;
    absl::StatusOr<kafka::ListOffsetsResponse> response = co_await open->Call(request, kAskTimeout);
    if (!response.ok()) co_return response.status();
    for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
      for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
        const absl::Status status = kafka::ErrorStatus(
            partition.error_code,
            absl::StrCat("ask for the end of ", topic.name, "-", partition.partition, " of ", cluster.name()));
        if (!status.ok()) co_return status;
        (*ends)[{topic.name, partition.partition}] = partition.offset;
      }
    }
  }
  for (const TopicPartition& partition : partitions) {
    if (!ends->contains(partition))
      co_return absl::UnavailableError(absl::StrCat("ask for the end of ", partition.topic, "-", partition.partition,
                                                    " of ", cluster.name(), ": no answer"));
  }
  co_return absl::OkStatus();
}

// Java's String.hashCode goes over UTF-16.
std::optional<std::vector<uint16_t>> ToUtf16(std::string_view text) {
  std::vector<uint16_t> units;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0x80 ? 1 : first >> 5 == 0x6 ? 2 : first >> 4 == 0xe ? 3 : first >> 3 == 0x1e ? 4 : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    uint32_t code = length == 1 ? first : first & (0x7f >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 0x2) return std::nullopt;
      code = code << 6 | (next & 0x3f);
    }
    if (code >= 0x10000) {
      units.push_back(static_cast<uint16_t>(0xd800 + ((code - 0x10000) >> 10)));
      units.push_back(static_cast<uint16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
    } else {
      units.push_back(static_cast<uint16_t>(code));
    }
    i += length;
  }
  return units;
}

}  // namespace

asio::awaitable<absl::StatusOr<Ends>> AskEnds(kafka::ClusterClient& cluster, std::vector<TopicPartition> partitions,
                                              kafka::IsolationLevel isolation, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  kafka::Backoff backoff;
  for (;;) {
    Ends ends;
    absl::Status asked = co_await AskEndsOnce(cluster, partitions, isolation, &ends);
    if (asked.ok()) co_return ends;
    const Clock::duration wait = backoff.Next();
    const bool passes = absl::IsUnavailable(asked) || absl::IsDeadlineExceeded(asked) || absl::IsDataLoss(asked);
    if (!passes || Clock::now() + wait >= deadline) co_return asked;
    co_await kafka::SleepFor(wait);
    absl::StatusOr<kafka::MetadataSnapshot> fetched = co_await cluster.FetchMetadata();
    if (!fetched.ok()) co_return fetched.status();
  }
}

int32_t OffsetsPartitionOf(std::string_view group, int32_t partitions) {
  const std::optional<std::vector<uint16_t>> units = ToUtf16(group);
  if (!units.has_value() || partitions <= 0) return -1;
  uint32_t hash = 0;
  for (const uint16_t unit : *units) hash = hash * 31 + unit;
  const auto as_signed = static_cast<int32_t>(hash);
  const int64_t positive = as_signed == INT32_MIN ? 0 : as_signed < 0 ? -int64_t{as_signed} : as_signed;
  return static_cast<int32_t>(positive % partitions);
}

asio::awaitable<absl::Status> AskOffsetsTopicIsStable(kafka::ClusterClient& cluster, std::string group,
                                                      Clock::duration patience, bool* is_stable) {
  *is_stable = false;
  const auto topic = cluster.metadata()->topics.find(kOffsetsTopic);
  if (topic == cluster.metadata()->topics.end())
    co_return absl::FailedPreconditionError(
        absl::StrCat(cluster.name(), " does not show this user its topic ", kOffsetsTopic,
                     ", and cannot say otherwise whether a transaction holds back offsets of group ", group,
                     ". Give the user DESCRIBE on it, or write --yes"));
  const int32_t partition = OffsetsPartitionOf(group, static_cast<int32_t>(topic->second.partitions.size()));
  const Clock::time_point deadline = Clock::now() + patience;
  const std::vector<TopicPartition> asked = {{kOffsetsTopic, partition}};
  for (;;) {
    // All of it first: the stable end, asked later, has reached that when nothing is open in between.
    absl::StatusOr<Ends> all = co_await AskEnds(cluster, asked, kafka::IsolationLevel::kReadUncommitted, patience);
    if (!all.ok()) co_return all.status();
    absl::StatusOr<Ends> stable = co_await AskEnds(cluster, asked, kafka::IsolationLevel::kReadCommitted, patience);
    if (!stable.ok()) co_return stable.status();
    *is_stable = stable->at(asked[0]) >= all->at(asked[0]);
    if (*is_stable || Clock::now() >= deadline) co_return absl::OkStatus();
    co_await kafka::SleepFor(kPollInterval);
  }
}

asio::awaitable<absl::StatusOr<bool>> AskIsCompacted(kafka::ClusterClient& cluster, std::string topic) {
  const std::vector<std::string> topics = {topic};
  const std::vector<std::string> keys = {"cleanup.policy"};
  absl::StatusOr<kafka::TopicConfigs> described = co_await kafka::DescribeTopics(cluster, topics, keys);
  if (!described.ok()) co_return described.status();
  if (const auto error = described->errors.find(topic); error != described->errors.end()) co_return error->second;
  const auto configs = described->configs.find(topic);
  if (configs == described->configs.end())
    co_return absl::UnavailableError(
        absl::StrCat("read the settings of ", topic, " of ", cluster.name(), ": no answer"));
  for (const kafka::DescribeConfigsResponse::Config& config : configs->second) {
    if (config.name == keys[0]) co_return absl::StrContains(config.value.value_or(""), "compact");
  }
  co_return false;
}

}  // namespace replicator
