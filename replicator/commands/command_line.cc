#include "replicator/commands/command_line.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gflags/gflags.h"

namespace replicator {
namespace {

constexpr size_t kNearEnough = 2;  // edits

std::string Shown(absl::string_view name) { return absl::StrCat("--", absl::StrReplaceAll(name, {{"_", "-"}})); }

const Flag* FindFlag(const Command& command, absl::string_view name) {
  for (const Flag& flag : command.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

absl::Status Usage(const Command& command, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(message, " (see replicator help ", command.name, ")"));
}

absl::Status UnknownFlag(const Command& command, absl::Span<const Command> commands, absl::string_view name) {
  for (const Command& other : commands) {
    const Flag* flag = FindFlag(other, name);
    if (flag == nullptr || flag->is_hidden) continue;
    return Usage(command, absl::StrCat(Shown(name), " is a flag of `", other.name, "`, not of `", command.name, "`"));
  }
  std::vector<std::string> names;
  for (const Flag& flag : command.flags) {
    if (!flag.is_hidden) names.push_back(flag.name);
  }
  const std::string nearest = Nearest(name, names);
  return Usage(command, absl::StrCat("`", command.name, "` has no flag ", Shown(name),
                                     nearest.empty() ? "" : absl::StrCat(": did you mean ", Shown(nearest), "?")));
}

absl::Status SetFlag(const Command& command, const Flag& flag, const std::string& value) {
  if (value.empty() && flag.is_required)
    return Usage(command, absl::StrCat(Shown(flag.name), " is empty: write ", Shown(flag.name), "=", flag.value_name));
  // An empty answer means that the value does not parse as the flag's type.
  if (gflags::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty()) {
    return Usage(command, absl::StrCat(Shown(flag.name), " cannot be `", value, "`: write ", Shown(flag.name), "=",
                                       flag.value_name));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Nearest(absl::string_view word, absl::Span<const std::string> candidates) {
  std::string nearest;
  size_t least = kNearEnough + 1;
  for (const std::string& candidate : candidates) {
    // A start of the name is what is meant, too: `ver` for `version`.
    const size_t distance = word.size() >= 2 && absl::StartsWith(candidate, word) ? 0 : EditDistance(word, candidate);
    // All of a short word changed is no likeness.
    if (distance >= least || distance >= candidate.size()) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

absl::Status ParseFlags(const Command& command, absl::Span<const Command> commands,
                        absl::Span<const std::string> arguments) {
  absl::flat_hash_set<std::string> seen;
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
    if (!seen.insert(name).second) return Usage(command, absl::StrCat(Shown(name), " is given twice: keep one"));
    std::string value;
    if (equals != absl::string_view::npos) {
      value = std::string(argument.substr(equals + 1));
    } else if (i + 1 < arguments.size() && !absl::StartsWith(arguments[i + 1], "--")) {
      value = arguments[++i];
    } else {
      return Usage(command, absl::StrCat(Shown(name), " needs a value: write ", Shown(name), "=", flag->value_name));
    }
    absl::Status status = SetFlag(command, *flag, value);
    if (!status.ok()) return status;
  }
  for (const Flag& flag : command.flags) {
    if (flag.is_required && !seen.contains(flag.name)) {
      return Usage(command, absl::StrCat("`", command.name, "` needs ", Shown(flag.name), "=", flag.value_name));
    }
  }
  return absl::OkStatus();
}

}  // namespace replicator
