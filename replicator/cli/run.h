#ifndef REPLICATOR_REPLICATOR_CLI_RUN_H_
#define REPLICATOR_REPLICATOR_CLI_RUN_H_

#include <functional>

#include "replicator/cli/command.h"
#include "replicator/config/config.h"
#include "replicator/config/run_options.h"

namespace replicator {

// Copies the link until SIGTERM or SIGINT and returns the process's exit code.
using LinkRunner = std::function<int(const LinkConfig& config, const RunOptions& options)>;

// `replicator run`: reads the properties file, names what is not honoured in it, and hands over to `run_link`.
Command RunCommand(LinkRunner run_link);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_RUN_H_
