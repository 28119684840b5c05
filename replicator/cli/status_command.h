#ifndef REPLICATOR_REPLICATOR_CLI_STATUS_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_STATUS_COMMAND_H_

#include "replicator/cli/command.h"

namespace replicator {

// `replicator status`: asks the running process, else reads the state folder.
Command StatusCommand();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_STATUS_COMMAND_H_
