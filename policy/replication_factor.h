#ifndef REPLICATOR_POLICY_REPLICATION_FACTOR_H_
#define REPLICATOR_POLICY_REPLICATION_FACTOR_H_

#include "absl/status/status.h"

namespace replicator::policy {

// Whether a topic can be created on the target with `factor` replicas and then be written with acks=all.
// FAILED_PRECONDITION, with the remedy, when the target has fewer brokers, or when the topic's min.insync.replicas
// could never be met. Neither number is ever lowered on the operator's behalf: a topic with fewer replicas than asked
// for looks the same until a broker is lost.
absl::Status CheckReplicationFactor(int factor, int target_brokers, int min_insync_replicas);

// replication.factor=-1: the target's own default.replication.factor.
inline constexpr int kTargetsOwnFactor = -1;

// FAILED_PRECONDITION, with the remedy, when the target cannot be asked for its own default.
absl::Status CheckTargetsOwnFactor(bool target_offers_it);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_REPLICATION_FACTOR_H_
