#include "replicator/config.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "replicator/bootstrap_servers.h"

namespace replicator {
namespace {

constexpr absl::string_view kDefaultPolicyClass = "org.apache.kafka.connect.mirror.DefaultReplicationPolicy";
constexpr absl::string_view kIdentityPolicyClass = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";
// Strimzi shipped this one before Kafka 3.0 had its own; it names topics in the same way.
constexpr absl::string_view kStrimziIdentityPolicyClass = "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy";
constexpr absl::string_view kDefaultTopicFilterClass = "org.apache.kafka.connect.mirror.DefaultTopicFilter";

constexpr int64_t kReplicationFactorMax = std::numeric_limits<int16_t>::max();  // the protocol's type
constexpr int64_t kTasksMax = 10'000;
constexpr int64_t kRefreshSecondsMax = int64_t{10} * 365 * 24 * 3600;

// Keys and values in messages stay on one line and of a readable length.
std::string Quoted(absl::string_view text) {
  constexpr size_t kShownMax = 200;
  return absl::StrCat("`", absl::Utf8SafeCEscape(text.substr(0, kShownMax)), text.size() > kShownMax ? "..." : "", "`");
}

// ConfigDef's LIST: white space around commas does not count; an empty value is an empty list.
std::vector<std::string> SplitList(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  std::vector<std::string> items;
  if (value.empty()) return items;
  for (const absl::string_view item : absl::StrSplit(value, ',')) items.emplace_back(absl::StripAsciiWhitespace(item));
  return items;
}

// What is left of a client setting's name behind the roles that MirrorMaker lets stand before it, as in
// `A.consumer.ssl.truststore.location` or `A->B.source.cluster.security.protocol`.
absl::string_view StripRoles(absl::string_view name) {
  constexpr absl::string_view kRoles[] = {"source.", "target.", "cluster.", "consumer.", "producer.", "admin."};
  bool stripped = true;
  while (stripped) {
    stripped = false;
    for (const absl::string_view role : kRoles) stripped = absl::ConsumePrefix(&name, role) || stripped;
  }
  return name;
}

class LinkConfigReader {
 public:
  explicit LinkConfigReader(const Properties& properties) : properties_(properties) {}

  absl::StatusOr<LinkConfig> Run() {
    config_.file_name = properties_.file_name();
    if (ReadAliases() && FindLink()) {
      ReadCluster(config_.source);
      ReadCluster(config_.target);
      ReadReplicationPolicy();
      ReadTopics();
      ReadNumbers();
      CheckRemainingKeys();
    }
    if (!errors_.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
    config_.notes.insert(config_.notes.begin(), properties_.warnings().begin(), properties_.warnings().end());
    return std::move(config_);
  }

 private:
  // ---- Messages

  void Error(std::string message) {
    if (errors_.size() < kConfigErrorsMax) errors_.push_back(std::move(message));
  }

  void ErrorAt(const Property& property, absl::string_view message) {
    Error(absl::StrCat(properties_.Where(property), ": ", message));
  }

  void NoteAt(const Property& property, absl::string_view message) {
    config_.notes.push_back(absl::StrCat(properties_.Where(property), ": ", message));
  }

  std::string File() const { return properties_.file_name(); }

  // ---- Look-up

  const Property* Take(absl::string_view key) {
    const Property* property = properties_.Find(key);
    if (property == nullptr) return nullptr;
    taken_.insert(property->key);
    if (!absl::StrContains(property->value, "${")) return property;
    ErrorAt(*property,
            absl::StrCat(key,
                         " takes its value from a config provider (${...}), which is not supported: write the "
                         "value itself"));
    return nullptr;
  }

  // A setting of the link: `A->B.name`, else `name`.
  const Property* TakeSetting(absl::string_view name) {
    const Property* of_link = Take(absl::StrCat(config_.Name(), ".", name));
    const Property* of_all = Take(name);
    if (of_link == nullptr) return of_all;
    if (of_all != nullptr) NoteOverridden(*of_all, *of_link);
    return of_link;
  }

  void NoteOverridden(const Property& loser, const Property& winner) {
    NoteAt(loser,
           absl::StrCat(loser.key, " has no effect: ", winner.key, " at line ", winner.line, " takes its place"));
  }

  bool ReadBool(const Property& property, bool& out) {
    const std::string value = absl::AsciiStrToLower(absl::StripAsciiWhitespace(property.value));
    if (value == "true" || value == "false") {
      out = value == "true";
      return true;
    }
    ErrorAt(property, absl::StrCat(property.key, " is ", Quoted(property.value), ": write ", property.key, "=true or ",
                                   property.key, "=false"));
    return false;
  }

  int64_t ReadNumber(absl::string_view name, int64_t default_value, int64_t max, absl::string_view instead) {
    const Property* property = TakeSetting(name);
    if (property == nullptr) return default_value;
    int64_t number = 0;
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(property->value), &number) && number >= 1 && number <= max)
      return number;
    ErrorAt(*property, absl::StrCat(property->key, " is ", Quoted(property->value), ", not a whole number from 1 to ",
                                    max, ": write ", instead));
    return default_value;
  }

