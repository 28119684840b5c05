#include "replicator/config/config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "policy/replication_factor.h"
#include "replicator/config/bootstrap_servers.h"
#include "replicator/config/client_security.h"
#include "replicator/config/client_settings.h"
#include "replicator/config/key_lookup.h"
#include "replicator/config/link_names.h"
#include "replicator/config/unused_keys.h"

namespace replicator {
namespace {

constexpr absl::string_view kDefaultPolicyClass = "org.apache.kafka.connect.mirror.DefaultReplicationPolicy";
constexpr absl::string_view kDefaultTopicFilterClass = "org.apache.kafka.connect.mirror.DefaultTopicFilter";
constexpr absl::string_view kDefaultGroupFilterClass = "org.apache.kafka.connect.mirror.DefaultGroupFilter";
constexpr absl::string_view kDefaultConfigFilterClass = "org.apache.kafka.connect.mirror.DefaultConfigPropertyFilter";
// With it and without its package, as Connect takes names of plugins.
constexpr std::array<absl::string_view, 3> kByteArrayConverter = {
    "org.apache.kafka.connect.converters.ByteArrayConverter", "ByteArrayConverter", "ByteArray"};

constexpr int64_t kReplicationFactorMax = std::numeric_limits<int16_t>::max();  // the protocol's type
constexpr int64_t kTasksMax = 10'000;
constexpr int64_t kRefreshSecondsMax = int64_t{10} * 365 * 24 * 3600;

// What MirrorMaker does unless the file says `=false`, and this version does not do at all.
struct NotDone {
  absl::string_view key;
  absl::string_view what;
};
constexpr std::array<NotDone, 5> kNotDone = {{
    {"emit.checkpoints.enabled", "checkpoints of consumer groups"},
    {"sync.topic.configs.enabled", "later changes of topics' settings"},
    {"sync.topic.acls.enabled", "ACLs of topics"},
    {"emit.heartbeats.enabled", "heartbeats of its own"},
    {"heartbeats.replication.enabled", "the source's heartbeats topics"},
}};

class LinkConfigReader {
 public:
  explicit LinkConfigReader(const Properties& properties) : properties_(properties), keys_(properties) {}

  absl::StatusOr<LinkConfig> Run() {
    config_.file_name = properties_.file_name();
    if (std::optional<LinkNames> names = TakeLinkNames(keys_)) {
      names_ = *std::move(names);
      config_.source.alias = names_.source;
      config_.target.alias = names_.target;
      keys_.set_link(names_.Link());
      TakeProviders();
      ReadCluster(config_.source, config_.target.alias);
      ReadCluster(config_.target, config_.source.alias);
      CheckClientSecurity(keys_, names_.source, names_.target);
      ReadIsolationLevel();
      ReadOffsetReset();
      RefuseChangesOfRecords();
      ReadReplicationPolicy();
      ReadTopics();
      ReadGroups();
      ReadConfigPropertiesExclude();
      ReadNumbers();
      TellWhatIsNotDone();
      CheckRemainingKeys();
    }
    if (!keys_.errors().empty()) return absl::InvalidArgumentError(absl::StrJoin(keys_.errors(), "\n"));
    config_.warnings = properties_.warnings();
    for (std::string& warning : keys_.warnings()) config_.warnings.push_back(std::move(warning));
    config_.infos = std::move(keys_.infos());
    return std::move(config_);
  }

 private:
  // ConfigValues has read them.
  void TakeProviders() {
    keys_.MarkTaken("config.providers");
    for (const Property& property : properties_.entries()) {
      if (IsProviderSetting(property.key)) keys_.MarkTaken(property.key);
    }
  }

  // ---- The two clusters

