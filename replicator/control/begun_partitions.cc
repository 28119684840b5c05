#include "replicator/control/begun_partitions.h"

#include <chrono>
#include <memory>
#include <utility>

#include "kafka/client/errors.h"
#include "kafka/wire/list_offsets.h"

namespace replicator {
namespace {

constexpr kafka::Clock::duration kListOffsetsTimeout = std::chrono::seconds(15);

// One request to each leader.
std::map<int32_t, kafka::ListOffsetsRequest> RequestsFor(const kafka::ClusterMetadata& metadata,
                                                         const std::vector<std::string>& topics) {
  std::map<int32_t, kafka::ListOffsetsRequest> requests;
  for (const std::string& name : topics) {
    auto topic = metadata.topics.find(name);
    if (topic == metadata.topics.end()) continue;
    for (size_t partition = 0; partition < topic->second.partitions.size(); ++partition) {
      const int32_t leader = topic->second.partitions[partition].leader_id;
      if (!metadata.brokers.contains(leader)) continue;
      kafka::ListOffsetsRequest& request =
          requests.try_emplace(leader, kafka::ListOffsetsRequest(kafka::kConsumerReplicaId)).first->second;
      if (request.topics.empty() || request.topics.back().name != name) request.topics.push_back({name, {}});
      request.topics.back().partitions.push_back({static_cast<int32_t>(partition)});
    }
  }
  return requests;
}

}  // namespace

asio::awaitable<absl::StatusOr<std::map<std::string, std::set<int32_t>>>> BegunPartitions(
    kafka::ClusterClient& cluster, std::vector<std::string> topics) {
  std::map<std::string, std::set<int32_t>> begun;
  std::map<int32_t, kafka::ListOffsetsRequest> requests = RequestsFor(*cluster.metadata(), topics);
  for (const auto& [broker, request] : requests) {
    absl::StatusOr<std::shared_ptr<kafka::Connection>> connection = co_await cluster.Broker(broker);
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<kafka::Connection> open = *connection;
    absl::StatusOr<kafka::ListOffsetsResponse> response = co_await open->Call(request, kListOffsetsTimeout);
    if (!response.ok()) co_return response.status();
    for (const kafka::ListOffsetsResponse::Topic& topic : response->topics) {
      for (const kafka::ListOffsetsResponse::Partition& partition : topic.partitions) {
        if (partition.error_code == kafka::kErrorNone && partition.offset > 0)
          begun[topic.name].insert(partition.partition);
      }
    }
  }
  co_return begun;
}

}  // namespace replicator
