#ifndef REPLICATOR_REPLICATOR_CLI_COMMAND_H_
#define REPLICATOR_REPLICATOR_CLI_COMMAND_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "replicator/base/exit_code.h"

namespace replicator {

// Where a command writes: results to `out`, errors and hints to `err`. The log has its own way (glog, to stderr).
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

// One flag of one command. Its type, default and value live in gflags under `name`; what the operator reads stands
// here.
struct Flag {
  std::string name;          // as gflags has it, with underscores; operators may write dashes or underscores
  std::string value_name;    // "FILE" in --config=FILE; empty for a switch: --flag, --flag=true or --flag=false
  std::string help;          // one line, or a few separated by '\n'
  std::string default_text;  // "" when there is none to tell
  bool is_required = false;
  bool is_repeatable = false;  // given more than once, its values are joined by commas
  bool is_hidden = false;      // accepted, but not in any help: for benchmarks
};

// A subcommand. A flag that is not listed is refused, also when another command has it.
struct Command {
  std::string name;
  std::string summary;      // one line
  std::string description;  // paragraphs for `help NAME`
  std::vector<Flag> flags;
  // Runs with all flags set and required ones present.
  std::function<ExitCode(Streams streams)> run;
};

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CLI_COMMAND_H_