  void ReadCluster(ClusterConfig& cluster, const std::string& other_alias) {
    ReadClusterId(cluster);
    const std::string key = absl::StrCat(cluster.alias, ".bootstrap.servers");
    const size_t errors_before = keys_.errors().size();
    const Property* property = keys_.Take(key);
    if (property == nullptr && keys_.errors().size() == errors_before) property = TakeServersOfAll(key, other_alias);
    if (property == nullptr) {
      if (keys_.errors().size() == errors_before) {
        keys_.Error(absl::StrCat(properties_.file_name(), ": ", key, " is missing: write ", key,
                                 "=host1:9092,host2:9092", keys_.NearMiss(key)));
      }
      return;
    }
    absl::StatusOr<std::vector<std::string>> servers = ParseBootstrapServers(property->value);
    if (servers.ok()) {
      cluster.bootstrap_servers = *std::move(servers);
    } else {
      keys_.ErrorAt(*property, absl::StrCat(property->key, " ", keys_.Why(*property, servers.status()), ": write ", key,
                                            "=host1:9092,host2:9092"));
    }
  }

  // MirrorMakerConfig.clusterProps(): a cluster without servers of its own takes those of the whole file.
  const Property* TakeServersOfAll(const std::string& key, const std::string& other_alias) {
    const Property* of_all = properties_.Find("bootstrap.servers");
    if (of_all == nullptr) return nullptr;
    if (properties_.Find(absl::StrCat(other_alias, ".bootstrap.servers")) == nullptr) {
      keys_.ErrorAt(*of_all, absl::StrCat("bootstrap.servers would name both clusters, since neither has servers of "
                                          "its own: write ",
                                          key, "=host1:9092,host2:9092"));
      return nullptr;
    }
    keys_.Info(absl::StrCat(key, " is not there: bootstrap.servers at line ", of_all->line,
                            " takes its place, as in MirrorMaker"));
    return keys_.Take("bootstrap.servers");
  }

  // Our own key: MirrorMaker has nothing like it.
  void ReadClusterId(ClusterConfig& cluster) {
    const Property* property = keys_.Take(absl::StrCat(cluster.alias, ".cluster.id"));
    if (property == nullptr) return;
    cluster.cluster_id = std::string(absl::StripAsciiWhitespace(property->value));
    if (!cluster.cluster_id.empty()) return;
    keys_.ErrorAt(*property, absl::StrCat(property->key,
                                          " is empty: write the cluster id that kafka-cluster.sh cluster-id "
                                          "tells, or delete the key"));
  }

  // ---- What to copy, and under which name

  const Property* TakeSourceConsumerSetting(absl::string_view name) {
    return keys_.TakeFirst(
        ClientSettingKeys(names_.source, names_.target, LinkSide::kSource, ClientRole::kConsumer, name));
  }

  void ReadIsolationLevel() {
    const Property* winner = TakeSourceConsumerSetting("isolation.level");
    const std::string key = absl::StrCat(names_.source, ".consumer.isolation.level");
    if (winner == nullptr) {
      keys_.Warn(
          absl::StrCat(key,
                       " is not there: MirrorMaker would copy the records of aborted transactions, too; they are "
                       "left out here, as read_committed does. Write ",
                       key, "=read_uncommitted to have them copied, or =read_committed to keep it so"));
      return;
    }
    const absl::string_view level = absl::StripAsciiWhitespace(winner->value);
    if (level == "read_uncommitted") {
      config_.isolation_level = kafka::IsolationLevel::kReadUncommitted;
    } else if (level != "read_committed") {
      keys_.ErrorAt(*winner, absl::StrCat(winner->key, " is ", keys_.Shown(*winner), ": write ", winner->key,
                                          "=read_committed or ", winner->key, "=read_uncommitted"));
    }
  }

  // MirrorMaker gives its consumer `earliest` unless the file says otherwise (from Kafka 3.7 on; before, always).
  void ReadOffsetReset() {
    const Property* property = TakeSourceConsumerSetting("auto.offset.reset");
    if (property == nullptr) return;
    const std::string where = absl::AsciiStrToLower(absl::StripAsciiWhitespace(property->value));
    if (where == "latest") {
      config_.begins_at_end = true;
    } else if (where != "earliest") {
      keys_.ErrorAt(*property, absl::StrCat(property->key, " is ", keys_.Shown(*property),
                                            ", and a copy begins at the start of each partition or at its end: write ",
                                            property->key, "=earliest or ", property->key, "=latest"));
    }
  }

