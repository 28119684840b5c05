// The first start of a link: of several processes that are started at the same moment with the same file, one may begin
// at once, while the others wait for the link's lock (replicator/link_lock.h), which takes a new group some seconds.
#ifndef REPLICATOR_REPLICATOR_FIRST_START_H_
#define REPLICATOR_REPLICATOR_FIRST_START_H_

#include <asio/awaitable.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kafka/cluster.h"

namespace replicator {

// "replicator-link.old-to-new.internal": an internal topic in MirrorMaker's eyes (its topics.exclude has
// `.*[\-\.]internal`), so that no other link copies it. What a topic's name may not have is replaced, and what is
// longer than 249 bytes cut; a checksum of the whole then keeps two links apart.
std::string FirstStartTopic(absl::string_view source, absl::string_view target);

// Creates that topic on the target: true, and nobody else is ever told so. One partition, compacted, with
// `replication_factor` replicas or as many as there are brokers. false: it was there, so the link has been started
// before, or is being started by another process. An error leaves open which; wait for the lock then, too.
// REQUIRES: target.metadata() is there.
asio::awaitable<absl::StatusOr<bool>> ClaimFirstStart(kafka::ClusterClient& target, std::string topic,
                                                      int replication_factor);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_FIRST_START_H_
