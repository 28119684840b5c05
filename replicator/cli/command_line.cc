#include "replicator/cli/command_line.h"

#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gflags/gflags.h"
#include "replicator/base/nearest.h"

namespace replicator {
namespace {

const Flag* FindFlag(const Command& command, absl::string_view name) {
  for (const Flag& flag : command.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

bool IsSwitch(const Flag& flag) { return flag.value_name.empty(); }

// What to write, for messages.
std::string Example(const Flag& flag) {
  return IsSwitch(flag) ? absl::StrCat(Dashed(flag.name), " or ", Dashed(flag.name), "=false")
                        : absl::StrCat(Dashed(flag.name), "=", flag.value_name);
}

absl::Status Usage(const Command& command, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(message, " (see replicator help ", command.name, ")"));
}

absl::Status UnknownFlag(const Command& command, absl::Span<const Command> commands, absl::string_view name) {
  for (const Command& other : commands) {
    const Flag* flag = FindFlag(other, name);
    if (flag == nullptr || flag->is_hidden) continue;
    return Usage(command, absl::StrCat(Dashed(name), " is a flag of `", other.name, "`, not of `", command.name, "`"));
  }
  std::vector<std::string> names;
  for (const Flag& flag : command.flags) {
    if (!flag.is_hidden) names.push_back(flag.name);
  }
  const std::string nearest = MeantBy(name, names);
  return Usage(command, absl::StrCat("`", command.name, "` has no flag ", Dashed(name),
                                     nearest.empty() ? "" : absl::StrCat(": did you mean ", Dashed(nearest), "?")));
}

absl::Status ValueBehindSwitch(const Command& command, const Flag& flag, absl::string_view value) {
  return Usage(command, absl::StrCat(Dashed(flag.name), " is a switch and takes no value behind a blank: write ",
                                     Example(flag), ", not ", Dashed(flag.name), " ", value));
}

absl::Status SetFlag(const Command& command, const Flag& flag, const std::string& value) {
  if (value.empty() && flag.is_required)
    return Usage(command, absl::StrCat(Dashed(flag.name), " is empty: write ", Example(flag)));
  const bool is_bad_switch = IsSwitch(flag) && value != "true" && value != "false";
  // An empty answer means that the value does not parse as the flag's type.
  if (is_bad_switch || gflags::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty()) {
    return Usage(command, absl::StrCat(Dashed(flag.name), " cannot be `", value, "`: write ", Example(flag)));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Dashed(absl::string_view flag_name) {
  return absl::StrCat("--", absl::StrReplaceAll(flag_name, {{"_", "-"}}));
}

std::string MeantBy(absl::string_view word, absl::Span<const std::string> candidates) {
  constexpr size_t kStartMin = 2;  // one letter tells nothing
  for (const std::string& candidate : candidates) {
    if (word.size() >= kStartMin && absl::StartsWith(candidate, word)) return candidate;
  }
  return Nearest(word, candidates);
}

absl::Status ParseFlags(const Command& command, absl::Span<const Command> commands,
                        absl::Span<const std::string> arguments) {
  absl::flat_hash_map<std::string, std::string> seen;  // with its value
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (!absl::ConsumePrefix(&argument, "-") || argument.empty()) {
      return Usage(command, absl::StrCat("`", command.name, "` takes no argument `", arguments[i], "`"));
    }
    absl::ConsumePrefix(&argument, "-");
    const size_t equals = argument.find('=');
    const std::string name = absl::StrReplaceAll(argument.substr(0, equals), {{"-", "_"}});
    const Flag* flag = FindFlag(command, name);
    if (flag == nullptr) return UnknownFlag(command, commands, name);
    const auto before = seen.find(name);
    const bool is_repeated = before != seen.end();
    if (is_repeated && !flag->is_repeatable)
      return Usage(command, absl::StrCat(Dashed(name), " is given twice: keep one"));
    const bool has_next = i + 1 < arguments.size();
    std::string value;
    if (equals != absl::string_view::npos) {
      value = std::string(argument.substr(equals + 1));
    } else if (IsSwitch(*flag)) {
      if (has_next && !absl::StartsWith(arguments[i + 1], "-"))
        return ValueBehindSwitch(command, *flag, arguments[i + 1]);
      value = "true";
    } else if (has_next && !absl::StartsWith(arguments[i + 1], "--")) {
      value = arguments[++i];
    } else {
      return Usage(command, absl::StrCat(Dashed(name), " needs a value: write ", Example(*flag)));
    }
    if (is_repeated) value = absl::StrCat(before->second, ",", value);
    seen[name] = value;
    absl::Status status = SetFlag(command, *flag, value);
    if (!status.ok()) return status;
  }
  for (const Flag& flag : command.flags) {
    if (flag.is_required && !seen.contains(flag.name)) {
      return Usage(command, absl::StrCat("`", command.name, "` needs ", Example(flag)));
    }
  }
  return absl::OkStatus();
}

}  // namespace replicator
