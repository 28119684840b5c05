// The link's own topic on the target, which holds its changelog (replicator/memory/changelog.h). And who creates it
// begins first: of several processes that are started at the same moment with the same file, one may copy at once,
// while the others wait for the link's lock (replicator/ownership/link_lock.h), which takes a new group some seconds.
//
// Used by the control loop, and by the changelog's own.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_

#include <asio/awaitable.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kafka/client/cluster.h"

namespace replicator {

// "replicator-link.old-to-new.internal": an internal topic in MirrorMaker's eyes (its topics.exclude has
// `.*[\-\.]internal`), so that no other link copies it. What a topic's name may not have is replaced, and what is
// longer than 249 bytes cut; a checksum of the whole then keeps two links apart.
std::string LinkTopic(absl::string_view source, absl::string_view target);

// Creates that topic on the target: true, and nobody else is ever told so. offsets::kChangelogPartitions partitions,
// compacted, with `replication_factor` replicas or as many as there are brokers. false: it was there, so the link has
// been started before, or is being started by another process. An error leaves open which; wait for the lock then, too.
// REQUIRES: target.metadata() is there.
asio::awaitable<absl::StatusOr<bool>> ClaimFirstStart(kafka::ClusterClient& target, std::string topic,
                                                      int replication_factor);

// Creates it if it is missing, waits until the target shows it, and looks whether it is what it must be: by then some
// memory may lie in it that another number of partitions would hide, and deletion by time would take. Errors:
// FailedPrecondition and PermissionDenied with the remedy, Unavailable.
asio::awaitable<absl::Status> EnsureLinkTopic(kafka::ClusterClient& target, std::string topic, int replication_factor);

// What EnsureLinkTopic says of a topic with these settings. `cleanup_policy`: nullopt: the target does not tell.
absl::Status JudgeLinkTopicSettings(absl::string_view topic, int partitions,
                                    const std::optional<std::string>& cleanup_policy);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_
