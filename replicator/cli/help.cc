#include "replicator/cli/help.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "replicator/base/exit_code.h"
#include "replicator/cli/command_line.h"

namespace replicator {
namespace {

constexpr size_t kUsageColumns = 100;

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
  return absl::StrCat(Dashed(flag.name), flag.value_name.empty() ? "" : "=", flag.value_name);
}

std::vector<Row> ExitCodes() {
  std::vector<Row> rows;
  for (const ExitCodeMeaning& row : kExitCodes) {
    rows.emplace_back(absl::StrCat(static_cast<int>(row.code)), row.meaning);
  }
  return rows;
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
  const std::string indent(usage.size(), ' ');
  size_t line_begin = 0;
  std::vector<Row> rows;
  for (const Flag& flag : command.flags) {
    if (flag.is_hidden) continue;
    const std::string item = flag.is_required ? Shown(flag) : absl::StrCat("[", Shown(flag), "]");
    if (usage.size() - line_begin + item.size() >= kUsageColumns) {
      line_begin = usage.size() + 1;
      absl::StrAppend(&usage, "\n", indent);
    }
    absl::StrAppend(&usage, " ", item);
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
