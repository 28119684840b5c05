#include "replicator/cli/cutover_command.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "replicator/cli/link_flags.h"
#include "replicator/serve/link_service.h"
#include "replicator/serve/local_server.h"
#include "replicator/status/cutover_status.h"
#include "replicator/status/group_status.h"

DEFINE_string(group, "", "");
DEFINE_string(groups_from, "", "");
DEFINE_bool(all_groups, false, "");
DEFINE_string(wait, "0s", "");
DEFINE_string(missing, "fail", "");
DEFINE_bool(overwrite_target, false, "");
DEFINE_string(evict, "", "");
DEFINE_bool(strict, false, "");
DEFINE_bool(rollback, false, "");
DEFINE_bool(release, false, "");
DEFINE_bool(status, false, "");

namespace replicator {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(200);

std::vector<std::string> Names(const std::string& commas) {
  return absl::StrSplit(commas, ',', absl::SkipWhitespace());
}

// "anna at host7"
std::string Who() {
  const passwd* user = getpwuid(getuid());
  char host[256] = {};
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return absl::StrCat(user == nullptr ? absl::StrCat("user ", getuid()) : std::string(user->pw_name), " at ",
                      host[0] == '\0' ? "unknown host" : host);
}

absl::StatusOr<HttpAnswer> Call(const std::string& folder, const std::string& method, const std::string& path,
                                const std::string& body) {
  absl::StatusOr<HttpAnswer> answer = CallLocal(folder, kSocketName, method, path, body);
  if (absl::IsNotFound(answer.status()))
    return absl::FailedPreconditionError(
        absl::StrCat("no process of the link answers in ", folder,
                     ", and a cutover is done by the one that copies: start replicator run there, or name its folder "
                     "with --state-dir"));
  if (answer.ok() && answer->code != 200) return ErrorIn(*answer);
  return answer;
}

absl::StatusOr<CutoverStatus> CallCutover(const std::string& folder, const std::string& method,
                                          const std::string& body) {
  const absl::StatusOr<HttpAnswer> answer = Call(folder, method, "/cutover", body);
  if (!answer.ok()) return answer.status();
  return ParseCutoverStatus(answer->body);
}

// All that are kept in step and not moved yet.
absl::StatusOr<std::vector<std::string>> AllGroups(const std::string& folder) {
  const absl::StatusOr<HttpAnswer> answer = Call(folder, "GET", "/groups", "");
  if (!answer.ok()) return answer.status();
  const absl::StatusOr<GroupsStatus> status = ParseGroupsStatus(answer->body);
  if (!status.ok()) return status.status();
  if (!status->is_enabled)
    return absl::FailedPreconditionError(
        "--all-groups takes the groups that are kept in step, and sync.group.offsets.enabled is not true in the file: "
        "set it, or name the groups");
  std::vector<std::string> groups;
  for (const GroupLine& line : status->groups) {
    if (line.state != GroupState::kMoved && line.state != GroupState::kNotMoved) groups.push_back(line.group);
  }
  if (groups.empty()) return absl::FailedPreconditionError("no group is left that could be moved");
  return groups;
}

absl::StatusOr<std::vector<std::string>> GroupsFrom(const std::string& file) {
  std::ifstream in(file);
  if (!in) return absl::NotFoundError(absl::StrCat("--groups-from: ", file, " cannot be read"));
  std::vector<std::string> groups;
  for (std::string line; std::getline(in, line);) {
    const absl::string_view name = absl::StripAsciiWhitespace(line);
    if (!name.empty() && name[0] != '#') groups.emplace_back(name);
  }
  if (groups.empty()) return absl::InvalidArgumentError(absl::StrCat("--groups-from: ", file, " names no group"));
  return groups;
}

absl::StatusOr<std::vector<std::string>> WhichGroups(const std::string& folder) {
  const int ways = !FLAGS_group.empty() + !FLAGS_groups_from.empty() + FLAGS_all_groups;
  if (ways != 1)
    return absl::InvalidArgumentError(
        "which groups? Write one of --group=NAME, --groups-from=FILE and --all-groups (or --status to see those that "
        "were cut over)");
  absl::StatusOr<std::vector<std::string>> groups = FLAGS_all_groups            ? AllGroups(folder)
                                                    : FLAGS_groups_from.empty() ? Names(FLAGS_group)
                                                                                : GroupsFrom(FLAGS_groups_from);
  if (!groups.ok()) return groups.status();
  std::sort(groups->begin(), groups->end());
  groups->erase(std::unique(groups->begin(), groups->end()), groups->end());
  return groups;
}

absl::StatusOr<CutoverRequest> RequestFromFlags() {
  CutoverRequest request;
  if (FLAGS_rollback && FLAGS_release)
    return absl::InvalidArgumentError("--rollback ends the hold by itself: leave --release out");
  if (FLAGS_rollback) request.action = CutoverRequest::Action::kRollback;
  if (FLAGS_release) request.action = CutoverRequest::Action::kRelease;
  absl::Duration wait;
  if (!absl::ParseDuration(FLAGS_wait, &wait) || wait < absl::ZeroDuration() || wait == absl::InfiniteDuration())
    return absl::InvalidArgumentError(absl::StrCat("--wait=", FLAGS_wait, ": write a duration like 90s, 10m or 2h"));
  if (FLAGS_missing == "earliest") {
    request.missing = MissingCommits::kEarliest;
  } else if (FLAGS_missing == "end") {
    request.missing = MissingCommits::kEnd;
  } else if (FLAGS_missing != "fail") {
    return absl::InvalidArgumentError("--missing is fail, earliest or end");
  }
  request.wait_ms = absl::ToInt64Milliseconds(wait);
  request.is_dry_run = FLAGS_dry_run;
  request.overwrite_target = FLAGS_overwrite_target;
  request.is_strict = FLAGS_strict;
  request.yes = FLAGS_yes;
  request.evict = Names(FLAGS_evict);
  request.who = Who();
  if (request.is_dry_run && request.action == CutoverRequest::Action::kRelease)
    return absl::InvalidArgumentError("--release has no dry run: --status shows what is held");
  return request;
}

// The lines of these groups.
CutoverStatus Of(const CutoverStatus& status, const std::vector<std::string>& groups) {
  CutoverStatus some = status;
  some.groups.clear();
  for (const CutoverLine& line : status.groups) {
    if (std::binary_search(groups.begin(), groups.end(), line.record.group)) some.groups.push_back(line);
  }
  return some;
}

ExitCode CodeOf(const CutoverStatus& status) {
  const auto is_done = [](const CutoverLine& line) { return line.code == ExitCode::kDone; };
  const auto failed = std::find_if_not(status.groups.begin(), status.groups.end(), is_done);
  if (failed == status.groups.end()) return ExitCode::kDone;
  return std::any_of(status.groups.begin(), status.groups.end(), is_done) ? ExitCode::kPartlyDone : failed->code;
}

ExitCode ShowStatus(Streams streams, const std::string& folder) {
  absl::StatusOr<CutoverStatus> status = CallCutover(folder, "GET", "");
  if (!status.ok()) return FailWith(streams, status.status());
  std::vector<std::string> groups = Names(FLAGS_group);
  std::sort(groups.begin(), groups.end());
  // What was only asked for, and changed nothing, is no cutover.
  std::erase_if(status->groups, [&](const CutoverLine& line) {
    const bool is_meant = groups.empty() || std::binary_search(groups.begin(), groups.end(), line.record.group);
    return !is_meant || (line.record.phase == CutoverPhase::kNone && !line.is_running);
  });
  streams.out << (FLAGS_json ? ToJson(*status) : CutoverListText(*status));
  return ExitCode::kDone;
}

ExitCode Run(Streams streams) {
  const absl::StatusOr<std::string> folder = StateDirFromFlags();
  if (!folder.ok()) return FailWith(streams, folder.status());
  if (FLAGS_status) return ShowStatus(streams, *folder);
  absl::StatusOr<CutoverRequest> request = RequestFromFlags();
  if (!request.ok()) return FailWith(streams, request.status());
  absl::StatusOr<std::vector<std::string>> groups = WhichGroups(*folder);
  if (!groups.ok()) return FailWith(streams, groups.status());
  request->groups = *groups;
  absl::StatusOr<CutoverStatus> status = CallCutover(*folder, "POST", ToJson(*request));
  if (!status.ok()) return FailWith(streams, status.status());
  // Progress goes to stderr: what a script reads is the report alone.
  std::map<std::string, std::string> told;
  for (;;) {
    CutoverStatus ours = Of(*status, *groups);
    bool is_running = false;
    for (const CutoverLine& line : ours.groups) {
      is_running = is_running || line.is_running;
      const std::string text = absl::StrCat("step ", line.step, " of 7: ", line.text);
      if (!line.is_running || line.step == 0 || std::exchange(told[line.record.group], text) == text) continue;
      streams.err << line.record.group << ": " << text << std::endl;
    }
    if (!is_running) {
      if (FLAGS_json) {
        streams.out << ToJson(ours);
      } else {
        for (const CutoverLine& line : ours.groups) streams.out << CutoverReportText(ours, line);
      }
      return CodeOf(ours);
    }
    absl::SleepFor(kPollInterval);
    status = CallCutover(*folder, "GET", "");
    if (status.ok()) continue;
    FailWith(streams, status.status());
    streams.err
        << "replicator: what became of it is not known; once the process runs again, the same command goes on\n";
    return ExitCode::kPartlyDone;
  }
}

}  // namespace

