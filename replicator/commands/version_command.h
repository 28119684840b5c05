#ifndef REPLICATOR_REPLICATOR_COMMANDS_VERSION_COMMAND_H_
#define REPLICATOR_REPLICATOR_COMMANDS_VERSION_COMMAND_H_

#include "replicator/commands/command.h"

namespace replicator {

// `replicator version`.
Command VersionCommand();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COMMANDS_VERSION_COMMAND_H_
