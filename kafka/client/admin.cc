#include "kafka/client/admin.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kafka/client/errors.h"
#include "kafka/wire/api_versions.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kAdminTimeout = std::chrono::seconds(40);  // above CreateTopicsRequest::timeout_ms
// Of a question to one broker that can be left unanswered.
constexpr Clock::duration kOneBrokerTimeout = std::chrono::seconds(10);
// Topics per request: keeps one answer (about 5 KiB a topic with all its configs) far below every frame limit.
constexpr size_t kTopicsPerRequest = 500;

// The controller moved, or is being elected: ask again with new metadata.
constexpr int kControllerTries = 5;
// Right after its start a broker has no block of producer ids yet: COORDINATOR_LOAD_IN_PROGRESS, for seconds if it is
// busy.
constexpr Clock::duration kProducerIdPatience = std::chrono::seconds(30);

// Of one topic of a response to CreateTopics or CreatePartitions.
template <typename Topic>
TopicOutcome OutcomeOf(const Topic& topic, absl::string_view doing) {
  TopicOutcome outcome;
  outcome.error_code = topic.error_code;
  outcome.broker_says = topic.error_message.value_or("");
  outcome.status = ErrorStatus(topic.error_code, absl::StrCat(doing, " ", topic.name));
  if (!outcome.status.ok() && !outcome.broker_says.empty()) {
    outcome.status = absl::Status(
        outcome.status.code(), absl::StrCat(outcome.status.message(), " (the broker says: ", outcome.broker_says, ")"));
  }
  return outcome;
}

template <typename Response>
bool AnyNotController(const Response& response) {
  return std::any_of(response.topics.begin(), response.topics.end(),
                     [](const auto& topic) { return topic.error_code == kErrorNotController; });
}

template <typename Request>
asio::awaitable<absl::StatusOr<typename Request::Response>> CreateOnController(ClusterClient& cluster,
                                                                               Request request) {
  absl::StatusOr<typename Request::Response> response = absl::UnavailableError("no controller");
  for (int i = 0; i < kControllerTries; ++i) {
    if (i > 0) {
      co_await SleepFor(Backoff::kMin * (1 << i));
      absl::StatusOr<MetadataSnapshot> refreshed = co_await cluster.FetchMetadata();
      if (!refreshed.ok()) continue;
    }
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await cluster.Controller();
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<Connection> controller = *connection;
    response = co_await controller->Call(request, kAdminTimeout);
    if (response.ok() && !AnyNotController(*response)) break;
  }
  co_return response;
}

DescribeConfigsRequest DescribeRequest(const std::vector<std::string>& topics, size_t begin,
                                       const std::optional<std::vector<std::string>>& keys) {
  DescribeConfigsRequest request;
  for (size_t i = begin; i < std::min(topics.size(), begin + kTopicsPerRequest); ++i) {
    request.resources.push_back({.type = ConfigResourceType::kTopic, .name = topics[i], .keys = keys});
  }
  return request;
}

// The right that it takes is one of its own (KafkaApis.handleDescribeConfigsRequest).
absl::Status DescribedStatus(const DescribeConfigsResponse::Resource& resource) {
  if (resource.error_code == kErrorTopicAuthorizationFailed) {
    return absl::PermissionDeniedError(absl::StrCat("TOPIC_AUTHORIZATION_FAILED: kafka-acls --add --allow-principal ",
                                                    "User:... --operation DescribeConfigs --topic ", resource.name,
                                                    " gives the right that is missing"));
  }
  return ErrorStatus(resource.error_code, absl::StrCat("describe the configs of topic ", resource.name));
}

void AddTo(TopicConfigs& result, DescribeConfigsResponse response) {
  for (DescribeConfigsResponse::Resource& resource : response.resources) {
    const absl::Status status = DescribedStatus(resource);
    if (status.ok()) {
      result.configs[resource.name] = std::move(resource.configs);
    } else {
      result.errors[resource.name] = status;
    }
  }
}

}  // namespace

asio::awaitable<absl::StatusOr<TopicConfigs>> DescribeTopics(ClusterClient& cluster, std::vector<std::string> topics,
                                                             std::optional<std::vector<std::string>> keys) {
  TopicConfigs result;
  for (size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    DescribeConfigsRequest request = DescribeRequest(topics, begin, keys);
    absl::StatusOr<DescribeConfigsResponse> response = co_await cluster.Ask(request, kAdminTimeout);
    if (!response.ok()) co_return response.status();
    AddTo(result, *std::move(response));
  }
  co_return result;
}

