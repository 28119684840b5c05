#include "replicator/commands/status_command.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "replicator/commands/link_flags.h"
#include "replicator/link_service.h"
#include "replicator/local_server.h"
#include "replicator/status_table.h"
#include "replicator/stored_status.h"

DEFINE_bool(json, false, "");
DEFINE_bool(check, false, "");
DEFINE_double(max_lag_seconds, 60, "");

namespace replicator {
namespace {

absl::StatusOr<LinkStatus> GetStatus(const std::string& folder) {
  absl::StatusOr<HttpAnswer> answer = CallLocal(folder, kSocketName, "GET", "/status", "");
  if (absl::IsNotFound(answer.status())) return ReadStoredStatus(folder);
  if (!answer.ok()) return answer.status();
  if (answer->code == 200) return ParseLinkStatus(answer->body);
  return absl::UnavailableError(absl::StrCat("the process of ", folder, " answers ", answer->code, ": ", answer->body));
}

ExitCode Run(Streams streams) {
  if (FLAGS_max_lag_seconds < 0)
    return FailWith(streams, absl::InvalidArgumentError("--max-lag-seconds is out of range: write 0 or more"));
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  const absl::StatusOr<LinkStatus> status = GetStatus(*folder);
  if (!status.ok()) return FailWith(streams, status.status());
  std::string findings;
  const ExitCode checked = CheckStatus(*status, FLAGS_max_lag_seconds, &findings);
  if (FLAGS_json) {
    streams.out << ToJson(*status);
  } else {
    streams.out << (FLAGS_check ? findings : StatusText(*status, absl::ToUnixMillis(absl::Now())));
  }
  return FLAGS_check ? checked : ExitCode::kDone;
}

}  // namespace

Command StatusCommand() {
  Command command;
  command.name = "status";
  command.summary = "Show how far a link is, and what is quarantined.";
  command.description =
      "Asks the running process over the socket in its state folder. When none answers, shows\n"
      "what the folder holds: where each partition stood last, and what was quarantined.\n"
      "Bytes of lag are an estimate: records times the average size of what was copied.";
  command.flags = LinkFlags();
  command.flags.push_back({.name = "json", .help = "everything, per partition, for scripts; see schema_version"});
  command.flags.push_back({.name = "check",
                           .help =
                               "for monitoring: exit with 15 when a partition is quarantined, with 11 when the copy\n"
                               "is behind, stalled or not running, else with 0"});
  command.flags.push_back({.name = "max_lag_seconds",
                           .value_name = "SECONDS",
                           .help = "how far a topic may be behind with --check",
                           .default_text = "60"});
  command.run = Run;
  return command;
}

}  // namespace replicator
