#include "replicator/cli/link_flags.h"

#include "absl/strings/str_split.h"
#include "gflags/gflags.h"
#include "replicator/config/config.h"

// What these mean to the operator stands with each command.
DEFINE_string(config, "", "");
DEFINE_string(state_dir, "", "");
DEFINE_bool(dry_run, false, "");
DEFINE_string(topic, "", "");
DEFINE_int32(partition, -1, "");
DEFINE_bool(json, false, "");
DEFINE_bool(yes, false, "");

namespace replicator {

std::vector<Flag> LinkFlags() {
  return {{.name = "config",
           .value_name = "FILE",
           .help = "the properties file of the link; its default state folder lies below the working folder"},
          {.name = "state_dir", .value_name = "DIR", .help = "the link's state folder, when `run` was given one"}};
}

absl::StatusOr<std::string> StateDirFromFlags() {
  if (!FLAGS_state_dir.empty()) return FLAGS_state_dir;
  if (FLAGS_config.empty()) {
    return absl::InvalidArgumentError("which link? Write --config=FILE or --state-dir=DIR, as `run` has it");
  }
  return LoadDefaultStateDir(FLAGS_config);
}

ExitCode FailWith(Streams streams, const absl::Status& status) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n'))
    streams.err << "replicator: " << line << "\n";
  // Of a state folder: commands ask no cluster.
  return absl::IsPermissionDenied(status) ? ExitCode::kBlocked : ExitCodeFor(status);
}

}  // namespace replicator
