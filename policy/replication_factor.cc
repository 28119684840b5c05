#include "policy/replication_factor.h"

#include "absl/strings/str_cat.h"

namespace replicator::policy {

absl::Status CheckReplicationFactor(int factor, int target_brokers, int min_insync_replicas) {
  if (factor > target_brokers) {
    return absl::FailedPreconditionError(absl::StrCat("replication.factor is ", factor, " but the target has only ",
                                                      target_brokers, target_brokers == 1 ? " broker" : " brokers",
                                                      ": start ", factor - target_brokers,
                                                      " more, write replication.factor=", target_brokers,
                                                      ", or for a lab run with --allow-lower-replication-factor"));
  }
  if (min_insync_replicas > factor) {
    return absl::FailedPreconditionError(
        absl::StrCat("the topic's min.insync.replicas is ", min_insync_replicas, " but replication.factor is ", factor,
                     ", so the target would refuse every record: write replication.factor=", min_insync_replicas,
                     " or more, or create the topic on the target by hand"));
  }
  return absl::OkStatus();
}

absl::Status CheckTargetsOwnFactor(bool target_offers_it) {
  if (target_offers_it) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "replication.factor is -1, the target's own default, but a target before Kafka 2.4 cannot be asked for it: "
      "write the number of replicas, as in replication.factor=3");
}

}  // namespace replicator::policy
