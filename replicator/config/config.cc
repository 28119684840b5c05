#include "replicator/config/config.h"

#include <algorithm>
#include <cstdint>
#include <deque>
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
#include "policy/replication_factor.h"
#include "replicator/base/nearest.h"
#include "replicator/config/bootstrap_servers.h"
#include "replicator/config/client_settings.h"
#include "replicator/config/config_values.h"
#include "replicator/config/unused_keys.h"

namespace replicator {
namespace {

constexpr absl::string_view kDefaultPolicyClass = "org.apache.kafka.connect.mirror.DefaultReplicationPolicy";
constexpr absl::string_view kIdentityPolicyClass = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";
// Strimzi shipped this one before Kafka 3.0 had its own; it names topics in the same way.
constexpr absl::string_view kStrimziIdentityPolicyClass = "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy";
constexpr absl::string_view kDefaultTopicFilterClass = "org.apache.kafka.connect.mirror.DefaultTopicFilter";

constexpr absl::string_view kDefaultConfigFilterClass = "org.apache.kafka.connect.mirror.DefaultConfigPropertyFilter";

constexpr int64_t kReplicationFactorMax = std::numeric_limits<int16_t>::max();  // the protocol's type
constexpr int64_t kTasksMax = 10'000;
constexpr int64_t kRefreshSecondsMax = int64_t{10} * 365 * 24 * 3600;

// Keys and values in messages stay on one line and of a readable length.
std::string Quoted(absl::string_view text) {
  constexpr size_t kShownMax = 200;
  return absl::StrCat("`", absl::Utf8SafeCEscape(text.substr(0, kShownMax)), text.size() > kShownMax ? "..." : "", "`");
}

bool IsIdentityClass(absl::string_view name) {
  return name == kIdentityPolicyClass || name == kStrimziIdentityPolicyClass;
}

// ConfigDef's LIST: white space around commas does not count; an empty value is an empty list.
std::vector<std::string> SplitList(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  std::vector<std::string> items;
  if (value.empty()) return items;
  for (const absl::string_view item : absl::StrSplit(value, ',')) items.emplace_back(absl::StripAsciiWhitespace(item));
  return items;
}

class LinkConfigReader {
 public:
  explicit LinkConfigReader(const Properties& properties) : properties_(properties), values_(properties) {}

