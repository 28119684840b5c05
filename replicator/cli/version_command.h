#ifndef REPLICATOR_REPLICATOR_CLI_VERSION_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_VERSION_COMMAND_H_

#include "replicator/cli/command.h"

namespace replicator {

// `replicator version`.
Command VersionCommand();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_VERSION_COMMAND_H_