Command CutoverCommand() {
  Command command;
  command.name = "cutover";
  command.summary = "Move consumer groups to the target, exactly and proven, or back.";
  command.description =
      "Moves a group to the target at the record where it stopped. Stop its consumers at the source,\n"
      "give this command, start them on the target. In between the group is held at the source, so\n"
      "that a consumer that comes back there is refused instead of reading twice; it stays held after\n"
      "the move. Every position is proven by the records around it on both sides. Each step is written\n"
      "down: after a crash the same command goes on. A group moves whole or not at all.\n"
      "The process that copies the link does it; --status shows what it has done.";
  command.flags = {
      {.name = "group",
       .value_name = "NAME",
       .help = "the group; several by commas or repeated",
       .is_repeatable = true},
      {.name = "groups_from", .value_name = "FILE", .help = "groups from a file, one a line"},
      {.name = "all_groups", .help = "all groups that are kept in step and not moved yet"},
      {.name = "wait",
       .value_name = "DURATION",
       .help = "how long to wait for its consumers to stop and for the copy, like 10m",
       .default_text = "0s"},
      {.name = "dry_run", .help = "look, translate and prove, and change nothing"},
      {.name = "missing",
       .value_name = "WHAT",
       .help = "where partitions without a commit begin: earliest or end; fail refuses",
       .default_text = "fail"},
      {.name = "overwrite_target", .help = "replace what somebody else has committed on the target; it is recorded"},
      {.name = "evict",
       .value_name = "NAME",
       .help = "remove members of this client id or instance id from the source's group",
       .is_repeatable = true},
      {.name = "strict", .help = "refuse what cannot be proven since retention or compaction removed it"},
      {.name = "yes", .help = "do it, although something cannot be seen, or records are left out"},
      {.name = "rollback", .help = "the way back: to where the group stands on the target by now"},
      {.name = "release", .help = "end the hold at the source"},
      {.name = "status", .help = "the groups that were cut over: when, by whom, and whether they are held"},
      {.name = "json", .help = "the report for scripts; see schema_version"},
  };
  for (Flag& flag : LinkFlags()) command.flags.push_back(std::move(flag));
  command.run = Run;
  return command;
}

}  // namespace replicator