  absl::StatusOr<LinkConfig> Run() {
    config_.file_name = properties_.file_name();
    if (ReadAliases() && FindLink()) {
      TakeProviders();
      ReadCluster(config_.source);
      ReadCluster(config_.target);
      CheckClusterIds();
      ReadIsolationLevel();
      ReadReplicationPolicy();
      ReadTopics();
      ReadConfigPropertiesExclude();
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

  // The property with its value resolved; null when there is none or, after an error, when it has none.
  const Property* Take(absl::string_view key) {
    const Property* property = properties_.Find(key);
    if (property == nullptr) return nullptr;
    taken_.insert(property->key);
    absl::StatusOr<std::string> value = values_.Resolve(*property);
    if (!value.ok()) {
      ErrorAt(*property, value.status().message());
      return nullptr;
    }
    if (*value == property->value) return property;
    resolved_.push_back({property->key, *std::move(value), property->line});
    return &resolved_.back();
  }

  // What a config provider found may be a secret that stands in the wrong place: messages on bad values do not show it.
  bool IsFromProvider(const Property& property) const {
    return std::any_of(resolved_.begin(), resolved_.end(), [&](const Property& p) { return &p == &property; });
  }

  // Names a key of the file that may be meant to be the missing one.
  std::string NearMiss(absl::string_view missing) const {
    std::vector<std::string> keys;
    for (const Property& property : properties_.entries()) {
      if (!taken_.contains(property.key)) keys.push_back(property.key);
    }
    const std::string nearest = Nearest(missing, keys);
    if (nearest.empty()) return "";
    return absl::StrCat(" (line ", properties_.Find(nearest)->line, " has ", Quoted(nearest), ")");
  }

  std::string Shown(const Property& property) const {
    return IsFromProvider(property) ? "something else (from a config provider, not shown)" : Quoted(property.value);
  }

  std::string Why(const Property& property, const absl::Status& status) const {
    if (!IsFromProvider(property)) return std::string(status.message());
    return "has a value that cannot be used (from a config provider, not shown)";
  }

  // A setting of the link: `A->B.name`, else `name`.
  const Property* TakeSetting(absl::string_view name) {
    const Property* of_link = Take(absl::StrCat(config_.Name(), ".", name));
    const Property* of_all = Take(name);
    if (of_link == nullptr) return of_all;
    if (of_all != nullptr) NoteOverridden(*of_all, *of_link);
    return of_link;
  }

  // A setting that had another name before Kafka 2.8 (ConfigUtils.translateDeprecatedConfigs): the new name wins,
  // wherever it stands.
  const Property* TakeRenamed(absl::string_view name, absl::string_view old_name) {
    const Property* named = TakeSetting(name);
    const Property* old = TakeSetting(old_name);
    if (named == nullptr) return old;
    if (old != nullptr) NoteOverridden(*old, *named);
    return named;
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
    ErrorAt(property, absl::StrCat(property.key, " is ", Shown(property), ": write ", property.key, "=true or ",
                                   property.key, "=false"));
    return false;
  }

  // From 1 to `max`, or `also`.
  int64_t ReadNumber(absl::string_view name, int64_t default_value, int64_t max, absl::string_view instead,
                     int64_t also = 1) {
    const Property* property = TakeSetting(name);
    if (property == nullptr) return default_value;
    int64_t number = 0;
    const bool is_number = absl::SimpleAtoi(absl::StripAsciiWhitespace(property->value), &number);
    if (is_number && ((number >= 1 && number <= max) || number == also)) return number;
    ErrorAt(*property, absl::StrCat(property->key, " is ", Shown(*property), ", not a whole number from 1 to ", max,
                                    ": write ", instead));
    return default_value;
  }

  // ---- The link and its two clusters

  bool ReadAliases() {
    clusters_ = Take("clusters");
    if (clusters_ == nullptr) {
      if (errors_.empty())
        Error(absl::StrCat(File(), ": clusters is missing: write the aliases of both clusters, as in clusters=A, B",
                           NearMiss("clusters")));
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
      RefuseSecondLink(*enabled[0], *enabled[1]);
    } else if (errors_.empty()) {
      RefuseNoLink();
    }
    return false;
  }

  void RefuseNoLink() {
    for (const std::string& alias : aliases_) {
      const Property* property = properties_.Find(alias);
      if (property == nullptr || !absl::StartsWith(property->value, "->")) continue;
      ErrorAt(*property, absl::StrCat("a key ends at a blank, so this sets the key ", Quoted(alias), ": write ", alias,
                                      "->ALIAS.enabled=true without blanks around the arrow"));
      return;
    }
    std::string hint;
    for (size_t i = 0; i < aliases_.size() && hint.empty(); ++i) {
      for (const std::string& target : aliases_) {
        if (hint.empty() && aliases_[i] != target) hint = NearMiss(absl::StrCat(aliases_[i], "->", target, ".enabled"));
      }
    }
    ErrorAt(*clusters_, absl::StrCat("no link between the clusters ", absl::StrJoin(aliases_, ", "),
                                     " is enabled: write ", aliases_[0], "->", aliases_[1], ".enabled=true", hint));
  }

  void RefuseSecondLink(const Property& first, const Property& second) {
    // The later of the two is config_'s, so its reverse is the other one when both clusters are the same.
    const std::string reverse = absl::StrCat(config_.target.alias, "->", config_.source.alias, ".enabled");
    const bool both_ways = first.key == reverse || second.key == reverse;
    if (both_ways &&
        (KeepsNames(config_.Name()) || KeepsNames(absl::StrCat(config_.target.alias, "->", config_.source.alias)))) {
      ErrorAt(second, absl::StrCat(second.key, " is true, but so is ", first.key, " at line ", first.line,
                                   ", and IdentityReplicationPolicy keeps topic names: every record that is copied one "
                                   "way would be copied back again, without end. Write ",
                                   second.key,
                                   "=false, or take DefaultReplicationPolicy, which puts the source's alias "
                                   "before the names"));
      return;
    }
    ErrorAt(second, absl::StrCat(second.key, " is true, but so is ", first.key, " at line ", first.line,
                                 ": a process copies one link. Start one process for each, with a "
                                 "copy of the file in which the other links say enabled=false"));
  }

  bool KeepsNames(absl::string_view link) const {
    const Property* property = properties_.Find(absl::StrCat(link, ".replication.policy.class"));
    if (property == nullptr) property = properties_.Find("replication.policy.class");
    return property != nullptr && IsIdentityClass(absl::StripAsciiWhitespace(property->value));
  }

  // ConfigValues has read them.
  void TakeProviders() {
    taken_.insert("config.providers");
    for (const Property& property : properties_.entries()) {
      const bool is_class =
          absl::StartsWith(property.key, "config.providers.") && absl::EndsWith(property.key, ".class");
      if (is_class) taken_.insert(property.key);
    }
  }

  void ReadCluster(ClusterConfig& cluster) {
    ReadClusterId(cluster);
    const std::string key = absl::StrCat(cluster.alias, ".bootstrap.servers");
    const size_t errors_before = errors_.size();
    const Property* property = Take(key);
    if (property == nullptr) {
      if (errors_.size() == errors_before) {
        Error(absl::StrCat(File(), ": ", key, " is missing: write ", key, "=host1:9092,host2:9092", NearMiss(key)));
      }
      return;
    }
    absl::StatusOr<std::vector<std::string>> servers = ParseBootstrapServers(property->value);
    if (servers.ok()) {
      cluster.bootstrap_servers = *std::move(servers);
    } else {
      ErrorAt(*property,
              absl::StrCat(key, " ", Why(*property, servers.status()), ": write ", key, "=host1:9092,host2:9092"));
    }
  }

  // Our own key: MirrorMaker has nothing like it.
  void ReadClusterId(ClusterConfig& cluster) {
    const Property* property = Take(absl::StrCat(cluster.alias, ".cluster.id"));
    if (property == nullptr) return;
    cluster.cluster_id = std::string(absl::StripAsciiWhitespace(property->value));
    if (!cluster.cluster_id.empty()) return;
    ErrorAt(*property, absl::StrCat(property->key,
                                    " is empty: write the cluster id that kafka-cluster.sh cluster-id "
                                    "tells, or delete the key"));
  }

  void CheckClusterIds() {
    if (config_.target.cluster_id.empty() || config_.source.cluster_id != config_.target.cluster_id) return;
    const Property* property = properties_.Find(absl::StrCat(config_.target.alias, ".cluster.id"));
    ErrorAt(*property, absl::StrCat(property->key, " is the same as ", config_.source.alias,
                                    ".cluster.id: a cluster is not copied onto itself; write the id of each"));
  }

  // ---- What to copy, and under which name

  void ReadIsolationLevel() {
    const std::vector<std::string> keys = ClientSettingKeys(
        config_.source.alias, config_.target.alias, LinkSide::kSource, ClientRole::kConsumer, "isolation.level");
    const Property* winner = nullptr;
    for (const std::string& key : keys) {
      const Property* property = Take(key);
      if (property == nullptr) continue;
      if (winner == nullptr) {
        winner = property;
      } else {
        NoteOverridden(*property, *winner);
      }
    }
    const std::string key = absl::StrCat(config_.source.alias, ".consumer.isolation.level");
    if (winner == nullptr) {
      config_.notes.push_back(
          absl::StrCat(File(), ": ", key,
                       " is not there: MirrorMaker would copy the records of aborted transactions, too; they are "
                       "left out here, as read_committed does. Write ",
                       key, "=read_uncommitted to have them copied, or =read_committed to keep it so"));
      return;
    }
    const absl::string_view level = absl::StripAsciiWhitespace(winner->value);
    if (level == "read_uncommitted") {
      config_.isolation_level = kafka::IsolationLevel::kReadUncommitted;
    } else if (level != "read_committed") {
      ErrorAt(*winner, absl::StrCat(winner->key, " is ", Shown(*winner), ": write ", winner->key, "=read_committed or ",
                                    winner->key, "=read_uncommitted"));
    }
  }

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
    if (IsIdentityClass(name)) {
      config_.replication_policy = policy::ReplicationPolicy::Identity();
    } else if (name == kDefaultPolicyClass) {
      UsePrefixPolicy();
    } else {
      ErrorAt(*property, absl::StrCat(property->key, " names the class ", Shown(*property),
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
    RefuseOwnClass("topic.filter.class", kDefaultTopicFilterClass, "select the topics with topics and topics.exclude");
    policy::TopicFilterOptions options;
    options.cluster_aliases = aliases_;
    options.separator = separator_;
    bool valid = true;
    if (const Property* property = TakeSetting("topics")) {
      options.topics = SplitList(property->value);
      valid = CheckPatterns(*property, options.topics) && valid;
    }
    const Property* exclude = TakeRenamed("topics.exclude", "topics.blacklist");
    config_.has_topics_exclude = exclude != nullptr;
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
    if (!list.ok()) ErrorAt(property, absl::StrCat(property.key, ": ", Why(property, list.status())));
    return list.ok();
  }

  void ReadConfigPropertiesExclude() {
    RefuseOwnClass("config.property.filter.class", kDefaultConfigFilterClass,
                   "name the topic settings that are not to be copied in config.properties.exclude");
    const Property* property = TakeRenamed("config.properties.exclude", "config.properties.blacklist");
    config_.has_config_properties_exclude = property != nullptr;
    const std::vector<std::string> patterns =
        SplitList(property == nullptr ? policy::kConfigPropertiesExcludeDefault : property->value);
    absl::StatusOr<policy::JavaPatternList> list = policy::JavaPatternList::Compile(patterns);
    if (list.ok()) {
      config_.config_properties_exclude = *std::move(list);
    } else {
      ErrorAt(*property, absl::StrCat(property->key, ": ", Why(*property, list.status())));
    }
  }

  void RefuseOwnClass(absl::string_view name, absl::string_view default_class, absl::string_view instead) {
    const Property* property = TakeSetting(name);
    if (property == nullptr || absl::StripAsciiWhitespace(property->value) == default_class) return;
    ErrorAt(*property, absl::StrCat(property->key,
                                    " names a class of its own, and Java classes cannot be loaded: delete the key "
                                    "and ",
                                    instead));
  }

  void ReadNumbers() {
    config_.replication_factor =
        static_cast<int>(ReadNumber("replication.factor", config_.replication_factor, kReplicationFactorMax,
                                    "replication.factor=3, or replication.factor=-1 for the target's own default",
                                    /*also=*/policy::kTargetsOwnFactor));
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
    const FileShape file{aliases_, config_.source.alias, config_.target.alias};
    size_t untold = 0;
    for (const Property& property : properties_.entries()) {
      if (taken_.contains(property.key)) continue;
      const KeyRemark remark = CheckRemainingKey(file, property);
      if (remark.kind == KeyRemark::Kind::kError) ErrorAt(property, remark.text);
      if (remark.kind != KeyRemark::Kind::kNote) continue;
      if (config_.notes.size() < kConfigNotesMax) {
        NoteAt(property, remark.text);
      } else {
        ++untold;
      }
    }
    if (untold > 0) config_.notes.push_back(absl::StrCat(File(), ": ", untold, " more keys are not honoured"));
  }

  KeyRemark CheckRemainingKey(const FileShape& file, const Property& property) {
    std::string value = property.value;
    if (!BelongsElsewhere(file, property.key)) {
      const absl::Status expanded = values_.CheckExpanded(property);
      if (!expanded.ok()) return {KeyRemark::Kind::kError, std::string(expanded.message())};
      // What has no effect is not looked up either: a secret stays where it is.
      if (absl::EndsWith(property.key, "security.protocol") || absl::EndsWith(property.key, ".enabled")) {
        value = values_.Resolve(property).value_or("");
      }
    }
    return ExplainUnusedKey(file, property.key, value);
  }

  const Properties& properties_;
  const ConfigValues values_;
  std::deque<Property> resolved_;  // a deque keeps pointers to its elements valid
  LinkConfig config_;
  std::vector<std::string> errors_;
  absl::flat_hash_set<std::string> taken_;
  const Property* clusters_ = nullptr;
  std::vector<std::string> aliases_;
  std::string separator_ = ".";
};

}  // namespace

const char* IsolationName(kafka::IsolationLevel level) {
  return level == kafka::IsolationLevel::kReadCommitted ? "read_committed" : "read_uncommitted";
}

absl::StatusOr<LinkConfig> LoadLinkConfig(const std::string& file_name) {
  absl::StatusOr<Properties> properties = Properties::Load(file_name);
  if (!properties.ok()) return properties.status();
  return ReadLinkConfig(*properties);
}

absl::StatusOr<LinkConfig> ReadLinkConfig(const Properties& properties) { return LinkConfigReader(properties).Run(); }

}  // namespace replicator
