// Which brokers coordinate groups or transactional ids: many at once.
#ifndef REPLICATOR_KAFKA_CLIENT_COORDINATOR_LOOKUP_H_
#define REPLICATOR_KAFKA_CLIENT_COORDINATOR_LOOKUP_H_

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "kafka/net/connection.h"
#include "kafka/wire/find_coordinator.h"

namespace replicator::kafka {

struct FoundCoordinator {
  int16_t error_code = 0;
  int32_t node_id = -1;
};
using FoundCoordinators = absl::flat_hash_map<std::string, FoundCoordinator>;

// Asks any broker, one try. A key that the broker has not answered for is missing. Unimplemented: it does not serve
// FindCoordinator.
asio::awaitable<absl::StatusOr<FoundCoordinators>> FindCoordinators(std::shared_ptr<Connection> connection,
                                                                    CoordinatorType type,
                                                                    std::vector<std::string> keys);

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_CLIENT_COORDINATOR_LOOKUP_H_
