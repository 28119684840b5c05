#ifndef REPLICATOR_REPLICATOR_CLI_HELP_H_
#define REPLICATOR_REPLICATOR_CLI_HELP_H_

#include <string>

#include "absl/types/span.h"
#include "replicator/cli/command.h"

namespace replicator {

// What `replicator help` prints: the commands and the exit codes.
std::string ProgramHelp(absl::Span<const Command> commands);

// What `replicator help COMMAND` prints: usage, description and a table of the command's flags.
std::string CommandHelp(const Command& command);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_HELP_H_
