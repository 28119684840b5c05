#include "replicator/cli/resume_command.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gflags/gflags.h"
#include "replicator/cli/link_flags.h"
#include "replicator/serve/link_service.h"
#include "replicator/serve/local_server.h"
#include "replicator/status/stored_status.h"

DEFINE_string(from, "", "");

namespace replicator {
namespace {

struct Outcome {
  ResumeAnswer answer;
  bool by_process = false;  // else stored, for the next one
};

absl::StatusOr<Outcome> Ask(const std::string& folder, const ResumeRequest& request) {
  absl::StatusOr<HttpAnswer> answer = CallLocal(folder, kSocketName, "POST", "/resume", ResumeJson(request));
  if (answer.ok()) {
    absl::StatusOr<ResumeAnswer> parsed = ParseResumeAnswer(*answer);
    if (!parsed.ok()) return parsed.status();
    return Outcome{*parsed, true};
  }
  if (!absl::IsNotFound(answer.status())) return StateFolderError(answer.status());
  absl::StatusOr<ResumePlan> plan = ResumeInStore(folder, request);
  if (!plan.ok()) return plan.status();
  return Outcome{{request.Allows(*plan), plan->text}, false};
}

ExitCode Run(Streams streams) {
  const ResumeRequest request = {FLAGS_topic, FLAGS_partition, FLAGS_from, FLAGS_yes, FLAGS_dry_run};
  if (request.partition < 0)
    return FailWith(streams, absl::InvalidArgumentError("--partition is out of range: write 0 or more"));
  const absl::StatusOr<ResumeFrom> from = ParseResumeFrom(request.from);
  if (!from.ok()) return FailWith(streams, from.status());
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  const absl::StatusOr<Outcome> outcome = Ask(*folder, request);
  if (!outcome.ok()) return FailWith(streams, outcome.status());
  streams.out << request.topic << "-" << request.partition << ": " << outcome->answer.text << ".\n";
  if (request.dry_run) {
    streams.out << "Nothing was changed: this is a dry run.\n";
    return ExitCode::kDone;
  }
  if (!outcome->answer.done) {
    streams.err << "replicator: nothing was changed. The same command with --yes does it\n";
    return ExitCode::kBlocked;
  }
  streams.out << (outcome->by_process ? "Done; replicator status shows whether it goes on.\n"
                                      : "Stored; it happens when the process starts.\n");
  return ExitCode::kDone;
}

}  // namespace

Command ResumeCommandLine() {
  Command command;
  command.name = "resume";
  command.summary = "Let a quarantined partition go on.";
  command.description =
      "Says first what that loses or doubles. Without --from nothing is: the partition is checked\n"
      "again where it stood, and goes on if the cause has passed. With --from it goes on from that\n"
      "source offset, behind whatever its target partition holds by then; what is lost or doubled\n"
      "needs --yes. Works through the running process, else on the state folder for the next one.";
  command.flags = {
      {.name = "topic", .value_name = "TOPIC", .help = "the topic, as the source has it", .is_required = true},
      {.name = "partition", .value_name = "N", .help = "its partition", .is_required = true},
      {.name = "from", .value_name = "WHERE", .help = "earliest, latest, or an offset of the source"},
      {.name = "yes", .help = "do it, although records are lost or doubled"},
      {.name = "dry_run", .help = "say what that loses or doubles, and change nothing"},
  };
  for (Flag& flag : LinkFlags()) command.flags.push_back(std::move(flag));
  command.run = Run;
  return command;
}

}  // namespace replicator
