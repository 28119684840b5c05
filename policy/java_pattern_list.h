#ifndef REPLICATOR_POLICY_JAVA_PATTERN_LIST_H_
#define REPLICATOR_POLICY_JAVA_PATTERN_LIST_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace replicator::policy {

// MirrorMaker 2's default for config.properties.exclude, that of DefaultConfigPropertyFilter in Kafka 2.8 ... 4.x.
inline constexpr absl::string_view kConfigPropertiesExcludeDefault =
    R"(follower\.replication\.throttled\.replicas, leader\.replication\.throttled\.replicas, )"
    R"(message\.timestamp\.difference\.max\.ms, message\.timestamp\.type, )"
    R"(unclean\.leader\.election\.enable, min\.insync\.replicas)";

// The name that a pattern stands for, be it written as it is or with its dots and dashes escaped; nothing for a pattern
// that may match more. A dot may match other names, too: a name it is all the same.
std::optional<std::string> NameInPattern(absl::string_view pattern);

// A list of Java regular expressions as MirrorMaker 2 uses it for `topics`, `topics.exclude`, `groups`,
// `groups.exclude` and `config.properties.exclude`: the elements are joined by `|` and a name has to match as a whole
// (MirrorUtils.compilePatternList, Matcher.matches).
//
// RE2 does the matching, in time linear in the name. It reads the same syntax as java.util.regex except for what
// backtracking alone can do (look-around, back references, possessive quantifiers) and for a few spellings that both
// accept but read differently. Compile() refuses all of these by name: a pattern never quietly selects other topics
// than it did under MirrorMaker.
//
// Immutable after Compile(); copies share the compiled pattern; any thread may call Matches().
class JavaPatternList {
 public:
  // An empty list, which matches nothing.
  JavaPatternList() = default;

  // INVALID_ARGUMENT, naming the element and what to write instead, when an element is not valid or not supported.
  static absl::StatusOr<JavaPatternList> Compile(const std::vector<std::string>& patterns);

  // True when one of the patterns matches all of `name`.
  bool Matches(absl::string_view name) const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_JAVA_PATTERN_LIST_H_