  // Connect would change each record: MirrorMakerConfig.connectorBaseConfig() hands these keys to the connector, and
  // workerConfig() those of converters to the worker.
  void RefuseChangesOfRecords() {
    for (const absl::string_view name : {"transforms", "predicates"}) {
      const Property* property = keys_.TakeSetting(name);
      if (property == nullptr || absl::StripAsciiWhitespace(property->value).empty()) continue;
      keys_.ErrorAt(*property, absl::StrCat(property->key,
                                            " asks for records to be changed, renamed or dropped on their way, and "
                                            "they are copied here as they are: delete the key if that is what you "
                                            "want, else this link is not for this program"));
    }
    for (const absl::string_view name : {"key.converter", "value.converter", "header.converter"}) {
      const Property* property = keys_.TakeFirst(
          {absl::StrCat(names_.Link(), ".", name), std::string(name), absl::StrCat(names_.target, ".", name)});
      if (property == nullptr) continue;
      const absl::string_view converter = absl::StripAsciiWhitespace(property->value);
      if (std::find(kByteArrayConverter.begin(), kByteArrayConverter.end(), converter) != kByteArrayConverter.end())
        continue;
      keys_.ErrorAt(*property, absl::StrCat(property->key, " is ", keys_.Shown(*property),
                                            ", which would write other bytes than the source has, and records are "
                                            "copied here as they are: delete the key, or write ",
                                            kByteArrayConverter.front()));
    }
  }

  void ReadReplicationPolicy() {
    const Property* property = keys_.TakeSetting("replication.policy.class");
    const absl::string_view name =
        property == nullptr ? kDefaultPolicyClass : absl::StripAsciiWhitespace(property->value);
    const bool keeps_names = IsIdentityPolicyClass(name);
    if (!ReadSeparator(keeps_names)) return;
    if (keeps_names) {
      config_.replication_policy = policy::ReplicationPolicy::Identity();
    } else if (name == kDefaultPolicyClass) {
      UsePrefixPolicy();
    } else {
      keys_.ErrorAt(*property, absl::StrCat(property->key, " names the class ", keys_.Shown(*property),
                                            ", and Java classes cannot be loaded: "
                                            "write ",
                                            kIdentityPolicyClass, " to keep topic names, or ", kDefaultPolicyClass,
                                            " to put the source's alias before them"));
    }
  }

  bool ReadSeparator(bool keeps_names) {
    const Property* property = keys_.TakeSetting("replication.policy.separator");
    if (property == nullptr) return true;
    const std::string separator(absl::StripAsciiWhitespace(property->value));
    if (!separator.empty()) {
      separator_ = separator;
      return true;
    }
    if (keeps_names) {
      keys_.Info(absl::StrCat(property->key, " at line ", property->line,
                              " is empty and has no effect: IdentityReplicationPolicy keeps topic names"));
      return true;
    }
    keys_.ErrorAt(*property, absl::StrCat(property->key, " is empty: write ", property->key, "=. (the default)"));
    return false;
  }

  void UsePrefixPolicy() {
    absl::StatusOr<policy::ReplicationPolicy> policy =
        policy::ReplicationPolicy::Prefix(config_.source.alias, config_.target.alias, separator_);
    if (policy.ok()) {
      config_.replication_policy = *std::move(policy);
    } else {
      keys_.ErrorAt(*names_.clusters, absl::StrCat("topics on the target get the source's alias as a prefix, but ",
                                                   policy.status().message()));
    }
  }

