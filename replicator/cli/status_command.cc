#include "replicator/cli/status_command.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "replicator/cli/link_flags.h"
#include "replicator/serve/link_service.h"
#include "replicator/serve/local_server.h"
#include "replicator/status/group_status.h"
#include "replicator/status/status_table.h"
#include "replicator/status/stored_status.h"

DEFINE_bool(check, false, "");
DEFINE_bool(groups, false, "");
DEFINE_double(max_lag_seconds, 60, "");

namespace replicator {
namespace {

absl::StatusOr<LinkStatus> GetStatus(const std::string& folder) {
  absl::StatusOr<HttpAnswer> answer = CallLocal(folder, kSocketName, "GET", "/status", "");
  if (absl::IsNotFound(answer.status())) return ReadStoredStatus(folder);
  if (answer.ok() && answer->code == 200) return ParseLinkStatus(answer->body);
  if (!answer.ok() && !absl::IsUnavailable(answer.status())) return answer.status();
  // A process that hangs must not hide what it has stored.
  absl::StatusOr<LinkStatus> stored = ReadStoredStatus(folder);
  if (stored.ok()) stored->silent = std::string((answer.ok() ? ErrorIn(*answer) : answer.status()).message());
  return stored;
}

// What there is of one topic. A process that has just begun may know it in a moment.
absl::StatusOr<LinkStatus> OfTopic(const LinkStatus& status, const std::string& topic) {
  LinkStatus only = status.Only(topic);
  const bool knows_topics = !status.partitions.empty() || !status.left_out.empty() || !status.is_running;
  const bool knows_it = !only.partitions.empty() || !only.left_out.empty() || !only.left_out_by_rule.empty();
  if (!knows_topics || knows_it || !only.ended.empty()) return only;
  return absl::NotFoundError(
      absl::StrCat("the link copies no topic ", topic, ": replicator status lists those that it copies"));
}

ExitCode RunGroups(Streams streams) {
  if (FLAGS_check || !FLAGS_topic.empty())
    return FailWith(streams, absl::InvalidArgumentError("--groups does not go with --check or --topic"));
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  absl::StatusOr<HttpAnswer> answer = CallLocal(*folder, kSocketName, "GET", "/groups", "");
  if (absl::IsNotFound(answer.status()))
    return FailWith(streams, absl::FailedPreconditionError(absl::StrCat(
                                 "no process of the link answers in ", *folder,
                                 ", and consumer groups are known to the one that runs: start replicator run, or name "
                                 "its folder with --state-dir")));
  if (!answer.ok()) return FailWith(streams, answer.status());
  if (answer->code != 200) return FailWith(streams, ErrorIn(*answer));
  const absl::StatusOr<GroupsStatus> status = ParseGroupsStatus(answer->body);
  if (!status.ok()) return FailWith(streams, status.status());
  streams.out << (FLAGS_json ? ToJson(*status) : GroupsText(*status, absl::ToUnixMillis(absl::Now())));
  return ExitCode::kDone;
}

ExitCode Run(Streams streams) {
  if (FLAGS_max_lag_seconds < 0)
    return FailWith(streams, absl::InvalidArgumentError("--max-lag-seconds is out of range: write 0 or more"));
  if (!FLAGS_check && !gflags::GetCommandLineFlagInfoOrDie("max_lag_seconds").is_default)
    return FailWith(streams, absl::InvalidArgumentError("--max-lag-seconds belongs to --check"));
  if (FLAGS_groups) return RunGroups(streams);
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  absl::StatusOr<LinkStatus> status = GetStatus(*folder);
  if (FLAGS_check && absl::IsNotFound(status.status())) {  // not begun
    streams.out << status.status().message() << "\n";
    return ExitCode::kCopyBehind;
  }
  if (!status.ok()) return FailWith(streams, status.status());
  if (!FLAGS_topic.empty() && status->standby.empty() && status->waiting.empty()) {
    status = OfTopic(*status, FLAGS_topic);
    if (!status.ok()) return FailWith(streams, status.status());
  }
  std::string findings;
  const ExitCode checked = CheckStatus(*status, FLAGS_max_lag_seconds, &findings);
  if (FLAGS_json) {
    streams.out << ToJson(*status);
  } else {
    const StatusRows rows = FLAGS_topic.empty() ? StatusRows::kTopics : StatusRows::kPartitions;
    streams.out << (FLAGS_check ? findings : StatusText(*status, absl::ToUnixMillis(absl::Now()), rows));
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
  command.flags.push_back({.name = "topic",
                           .value_name = "TOPIC",
                           .help = "this topic alone, with a line for each of its partitions and their offsets"});
  command.flags.push_back(
      {.name = "groups",
       .help = "consumer groups in place of topics: a line for each, in step on the target or why not"});
  command.flags.push_back(
      {.name = "json",
       .help = "everything, per partition (with --groups, per group), for scripts; see schema_version"});
  command.flags.push_back({.name = "check",
                           .help =
                               "for monitoring: exit with 15 when a partition is quarantined, with 11 when the copy\n"
                               "is behind, stalled, left out, copied with an alarm, not running or not begun, when\n"
                               "records were lost at the source within a day, or when nothing can be stored or no\n"
                               "topics be looked for, else with 0"});
  command.flags.push_back({.name = "max_lag_seconds",
                           .value_name = "SECONDS",
                           .help = "how far a topic may be behind with --check",
                           .default_text = "60"});
  command.run = Run;
  return command;
}

}  // namespace replicator
