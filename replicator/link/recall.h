// What a link knows when its turn to copy begins: brings together what the state folder and the changelog on the target
// say. The folder counts if it knows all that the changelog does (offsets/ownership.h), else the changelog takes its
// place. What the changelog never had, since it is new or was deleted, comes from the folder.
//
// Used by the control loop.
#ifndef REPLICATOR_REPLICATOR_LINK_RECALL_H_
#define REPLICATOR_REPLICATOR_LINK_RECALL_H_

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kafka/client/cluster.h"
#include "offsets/changelog_codec.h"
#include "offsets/partition_state.h"
#include "replicator/config/config.h"
#include "replicator/memory/changelog.h"
#include "replicator/memory/link_memory.h"
#include "replicator/ownership/start_offsets.h"

namespace replicator {

struct Recalled {
  offsets::Producer producer;  // of the link's batches
  StartOffsets start;          // where the copies of new partitions begin, but for those that begin at their start
  // All that was copied is known, but for what a process that was killed had under way in its last seconds.
  bool is_current = false;
};

// Begins with the changelog as its owner. When it returns, what it found is in the folder and in the changelog.
// Errors: what the operator has to do, as Changelog::Open; Aborted: the changelog is that of a link between other
// clusters; FailedPrecondition: of another isolation level.
// REQUIRES: the turn is this process's, memory.link() is set and has a store, `changelog` is new.
asio::awaitable<absl::StatusOr<Recalled>> Recall(const LinkConfig& config, kafka::ClusterClient& source,
                                                 kafka::ClusterClient& target, LinkMemory& memory,
                                                 Changelog& changelog);

// The same for a process that keeps nothing.
asio::awaitable<absl::StatusOr<Recalled>> RecallNothing(const LinkConfig& config, kafka::ClusterClient& source,
                                                        kafka::ClusterClient& target);

// Whether a changelog of `logged` is that of the link that `now` describes.
absl::Status IsOfThisLink(const std::string& topic, const offsets::LoggedLink& logged, const offsets::LoggedLink& now);

// For the changelog of this link: its topic, how its store keeps the numbers of flushes, how its topic is made.
Changelog::Options ChangelogOptions(const LinkConfig& config, kafka::ClusterClient& target, LinkMemory& memory);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_RECALL_H_
