#ifndef REPLICATOR_REPLICATOR_CLI_RESUME_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_RESUME_COMMAND_H_

#include "replicator/cli/command.h"

namespace replicator {

// `replicator resume`: lets a quarantined partition go on, through the running process or in the state folder.
Command ResumeCommandLine();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_RESUME_COMMAND_H_
