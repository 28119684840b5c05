// Agrees on where the copy of a link with auto.offset.reset=latest begins (start_offsets.h): at the ends that the
// source's partitions had when the link was started for the first time.
//
// Used by the control loop, by the process that has the link's lock.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_

#include <asio/awaitable.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "replicator/config/config.h"
#include "replicator/ownership/start_offsets.h"

namespace replicator {

struct FirstStartQuestion {
  std::string topic;        // of the link, on the target
  std::string instance_id;  // under which this process has written the topic's first record, if it did
  bool has_copied = false;  // this state folder knows of topics that were copied
};

// What the link's topic says, or what it says from now on. Empty offsets, with a warning, for a link that was started
// before without such a note: everything begins at its start.
//
// It is the first start when this process has written the first record of the link's topic and has copied nothing. Then
// the source's leaders are asked where the selected partitions end, for the reader that isolation.level asks for.
// Errors: Unavailable while one of them cannot say so, or the topic cannot be read or written; FailedPrecondition when
// the target does not show the topic; the rest as kafka::ErrorStatus().
asio::awaitable<absl::StatusOr<StartOffsets>> AgreeOnStart(const LinkConfig& config, kafka::ClusterClient& source,
                                                           kafka::ClusterClient& target, FirstStartQuestion question);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_FIRST_START_H_
