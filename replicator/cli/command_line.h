#ifndef REPLICATOR_REPLICATOR_CLI_COMMAND_LINE_H_
#define REPLICATOR_REPLICATOR_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "replicator/cli/command.h"

namespace replicator {

// Sets gflags from the arguments behind the command's name: `--flag=value` and `--flag value`, dashes or underscores.
//
// gflags' own parser is not used: of a repeated flag it keeps the last value without a word, it lets every command take
// every library's flags, and it leaves stray arguments to nobody.
//
// A switch takes no value behind a blank: `--dry-run false` would read like its opposite to people and to gflags.
//
// INVALID_ARGUMENT, with the remedy, for a flag that is unknown or another command's, given twice, without its value,
// of a bad value, for a missing required flag and for an argument that is no flag. `commands` serves the messages.
absl::Status ParseFlags(const Command& command, absl::Span<const Command> commands,
                        absl::Span<const std::string> arguments);

// The candidate that begins with `word`, else the nearest one; "" when there is none.
std::string MeantBy(absl::string_view word, absl::Span<const std::string> candidates);

// "--state-dir" for state_dir.
std::string Dashed(absl::string_view flag_name);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_COMMAND_LINE_H_
