// The program: sets up logging, then hands the command line to its command.

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "glog/logging.h"
#include "replicator/cli/cutover_command.h"
#include "replicator/cli/offsets_command.h"
#include "replicator/cli/program.h"
#include "replicator/cli/resume_command.h"
#include "replicator/cli/run.h"
#include "replicator/cli/status_command.h"
#include "replicator/cli/version_command.h"
#include "replicator/link/link.h"

int main(int argc, char** argv) {
  // In code, so that no environment has to be right: glog would write files otherwise.
  FLAGS_logtostderr = true;
  FLAGS_log_prefix = true;
  FLAGS_log_year_in_prefix = true;
  google::InitGoogleLogging(argv[0]);
  // A broker that closes its connection is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const std::vector<replicator::Command> commands = {
      replicator::RunCommand(replicator::RunLink),
      replicator::StatusCommand(),
      replicator::ResumeCommandLine(),
      replicator::CutoverCommand(),
      replicator::OffsetsTranslateCommand(),
      replicator::VersionCommand(),
  };
  return static_cast<int>(replicator::RunProgram(commands, arguments, {std::cout, std::cerr}));
}
