#ifndef REPLICATOR_POLICY_GROUP_FILTER_H_
#define REPLICATOR_POLICY_GROUP_FILTER_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/java_pattern_list.h"

namespace replicator::policy {

// Why the offsets of a consumer group of the source are kept in step on the target or not.
enum class GroupDecision {
  kSync,
  kNotIncluded,        // no pattern of `groups` matches
  kExcluded,           // a pattern of `groups.exclude` matches
  kExcludedByDefault,  // likewise, and the file has no `groups.exclude`: the group's full name among `groups` wins
  kNever,              // the lock of a link of this program
};

// MirrorMaker 2's defaults, those of DefaultGroupFilter in Kafka 2.4 ... 4.x.
struct GroupFilterOptions {
  std::vector<std::string> groups = {".*"};                                                    // Java patterns
  std::vector<std::string> groups_exclude = {"console-consumer-.*", "connect-.*", R"(__.*)"};  // win over `groups`
  bool excludes_by_default = true;  // groups_exclude is MirrorMaker's default
};

// Selects the consumer groups of a link by name. Immutable, cheap to copy; any thread may call it.
class GroupFilter {
 public:
  // Selects nothing.
  GroupFilter() = default;

  // INVALID_ARGUMENT for a pattern that is not valid or not supported (see JavaPatternList).
  static absl::StatusOr<GroupFilter> Create(GroupFilterOptions options);

  GroupDecision Decide(absl::string_view group) const;

  // What `groups` has to be, as a line of the file, for these to be kept in step as well.
  // REQUIRES: Decide says kExcludedByDefault of all of them.
  std::string LineToAdd(const std::vector<std::string>& groups) const;

 private:
  GroupFilterOptions options_;
  std::set<std::string, std::less<>> named_;  // those that stand in `groups` in full
  JavaPatternList include_;
  JavaPatternList exclude_;
};

// Nobody goes on with such a group on another cluster: one of a console consumer, whose name is random, or of a tool.
bool IsThrowawayGroup(absl::string_view group);

// A short sentence part, such as "matches groups.exclude".
absl::string_view Explain(GroupDecision decision);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_GROUP_FILTER_H_
