#include "replicator/config/link_names.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"

namespace replicator {
namespace {

// Strimzi shipped this one before Kafka 3.0 had its own; it names topics in the same way.
constexpr absl::string_view kStrimziIdentityPolicyClass = "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy";

class Finder {
 public:
  explicit Finder(KeyLookup& keys) : keys_(keys) {}

  std::optional<LinkNames> Run() {
    if (!ReadAliases() || !FindLink()) return std::nullopt;
    return std::move(names_);
  }

 private:
  bool ReadAliases() {
    names_.clusters = keys_.Take("clusters");
    if (names_.clusters == nullptr) {
      if (keys_.errors().empty()) {
        keys_.Error(absl::StrCat(keys_.properties().file_name(),
                                 ": clusters is missing: write the aliases of both clusters, as in clusters=A, B",
                                 keys_.NearMiss("clusters")));
      }
      return false;
    }
    for (std::string& alias : SplitList(names_.clusters->value)) {
      const bool known = std::find(names_.aliases.begin(), names_.aliases.end(), alias) != names_.aliases.end();
      if (!alias.empty() && !known) names_.aliases.push_back(std::move(alias));
    }
    if (names_.aliases.size() >= 2) return true;
    keys_.ErrorAt(*names_.clusters,
                  "clusters has to name two clusters, the source and the target: write, for example, clusters=A, B");
    return false;
  }

  bool FindLink() {
    std::vector<const Property*> enabled;
    for (const std::string& source : names_.aliases) {
      for (const std::string& target : names_.aliases) {
        if (source == target) continue;
        const Property* property = keys_.Take(absl::StrCat(source, "->", target, ".enabled"));
        bool is_enabled = false;
        if (property == nullptr || !keys_.ReadBool(*property, is_enabled) || !is_enabled) continue;
        enabled.push_back(property);
        names_.source = source;
        names_.target = target;
      }
    }
    if (enabled.size() == 1) return true;
    if (enabled.size() > 1) {
      RefuseSecondLink(*enabled[0], *enabled[1]);
    } else if (keys_.errors().empty()) {
      RefuseNoLink();
    }
    return false;
  }

  void RefuseNoLink() {
    const std::vector<std::string>& aliases = names_.aliases;
    for (const std::string& alias : aliases) {
      const Property* property = keys_.properties().Find(alias);
      if (property == nullptr || !absl::StartsWith(property->value, "->")) continue;
      keys_.ErrorAt(*property, absl::StrCat("a key ends at a blank, so this sets the key ", Quoted(alias), ": write ",
                                            alias, "->ALIAS.enabled=true without blanks around the arrow"));
      return;
    }
    std::string hint;
    for (const std::string& source : aliases) {
      for (const std::string& target : aliases) {
        if (hint.empty() && source != target) hint = keys_.NearMiss(absl::StrCat(source, "->", target, ".enabled"));
      }
    }
    keys_.ErrorAt(*names_.clusters,
                  absl::StrCat("no link between the clusters ", absl::StrJoin(aliases, ", "), " is enabled: write ",
                               aliases[0], "->", aliases[1], ".enabled=true", hint));
  }

  void RefuseSecondLink(const Property& first, const Property& second) {
    // The later of the two is the one that names_ has, so its reverse is the other one when both clusters are the same.
    const std::string reverse = absl::StrCat(names_.target, "->", names_.source);
    const std::string reverse_key = absl::StrCat(reverse, ".enabled");
    const bool both_ways = first.key == reverse_key || second.key == reverse_key;
    if (both_ways && (KeepsNames(names_.Link()) || KeepsNames(reverse))) {
      keys_.ErrorAt(second,
                    absl::StrCat(second.key, " is true, but so is ", first.key, " at line ", first.line,
                                 ", and IdentityReplicationPolicy keeps topic names: every record that is copied one "
                                 "way would be copied back again, without end. Write ",
                                 second.key,
                                 "=false, or take DefaultReplicationPolicy, which puts the source's alias "
                                 "before the names"));
      return;
    }
    keys_.ErrorAt(second, absl::StrCat(second.key, " is true, but so is ", first.key, " at line ", first.line,
                                       ": a process copies one link. Start one process for each, with a "
                                       "copy of the file in which the other links say enabled=false"));
  }

  bool KeepsNames(absl::string_view link) const {
    const Property* property = keys_.properties().Find(absl::StrCat(link, ".replication.policy.class"));
    if (property == nullptr) property = keys_.properties().Find("replication.policy.class");
    return property != nullptr && IsIdentityPolicyClass(absl::StripAsciiWhitespace(property->value));
  }

  KeyLookup& keys_;
  LinkNames names_;
};

}  // namespace

bool IsIdentityPolicyClass(absl::string_view name) {
  return name == kIdentityPolicyClass || name == kStrimziIdentityPolicyClass;
}

std::optional<LinkNames> TakeLinkNames(KeyLookup& keys) { return Finder(keys).Run(); }

}  // namespace replicator
