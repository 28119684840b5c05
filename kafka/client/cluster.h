// The way to ask one cluster: finds a broker that answers, beginning with the bootstrap addresses.
//
// A ClusterClient belongs to one event loop, and one coroutine uses it at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_CLUSTER_H_
#define REPLICATOR_KAFKA_CLIENT_CLUSTER_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster_metadata.h"
#include "kafka/net/connection.h"
#include "kafka/net/lane.h"

namespace replicator::kafka {

class ClusterClient {
 public:
  // REQUIRES: bootstrap is not empty. `name` ("source cluster A") stands in errors.
  ClusterClient(std::string name, std::vector<Endpoint> bootstrap, ConnectionOptions options);

  // The id that the cluster must have. Every metadata answer is compared: a change in DNS can turn one cluster into
  // another while we run. Not set, the first answer sets it.
  void set_expected_id(std::string id) { expected_id_ = std::move(id); }

  // A topic to be asked for by name when the metadata of all topics does not show it.
  void Watch(std::string topic) { watched_.insert(std::move(topic)); }

  // Metadata of every topic, from another broker than the last time if there is one: each tells what it knows itself
  // (cluster_metadata.h). Unavailable, naming every address tried, if no broker answers, and if the one that does has
  // just started and knows of no broker yet (the first call waits up to a minute for it); FailedPrecondition if all of
  // them are too old; Aborted, with the snapshot unchanged, if another cluster answers.
  asio::awaitable<absl::StatusOr<MetadataSnapshot>> FetchMetadata();

  // A connection to any broker. Aborted: it leads to another cluster by now.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> AnyBroker();
  // To the controller if it is known and alive, else to any broker.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Controller();
  // A connection to the broker of this id; Unavailable when the last snapshot does not show it.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Broker(int32_t id);
  // A connection to the leader that the last snapshot names; Unavailable when it names none.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Leader(std::string topic, int32_t partition);

  // Sends one request to any broker.
  template <typename Request>
  asio::awaitable<absl::StatusOr<typename Request::Response>> Ask(const Request& request, Clock::duration timeout) {
    absl::StatusOr<std::shared_ptr<Connection>> connection = co_await AnyBroker();
    if (!connection.ok()) co_return connection.status();
    std::shared_ptr<Connection> open = *connection;
    co_return co_await open->Call(request, timeout);
  }

  // The broker that answered last does not answer now: others come first for a while.
  void TryAnotherBroker();

  // What another client of the same cluster has learned.
  void UpdateMetadata(MetadataSnapshot metadata) { metadata_ = std::move(metadata); }

  const std::string& name() const { return name_; }
  // The last snapshot; nullptr before the first.
  const MetadataSnapshot& metadata() const { return metadata_; }
  void Close();

 private:
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ConnectTo(Endpoint endpoint);
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> FirstOf(std::vector<Endpoint> candidates);
  std::vector<Endpoint> Candidates(const Endpoint& first) const;
  asio::awaitable<absl::StatusOr<MetadataSnapshot>> AskForMetadata();
  Endpoint NextToTell() const;
  bool IsAvoided(const Endpoint& endpoint) const;
  asio::awaitable<void> AskForMissing(std::shared_ptr<Connection> broker, ClusterMetadata& told);

  const std::string name_;
  const std::vector<Endpoint> bootstrap_;
  const ConnectionOptions options_;
  std::string expected_id_;
  MetadataSnapshot metadata_;
  absl::flat_hash_set<std::string> watched_;
  // By address. Lanes of brokers that left stay, closed by their peers, until the client goes: a few bytes each.
  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_;
  Endpoint current_;                 // the broker that answered last
  Endpoint teller_;                  // the broker whose metadata came last
  bool broker_is_starting_ = false;  // it knows no broker
  // Those that did not answer, by address, and until when others come first.
  absl::flat_hash_map<std::string, Clock::time_point> avoided_until_;
  LeaderMemory leaders_;
};

// "host:port,..." as it stands in bootstrap.servers. InvalidArgument names the address that cannot be read.
absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(const std::vector<std::string>& addresses);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_CLUSTER_H_
