#ifndef REPLICATOR_REPLICATOR_CLI_CUTOVER_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_CUTOVER_COMMAND_H_

#include "replicator/cli/command.h"

namespace replicator {

// `replicator cutover`: moves consumer groups to the target, and back, by the process that copies the link.
Command CutoverCommand();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_CUTOVER_COMMAND_H_
