// Begins to keep a link's consumer groups in step. Used by the control loop.
#ifndef REPLICATOR_REPLICATOR_LINK_LINK_GROUPS_H_
#define REPLICATOR_REPLICATOR_LINK_LINK_GROUPS_H_

#include <memory>
#include <vector>

#include "kafka/client/cluster_metadata.h"
#include "replicator/config/config.h"
#include "replicator/copy/shard.h"
#include "replicator/groups/groups_loop.h"
#include "replicator/memory/changelog.h"
#include "replicator/ownership/lock_pulse.h"

namespace replicator {

// nullptr when there is no `log`, or, with an error in the program's log, when what the link's log holds of groups
// cannot be read: the copy needs no groups. What is passed outlives the loop.
std::unique_ptr<GroupsLoop> StartGroups(const LinkConfig& config, const kafka::ClusterMetadata& source,
                                        const kafka::ClusterMetadata& target, const std::vector<Shard*>& shards,
                                        Changelog* log, std::shared_ptr<const LockPulse> pulse);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_LINK_GROUPS_H_