  // ---- The link and its two clusters

  bool ReadAliases() {
    clusters_ = Take("clusters");
    if (clusters_ == nullptr) {
      if (errors_.empty())
        Error(absl::StrCat(File(), ": clusters is missing: write the aliases of both clusters, as in clusters=A, B"));
      return false;
    }
    for (std::string& alias : SplitList(clusters_->value)) {
      const bool known = std::find(aliases_.begin(), aliases_.end(), alias) != aliases_.end();
      if (!alias.empty() && !known) aliases_.push_back(std::move(alias));
    }
    if (aliases_.size() >= 2) return true;
    ErrorAt(*clusters_,
            "clusters has to name two clusters, the source and the target: write, for example, clusters=A, B");
    return false;
  }

  bool FindLink() {
    std::vector<const Property*> enabled;
    for (const std::string& source : aliases_) {
      for (const std::string& target : aliases_) {
        if (source == target) continue;
        const Property* property = Take(absl::StrCat(source, "->", target, ".enabled"));
        bool is_enabled = false;
        if (property == nullptr || !ReadBool(*property, is_enabled) || !is_enabled) continue;
        enabled.push_back(property);
        config_.source.alias = source;
        config_.target.alias = target;
      }
    }
    if (enabled.size() == 1) return true;
    if (enabled.size() > 1) {
      ErrorAt(*enabled[1],
              absl::StrCat(enabled[1]->key, " is true, but so is ", enabled[0]->key, " at line ", enabled[0]->line,
                           ": a process copies one link. Start one process for each, with a "
                           "copy of the file in which the other links say enabled=false"));
    } else if (errors_.empty()) {
      ErrorAt(*clusters_, absl::StrCat("no link between the clusters ", absl::StrJoin(aliases_, ", "),
                                       " is enabled: write ", aliases_[0], "->", aliases_[1], ".enabled=true"));
    }
    return false;
  }

  void ReadCluster(ClusterConfig& cluster) {
    const std::string key = absl::StrCat(cluster.alias, ".bootstrap.servers");
    const size_t errors_before = errors_.size();
    const Property* property = Take(key);
    if (property == nullptr) {
      if (errors_.size() == errors_before) {
        Error(absl::StrCat(File(), ": ", key, " is missing: write ", key, "=host1:9092,host2:9092"));
      }
      return;
    }
    absl::StatusOr<std::vector<std::string>> servers = ParseBootstrapServers(property->value);
    if (servers.ok()) {
      cluster.bootstrap_servers = *std::move(servers);
    } else {
      ErrorAt(*property, absl::StrCat(key, " ", servers.status().message(), ": write ", key, "=host1:9092,host2:9092"));
    }
  }

  // ---- What to copy, and under which name

