// The link's own topic on the target.
//   - Who creates it begins first: of several processes that are started at the same moment with the same file, one may
//     copy at once, while the others wait for the link's lock (replicator/ownership/link_lock.h), which takes a new
//     group some seconds.
//   - The header of its first batch names the producer of the link (invariant B). A process that has lost its state
//     folder goes on with that one also where the target has nothing yet: a batch that the process before had on its
//     way then arrives as the duplicate that it is.
//
// Used by the control loop.
#ifndef REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_
#define REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_

#include <asio/awaitable.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kafka/client/admin.h"
#include "kafka/client/cluster.h"

namespace replicator {

// "replicator-link.old-to-new.internal": an internal topic in MirrorMaker's eyes (its topics.exclude has
// `.*[\-\.]internal`), so that no other link copies it. What a topic's name may not have is replaced, and what is
// longer than 249 bytes cut; a checksum of the whole then keeps two links apart.
std::string LinkTopic(absl::string_view source, absl::string_view target);

// Creates that topic on the target: true, and nobody else is ever told so. One partition, compacted, with
// `replication_factor` replicas or as many as there are brokers. false: it was there, so the link has been started
// before, or is being started by another process. An error leaves open which; wait for the lock then, too.
// REQUIRES: target.metadata() is there.
asio::awaitable<absl::StatusOr<bool>> ClaimFirstStart(kafka::ClusterClient& target, std::string topic,
                                                      int replication_factor);

// The producer that the topic names: a new one, if it names none yet, which it does from then on. Of several processes
// that ask at once all get the same. `key` is the caller's own, so that compaction keeps what each has written;
// `value` tells a reader what it is looking at. A target on which the topic is missing or may not be written gives a
// new producer, with a warning. Errors: Unavailable while the topic cannot be read; the rest as kafka::ErrorStatus().
asio::awaitable<absl::StatusOr<kafka::ProducerIdentity>> AgreeOnProducer(kafka::ClusterClient& target,
                                                                         std::string topic, std::string key,
                                                                         std::string value);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_OWNERSHIP_LINK_TOPIC_H_
