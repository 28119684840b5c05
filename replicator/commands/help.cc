#include "replicator/commands/help.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace replicator {
namespace {

using Row = std::pair<std::string, std::string>;

// Two columns, the second one of as many lines as its text has.
std::string Table(const std::vector<Row>& rows) {
  size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.first.size());
  std::string out;
  for (const Row& row : rows) {
    std::string left = row.first;
    for (const absl::string_view line : absl::StrSplit(row.second, '\n')) {
      absl::StrAppend(&out, "  ", left, std::string(width - left.size() + 2, ' '), line, "\n");
      left.clear();
    }
  }
  return out;
}

std::string Shown(const Flag& flag) {
  return absl::StrCat("--", absl::StrReplaceAll(flag.name, {{"_", "-"}}), "=", flag.value_name);
}

std::vector<Row> ExitCodes() {
  const auto row = [](ExitCode code, const char* meaning) {
    return Row(absl::StrCat(static_cast<int>(code)), meaning);
  };
  return {
      row(ExitCode::kDone, "done"),
      row(ExitCode::kInternal, "internal error"),
      row(ExitCode::kUsage, "usage or configuration"),
      row(ExitCode::kBlocked, "blocked by a check"),
      row(ExitCode::kQuarantined, "quarantined: a topic-partition is stopped, with its reason"),
      row(ExitCode::kUnreachable, "a cluster is unreachable"),
      row(ExitCode::kUnauthorized, "unauthorized by a cluster"),
      row(ExitCode::kWrongCluster, "wrong cluster: not the one this link was started with"),
  };
}

}  // namespace

std::string ProgramHelp(absl::Span<const Command> commands) {
  std::vector<Row> rows;
  for (const Command& command : commands) rows.emplace_back(command.name, command.summary);
  rows.emplace_back("help [COMMAND]", "what the program or one command does");
  return absl::StrCat(
      "replicator copies one Kafka cluster to another: record batches as they are, each exactly once.\n\n"
      "Usage: replicator COMMAND [--flag=value ...]\n\nCommands:\n",
      Table(rows), "\nExit codes:\n", Table(ExitCodes()));
}

std::string CommandHelp(const Command& command) {
  std::string usage = absl::StrCat("Usage: replicator ", command.name);
  std::vector<Row> rows;
  for (const Flag& flag : command.flags) {
    if (flag.is_hidden) continue;
    absl::StrAppend(&usage, flag.is_required ? absl::StrCat(" ", Shown(flag)) : absl::StrCat(" [", Shown(flag), "]"));
    std::string text = flag.help;
    if (flag.is_required) absl::StrAppend(&text, "\nrequired");
    if (!flag.default_text.empty()) absl::StrAppend(&text, "\ndefault: ", flag.default_text);
    rows.emplace_back(Shown(flag), std::move(text));
  }
  std::string out = absl::StrCat(command.summary, "\n\n", usage, "\n");
  if (!command.description.empty()) absl::StrAppend(&out, "\n", command.description, "\n");
  if (!rows.empty()) absl::StrAppend(&out, "\nFlags:\n", Table(rows));
  return out;
}

}  // namespace replicator