asio::awaitable<absl::StatusOr<TopicConfigs>> DescribeTopicsAt(ClusterClient& cluster, int32_t id,
                                                               std::vector<std::string> topics,
                                                               std::vector<std::string> keys) {
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await cluster.Broker(id);
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<Connection> broker = *connection;
  TopicConfigs result;
  for (size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    DescribeConfigsRequest request = DescribeRequest(topics, begin, keys);
    absl::StatusOr<DescribeConfigsResponse> response = co_await broker->Call(request, kOneBrokerTimeout);
    if (!response.ok()) co_return response.status();
    AddTo(result, *std::move(response));
  }
  co_return result;
}

asio::awaitable<absl::StatusOr<TopicOutcomes>> CreateTopics(ClusterClient& cluster,
                                                            std::vector<CreateTopicsRequest::Topic> topics,
                                                            bool validate_only) {
  TopicOutcomes outcomes;
  absl::flat_hash_map<std::string, int32_t> partitions_wanted;
  for (const CreateTopicsRequest::Topic& topic : topics) partitions_wanted[topic.name] = topic.partition_count;
  std::vector<TopicGrowth> unfinished;
  for (std::vector<CreateTopicsRequest::Topic>& step : CreateSteps(std::move(topics))) {
    CreateTopicsRequest request;
    request.validate_only = validate_only;
    request.topics = std::move(step);
    absl::StatusOr<CreateTopicsResponse> response = co_await CreateOnController(cluster, request);
    if (!response.ok()) co_return response.status();
    for (const auto& topic : response->topics) {
      outcomes[topic.name] = OutcomeOf(topic, "create topic");
      outcomes[topic.name].is_made = topic.error_code == kErrorNone && !validate_only;
    }
    for (const CreateTopicsRequest::Topic& topic : request.topics) {
      auto outcome = outcomes.find(topic.name);
      const bool is_made = outcome != outcomes.end() && outcome->second.status.ok();
      if (is_made && topic.partition_count < partitions_wanted[topic.name])
        unfinished.push_back({topic.name, topic.partition_count, partitions_wanted[topic.name]});
    }
  }
  if (unfinished.empty() || validate_only) co_return outcomes;
  absl::StatusOr<TopicOutcomes> grown = co_await CreatePartitions(cluster, unfinished);
  if (!grown.ok()) co_return grown.status();
  for (auto& [name, outcome] : *grown) {
    outcome.is_made = true;
    outcomes[name] = std::move(outcome);
  }
  co_return outcomes;
}

asio::awaitable<absl::StatusOr<TopicOutcomes>> CreatePartitions(ClusterClient& cluster,
                                                                std::vector<TopicGrowth> topics) {
  TopicOutcomes outcomes;
  for (std::vector<CreatePartitionsRequest::Topic>& step : GrowSteps(std::move(topics))) {
    // A topic that was refused is not asked for more.
    std::erase_if(step, [&](const CreatePartitionsRequest::Topic& topic) {
      auto before = outcomes.find(topic.name);
      return before != outcomes.end() && !before->second.status.ok();
    });
    if (step.empty()) continue;
    CreatePartitionsRequest request;
    request.topics = std::move(step);
    absl::StatusOr<CreatePartitionsResponse> response = co_await CreateOnController(cluster, request);
    if (!response.ok()) co_return response.status();
    for (const auto& topic : response->topics) outcomes[topic.name] = OutcomeOf(topic, "add partitions to topic");
  }
  co_return outcomes;
}

asio::awaitable<absl::StatusOr<ProducerIdentity>> NewProducerId(ClusterClient& cluster) {
  InitProducerIdRequest request;
  const Clock::time_point deadline = Clock::now() + kProducerIdPatience;
  Backoff backoff;
  for (;;) {
    absl::StatusOr<InitProducerIdResponse> response = co_await cluster.Ask(request, kAdminTimeout);
    absl::Status why = response.ok()
                           ? ErrorStatus(response->error_code, absl::StrCat("get a producer id from ", cluster.name()))
                           : response.status();
    if (why.ok()) co_return ProducerIdentity{response->producer_id, response->producer_epoch};
    const Clock::duration wait = backoff.Next();
    // What only the operator can change is not asked again.
    if (!absl::IsUnavailable(why) || Clock::now() + wait >= deadline) co_return why;
    co_await SleepFor(wait);
  }
}

asio::awaitable<absl::StatusOr<ClusterFeatures>> FeaturesOf(ClusterClient& cluster) {
  ApiVersionsRequest request;
  absl::StatusOr<ApiVersionsResponse> response = co_await cluster.Ask(request, kAdminTimeout);
  if (!response.ok()) co_return response.status();
  ClusterFeatures features;
  for (const ApiVersionsResponse::Range& api : response->apis) {
    if (api.api_key == static_cast<int16_t>(ApiKey::kFetch)) features.is_4_or_newer = api.version_min >= 4;
    if (api.api_key == static_cast<int16_t>(ApiKey::kCreateTopics))
      features.has_default_replication_factor = api.version_max >= 4;
  }
  co_return features;
}

}  // namespace replicator::kafka
