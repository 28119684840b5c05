#include "kafka/client/cluster.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kafka/client/errors.h"

namespace replicator::kafka {
namespace {

constexpr Clock::duration kMetadataTimeout = std::chrono::seconds(15);
// While another broker can be asked: one that hangs must not keep new leaders unknown for long.
constexpr Clock::duration kMetadataFirstTimeout = std::chrono::seconds(5);
// How long others come before a broker that did not answer; before one that could not be connected to, so many times as
// long as it took to find that out.
constexpr Clock::duration kAvoided = std::chrono::minutes(1);
constexpr int kAvoidedTimes = 10;
// A broker that has just started, or that has lost its session, knows no broker until it is registered. What begins
// beside it waits for that.
constexpr Clock::duration kStartingMax = std::chrono::minutes(1);
constexpr Clock::duration kStartingInterval = std::chrono::milliseconds(500);

}  // namespace

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

// `first`, then the brokers known, then the bootstrap addresses (DNS may have moved them).
std::vector<Endpoint> ClusterClient::Candidates(const Endpoint& first) const {
  std::vector<Endpoint> candidates;
  if (first.port != 0) candidates.push_back(first);
  if (metadata_ != nullptr) {
    for (const auto& [id, endpoint] : metadata_->brokers) candidates.push_back(endpoint);
  }
  candidates.insert(candidates.end(), bootstrap_.begin(), bootstrap_.end());
  std::vector<Endpoint> unique;
  for (Endpoint& candidate : candidates) {
    if (std::find(unique.begin(), unique.end(), candidate) == unique.end()) unique.push_back(std::move(candidate));
  }
  std::stable_partition(unique.begin(), unique.end(), [this](const Endpoint& one) { return !IsAvoided(one); });
  return unique;
}

// The broker behind the one that told last, by id.
Endpoint ClusterClient::NextToTell() const {
  if (metadata_ == nullptr || metadata_->brokers.empty()) return current_;
  const std::map<int32_t, Endpoint>& brokers = metadata_->brokers;
  auto next = std::find_if(brokers.begin(), brokers.end(), [this](const auto& one) { return one.second == teller_; });
  if (next != brokers.end()) ++next;
  for (size_t i = 0; i < brokers.size(); ++i, ++next) {
    if (next == brokers.end()) next = brokers.begin();
    if (!IsAvoided(next->second)) return next->second;
  }
  return current_;
}

bool ClusterClient::IsAvoided(const Endpoint& endpoint) const {
  auto found = avoided_until_.find(endpoint.ToString());
  return found != avoided_until_.end() && Clock::now() < found->second;
}

void ClusterClient::TryAnotherBroker() {
  avoided_until_[std::exchange(current_, Endpoint{}).ToString()] = Clock::now() + kAvoided;
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::AnyBroker() {
  co_return co_await FirstOf(Candidates(current_));
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ClusterClient::FirstOf(std::vector<Endpoint> candidates) {
  std::vector<std::string> errors;
  bool all_unfit = true;  // they answer, and speak no version that we need
  for (const Endpoint& candidate : candidates) {
    Endpoint endpoint = candidate;
    const Clock::time_point begun = Clock::now();
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await ConnectTo(endpoint);
    if (connection.ok()) {
      current_ = endpoint;
      co_return connection;
    }
    if (absl::IsAborted(connection.status()))
      co_return absl::AbortedError(
          absl::StrCat(name_, " has to be ", expected_id_, ": ", connection.status().message()));
    const Clock::time_point now = Clock::now();
    avoided_until_[endpoint.ToString()] = now + kAvoidedTimes * (now - begun);
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

// What cannot be told is left out: it is asked again with the next metadata.
asio::awaitable<void> ClusterClient::AskForMissing(std::shared_ptr<Connection> broker, ClusterMetadata& told) {
  MetadataRequest request;
  request.topics.emplace();
  for (const std::string& topic : watched_) {
    if (!told.topics.contains(topic)) request.topics->push_back(topic);
  }
  if (request.topics->empty()) co_return;
  absl::StatusOr<MetadataResponse> response = co_await broker->Call(request, kMetadataFirstTimeout);
  if (!response.ok()) co_return;
  for (const MetadataResponse::Topic& topic : response->topics) {
    if (topic.error_code == kErrorUnknownTopicOrPartition) told.deleted.insert(topic.name);
  }
}

asio::awaitable<absl::StatusOr<MetadataSnapshot>> ClusterClient::FetchMetadata() {
  const Clock::time_point patience = Clock::now() + kStartingMax;
  for (;;) {
    absl::StatusOr<MetadataSnapshot> told = co_await AskForMetadata();
    const bool is_first = metadata_ == nullptr;
    if (told.ok() || !is_first || !broker_is_starting_ || Clock::now() >= patience) co_return told;
    co_await SleepFor(kStartingInterval);
  }
}

asio::awaitable<absl::StatusOr<MetadataSnapshot>> ClusterClient::AskForMetadata() {
  broker_is_starting_ = false;
  absl::StatusOr<std::shared_ptr<Connection>> connection = co_await FirstOf(Candidates(NextToTell()));
  if (!connection.ok()) co_return connection.status();
  std::shared_ptr<Connection> broker = *connection;
  teller_ = current_;
  const Endpoint next = NextToTell();
  const bool has_another = metadata_ != nullptr && !(next == teller_) && !IsAvoided(next);
  MetadataRequest request;
  absl::StatusOr<MetadataResponse> response =
      co_await broker->Call(request, has_another ? kMetadataFirstTimeout : kMetadataTimeout);
  if (!response.ok()) {
    TryAnotherBroker();
    co_return response.status();
  }
  auto told = std::make_shared<ClusterMetadata>(ToMetadata(*std::move(response)));
  if (expected_id_.empty()) expected_id_ = told->cluster_id;
  if (told->cluster_id != expected_id_) {
    co_return absl::AbortedError(absl::StrCat(name_, " has to be ", expected_id_, ", and answers as ", told->cluster_id,
                                              ". Nothing is mixed: correct its bootstrap servers or DNS"));
  }
  if (told->brokers.empty()) {  // it knows of no topic either
    broker_is_starting_ = true;
    TryAnotherBroker();
    co_return absl::UnavailableError(absl::StrCat("a broker of ", name_, " that starts does not know its cluster yet"));
  }
  if (metadata_ != nullptr) leaders_.KeepLaterLeaders(*metadata_, teller_.ToString(), Clock::now(), *told);
  co_await AskForMissing(broker, *told);
  metadata_ = std::move(told);
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
