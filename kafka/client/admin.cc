#include "kafka/client/admin.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kafka/client/errors.h"
#include "kafka/wire/api_versions.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kAdminTimeout = std::chrono::seconds(40);  // above CreateTopicsRequest::timeout_ms
// Topics per request: keeps one answer (about 5 KiB a topic with all its configs) far below every frame limit.
constexpr size_t kTopicsPerRequest = 500;

// The controller moved, or is being elected: ask again with new metadata.
constexpr int kControllerTries = 5;
// Right after its start a broker has no block of producer ids yet: COORDINATOR_LOAD_IN_PROGRESS, for seconds if it is
// busy.
constexpr Clock::duration kProducerIdPatience = std::chrono::seconds(30);

// Of one topic of a response to CreateTopics or CreatePartitions.
template <typename Topic>
absl::Status TopicStatus(const Topic& topic, absl::string_view doing) {
  absl::Status status = ErrorStatus(topic.error_code, absl::StrCat(doing, " ", topic.name));
  if (status.ok() || !topic.error_message.has_value() || topic.error_message->empty()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), " (the broker says: ", *topic.error_message, ")"));
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

}  // namespace

asio::awaitable<absl::StatusOr<TopicConfigs>> DescribeTopics(ClusterClient& cluster, std::vector<std::string> topics,
                                                             std::optional<std::vector<std::string>> keys) {
  TopicConfigs result;
  for (size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    DescribeConfigsRequest request;
    for (size_t i = begin; i < std::min(topics.size(), begin + kTopicsPerRequest); ++i) {
      request.resources.push_back({.type = ConfigResourceType::kTopic, .name = topics[i], .keys = keys});
    }
    absl::StatusOr<DescribeConfigsResponse> response = co_await cluster.Ask(request, kAdminTimeout);
    if (!response.ok()) co_return response.status();
    for (DescribeConfigsResponse::Resource& resource : response->resources) {
      absl::Status status =
          ErrorStatus(resource.error_code, absl::StrCat("describe the configs of topic ", resource.name));
      if (status.ok()) {
        result.configs[resource.name] = std::move(resource.configs);
      } else {
        result.errors[resource.name] = status;
      }
    }
  }
  co_return result;
}

asio::awaitable<absl::StatusOr<absl::flat_hash_map<std::string, absl::Status>>> CreateTopics(
    ClusterClient& cluster, std::vector<CreateTopicsRequest::Topic> topics, bool validate_only) {
  absl::flat_hash_map<std::string, absl::Status> outcomes;
  for (size_t begin = 0; begin < topics.size(); begin += kTopicsPerRequest) {
    CreateTopicsRequest request;
    request.validate_only = validate_only;
    const size_t end = std::min(topics.size(), begin + kTopicsPerRequest);
    request.topics.assign(topics.begin() + begin, topics.begin() + end);
    absl::StatusOr<CreateTopicsResponse> response = co_await CreateOnController(cluster, request);
    if (!response.ok()) co_return response.status();
    for (const auto& topic : response->topics) outcomes[topic.name] = TopicStatus(topic, "create topic");
  }
  co_return outcomes;
}

asio::awaitable<absl::StatusOr<absl::flat_hash_map<std::string, absl::Status>>> CreatePartitions(
    ClusterClient& cluster, std::vector<CreatePartitionsRequest::Topic> topics) {
  absl::flat_hash_map<std::string, absl::Status> outcomes;
  CreatePartitionsRequest request;
  request.topics = std::move(topics);
  absl::StatusOr<CreatePartitionsResponse> response = co_await CreateOnController(cluster, request);
  if (!response.ok()) co_return response.status();
  for (const auto& topic : response->topics) outcomes[topic.name] = TopicStatus(topic, "add partitions to topic");
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
