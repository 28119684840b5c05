#ifndef REPLICATOR_POLICY_REPLICATION_FACTOR_H_
#define REPLICATOR_POLICY_REPLICATION_FACTOR_H_

#include "absl/status/status.h"

namespace replicator::policy {

// Whether a topic can be created on the target with `factor` replicas and then be written with acks=all.
// FAILED_PRECONDITION, with the remedy, when the target has fewer brokers, or when the topic's min.insync.replicas
// could never be met. Neither number is ever lowered on the operator's behalf: a topic with fewer replicas than asked
// for looks the same until a broker is lost.
absl::Status CheckReplicationFactor(int factor, int target_brokers, int min_insync_replicas);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_REPLICATION_FACTOR_H_