  void ReadTopics() {
    RefuseOwnClass("topic.filter.class", kDefaultTopicFilterClass, "select the topics with topics and topics.exclude");
    policy::TopicFilterOptions options;
    options.cluster_aliases = names_.aliases;
    options.separator = separator_;
    bool valid = true;
    if (const Property* property = keys_.TakeSetting("topics")) {
      options.topics = SplitList(property->value);
      valid = CheckPatterns(*property, options.topics) && valid;
    }
    const Property* exclude = keys_.TakeRenamed("topics.exclude", "topics.blacklist");
    options.excludes_by_default = exclude == nullptr;
    if (exclude != nullptr) {
      options.topics_exclude = SplitList(exclude->value);
      valid = CheckPatterns(*exclude, options.topics_exclude) && valid;
    }
    if (!valid) return;
    absl::StatusOr<policy::TopicFilter> filter = policy::TopicFilter::Create(std::move(options));
    if (filter.ok()) {
      config_.topic_filter = *std::move(filter);
    } else {
      keys_.Error(absl::StrCat(properties_.file_name(), ": ", filter.status().message()));
    }
  }

  void ReadGroups() {
    if (!ReadWhetherGroupsAreSynced()) return TellGroupKeysWithoutEffect();
    RefuseOwnClass("group.filter.class", kDefaultGroupFilterClass, "select the groups with groups and groups.exclude");
    policy::GroupFilterOptions options;
    bool valid = true;
    if (const Property* property = keys_.TakeSetting("groups")) {
      options.groups = SplitList(property->value);
      valid = CheckPatterns(*property, options.groups) && valid;
    }
    const Property* exclude = keys_.TakeRenamed("groups.exclude", "groups.blacklist");
    options.excludes_by_default = exclude == nullptr;
    if (exclude != nullptr) {
      options.groups_exclude = SplitList(exclude->value);
      valid = CheckPatterns(*exclude, options.groups_exclude) && valid;
    }
    config_.sync_group_offsets_interval = absl::Seconds(keys_.ReadNumber(
        "sync.group.offsets.interval.seconds", absl::ToInt64Seconds(config_.sync_group_offsets_interval),
        kRefreshSecondsMax, "sync.group.offsets.interval.seconds=60"));
    config_.refresh_groups_interval = absl::Seconds(keys_.ReadNumber(
        "refresh.groups.interval.seconds", absl::ToInt64Seconds(config_.refresh_groups_interval), kRefreshSecondsMax,
        "refresh.groups.interval.seconds=600, or refresh.groups.enabled=false to look only at start"));
    if (const Property* property = keys_.TakeSetting("refresh.groups.enabled"))
      keys_.ReadBool(*property, config_.refresh_groups_enabled);
    if (!valid) return;
    absl::StatusOr<policy::GroupFilter> filter = policy::GroupFilter::Create(std::move(options));
    if (filter.ok()) {
      config_.group_filter = *std::move(filter);
    } else {
      keys_.Error(absl::StrCat(properties_.file_name(), ": ", filter.status().message()));
    }
  }

  bool ReadWhetherGroupsAreSynced() {
    const Property* sync = keys_.TakeSetting("sync.group.offsets.enabled");
    if (sync != nullptr) keys_.ReadBool(*sync, config_.sync_group_offsets);
    const Property* checkpoints = keys_.TakeSetting("emit.checkpoints.enabled");
    bool has_checkpoints = true;
    if (checkpoints != nullptr) keys_.ReadBool(*checkpoints, has_checkpoints);
    if (config_.sync_group_offsets && !has_checkpoints) {
      config_.sync_group_offsets = false;
      keys_.WarnAt(*sync, absl::StrCat(sync->key, " has no effect while ", checkpoints->key,
                                       " is false, as in MirrorMaker: delete that key to have offsets of groups kept "
                                       "in step"));
    }
    return config_.sync_group_offsets;
  }