  void ReadReplicationPolicy() {
    if (const Property* property = TakeSetting("replication.policy.separator")) {
      separator_ = std::string(absl::StripAsciiWhitespace(property->value));
      if (separator_.empty()) {
        ErrorAt(*property, absl::StrCat(property->key, " is empty: write ", property->key, "=. (the default)"));
        return;
      }
    }
    const Property* property = TakeSetting("replication.policy.class");
    const absl::string_view name =
        property == nullptr ? kDefaultPolicyClass : absl::StripAsciiWhitespace(property->value);
    if (name == kIdentityPolicyClass || name == kStrimziIdentityPolicyClass) {
      config_.replication_policy = policy::ReplicationPolicy::Identity();
    } else if (name == kDefaultPolicyClass) {
      UsePrefixPolicy();
    } else {
      ErrorAt(*property, absl::StrCat(property->key, " names the class ", Quoted(name),
                                      ", and Java classes cannot be loaded: "
                                      "write ",
                                      kIdentityPolicyClass, " to keep topic names, or ", kDefaultPolicyClass,
                                      " to put the source's alias before them"));
    }
  }

  void UsePrefixPolicy() {
    absl::StatusOr<policy::ReplicationPolicy> policy =
        policy::ReplicationPolicy::Prefix(config_.source.alias, config_.target.alias, separator_);
    if (policy.ok()) {
      config_.replication_policy = *std::move(policy);
    } else {
      ErrorAt(*clusters_,
              absl::StrCat("topics on the target get the source's alias as a prefix, but ", policy.status().message()));
    }
  }

  void ReadTopics() {
    CheckTopicFilterClass();
    policy::TopicFilterOptions options;
    options.cluster_aliases = aliases_;
    options.separator = separator_;
    bool valid = true;
    if (const Property* property = TakeSetting("topics")) {
      options.topics = SplitList(property->value);
      valid = CheckPatterns(*property, options.topics) && valid;
    }
    // ConfigUtils.translateDeprecatedConfigs: the new name wins, wherever it stands.
    const Property* exclude = TakeSetting("topics.exclude");
    const Property* deprecated = TakeSetting("topics.blacklist");
    if (exclude != nullptr && deprecated != nullptr) NoteOverridden(*deprecated, *exclude);
    if (exclude == nullptr) exclude = deprecated;
    if (exclude != nullptr) {
      options.topics_exclude = SplitList(exclude->value);
      valid = CheckPatterns(*exclude, options.topics_exclude) && valid;
    }
    if (!valid) return;
    absl::StatusOr<policy::TopicFilter> filter = policy::TopicFilter::Create(std::move(options));
    if (filter.ok()) {
      config_.topic_filter = *std::move(filter);
    } else {
      Error(absl::StrCat(File(), ": ", filter.status().message()));
    }
  }

  bool CheckPatterns(const Property& property, const std::vector<std::string>& patterns) {
    absl::StatusOr<policy::JavaPatternList> list = policy::JavaPatternList::Compile(patterns);
    if (!list.ok()) ErrorAt(property, absl::StrCat(property.key, ": ", list.status().message()));
    return list.ok();
  }

  void CheckTopicFilterClass() {
    const Property* property = TakeSetting("topic.filter.class");
    if (property == nullptr || absl::StripAsciiWhitespace(property->value) == kDefaultTopicFilterClass) return;
    ErrorAt(*property, absl::StrCat(property->key,
                                    " names a class of its own, and Java classes cannot be loaded: delete the key "
                                    "and select the topics with topics and topics.exclude"));
  }

  void ReadNumbers() {
    config_.replication_factor = static_cast<int>(
        ReadNumber("replication.factor", config_.replication_factor, kReplicationFactorMax, "replication.factor=3"));
    config_.tasks_max = static_cast<int>(ReadNumber("tasks.max", config_.tasks_max, kTasksMax, "tasks.max=4"));
    config_.refresh_topics_interval = absl::Seconds(ReadNumber(
        "refresh.topics.interval.seconds", absl::ToInt64Seconds(config_.refresh_topics_interval), kRefreshSecondsMax,
        "refresh.topics.interval.seconds=600, or refresh.topics.enabled=false to look only at start"));
    if (const Property* property = TakeSetting("refresh.topics.enabled")) {
      ReadBool(*property, config_.refresh_topics_enabled);
    }
  }

