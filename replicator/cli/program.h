#ifndef REPLICATOR_REPLICATOR_CLI_PROGRAM_H_
#define REPLICATOR_REPLICATOR_CLI_PROGRAM_H_

#include <string>

#include "absl/types/span.h"
#include "replicator/cli/command.h"

namespace replicator {

// Finds the command that the first argument names, sets its flags and runs it; `help`, `--help`, `-h` and `--version`
// are dealt with here. `arguments` does not hold the program's own name. Errors go to `streams.err`, each with its
// remedy.
ExitCode RunProgram(absl::Span<const Command> commands, absl::Span<const std::string> arguments, Streams streams);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_PROGRAM_H_
