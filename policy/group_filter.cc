#include "policy/group_filter.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace replicator::policy {

absl::string_view Explain(GroupDecision decision) {
  switch (decision) {
    case GroupDecision::kSync:
      return "is kept in step";
    case GroupDecision::kNotIncluded:
      return "matches no pattern of groups";
    case GroupDecision::kExcluded:
      return "matches groups.exclude";
    case GroupDecision::kExcludedByDefault:
      return "matches the default of groups.exclude";
    case GroupDecision::kNever:
      return "is the lock of a link";
  }
  return "unknown";
}

bool IsThrowawayGroup(absl::string_view group) {
  return absl::StartsWith(group, "console-consumer-") || absl::StartsWith(group, "__");
}

absl::StatusOr<GroupFilter> GroupFilter::Create(GroupFilterOptions options) {
  absl::StatusOr<JavaPatternList> include = JavaPatternList::Compile(options.groups);
  if (!include.ok()) return include.status();
  absl::StatusOr<JavaPatternList> exclude = JavaPatternList::Compile(options.groups_exclude);
  if (!exclude.ok()) return exclude.status();
  GroupFilter filter;
  for (const std::string& element : options.groups) {
    if (std::optional<std::string> name = NameInPattern(element)) filter.named_.insert(*std::move(name));
  }
  filter.options_ = std::move(options);
  filter.include_ = *std::move(include);
  filter.exclude_ = *std::move(exclude);
  return filter;
}

GroupDecision GroupFilter::Decide(absl::string_view group) const {
  // replicator/ownership/link_lock.h names them so.
  if (absl::StartsWith(group, "replicator.") && absl::StrContains(group, "->")) return GroupDecision::kNever;
  if (!include_.Matches(group)) return GroupDecision::kNotIncluded;
  if (!exclude_.Matches(group)) return GroupDecision::kSync;
  if (!options_.excludes_by_default) return GroupDecision::kExcluded;
  return named_.contains(group) ? GroupDecision::kSync : GroupDecision::kExcludedByDefault;
}

std::string GroupFilter::LineToAdd(const std::vector<std::string>& groups) const {
  std::vector<std::string> elements = options_.groups;
  elements.insert(elements.end(), groups.begin(), groups.end());
  // A backslash of a pattern is written twice in a properties file.
  return absl::StrReplaceAll(absl::StrCat("groups = ", absl::StrJoin(elements, ", ")), {{"\\", "\\\\"}});
}

}  // namespace replicator::policy
