#include "replicator/cli/program.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "replicator/cli/command_line.h"
#include "replicator/cli/help.h"

namespace replicator {
namespace {

bool AsksForHelp(absl::string_view argument) { return argument == "--help" || argument == "-h" || argument == "-help"; }

const Command* FindCommand(absl::Span<const Command> commands, absl::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

// The command that the arguments begin with: its name has one word, or two. The second word is taken from `arguments`,
// as the first one is.
std::string TakeName(absl::Span<const Command> commands, absl::Span<const std::string>& arguments) {
  std::string name = arguments[0];
  arguments = arguments.subspan(1);
  const bool has_two = std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
    return absl::StartsWith(command.name, absl::StrCat(name, " "));
  });
  if (!has_two || arguments.empty() || absl::StartsWith(arguments[0], "-")) return name;
  absl::StrAppend(&name, " ", arguments[0]);
  arguments = arguments.subspan(1);
  return name;
}

ExitCode Fail(Streams streams, absl::string_view message) {
  streams.err << "replicator: " << message << "\n";
  return ExitCode::kUsage;
}

ExitCode UnknownCommand(absl::Span<const Command> commands, absl::string_view name, Streams streams) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : commands) names.push_back(command.name);
  const std::string nearest = MeantBy(name, names);
  return Fail(streams, absl::StrCat("there is no command `", name, "`",
                                    nearest.empty() ? "" : absl::StrCat(": did you mean `", nearest, "`?"),
                                    " (see replicator help)"));
}

ExitCode Help(absl::Span<const Command> commands, absl::Span<const std::string> topics, Streams streams) {
  if (topics.empty() || AsksForHelp(topics[0])) {
    streams.out << ProgramHelp(commands);
    return ExitCode::kDone;
  }
  const std::string name = TakeName(commands, topics);
  if (!topics.empty()) return Fail(streams, absl::StrCat("`help` takes one command, not also `", topics[0], "`"));
  if (name == "help") {
    streams.out << ProgramHelp(commands);
    return ExitCode::kDone;
  }
  const Command* command = FindCommand(commands, name);
  if (command == nullptr) return UnknownCommand(commands, name, streams);
  streams.out << CommandHelp(*command);
  return ExitCode::kDone;
}

}  // namespace

ExitCode RunProgram(absl::Span<const Command> commands, absl::Span<const std::string> arguments, Streams streams) {
  if (arguments.empty()) {
    streams.err << ProgramHelp(commands);
    return ExitCode::kUsage;
  }
  absl::Span<const std::string> rest = arguments;
  std::string name = TakeName(commands, rest);
  if (name == "--version") name = "version";
  if (name == "help" || AsksForHelp(name)) return Help(commands, rest, streams);
  const Command* command = FindCommand(commands, name);
  if (command == nullptr) {
    if (name.front() != '-') return UnknownCommand(commands, name, streams);
    return Fail(streams,
                absl::StrCat("the command has to come before `", name, "`, as in replicator run --config=FILE"));
  }
  if (std::any_of(rest.begin(), rest.end(), AsksForHelp)) {
    streams.out << CommandHelp(*command);
    return ExitCode::kDone;
  }
  const absl::Status status = ParseFlags(*command, commands, rest);
  if (!status.ok()) return Fail(streams, status.message());
  return command->run(streams);
}

}  // namespace replicator
