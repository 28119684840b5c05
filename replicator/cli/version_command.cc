#include "replicator/cli/version_command.h"

#include "replicator/cli/version.h"

namespace replicator {

Command VersionCommand() {
  Command command;
  command.name = "version";
  command.summary = "Print the version and how it was built.";
  command.run = [](Streams streams) {
    const BuildInfo info = GetBuildInfo();
    streams.out << "replicator " << info.version << "\nlibrdkafka " << info.librdkafka_version << "\nbuild      "
                << info.config << "\ncompiler   " << info.compiler << "\n";
    return ExitCode::kDone;
  };
  return command;
}

}  // namespace replicator
