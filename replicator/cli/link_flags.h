#ifndef REPLICATOR_REPLICATOR_CLI_LINK_FLAGS_H_
#define REPLICATOR_REPLICATOR_CLI_LINK_FLAGS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gflags/gflags_declare.h"
#include "replicator/cli/command.h"

// Which link a command is about: of more than one command.
DECLARE_string(config);
DECLARE_string(state_dir);
DECLARE_bool(dry_run);
DECLARE_string(topic);
DECLARE_int32(partition);
DECLARE_bool(json);
DECLARE_bool(yes);

namespace replicator {

// --config and --state-dir as commands have them that look at a link, of which one is needed.
std::vector<Flag> LinkFlags();

// The link's state folder: --state-dir, else the one of the file's link. InvalidArgument with neither.
absl::StatusOr<std::string> StateDirFromFlags();

// Tells an error as every command does, and returns its code.
ExitCode FailWith(Streams streams, const absl::Status& status);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_LINK_FLAGS_H_
