// Which partitions of the target ever held a record: what a topic is that nobody remembers shows by these only.
#ifndef REPLICATOR_REPLICATOR_CONTROL_BEGUN_PARTITIONS_H_
#define REPLICATOR_REPLICATOR_CONTROL_BEGUN_PARTITIONS_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"

namespace replicator {

// By topic. One whose leader cannot say is left out. Errors: a broker could not be asked.
asio::awaitable<absl::StatusOr<std::map<std::string, std::set<int32_t>>>> BegunPartitions(
    kafka::ClusterClient& cluster, std::vector<std::string> topics);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONTROL_BEGUN_PARTITIONS_H_