  // ---- All other keys

  void CheckRemainingKeys() {
    for (const Property& property : properties_.entries()) {
      if (!taken_.contains(property.key)) CheckRemainingKey(property);
    }
  }

  void CheckRemainingKey(const Property& property) {
    absl::string_view name = property.key;
    const std::string elsewhere = StripOwner(name);
    if (!elsewhere.empty()) {
      NoteAt(property, absl::StrCat(Quoted(property.key), " is not honoured: it belongs to ", elsewhere,
                                    ", and this process copies ", config_.Name()));
      return;
    }
    const bool has_owner = name.size() != property.key.size();
    const absl::string_view setting = StripRoles(name);
    if (setting == "security.protocol" || absl::StartsWith(setting, "ssl.") || absl::StartsWith(setting, "sasl.")) {
      CheckSecurity(property, setting);
    } else if (setting == "bootstrap.servers" && has_owner) {
      ErrorAt(property, absl::StrCat(Quoted(property.key), " names brokers in a place that is not read: write ",
                                     config_.source.alias, ".bootstrap.servers and ", config_.target.alias,
                                     ".bootstrap.servers"));
    } else {
      NoteAt(property, absl::StrCat(Quoted(property.key), " is not honoured"));
    }
  }

  // Cuts `A->B.`, `A.` or `B.` off the front of the name. Returns what the key belongs to when that is another link or
  // another cluster of the file, else "".
  std::string StripOwner(absl::string_view& name) const {
    for (const std::string& source : aliases_) {
      for (const std::string& target : aliases_) {
        const std::string link = absl::StrCat(source, "->", target);
        if (!absl::ConsumePrefix(&name, absl::StrCat(link, "."))) continue;
        return link == config_.Name() ? "" : absl::StrCat("the link ", link);
      }
    }
    const std::string* owner = nullptr;  // the longest that fits: an alias may begin with another one and a dot
    for (const std::string& alias : aliases_) {
      const bool fits = absl::StartsWith(name, absl::StrCat(alias, "."));
      if (fits && (owner == nullptr || alias.size() > owner->size())) owner = &alias;
    }
    if (owner == nullptr) return "";
    name.remove_prefix(owner->size() + 1);
    if (*owner == config_.source.alias || *owner == config_.target.alias) return "";
    return absl::StrCat("the cluster ", *owner);
  }

  void CheckSecurity(const Property& property, absl::string_view setting) {
    const std::string value = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(property.value));
    if (setting == "security.protocol" && value == "PLAINTEXT") return;
    ErrorAt(property,
            absl::StrCat(Quoted(property.key),
                         " asks for encryption or authentication, and this build speaks plaintext only: "
                         "it does not start less protected than the file says. If the brokers have a plaintext "
                         "listener, name it in bootstrap.servers and delete this key",
                         setting == "security.protocol" ? " or write PLAINTEXT" : ""));
  }

  const Properties& properties_;
  LinkConfig config_;
  std::vector<std::string> errors_;
  absl::flat_hash_set<std::string> taken_;
  const Property* clusters_ = nullptr;
  std::vector<std::string> aliases_;
  std::string separator_ = ".";
};

}  // namespace

absl::StatusOr<LinkConfig> LoadLinkConfig(const std::string& file_name) {
  absl::StatusOr<Properties> properties = Properties::Load(file_name);
  if (!properties.ok()) return properties.status();
  return ReadLinkConfig(*properties);
}

absl::StatusOr<LinkConfig> ReadLinkConfig(const Properties& properties) { return LinkConfigReader(properties).Run(); }

}  // namespace replicator
