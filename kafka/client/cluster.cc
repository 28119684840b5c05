#include "kafka/client/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kMetadataTimeout = std::chrono::seconds(15);
// More partitions than any cluster has; a larger number would be a damaged answer.
constexpr int32_t kPartitionNumberMax = 1'000'000;

MetadataSnapshot ToSnapshot(MetadataResponse response) {
  auto snapshot = std::make_shared<ClusterMetadata>();
  snapshot->cluster_id = response.cluster_id.value_or("");
  snapshot->controller_id = response.controller_id;
  snapshot->leader_epochs_are_current = response.leader_epochs_are_current;
  for (MetadataResponse::Broker& broker : response.brokers) {
    snapshot->brokers[broker.node_id] = Endpoint{std::move(broker.host), static_cast<uint16_t>(broker.port)};
  }
  for (MetadataResponse::Topic& from : response.topics) {
    TopicMetadata& topic = snapshot->topics[from.name];
    topic.error_code = from.error_code;
    topic.id = from.id;
    topic.is_internal = from.is_internal;
    for (const MetadataResponse::Partition& partition : from.partitions) {
      if (partition.partition < 0 || partition.partition > kPartitionNumberMax) continue;
      if (topic.partitions.size() <= static_cast<size_t>(partition.partition))
        topic.partitions.resize(partition.partition + 1);
      topic.partitions[partition.partition] = {.leader_id = partition.leader_id,
                                               .leader_epoch = partition.leader_epoch,
                                               .replicas = static_cast<int>(partition.replicas.size()),
                                               .in_sync_replicas = static_cast<int>(partition.in_sync_replicas.size())};
    }
  }
  return snapshot;
}

}  // namespace

const PartitionMetadata* ClusterMetadata::FindPartition(const std::string& topic, int32_t partition) const {
  auto found = topics.find(topic);
  if (found == topics.end() || partition < 0 || static_cast<size_t>(partition) >= found->second.partitions.size())
    return nullptr;
  return &found->second.partitions[partition];
}

ClusterClient::ClusterClient(std::string name, std::vector<Endpoint> bootstrap, ConnectionOptions options)
    : name_(std::move(name)), bootstrap_(std::move(bootstrap)), options_(std::move(options)) {}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::ConnectTo(Endpoint endpoint) {
  std::unique_ptr<Lane>& lane = lanes_[endpoint.ToString()];
  if (lane == nullptr) lane = std::make_unique<Lane>(endpoint, options_);
  // What is created, deleted or granted must not reach another cluster either.
  if (metadata_ != nullptr) lane->ExpectCluster(expected_id_);
  Lane* the_lane = lane.get();
  co_return co_await the_lane->Get();
}

// The broker that answered last, then the brokers known, then the bootstrap addresses (DNS may have moved them).
std::vector<Endpoint> ClusterClient::Candidates() const {
  std::vector<Endpoint> candidates;
  if (current_.port != 0) candidates.push_back(current_);
  if (metadata_ != nullptr) {
    for (const auto& [id, endpoint] : metadata_->brokers) candidates.push_back(endpoint);
  }
  candidates.insert(candidates.end(), bootstrap_.begin(), bootstrap_.end());
  std::vector<Endpoint> unique;
  for (Endpoint& candidate : candidates) {
    if (std::find(unique.begin(), unique.end(), candidate) == unique.end()) unique.push_back(std::move(candidate));
  }
  // It may hang, which takes longer to find out than that it is gone.
  std::stable_partition(unique.begin(), unique.end(), [this](const Endpoint& one) { return !(one == avoided_); });
  return unique;
}

void ClusterClient::TryAnotherBroker() { avoided_ = std::exchange(current_, Endpoint{}); }

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::AnyBroker() {
  std::vector<std::string> errors;
  bool all_unfit = true;  // they answer, and speak no version that we need
  std::vector<Endpoint> candidates = Candidates();
  for (const Endpoint& candidate : candidates) {
    Endpoint endpoint = candidate;
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await ConnectTo(endpoint);
    if (connection.ok()) {
      current_ = endpoint;
      co_return connection;
    }
    if (absl::IsAborted(connection.status()))
      co_return absl::AbortedError(
          absl::StrCat(name_, " has to be ", expected_id_, ": ", connection.status().message()));
    all_unfit = all_unfit && absl::IsFailedPrecondition(connection.status());
    errors.push_back(std::string(connection.status().message()));
  }
  const std::string why = absl::StrJoin(errors, "; ");
  if (all_unfit) co_return absl::FailedPreconditionError(absl::StrCat("no broker of ", name_, " can be used: ", why));
  co_return absl::UnavailableError(absl::StrCat("no broker of ", name_, " can be reached: ", why));
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::Controller() {
  if (metadata_ != nullptr) {
    auto controller = metadata_->brokers.find(metadata_->controller_id);
    if (controller != metadata_->brokers.end()) {
      Endpoint endpoint = controller->second;
      absl::StatusOr<std::shared_ptr<Connection>> connection = co_await ConnectTo(endpoint);
      if (connection.ok()) co_return connection;
    }
  }
  co_return co_await AnyBroker();
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::Broker(int32_t id) {
  if (metadata_ == nullptr || !metadata_->brokers.contains(id))
    co_return absl::UnavailableError(absl::StrCat(name_, " does not show broker ", id, " at present"));
  Endpoint endpoint = metadata_->brokers.at(id);
  co_return co_await ConnectTo(endpoint);
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::Leader(std::string topic,
                                                                                   int32_t partition) {
  const PartitionMetadata* found = metadata_ == nullptr ? nullptr : metadata_->FindPartition(topic, partition);
  if (found == nullptr || !metadata_->brokers.contains(found->leader_id))
    co_return absl::UnavailableError(absl::StrCat(topic, "-", partition, " has no leader in ", name_, " at present"));
  Endpoint endpoint = metadata_->brokers.at(found->leader_id);
  co_return co_await ConnectTo(endpoint);
}

asio::awaitable<absl::StatusOr<MetadataSnapshot>> ClusterClient::FetchMetadata() {
  MetadataRequest request;
  absl::StatusOr<MetadataResponse> response = co_await Ask(request, kMetadataTimeout);
  if (!response.ok()) {
    TryAnotherBroker();
    co_return response.status();
  }
  MetadataSnapshot snapshot = ToSnapshot(*std::move(response));
  if (expected_id_.empty()) expected_id_ = snapshot->cluster_id;
  if (snapshot->cluster_id != expected_id_) {
    co_return absl::AbortedError(absl::StrCat(name_, " has to be ", expected_id_, ", and answers as ",
                                              snapshot->cluster_id,
                                              ". Nothing is mixed: correct its bootstrap servers or DNS"));
  }
  if (snapshot->brokers.empty()) {  // it has just started, and knows of no topic either
    TryAnotherBroker();
    co_return absl::UnavailableError(absl::StrCat("a broker of ", name_, " that starts does not know its cluster yet"));
  }
  metadata_ = snapshot;
  co_return metadata_;
}

void ClusterClient::Close() {
  for (auto& [address, lane] : lanes_) lane->Close();
}

absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(const std::vector<std::string>& addresses) {
  std::vector<Endpoint> endpoints;
  for (const std::string& address : addresses) {
    const size_t colon = address.rfind(':');
    uint32_t port = 0;
    if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port == 0 ||
        port > 65535) {
      return absl::InvalidArgumentError(absl::StrCat("'", address, "' is not an address; write host:port"));
    }
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    endpoints.push_back({std::move(host), static_cast<uint16_t>(port)});
  }
  return endpoints;
}

}  // namespace replicator::kafka