  // They stay as they are: nothing is looked up, and no pattern is an error.
  void TellGroupKeysWithoutEffect() {
    std::vector<std::string> found;
    for (const absl::string_view name :
         {"groups", "groups.exclude", "groups.blacklist", "group.filter.class", "refresh.groups.enabled",
          "refresh.groups.interval.seconds", "sync.group.offsets.interval.seconds"}) {
      for (const std::string& key : {absl::StrCat(names_.Link(), ".", name), std::string(name)}) {
        const Property* property = properties_.Find(key);
        if (property == nullptr) continue;
        keys_.MarkTaken(key);
        found.push_back(absl::StrCat(Quoted(key), " (line ", property->line, ")"));
      }
    }
    if (found.empty()) return;
    keys_.Info(
        absl::StrCat("keys that have no effect unless sync.group.offsets.enabled=true: ", absl::StrJoin(found, ", ")));
  }

  bool CheckPatterns(const Property& property, const std::vector<std::string>& patterns) {
    WarnOfLostBackslashes(property);
    absl::StatusOr<policy::JavaPatternList> list = policy::JavaPatternList::Compile(patterns);
    if (!list.ok()) keys_.ErrorAt(property, absl::StrCat(property.key, ": ", keys_.Why(property, list.status())));
    return list.ok();
  }

  // Java's reader drops a backslash before a character that it has no escape for, and so does this one.
  void WarnOfLostBackslashes(const Property& property) {
    const Property& in_file = *properties_.Find(property.key);
    if (in_file.with_lost_backslashes.empty()) return;
    keys_.WarnAt(property, absl::StrCat(property.key,
                                        " has lost a backslash: in a properties file a backslash is written twice. "
                                        "It is read as `",
                                        in_file.value, "`, as in MirrorMaker. If that is not what is meant, write: ",
                                        property.key, " = ", in_file.with_lost_backslashes));
  }

  void ReadConfigPropertiesExclude() {
    RefuseOwnClass("config.property.filter.class", kDefaultConfigFilterClass,
                   "name the topic settings that are not to be copied in config.properties.exclude");
    const Property* property = keys_.TakeRenamed("config.properties.exclude", "config.properties.blacklist");
    config_.has_config_properties_exclude = property != nullptr;
    if (property != nullptr) WarnOfLostBackslashes(*property);
    const std::vector<std::string> patterns =
        SplitList(property == nullptr ? policy::kConfigPropertiesExcludeDefault : property->value);
    absl::StatusOr<policy::JavaPatternList> list = policy::JavaPatternList::Compile(patterns);
    if (list.ok()) {
      config_.config_properties_exclude = *std::move(list);
    } else {
      keys_.ErrorAt(*property, absl::StrCat(property->key, ": ", keys_.Why(*property, list.status())));
    }
  }

  void RefuseOwnClass(absl::string_view name, absl::string_view default_class, absl::string_view instead) {
    const Property* property = keys_.TakeSetting(name);
    if (property == nullptr || absl::StripAsciiWhitespace(property->value) == default_class) return;
    keys_.ErrorAt(*property, absl::StrCat(property->key,
                                          " names a class of its own, and Java classes cannot be loaded: delete the "
                                          "key and ",
                                          instead));
  }

  void ReadNumbers() {
    config_.replication_factor =
        static_cast<int>(keys_.ReadNumber("replication.factor", config_.replication_factor, kReplicationFactorMax,
                                          "replication.factor=3, or replication.factor=-1 for the target's own default",
                                          /*also=*/policy::kTargetsOwnFactor));
    config_.tasks_max = static_cast<int>(keys_.ReadNumber("tasks.max", config_.tasks_max, kTasksMax, "tasks.max=4"));
    config_.refresh_topics_interval = absl::Seconds(keys_.ReadNumber(
        "refresh.topics.interval.seconds", absl::ToInt64Seconds(config_.refresh_topics_interval), kRefreshSecondsMax,
        "refresh.topics.interval.seconds=600, or refresh.topics.enabled=false to look only at start"));
    if (const Property* property = keys_.TakeSetting("refresh.topics.enabled")) {
      keys_.ReadBool(*property, config_.refresh_topics_enabled);
    }
  }

  // ---- All other keys

