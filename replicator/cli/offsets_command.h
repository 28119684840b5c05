// `replicator offsets translate`: where an offset of one side lies on the other.
#ifndef REPLICATOR_REPLICATOR_CLI_OFFSETS_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_OFFSETS_COMMAND_H_

#include "replicator/cli/command.h"

namespace replicator {

Command OffsetsTranslateCommand();

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_OFFSETS_COMMAND_H_
