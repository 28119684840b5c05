// Asks where the copy of a link with auto.offset.reset=latest begins (start_offsets.h): at the ends that the source's
// partitions have when the link is started for the first time.
//
// Used by the control loop, by the process that has the link's lock.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_

#include <asio/awaitable.hpp>

#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "replicator/config/config.h"
#include "replicator/ownership/start_offsets.h"

namespace replicator {

// Where the selected partitions end for the reader that isolation.level asks for, by their leaders. Errors: Unavailable
// while one of them cannot say so, after a minute; the rest as kafka::ErrorStatus().
asio::awaitable<absl::StatusOr<StartOffsets>> AskStart(const LinkConfig& config, kafka::ClusterClient& source);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_