  void TellWhatIsNotDone() {
    std::vector<std::string> parts;
    for (const NotDone& part : kNotDone) {
      if (!IsSwitchedOff(part.key)) parts.push_back(absl::StrCat(part.what, " (", part.key, ")"));
    }
    if (parts.empty()) return;
    keys_.Info(
        absl::StrCat("MirrorMaker would also copy or write, and this version does not: ", absl::StrJoin(parts, ", ")));
  }

  bool IsSwitchedOff(absl::string_view name) const {
    const Property* property = properties_.Find(absl::StrCat(names_.Link(), ".", name));
    if (property == nullptr) property = properties_.Find(name);
    if (property == nullptr) return false;
    const std::string value = keys_.values().Resolve(*property).value_or("");
    return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(value), "false");
  }

  void CheckRemainingKeys() {
    const FileShape file{names_.aliases, names_.source, names_.target};
    int untold = 0;
    for (const Property& property : properties_.entries()) {
      if (keys_.IsTaken(property.key)) continue;
      const KeyRemark remark = CheckRemainingKey(file, property);
      if (remark.kind == KeyRemark::Kind::kError) keys_.ErrorAt(property, remark.text);
      const bool is_told = remark.kind == KeyRemark::Kind::kWarning || remark.kind == KeyRemark::Kind::kInfo;
      if (!is_told) continue;
      if (told_++ >= kConfigKeysToldMax) {
        ++untold;
      } else if (remark.kind == KeyRemark::Kind::kWarning) {
        keys_.WarnAt(property, remark.text);
      } else {
        AddNotApplicable(property, remark.text);
      }
    }
    TellNotApplicable();
    if (untold > 0) keys_.Warn(absl::StrCat(untold, " more keys are not honoured"));
  }

  // Keys with the same reason stand together, in the order of the file.
  void AddNotApplicable(const Property& property, const std::string& reason) {
    if (not_applicable_[reason].empty()) reasons_.push_back(reason);
    not_applicable_[reason].push_back(absl::StrCat(Quoted(property.key), " (line ", property.line, ")"));
  }

  void TellNotApplicable() {
    if (reasons_.empty()) return;
    std::vector<std::string> groups;
    for (const std::string& reason : reasons_)
      groups.push_back(absl::StrCat(absl::StrJoin(not_applicable_[reason], ", "), ": ", reason));
    keys_.Info(absl::StrCat("keys that have no effect here: ", absl::StrJoin(groups, "; ")));
  }

  KeyRemark CheckRemainingKey(const FileShape& file, const Property& property) {
    std::string value = property.value;
    if (!BelongsElsewhere(file, property.key)) {
      const absl::Status expanded = keys_.values().CheckExpanded(property);
      if (!expanded.ok()) return {KeyRemark::Kind::kError, std::string(expanded.message())};
      // What has no effect is not looked up either: a secret stays where it is.
      if (absl::EndsWith(property.key, "security.protocol") || absl::EndsWith(property.key, ".enabled")) {
        value = keys_.values().Resolve(property).value_or("");
      }
    }
    return ExplainUnusedKey(file, property.key, value);
  }

  const Properties& properties_;
  KeyLookup keys_;
  LinkNames names_;
  LinkConfig config_;
  std::string separator_ = ".";
  int told_ = 0;                                                    // keys that are not honoured
  std::vector<std::string> reasons_;                                // in the order of their first keys
  std::map<std::string, std::vector<std::string>> not_applicable_;  // keys by reason
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

absl::StatusOr<std::string> LoadDefaultStateDir(const std::string& file_name) {
  absl::StatusOr<Properties> properties = Properties::Load(file_name);
  if (!properties.ok()) return properties.status();
  KeyLookup keys(*properties);
  const std::optional<LinkNames> names = TakeLinkNames(keys);
  if (!names.has_value()) return absl::InvalidArgumentError(absl::StrJoin(keys.errors(), "\n"));
  return DefaultStateDir(names->source, names->target);
}

}  // namespace replicator
