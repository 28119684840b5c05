// The broker that coordinates a consumer group: finds it, connects to it, finds it again when it has moved.
//
// Belongs to one event loop; one coroutine uses it at a time.
#ifndef REPLICATOR_KAFKA_CLIENT_COORDINATOR_H_
#define REPLICATOR_KAFKA_CLIENT_COORDINATOR_H_

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "kafka/net/connection.h"
#include "kafka/net/lane.h"

namespace replicator::kafka {

class GroupCoordinator {
 public:
  // REQUIRES: brokers is not empty. `cluster_name` ("target cluster new") stands in errors.
  GroupCoordinator(std::string cluster_name, std::string group_id, std::vector<Endpoint> brokers,
                   ConnectionOptions options);

  // What another client of the same cluster has learned: more brokers to ask.
  void UpdateMetadata(MetadataSnapshot metadata) { cluster_.UpdateMetadata(std::move(metadata)); }

  // The open connection to the coordinator, or a new one: asks any broker who it is, unless that is known. One try.
  // Errors: as ErrorStatus() and Lane::Get() have them.
  asio::awaitable<absl::StatusOr<std::shared_ptr<Connection>>> Get();

  // Something that it said or did shows that another broker may be the coordinator by now: the next Get asks again.
  void Forget() { known_ = false; }

  const std::string& group_id() const { return group_id_; }
  void Close();

 private:
  asio::awaitable<absl::Status> Find();

  const std::string cluster_name_;
  const std::string group_id_;
  const ConnectionOptions options_;
  ClusterClient cluster_;
  bool known_ = false;
  Endpoint endpoint_;
  std::unique_ptr<Lane> lane_;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_COORDINATOR_H_
