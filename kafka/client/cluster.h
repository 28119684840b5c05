// What a client knows about one cluster, and the way to ask it: a metadata snapshot, and a ClusterClient that finds a
// broker which answers, beginning with the bootstrap addresses.
//
// A snapshot is immutable and shared between threads. A ClusterClient belongs to one event loop, and one coroutine uses
// it at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_CLUSTER_H_
#define REPLICATOR_KAFKA_CLIENT_CLUSTER_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/net/connection.h"
#include "kafka/net/lane.h"
#include "kafka/wire/metadata.h"
#include "kafka/wire/primitives.h"

namespace replicator::kafka {

struct PartitionMetadata {
  int32_t leader_id = -1;  // -1: no leader at present
  int32_t leader_epoch = -1;
  int replicas = 0;
  int in_sync_replicas = 0;
};

struct TopicMetadata {
  int16_t error_code = 0;
  Uuid id = kNoUuid;  // kNoUuid where brokers have none (before 2.8)
  bool is_internal = false;
  std::vector<PartitionMetadata> partitions;  // by partition number
};

struct ClusterMetadata {
  std::string cluster_id;
  int32_t controller_id = -1;
  bool leader_epochs_are_current = false;  // see MetadataResponse
  std::map<int32_t, Endpoint> brokers;     // those alive, by id
  absl::flat_hash_map<std::string, TopicMetadata> topics;

  // nullptr for a topic or partition that is not there.
  const PartitionMetadata* FindPartition(const std::string& topic, int32_t partition) const;
};
using MetadataSnapshot = std::shared_ptr<const ClusterMetadata>;

class ClusterClient {
 public:
  // REQUIRES: bootstrap is not empty. `name` ("source cluster A") stands in errors.
  ClusterClient(std::string name, std::vector<Endpoint> bootstrap, ConnectionOptions options);

  // The id that the cluster must have. Every metadata answer is compared: a change in DNS can turn one cluster into
  // another while we run. Not set, the first answer sets it.
  void set_expected_id(std::string id) { expected_id_ = std::move(id); }

  // Metadata of every topic. Unavailable, naming every address tried, if no broker answers, and if the one that does
  // has just started and knows of no broker yet; FailedPrecondition if all of them are too old; Aborted, with the
  // snapshot unchanged, if another cluster answers.
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

  // The broker that answered last does not answer now: begin with another one next time.
  void TryAnotherBroker();

  // What another client of the same cluster has learned.
  void UpdateMetadata(MetadataSnapshot metadata) { metadata_ = std::move(metadata); }

  const std::string& name() const { return name_; }
  // The last snapshot; nullptr before the first.
  const MetadataSnapshot& metadata() const { return metadata_; }
  void Close();

 private:
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> ConnectTo(Endpoint endpoint);
  std::vector<Endpoint> Candidates() const;

  const std::string name_;
  const std::vector<Endpoint> bootstrap_;
  const ConnectionOptions options_;
  std::string expected_id_;
  MetadataSnapshot metadata_;
  // By address. Lanes of brokers that left stay, closed by their peers, until the client goes: a few bytes each.
  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_;
  Endpoint current_;  // the broker that answered last
  Endpoint avoided_;  // the one that did not
};

// "host:port,..." as it stands in bootstrap.servers. InvalidArgument names the address that cannot be read.
absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(const std::vector<std::string>& addresses);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_CLUSTER_H_
