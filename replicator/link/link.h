// One link from its start to its end: the control loop. Finds both clusters, keeps topics and metadata in step, gives
// the shards their work, shows progress, stops on SIGTERM or SIGINT.
#ifndef REPLICATOR_REPLICATOR_LINK_LINK_H_
#define REPLICATOR_REPLICATOR_LINK_LINK_H_

#include "replicator/config/config.h"
#include "replicator/config/run_options.h"

namespace replicator {

// Copies until SIGTERM or SIGINT; returns the process's exit code (exit_code.h). Blocks the calling thread, which
// becomes the control loop. Once per process.
int RunLink(const LinkConfig& config, const RunOptions& options);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_LINK_LINK_H_
